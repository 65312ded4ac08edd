"""The report: frozen records of what was counted. Everything that is printed or exported is made from these."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_cnnstats import units
from keras_cnnstats.console import show
from keras_cnnstats.errors import UnknownLayerError, nearest
from keras_cnnstats.field import Field
from keras_cnnstats.precision import Sparsity
from keras_cnnstats.units import NO_TRAINING, Count, Extent, Training, Work

if TYPE_CHECKING:
    import pandas

    from keras_cnnstats.reconcile import Reconciliation
    from keras_cnnstats.roofline import Roofline

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
        aligned: whether the branches that meet here agree in jump and centre; `None` where that depends on an input
            size nobody gave.
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
        """MACs by the dtype of what is multiplied: inputs and weights, `"float16 x int4"` where they are not alike."""
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
    def transcendentals(self) -> Count:
        """Exponentials, logarithms, roots and their like, which no convention adds to the FLOPs."""
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
        quantity: `parameters`, `output size`, `flops`, `receptive field` or `coverage`.
        code: stable code: P.. parameters, S.. shape, F.. FLOPs, R.. receptive field.
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
    """Sums over the rows. Over unknown rows they are lower bounds, and `unknown_rows` says how many those are."""

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


@dataclass(frozen=True, eq=False)
class Report:
    """What a model costs and what each of its units sees, row by row.

    `report["block1/conv"]` is the row of that path (of its first call; `report["conv", 1]` of its second).
    """

    header: Header
    rows: tuple[Row, ...]
    disagreements: tuple[Disagreement, ...] = field(default=())
    memory: Memory | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return (self.header, self.rows, self.disagreements, self.memory) == (
            other.header,
            other.rows,
            other.disagreements,
            other.memory,
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, path: str | tuple[str, int]) -> Row:
        layer, call = path if isinstance(path, tuple) else (path, 0)
        try:
            return self._by_path[layer, call]
        except KeyError:
            raise UnknownLayerError(self._unknown_path(layer, call)) from None

    @cached_property
    def _by_path(self) -> dict[tuple[str, int], Row]:
        return {(row.layer, row.call): row for row in self.rows}

    def _unknown_path(self, layer: str, call: int) -> str:
        calls = sum(row.layer == layer for row in self.rows)
        if calls:
            times = "once" if calls == 1 else f"{calls} times"
            return (
                f"report[{layer!r}, {call}]: the layer is called {times}; calls are counted from 0. Received: {call}."
            )
        names = list(dict.fromkeys(row.layer for row in self.rows))
        inside = [name for name in names if name.startswith(f"{layer}/")]
        if inside:
            return f"report[{layer!r}]: a model of {len(inside)} layers, which have the rows. Name one: `{inside[0]}`."
        return f"report[{layer!r}]: expected the path of one of {len(names)} layers.{nearest(str(layer), names)}"

    @property
    def axes(self) -> tuple[str, ...]:
        """Letters of the input axes that receptive fields are measured on: `("h", "w")` for images."""
        return self.rows[0].axes if self.rows else ()

    @cached_property
    def totals(self) -> Totals:
        """Sums of the columns."""
        # The sums of the terms come first: every convention is linear in them.
        work = units.NO_WORK
        for part in self.work_by_kind.values():
            work = work.plus(part)
        steps = [row.training for row in self.rows if row.training is not None]
        training = Training(*[Work(*map(sum, zip(*parts, strict=True))) for parts in zip(*steps, strict=True)])
        return Totals(
            params=sum([row.params for row in self.rows]),
            trainable_params=sum([row.trainable_params for row in self.rows]),
            macs=work.macs,
            flops=units.flops(work, self.header.convention),
            transcendentals=work.transcendentals,
            rows=len(self.rows),
            unknown_rows=sum([row.work is None for row in self.rows]),
            param_bytes=sum([row.param_bytes for row in self.rows]),
            train_macs=training.total.macs,
            train_flops=units.train_flops(training, self.header.convention),
            unknown_train_rows=sum([row.training is None for row in self.rows]),
            quantizer_params=sum([row.quantizer_params for row in self.rows]),
            stored=_by_name([pair for row in self.rows for pair in row.stored]),
            operands=_by_name([pair for row in self.rows for pair in row.operands]),
            sparsity=_sparsity(self.rows),
            unknown_sparsity_rows=sum([row.sparsity is not None and row.sparsity.macs is None for row in self.rows]),
        )

    @cached_property
    def work_by_kind(self) -> dict[str, Work]:
        """The terms of the work, summed over the rows, by kind of primitive."""
        kinds: dict[str, list[Work]] = {}
        for row in self.rows:
            for kind, work in row.work or ():
                kinds.setdefault(kind, []).append(work)
        return {kind: Work(*map(sum, zip(*works, strict=True))) for kind, works in kinds.items()}

    def with_convention(self, convention: str) -> "Report":
        """Returns the same report with `flops` counted under another convention; nothing is analysed again."""
        units.check_convention(convention)
        header = self.header._replace(convention=convention)
        rows = tuple(row._replace(convention=convention) for row in self.rows)
        return Report(header, rows, self.disagreements, self.memory)

    def reconcile(self, verbose: bool | None = None) -> "Reconciliation":
        """Prints the model's total under every convention, with the terms that make the gaps, and returns it.

        Args:
            verbose: whether to print; by default everywhere but in a notebook, where the returned object shows itself.
        """
        from keras_cnnstats.reconcile import reconcile

        result = reconcile(self)
        show(result, verbose)
        return result

    def roofline(self, *, peak_flops: float, bandwidth: float, verbose: bool | None = None) -> "Roofline":
        """Prints which calls a machine's memory would hold up, and which its arithmetic, and returns that.

        Args:
            peak_flops: floating-point operations that the machine can do in a second, as the report's convention counts
                them: makers count two for a multiply-accumulate, as `textbook`, `2macs`, `tf` and `xla` do.
            bandwidth: bytes that it can move between memory and processor in a second.
            verbose: whether to print; by default everywhere but in a notebook, where the returned object shows itself.

        Raises:
            MachineError: one of the two is no positive number.
        """
        from keras_cnnstats.roofline import roofline

        result = roofline(self, peak_flops, bandwidth)
        show(result, verbose)
        return result

    # What follows hands the report to the renderers, one floor up: the one place where the data calls upwards, and the
    # imports stand inside so that only who exports pays for them.

    def to_text(self, width: int | None = None) -> str:
        """Returns the table, the totals and the disagreements as text.

        Args:
            width: columns of text to fit into; the terminal's by default, unlimited where there is none.
        """
        from keras_cnnstats.render.text import to_text

        return to_text(self, width)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Returns one row per layer call as a `pandas.DataFrame`; unknown values are `<NA>`."""
        from keras_cnnstats.render.dataframe import to_dataframe

        return to_dataframe(self)

    def to_csv(self, path: Any = None) -> str | None:
        """Returns the rows as CSV, or writes them to `path`."""
        from keras_cnnstats.render.markup import to_csv

        return to_csv(self, path)

    def to_markdown(self, path: Any = None) -> str | None:
        """Returns the report as a GitHub-flavoured Markdown table, or writes it to `path`."""
        from keras_cnnstats.render.markup import to_markdown

        return to_markdown(self, path)

    def to_latex(self, path: Any = None) -> str | None:
        """Returns the report as a LaTeX `longtable` (packages `booktabs` and `longtable`), or writes it to `path`."""
        from keras_cnnstats.render.markup import to_latex

        return to_latex(self, path)

    def to_json(self, path: Any = None) -> str | None:
        """Returns the whole report as JSON (see `from_json`), or writes it to `path`."""
        from keras_cnnstats.render.json import to_json

        return to_json(self, path)

    @staticmethod
    def from_json(text: str) -> "Report":
        """Returns the report that `to_json` wrote.

        Raises:
            FormatError: `text` is no JSON, no report, or of an unknown schema version.
        """
        from keras_cnnstats.render.json import from_json

        return from_json(text)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Report of {self.header.model!r}: {len(self.rows)} rows, {self.totals.macs:,} MACs>"

    def _repr_html_(self) -> str:
        from keras_cnnstats.render.markup import to_notebook

        return to_notebook(self)


def _by_name(pairs: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for name, count in pairs:
        found[name] = found.get(name, 0) + count
    return tuple(found.items())


def _sparsity(rows: tuple[Row, ...]) -> Sparsity | None:
    """The sums over the rows of which it is known; `None` where it was not asked for."""
    known = [row.sparsity for row in rows if row.sparsity is not None]
    return Sparsity(*[sum([count or 0 for count in counts]) for counts in zip(*known, strict=True)]) if known else None
