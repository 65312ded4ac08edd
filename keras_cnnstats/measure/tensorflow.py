"""The count of TensorFlow: of the graph that a call is traced to."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.measure.counts import (
    BRANCHES,
    SIZES,
    Axis,
    CannotMeasureError,
    Result,
    Sizes,
    contraction,
    convolution,
    each,
    einsum,
    reduction,
    softmax,
)
from keras_cnnstats.measure.graphs import Body, Functions, needed
from keras_cnnstats.measure.loops import trips
from keras_cnnstats.units import NO_WORK, Work, together

NAME = "TensorFlow"

_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("Add", "AddV2"), "add"),
    **dict.fromkeys(("Mul", "MulNoNan"), "multiply"),
    **dict.fromkeys(("RealDiv", "Div"), "divide"),
    **dict.fromkeys(("Reciprocal", "Inv"), "reciprocal"),
    **dict.fromkeys(("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"), "compare"),
    **dict.fromkeys(("LogicalAnd", "LogicalNot", "LogicalOr", "BitwiseAnd", "BitwiseOr", "BitwiseXor"), "logic"),
    **dict.fromkeys(("Ceil", "Floor", "Rint", "Round"), "round"),
    **dict.fromkeys(("FloorMod", "Mod", "TruncateMod"), "remainder"),
    **dict.fromkeys(("FloorDiv", "TruncateDiv"), "floor_divide"),
    **dict.fromkeys(("Select", "SelectV2"), "select"),
    **dict.fromkeys(("IsInf", "IsNan"), "is_nan"),
    **dict.fromkeys(("Acos", "Asin", "Atan", "Atan2", "Cos", "Cosh", "Sin", "Sinh", "Tan"), "sine"),
    **dict.fromkeys(("Acosh", "Asinh", "Atanh", "Tanh"), "tanh"),
    **dict.fromkeys(("Erf", "Erfinv"), "erf"),
    **dict.fromkeys(("Digamma", "Lgamma"), "gamma"),
    "Abs": "absolute",
    "Cast": "convert",
    "ClipByValue": "clip",
    "DivNoNan": "divide_no_nan",
    "Elu": "elu",
    "Erfc": "erfc",
    "Exp": "exp",
    "Expm1": "expm1",
    "IsFinite": "isfinite",
    "LeakyRelu": "leaky_relu",
    "Log": "log",
    "Log1p": "log1p",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Neg": "negative",
    "Pow": "power",
    "Relu": "relu",
    "Relu6": "relu6",
    "Rsqrt": "rsqrt",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Sign": "sign",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sqrt": "sqrt",
    "Square": "square",
    "SquaredDifference": "squared_difference",
    "Sub": "subtract",
    "TensorScatterAdd": "add",
}
"""Functions of each element, by the type of the operation."""

_SUMS = frozenset({"Cumsum", "Mean", "Sum"})
_REDUCTIONS = frozenset({"All", "Any", "ArgMax", "ArgMin", "Max", "Min", "Prod", *_SUMS})
_RUNNING = frozenset({"Cumprod", "Cumsum"})
_POOLINGS = frozenset({"AvgPool", "AvgPool3D", "MaxPool", "MaxPool3D"})
_PRODUCTS = {"BatchMatMul": "adj_x", "BatchMatMulV2": "adj_x", "BatchMatMulV3": "adj_x", "MatMul": "transpose_a"}
"""Products of matrices, with the attribute that says whether the first is transposed."""

_CONVOLUTIONS = frozenset({"Conv2D", "Conv3D", "DepthwiseConv2dNative"})
_TRANSPOSED = frozenset({"Conv2DBackpropInput", "Conv3DBackpropInputV2"})
_RESIZED = {"ResizeBicubic": 31, "ResizeBilinear": 7, "ResizeNearestNeighbor": 0}
"""Products and sums of one output."""

_FREE = frozenset(
    {
        "Assert", "AssignVariableOp", "BatchToSpaceND", "Bitcast", "BroadcastArgs", "BroadcastTo", "CheckNumerics",
        "ConcatV2", "Const", "DepthToSpace", "Empty", "EnsureShape", "ExpandDims", "Fill", "Gather", "GatherNd",
        "GatherV2", "Identity", "IdentityN", "Imag", "InvertPermutation", "LinSpace", "MirrorPad", "NoOp", "OneHot",
        "OnesLike", "Pack", "Pad", "PadV2", "Placeholder", "PlaceholderWithDefault", "PreventGradient", "PrintV2",
        "RandomStandardNormal", "RandomUniform", "RandomUniformInt", "Range", "Rank", "ReadVariableOp", "Real",
        "Reshape", "ResourceGather", "Reverse", "ReverseV2", "Roll", "ScatterNd", "Shape", "ShapeN", "Size", "Slice",
        "SpaceToBatchND", "SpaceToDepth", "Split", "SplitV", "Squeeze", "StatelessRandomGetKeyCounter",
        "StatelessRandomNormalV2", "StatelessRandomUniformV2", "StatelessTruncatedNormalV2", "StopGradient",
        "StridedSlice", "StringFormat", "TensorListFromTensor", "TensorListGather", "TensorListGetItem",
        "TensorListLength", "TensorListReserve", "TensorListResize", "TensorListSetItem", "TensorListStack",
        "TensorScatterUpdate", "Tile", "Transpose", "TruncatedNormal", "Unpack", "VarHandleOp", "ZerosLike",
    }
)  # fmt: skip
"""What moves, makes or keeps values and computes nothing."""


def count(run: Callable[[Sequence[Any]], list[Any]], specs: Sequence[TensorSpec], _held: int) -> Result:
    """Returns what `run` costs, called on tensors of the shapes given; nothing is computed."""
    import tensorflow as tf

    places = [tf.TensorSpec(spec.shape, spec.dtype) for spec in specs]
    graph = tf.function(lambda *tensors: run(tensors), autograph=False).get_concrete_function(*places).graph
    body = Body(graph, graph.inputs, graph.outputs)
    return Result(_Counter(Functions(graph)).work(body), tuple(_shape(tensor) for tensor in graph.outputs))


def _shape(tensor: Any) -> Sizes:
    if tensor.shape.rank is None or None in tensor.shape.as_list():
        raise CannotMeasureError(f"{SIZES}: of `{tensor.op.type}`")
    return tuple(tensor.shape.as_list())


class _Counter:
    """Counts graphs, and the bodies of the functions that they call."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    def work(self, body: Body) -> Work:
        """The work of what the outputs of a graph need: a trace leaves more behind than is run."""
        with body.graph.as_default():
            return together(self._operation(operation) for operation in needed(body.outputs))

    def _operation(self, operation: Any) -> Work:
        kind = operation.type
        if kind in _FREE:
            return NO_WORK
        if kind in ("PartitionedCall", "StatefulPartitionedCall"):
            return self.work(self.functions.body(operation, "f", operation.inputs))
        if kind in ("While", "StatelessWhile"):
            condition, body = (self.functions.body(operation, name, operation.inputs) for name in ("cond", "body"))
            often = trips(operation, condition, body)
            return together([self.work(body).times(often), self.work(condition).times(often + 1)])
        if kind in ("If", "StatelessIf"):
            branches = {
                self.work(self.functions.body(operation, name, operation.inputs[1:]))
                for name in ("then_branch", "else_branch")
            }
            if len(branches) > 1:
                raise CannotMeasureError(BRANCHES)
            return branches.pop()
        if not operation.outputs:
            raise _unknown(operation)
        return _work(operation)


