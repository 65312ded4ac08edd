"""The referee of TensorFlow: what its profiler has registered for each operation of a trace."""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.measure.counts import BRANCHES, SIZES, CannotMeasureError
from keras_cnnstats.measure.graphs import Body, Functions, needed
from keras_cnnstats.measure.loops import trips
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.figures import Figures, products_of_einsum, total
from keras_cnnstats.verify.reasons import CHANNELS_FIRST, FLAT, HALVED, UNEVEN, of_error

NAME = "TensorFlow's registry"
CONVENTION = "tf"

_CONTRACTIONS = frozenset(
    {
        "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput",
        "Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2", "DepthwiseConv2dNative",
        "DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNativeBackpropInput", "Einsum", "MatMul",
    }
)  # fmt: skip
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_LOOPS = frozenset({"StatelessWhile", "While"})
_BRANCHES = frozenset({"If", "StatelessIf"})
_SHAPES = frozenset({"Rank", "Shape", "ShapeN", "Size"})
_RANDOM = ("Random", "StatelessRandom", "StatelessTruncated", "TruncatedNormal")
"""How operations begin that draw numbers: of these, nothing is left of what they are fed."""


_UNREGISTERED = "it has no statistics for an Einsum that is no matrix product"
_RIM = (
    "it divides the outputs of a transposed convolution by the strides, those of the rim too; for volumes it has none"
)
_SATURATION = "values of a resized map are kept in the range of a dtype that is narrower than float32"
_TURNED = "of matrices of which the first is turned, it takes the wrong size for what is summed"
_KERNELS = "it has no statistics for the gradient of a kernel"
_GRID = "it runs a dilated convolution on a grid without holes, of more positions than the output has"
_LOOP = "it counts the body of a loop once"
_UNUSED = "it counts what the trace leaves behind and nothing reads"
_PLACES = "it counts the arithmetic of places, sizes, constants and random numbers"
_AXES = "of a dilated convolution of volumes, it takes the dilation of one axis for that of another"
_REPEATS = "it multiplies the repeats of a Tile by the shape"


def count_each(calls: Sequence[Runnable]) -> list[Figures | str]:
    """Returns what TensorFlow has registered for each call, or why there is no figure: all stand in one trace."""
    import tensorflow as tf

    made: list[list[Any] | str] = []
    fed: list[list[Any]] = []

    def run(*tensors: Any) -> None:
        each = iter(tensors)
        for place, call in enumerate(calls):
            given = [next(each) for _ in call.specs]
            fed.append(given[call.held :])
            try:
                with tf.name_scope(f"call{place}"):
                    made.append(call.run(given))
            except Exception as error:
                made.append(of_error(error))

    graph = _traced(run, [spec for call in calls for spec in call.specs])
    counter = _Counter(graph)
    parts: list[list[Any]] = [[] for _ in calls]
    for operation in graph.get_operations():
        scope = operation.name.partition("/")[0]
        if scope.startswith("call"):
            parts[int(scope[4:])].append(operation)
    return [
        outputs
        if isinstance(outputs, str)
        else counter.figures_or_reason(operations, outputs, call.makes_numbers, given)
        for call, operations, outputs, given in zip(calls, parts, made, fed, strict=True)
    ]


def count_whole(call: Runnable) -> Figures | str:
    """Returns what TensorFlow has registered for a model, or why there is no figure."""
    made: list[Any] = []
    try:
        graph = _traced(lambda *tensors: made.extend(call.run(tensors)), call.specs)
    except CannotMeasureError as reason:
        return str(reason)
    except Exception as error:
        return of_error(error)
    return _Counter(graph).figures_or_reason(graph.get_operations(), made, call.makes_numbers)


