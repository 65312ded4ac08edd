"""The records of a report: what was counted, frozen, call by call and in total."""

from math import inf, prod
from typing import NamedTuple

from keras_cnnstats import units
from keras_cnnstats.field import Field
from keras_cnnstats.placement import Share
from keras_cnnstats.precision import Sparsity
from keras_cnnstats.units import NO_TRAINING, Count, Extent, Training, Work

Shape = tuple[int | None, ...]


class Row(NamedTuple):
    """One call of one layer or operation.

    Attributes:
        layer: path of the layer: its name, behind the names of the models it is nested in (`"backbone/conv1"`).
        type: class of the layer, or name of the operation.
        call: 0 for the layer's first call, 1 for its second, ...
        output_shapes: shape of each output, batch axis included.
        params: parameters, counted in the first call alone (and once for weights that layers share); of quantised
            weights as many as there are without being quantised.
        trainable_params: those of them that training changes.
        work: terms of the work by kind of primitive, in order; `None` where it is unknown.
        convention: the convention that `flops` is counted under.
        axes: letters of the input axes of the fields below.
        fields: receptive field on each axis.
        local_fields: the same with global side branches left out of merges.
        input_sizes: the input's size on each axis.
        positions: the output's size on each axis; `None` where it is unknown or there is no such axis left.
        aligned: whether the branches that meet here agree in stride product and centre; `None` where that depends on
            an input size nobody gave.
        source: where the numbers come from: `rule`, `inherited`, `traced`, `measured` or `unknown`.
        note: what the user should know of the source: why the cost is unknown and what to do about it.
        disagreements: codes of the disagreements of this row.
        stored: bytes of the parameters by the dtype they are stored in, counted where the parameters are.
        activation_bytes: bytes of the outputs; `None` where a size is unknown.
        training: terms of the work in one step of training; `None` where it is unknown.
        moved_bytes: bytes of the inputs, the outputs and the weights that the call reads and writes, each once; `None`
            where a size is unknown.
        quantizer_params: values that a quantiser keeps beside the weights (scales, zero points, histories), which are
            no parameters; counted where the parameters are.
        operands: multiply-accumulate pairs by what they are products of (see `macs_by_type`).
        sparsity: zeros among the weights and the products that remain; `None` where they were not asked for.
        inputs: numbers of the rows whose outputs the call reads, each once; what the model is fed with may have no row.
        share: what each device of a mesh holds and computes of it; `None` without a distribution.
    """

    layer: str
    type: str
    output_shapes: tuple[Shape, ...]
    call: int = 0
    params: int = 0
    trainable_params: int = 0
    work: tuple[tuple[str, Work], ...] | None = ()
    convention: str = "textbook"
    axes: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    local_fields: tuple[Field, ...] = ()
    input_sizes: tuple[int | None, ...] = ()
    positions: tuple[int | None, ...] = ()
    aligned: bool | None = True
    source: str = "rule"
    note: str = ""
    disagreements: tuple[str, ...] = ()
    stored: tuple[tuple[str, int], ...] = ()
    activation_bytes: Count = 0
    training: Training | None = NO_TRAINING
    moved_bytes: Count = 0
    quantizer_params: int = 0
    operands: tuple[tuple[str, int], ...] = ()
    sparsity: Sparsity | None = None
    inputs: tuple[int, ...] = ()
    share: Share | None = None

    @property
    def output_shape(self) -> Shape | tuple[Shape, ...]:
        """The output's shape; a tuple of shapes where there are several outputs."""
        return self.output_shapes[0] if len(self.output_shapes) == 1 else self.output_shapes

    @property
    def macs(self) -> Count:
        """Multiply-accumulate pairs of the contractions, padded taps included."""
        return None if self.work is None else sum(work.macs for _, work in self.work)

    @property
    def macs_by_type(self) -> dict[str, int] | None:
        """MACs by the dtype of inputs and weights: `"float16"`, or `"float16 x int4"` where they are not alike."""
        return None if self.work is None else dict(self.operands)

    @property
    def zero_weights(self) -> Count:
        """Weights that are zero, of those that are multiplied with; `None` where it is unknown or was not asked for."""
        return None if self.sparsity is None else self.sparsity.zeros

    @property
    def remaining_macs(self) -> Count:
        """MACs without those of a zero weight; `None` where it is unknown or was not asked for."""
        return None if self.sparsity is None else self.sparsity.macs

    @property
    def flops(self) -> Count:
        """Floating-point operations under the report's convention."""
        return None if self.work is None else sum(units.flops(work, self.convention) for _, work in self.work)

    @property
    def device_params(self) -> Count:
        """Parameters that each device of a mesh holds, counted where the parameters are; `None` without a mesh."""
        return None if self.share is None else self.share.params

    @property
    def device_param_bytes(self) -> Count:
        """Bytes of those parameters."""
        return None if self.share is None else self.share.param_bytes

    @property
    def device_macs(self) -> Count:
        """MACs that each device computes; `None` where that is unknown, or there is no mesh."""
        return None if self.share is None or self.share.work is None else self.share.work.macs

    @property
    def device_flops(self) -> Count:
        """FLOPs that each device computes, likewise; what devices add up of what others have is not among them."""
        return None if self.share is None or self.share.work is None else units.flops(self.share.work, self.convention)

    @property
    def transcendentals(self) -> Count:
        """Exponentials, logarithms, roots and their like.

        They stand apart: of the conventions only `tf` and `xla` count some of them, as the backend does.
        """
        return None if self.work is None else sum(work.transcendentals for _, work in self.work)

    @property
    def train_macs(self) -> Count:
        """Multiply-accumulate pairs of one step of training: the forward pass and the gradients that it needs."""
        return None if self.training is None else self.training.total.macs

    @property
    def train_flops(self) -> Count:
        """Floating-point operations of one step of training, under the report's convention; `None` under `tf`."""
        return None if self.training is None else units.train_flops(self.training, self.convention)

    @property
    def param_bytes(self) -> int:
        """Bytes of the parameters as they are stored, counted where the parameters are."""
        return sum(count for _, count in self.stored)

    @property
    def intensity(self) -> float | None:
        """FLOPs for each byte moved (see `moved_bytes`); `None` where one of them is unknown or nothing moves."""
        return None if self.flops is None or not self.moved_bytes else self.flops / self.moved_bytes

    @property
    def receptive_field(self) -> tuple[Extent, ...]:
        """Input positions that one output position sees, on each axis (`math.inf`: the whole input)."""
        return tuple(axis.size for axis in self.fields)

    @property
    def local_receptive_field(self) -> tuple[Extent, ...]:
        """The receptive field with global side branches (squeeze-and-excite) left out of merges."""
        return tuple(axis.size for axis in self.local_fields)

    @property
    def stride_product(self) -> tuple[Extent, ...]:
        """Input positions from one output position to the next; `None` where the output has no such axis."""
        return tuple(axis.jump for axis in self.fields)

    @property
    def effective_padding(self) -> tuple[Extent, ...]:
        """How far the field of the first output position hangs over the input's edge."""
        return tuple(axis.effective_padding for axis in self.fields)

    @property
    def center(self) -> tuple[Extent, ...]:
        """The middle of what the first output position sees, in input positions."""
        return tuple(axis.center for axis in self.fields)

    @property
    def clipped_receptive_field(self) -> tuple[Extent, ...]:
        """The most positions inside the input that any output position sees."""
        sizes = zip(self.fields, self.input_sizes, self.positions, strict=True)
        return tuple(axis.clipped(size, positions) for axis, size, positions in sizes)

    @property
    def exceeds_input(self) -> bool | None:
        """Whether the receptive field is larger than the input on some axis; `None` where that is unknown."""
        known = [
            axis.size > size
            for axis, size in zip(self.fields, self.input_sizes, strict=True)
            if axis.size is not None and axis.size != inf and size is not None
        ]
        return True if any(known) else (False if len(known) == len(self.fields) else None)