def _work(operation: Any) -> Work:
    kind = operation.type
    shapes, (shape, *_) = [_shape_or_none(tensor) for tensor in operation.inputs], map(_shape, operation.outputs)
    if kind in _FUNCTIONS:
        # Of integers without axes are counters and sizes, which are no maps.
        counts = not shape and not any(each.dtype.is_floating for each in (*operation.inputs, *operation.outputs))
        return NO_WORK if counts else each(_FUNCTIONS[kind], prod(shape))
    if kind in _PRODUCTS:
        summed = -2 if operation.get_attr(_PRODUCTS[kind]) else -1
        return contraction(shapes[0][summed], prod(shape))
    if kind in _RUNNING:
        return Work(arithmetic=prod(shape), hlo=prod(shape))
    if kind in _REDUCTIONS:
        return reduction(prod(shapes[0]), prod(shape), average=kind == "Mean", registered=kind in _SUMS)
    if kind in _POOLINGS:
        area = prod(operation.get_attr("ksize"))
        return reduction(prod(shape) * area, prod(shape), average=kind.startswith("Avg"), registered="3D" not in kind)
    return _work_of_one_kind(operation, shapes, shape)


def _shape_or_none(tensor: Any) -> Any:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def _work_of_one_kind(operation: Any, shapes: list[Any], shape: Sizes) -> Work:
    match operation.type:
        case "BiasAdd":
            return Work(biases=prod(shape))
        case "AddN":
            return each("add", prod(shape)).times(len(shapes) - 1)
        case "Einsum":
            return einsum(operation.get_attr("equation").decode(), shapes)
        case "L2Loss":
            return together([each("square", prod(shapes[0])), reduction(prod(shapes[0]), 1), each("multiply", 1)])
        case "Softmax" | "LogSoftmax":
            return softmax(prod(shape[:-1]), shape[-1], log=operation.type == "LogSoftmax")
        case "FusedBatchNormV3":
            return Work(arithmetic=2 * prod(shape), hlo=2 * prod(shape))
        case kind if kind in _RESIZED:
            return Work(arithmetic=_RESIZED[kind] * prod(shape), hlo=_RESIZED[kind] * prod(shape))
        case kind if kind in _CONVOLUTIONS:
            return _convolution(operation, shapes[0], shapes[1], shape)
        case kind if kind in _TRANSPOSED:
            return _transposed(operation, shapes[2], shapes[1], shape)
    raise _unknown(operation)