def count_training(step: Runnable, learned: Sequence[int]) -> Figures | str:
    """Returns what TensorFlow has registered for a step of training, or why there is no figure.

    Args:
        step: the model, called as training calls it.
        learned: which of its tensors are the weights that training changes.
    """
    import tensorflow as tf

    def run(tensors: Sequence[Any]) -> list[Any]:
        weights = [tensors[place] for place in learned]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            made = step.run(tensors)
            # Each output is weighed, so that no gradient is a constant.
            sums = [tf.cast(tf.reduce_sum(each * each), "float32") for each in made if each.dtype.is_floating]
            loss = tf.add_n(sums)
        operations = tf.compat.v1.get_default_graph().get_operations()
        for operation in operations:
            if _has_no_gradient(operation):
                raise CannotMeasureError(HALVED)
            if operation.type == "Sign":
                raise CannotMeasureError(FLAT)
        try:
            gradients = tape.gradient(loss, weights)
        except ValueError as error:
            if any(map(_is_dilated_unevenly, operations)):
                raise CannotMeasureError(UNEVEN) from error
            raise
        return [*made, *[each for each in gradients if each is not None]]

    return count_whole(step._replace(run=run))


def _traced(run: Any, specs: Sequence[TensorSpec]) -> Any:
    import tensorflow as tf

    places = [tf.TensorSpec(spec.shape, spec.dtype) for spec in specs]
    return tf.function(run, autograph=False).get_concrete_function(*places).graph


class _Counter:
    """Counts the operations of a graph, and the bodies of the functions that they call."""

    def __init__(self, graph: Any) -> None:
        self.functions = Functions(graph)

    def figures_or_reason(
        self, operations: Sequence[Any], outputs: Sequence[Any], makes_numbers: bool, fed: Sequence[Any] = ()
    ) -> Figures | str:
        """The count of a part of a graph that is fed some tensors, or why there is none."""
        try:
            figures = self.figures(operations, outputs, makes_numbers)
            used = {operation.name for operation in needed(outputs)}
            reads = tuple(each.op.name in used for each in fed)
            return figures._replace(shapes=tuple(_shape(each) for each in outputs), reads=reads)
        except CannotMeasureError as reason:
            return str(reason)
        except Exception as error:
            return of_error(error)

    def figures(self, operations: Sequence[Any], outputs: Sequence[Any], makes_numbers: bool) -> Figures:
        """The count of a part of a graph.

        Args:
            operations: the part.
            outputs: what it returns.
            makes_numbers: whether it returns floating-point numbers, so that integers in it are places and sizes.
        """
        used = needed(outputs)
        parts = _Part(
            used={operation.name for operation in used},
            read={tensor.name for tensor in (*outputs, *(each for operation in used for each in operation.inputs))},
            fed=_fed(operations),
            makes_numbers=makes_numbers,
        )
        return total(self._figures(operation, parts) for operation in operations)

    def _figures(self, operation: Any, part: "_Part") -> Figures:
        kind = operation.type
        if operation.name not in part.used:
            # Of a function that nothing reads, the profiler sees nothing either.
            return _unused(operation) if kind not in _CALLS | _LOOPS | _BRANCHES else Figures()
        if kind in _CALLS:
            body = self.functions.body(operation, "f", operation.inputs)
            pairs = zip(body.outputs, operation.outputs, strict=True)
            read = [inside for inside, outside in pairs if outside.name in part.read]
            return self._of_body(body._replace(outputs=read), part.makes_numbers)
        if kind in _LOOPS:
            condition, body = (self.functions.body(operation, name, operation.inputs) for name in ("cond", "body"))
            return self._of_body(body, makes_numbers=True).repeated(trips(operation, condition, body), _LOOP)
        if kind in _BRANCHES:
            branches = {
                self._of_body(self.functions.body(operation, name, operation.inputs[1:]), part.makes_numbers)
                for name in ("then_branch", "else_branch")
            }
            if len(branches) > 1:
                raise CannotMeasureError(BRANCHES)
            return branches.pop()
        return _of_operation(operation, operation.name in part.fed, part.makes_numbers)

    def _of_body(self, body: Body, makes_numbers: bool) -> Figures:
        with body.graph.as_default():
            return self.figures(body.graph.get_operations(), body.outputs, makes_numbers)


class _Part(NamedTuple):
    """What there is to know of a part of a graph.

    Attributes:
        used: operations that its outputs need.
        read: tensors that those read.
        fed: operations that read values that it is fed, and not their shapes alone.
        makes_numbers: whether it makes floating-point numbers, so that integers in it are places and sizes.
    """

    used: set[str]
    read: set[str]
    fed: set[str]
    makes_numbers: bool