class Disagreement(NamedTuple):
    """A quantity of one row in which the count and the textbook formula part.

    Attributes:
        layer: path of the row.
        quantity: `parameters`, `output size`, `flops`, `receptive field` or `coverage`; of what Keras' own summary
            says `summary total`, `summary parameters` or `summary shape`.
        code: stable code: P.. parameters, S.. shape, F.. FLOPs, R.. receptive field, K.. what Keras' summary says.
        formula: the formula with the numbers put in.
        expected: what the formula gives.
        actual: what was counted.
        reason: why they part, in one sentence.
        call: which call of the layer.
        explained: whether the reason is known; if not, it is a defect of the layer, of Keras or of this package.
    """

    layer: str
    quantity: str
    code: str
    formula: str
    expected: Extent
    actual: Extent
    reason: str
    call: int = 0
    explained: bool = True

    @property
    def ratio(self) -> float | None:
        """`actual / expected`; `None` where one of them is unknown, zero or the whole input."""
        if not self.expected or not self.actual or inf in (self.expected, self.actual):
            return None
        return float(self.actual / self.expected)


class Totals(NamedTuple):
    """Sums over the rows. Over unknown rows they are lower bounds, and `unknown_rows` says how many those are.

    Attributes:
        params: parameters.
        trainable_params: those of them that training changes.
        macs: multiply-accumulate pairs of a batch, at inference.
        flops: floating-point operations of a batch, at inference, under the report's convention.
        transcendentals: exponentials, logarithms, roots and their like, of a batch.
        rows: how many rows there are.
        unknown_rows: those of them of which the work is unknown.
        param_bytes: bytes of the parameters, as they are stored.
        train_macs: multiply-accumulate pairs of one step of training: forwards and backwards.
        train_flops: floating-point operations of that step; `None` under the convention `tf`.
        unknown_train_rows: rows of which the work in training is unknown.
        quantizer_params: scales and zero points of quantised weights, which are no parameters.
        stored: dtypes that weights are stored in, and the bytes of each.
        operands: what is multiplied, and the multiply-accumulate pairs of each.
        sparsity: zero weights, and the pairs that remain without them; `None` where they were not asked for.
        unknown_sparsity_rows: rows of which the pairs that remain are unknown.
        share: what each device of a mesh holds and computes; `None` without a mesh.
        device_flops: floating-point operations of each device; `None` without a mesh.
        unknown_device_rows: rows of which the work of a device is unknown.
    """

    params: int
    trainable_params: int
    macs: int
    flops: int
    transcendentals: int
    rows: int
    unknown_rows: int
    param_bytes: int = 0
    train_macs: int = 0
    train_flops: Count = 0
    unknown_train_rows: int = 0
    quantizer_params: int = 0
    stored: tuple[tuple[str, int], ...] = ()
    operands: tuple[tuple[str, int], ...] = ()
    sparsity: Sparsity | None = None
    unknown_sparsity_rows: int = 0
    share: Share | None = None
    device_flops: Count = None
    unknown_device_rows: int = 0

    @property
    def macs_by_type(self) -> dict[str, int]:
        """MACs by the dtype of what is multiplied: inputs and weights, `"float16 x int4"` where they are not alike."""
        return dict(self.operands)

    @property
    def frozen_params(self) -> int:
        """Parameters that training does not change."""
        return self.params - self.trainable_params

    @property
    def is_lower_bound(self) -> bool:
        """Whether rows of unknown cost make the sums of work lower bounds."""
        return self.unknown_rows > 0