def _unknown(operation: Any) -> CannotMeasureError:
    return CannotMeasureError(f"no count is known for the operation `{operation.type}`")


def _convolution(operation: Any, x: Sizes, kernel: Sizes, y: Sizes) -> Work:
    *area, inputs, filters = kernel
    if operation.type == "DepthwiseConv2dNative":
        inputs, filters = 1, inputs * filters
    spread = operation.inputs[0].op
    if spread.type == "ExpandDims":
        # In one dimension it runs as a convolution of one row.
        spread = spread.inputs[0].op
    if spread.type == "SpaceToBatchND":
        return _dilated(operation, spread, area, inputs, filters)
    axes = _axes(operation, _spatial(operation, x), _spatial(operation, y), area)
    return convolution(x[0], axes, inputs, filters)


def _dilated(operation: Any, spread: Any, area: list[int], inputs: int, filters: int) -> Work:
    """A convolution with dilation, which runs on the input cut into as many maps as the dilation has phases."""
    import tensorflow as tf

    following = operation.outputs[0].consumers()
    if following[0].type == "Squeeze":
        following = following[0].outputs[0].consumers()
    gathered = next(each for each in following if each.type == "BatchToSpaceND")
    dilations, paddings = (tf.get_static_value(tensor).tolist() for tensor in spread.inputs[1:])
    x, y = _shape(spread.inputs[0]), _shape(gathered.outputs[0])
    axes = [
        Axis(size, positions, taps, dilation=dilation, before=padding[0])
        for size, positions, taps, dilation, padding in zip(
            x[1:], y[1:], area[-len(dilations) :], dilations, paddings, strict=False
        )
    ]
    work = convolution(x[0], axes, inputs, filters)
    # TensorFlow's profiler counts all that the phases compute, the positions that fill them up included.
    computed = prod(_shape(operation.outputs[0])[:-1]) * prod(area) * inputs * filters
    return work._replace(registered=2 * (computed - work.macs))


def _transposed(operation: Any, x: Sizes, kernel: Sizes, y: Sizes) -> Work:
    *area, filters, inputs = kernel
    # As the convolution that goes the other way, its taps in reverse order.
    axes = [
        Axis(
            way.positions,
            way.size,
            way.kernel,
            1,
            way.dilation,
            (way.kernel - 1) * way.dilation - way.before,
            way.stride,
        )
        for way in _axes(operation, _spatial(operation, y), _spatial(operation, x), area)
    ]
    return convolution(x[0], axes, inputs, filters, transposed=True)


def _axes(operation: Any, sizes: Sequence[int], positions: Sequence[int], area: Sequence[int]) -> list[Axis]:
    strides, dilations = (_spatial(operation, operation.get_attr(name)) for name in ("strides", "dilations"))
    padding = operation.get_attr("padding").decode()
    explicit = operation.get_attr("explicit_paddings") if padding == "EXPLICIT" else []
    befores = _spatial(operation, explicit[::2]) if explicit else [0] * len(area)
    found = []
    for size, made, taps, stride, dilation, before in zip(
        sizes, positions, area, strides, dilations, befores, strict=True
    ):
        total_padding = max((made - 1) * stride + (taps - 1) * dilation + 1 - size, 0) if padding == "SAME" else 0
        found.append(Axis(size, made, taps, stride, dilation, before + total_padding // 2))
    return found


def _spatial(operation: Any, values: Sequence[int]) -> Sequence[int]:
    first = operation.get_attr("data_format").decode().startswith("NC")
    return values[2:] if first else values[1:-1]