def _of_operation(operation: Any, fed: bool, makes_numbers: bool) -> Figures:
    kind, registered = operation.type, _registered(operation)
    if not operation.outputs:
        # A check of what is fed, which others wait for.
        return Figures(rest=registered)
    if kind in _CONTRACTIONS:
        terms = _contraction_terms(operation, registered) if fed else (Term("places", registered, _PLACES),)
        return Figures(registered, terms=terms)
    if kind == "Tile":
        return _without(registered, "repeats", _REPEATS)
    if kind in ("Maximum", "Minimum") and _is_of_resized(operation):
        return _without(registered, "saturation", _SATURATION)
    if not fed or (makes_numbers and not _has_numbers(operation)):
        is_single = not _has_numbers(operation) and not _shape(operation.outputs[0])
        return _without(registered, "counters" if is_single else "places", _PLACES)
    return Figures(rest=registered)


def _unused(operation: Any) -> Figures:
    registered = _registered(operation)
    if operation.type in _CONTRACTIONS:
        return Figures(registered, terms=(Term("unused", registered, _UNUSED),))
    return _without(registered, "unused", _UNUSED)


def _without(registered: int, name: str, reason: str) -> Figures:
    """Figures of what is no work at all."""
    return Figures(rest=registered, rest_terms=(Term(name, registered, reason),))


def _fed(operations: Sequence[Any]) -> set[str]:
    """Those of the operations that read values that the graph is fed, not their shapes alone."""
    found: set[str] = set()
    inside = {operation.name for operation in operations}
    for operation in operations:
        read = [tensor.op.name for tensor in operation.inputs]
        starts = not read and operation.type != "Const"
        hides = operation.type in _SHAPES or operation.type.startswith(_RANDOM)
        if not hides and (starts or any(name in found or name not in inside for name in read)):
            found.add(operation.name)
    return found


def _has_no_gradient(operation: Any) -> bool:
    # Of a bicubic resizing it leaves all layers before it as they are, of a lanczos one it raises.
    return operation.type in ("ResizeBicubic", "ScaleAndTranslate") and bool(operation.inputs[0].dtype.size < 4)


def _is_dilated_unevenly(operation: Any) -> bool:
    if not operation.type.startswith("Conv3D"):
        return False
    first = 1 if operation.get_attr("data_format") == b"NDHWC" else 2
    return len({*operation.get_attr("dilations")[first : first + 3]}) > 1


def _is_of_resized(operation: Any) -> bool:
    source = _behind(_behind(operation.inputs[0], "Minimum"), "Transpose").op.type
    return str(source).startswith(("Resize", "ScaleAndTranslate")) and _is_narrowed(operation)


def _is_narrowed(operation: Any) -> bool:
    """Whether what it makes goes on in half precision, at once or behind the other bound."""
    if "saturate_cast" in operation.name:
        return True
    following = list(operation.outputs[0].consumers())
    following += [again for each in following if each.type == "Maximum" for again in each.outputs[0].consumers()]
    return any(each.type == "Cast" and bool(each.get_attr("DstT").size < 4) for each in following)


def _has_numbers(operation: Any) -> bool:
    return any(each.dtype.is_floating for each in (*operation.inputs, *operation.outputs))


def _registered(operation: Any) -> int:
    from tensorflow.python.framework.ops import get_stats_for_node_def

    try:
        return int(get_stats_for_node_def(operation.graph, operation.node_def, "flops").value or 0)
    except ValueError as error:
        known = {"Only NHWC format is supported": CHANNELS_FIRST, "is not fully defined": _of_sizes(operation)}
        reason = next((reason for said, reason in known.items() if said in str(error)), of_error(error))
        raise CannotMeasureError(reason) from error