class Memory(NamedTuple):
    """Bytes of activations at the report's batch size, each output with memory of its own, and of the weights.

    Left out is what a backend saves by fusing calls and working in place, and what it spends inside a call.

    Attributes:
        peak_activation_bytes: at inference, the most that is live at once along the execution order: what is still to
            be read, and what the call at work reads and makes; `None` where a size is unknown.
        peak_layer: path of the call at which that is; empty where it is the input alone.
        activation_bytes: the inputs and all outputs together, as they are kept for a backward pass.
        param_bytes: the weights, as they are stored.
        gradient_bytes: one gradient for each weight that training changes, of the weight's own dtype.
        optimizer: class of the optimizer that the model is compiled with; empty where it is not compiled.
        optimizer_bytes: the optimizer's state, also before training makes it; `None` where it is unknown.
    """

    peak_activation_bytes: Count
    peak_layer: str
    activation_bytes: Count
    param_bytes: int = 0
    gradient_bytes: int = 0
    optimizer: str = ""
    optimizer_bytes: Count = None

    @property
    def inference_bytes(self) -> Count:
        """What inference needs: the weights, and the activations at their peak."""
        return None if self.peak_activation_bytes is None else self.param_bytes + self.peak_activation_bytes

    @property
    def training_bytes(self) -> Count:
        """What a step of training keeps: weights, gradients, the optimizer's state, and all activations."""
        if self.activation_bytes is None or self.optimizer_bytes is None:
            return None
        return self.param_bytes + self.gradient_bytes + self.optimizer_bytes + self.activation_bytes


class Header(NamedTuple):
    """What the numbers are of: every rendering says it."""

    model: str
    input_shapes: tuple[tuple[str, Shape], ...]
    batch_size: int
    dtype: str
    convention: str
    origin: str = ""
    """The map that receptive fields are measured on, where it is not the input."""
    mesh: tuple[tuple[str, int], ...] = ()
    """The axes of the mesh of devices that the model is distributed over, with the devices along each."""
    batch_axis: str = ""
    """The axis of the mesh that samples are divided along."""

    @property
    def devices(self) -> int:
        """Devices of the mesh."""
        return prod(size for _, size in self.mesh)