def _contraction_terms(operation: Any, registered: int) -> tuple[Term, ...]:
    """Where the registry is known to be wrong: how much more it counts than the products that there are."""
    match operation.type:
        case "BatchMatMul" | "BatchMatMulV2" | "BatchMatMulV3" if operation.get_attr("adj_x"):
            products = prod(_shape(operation.outputs[0])) * _shape(operation.inputs[0])[-2]
            return (Term("turned", registered - 2 * products, _TURNED),)
        case "Einsum" if not registered:
            equation, shapes = operation.get_attr("equation").decode(), map(_shape, operation.inputs)
            return (Term("einsum", -2 * products_of_einsum(equation, shapes), _UNREGISTERED),)
        case "Conv2DBackpropInput" | "Conv3DBackpropInputV2" | "DepthwiseConv2dNativeBackpropInput":
            products = prod(_positions(operation.inputs[2], operation)) * prod(_shape(operation.inputs[1]))
            return (Term("transposed", registered - 2 * products, _RIM),)
        case "Conv2DBackpropFilter" | "Conv3DBackpropFilterV2" | "DepthwiseConv2dNativeBackpropFilter":
            products = prod(_positions(operation.inputs[2], operation)) * prod(_shape(operation.outputs[0]))
            return (Term("kernels", registered - 2 * products, _KERNELS),)
        case "Conv3D" if operation.get_attr("data_format") == b"NDHWC" and max(operation.get_attr("dilations")) > 1:
            products = prod(_positions_of_dilated(operation)) * prod(_shape(operation.inputs[1]))
            return (Term("axes", registered - 2 * products, _AXES),)
        case "Conv2D" | "Conv3D" | "DepthwiseConv2dNative":
            return _dilation_terms(operation, registered)
    return ()


def _dilation_terms(operation: Any, registered: int) -> tuple[Term, ...]:
    """Of a convolution on a map that was cut into the phases of its dilation."""
    spread = _behind(operation.inputs[0], "ExpandDims").op
    following = operation.outputs[0].consumers()
    if following and following[0].type == "Squeeze":
        following = following[0].outputs[0].consumers()
    gathered = [each for each in following if each.type == "BatchToSpaceND"]
    if spread.type != "SpaceToBatchND" or not gathered:
        return ()
    # A stride is a slice of what was gathered; a cropping is another layer's.
    strided = [each for each in gathered[0].outputs[0].consumers() if each.type == "StridedSlice" and _has_steps(each)]
    kept = prod(_shape((strided or gathered)[0].outputs[0]))
    computed = prod(_shape(operation.outputs[0]))
    return (Term("dilation", registered - registered * kept // computed, _GRID),)


def _has_steps(operation: Any) -> bool:
    import tensorflow as tf

    steps = tf.get_static_value(operation.inputs[3])
    return steps is not None and bool((steps != 1).any())


def _positions(tensor: Any, operation: Any) -> tuple[int, ...]:
    """A map's shape without its channels; of one that was cut into the phases of a dilation, what it was before."""
    spread = _behind(_behind(tensor, "ExpandDims"), "Reshape").op
    shape = _shape(spread.inputs[0] if spread.type == "SpaceToBatchND" else tensor)
    first = operation.get_attr("data_format").decode().startswith("NC")
    return (shape[0], *shape[2:]) if first else shape[:-1]


def _positions_of_dilated(operation: Any) -> list[int]:
    """The samples and positions that a dilated convolution of volumes makes, by the general formula."""
    fed, kernel = _shape(operation.inputs[0]), _shape(operation.inputs[1])
    is_same, made = operation.get_attr("padding") == b"SAME", [fed[0]]
    for axis in (1, 2, 3):
        step = operation.get_attr("strides")[axis]
        lost = 0 if is_same else (kernel[axis - 1] - 1) * operation.get_attr("dilations")[axis]
        made.append(-(-(fed[axis] - lost) // step))
    return made


def _behind(tensor: Any, kind: str) -> Any:
    return tensor.op.inputs[0] if tensor.op.type == kind else tensor


def _shape(tensor: Any) -> tuple[int, ...]:
    if tensor.shape.rank is None or None in tensor.shape.as_list():
        raise CannotMeasureError(_of_sizes(tensor.op))
    return tuple(tensor.shape.as_list())


def _of_sizes(operation: Any) -> str:
    return f"{SIZES}: of `{operation.type}`"
