"""The report: everything that is printed or exported is made from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import ref

from keras_cnnstats import units
from keras_cnnstats.console import show
from keras_cnnstats.errors import ModelError, UnknownLayerError, nearest
from keras_cnnstats.records import Disagreement, Header, Memory, Row, Totals
from keras_cnnstats.totals import totals, work_by_kind
from keras_cnnstats.units import Work
from keras_cnnstats.verification import Verification

if TYPE_CHECKING:
    import pandas

    from keras_cnnstats.reconcile import Reconciliation
    from keras_cnnstats.render.plots import Plots
    from keras_cnnstats.roofline import Roofline


class Subject:
    """The model that a report is of, as long as somebody else keeps it, and how it was analysed.

    Attributes:
        input_shape: what was asked for.
        is_known: whether a class of layers, or an operation, has a rule.
        rules: the rules of this analysis alone.
        distribution: the distribution that was given.
    """

    def __init__(
        self,
        model: Any = None,
        input_shape: Any = None,
        is_known: Any = None,
        rules: Any = None,
        distribution: Any = None,
    ) -> None:
        self._model = None if model is None else ref(model)
        self.input_shape, self.is_known, self.rules = input_shape, is_known, rules
        self.distribution = distribution

    @property
    def model(self) -> Any:
        """The model; `None` where it is gone."""
        return None if self._model is None else self._model()

    def __reduce__(self) -> tuple[type["Subject"], tuple[()]]:
        # A copy or a stored report knows of no model.
        return Subject, ()


@dataclass(frozen=True, eq=False)
class Report:
    """What a model costs and what each of its units sees, row by row.

    `report["block1/conv"]` is the row of that path (of its first call; `report["conv", 1]` of its second).

    Attributes:
        header: what the numbers are of: the model, its inputs, the batch size and the convention.
        rows: one for each call of a layer or operation, in their order.
        disagreements: where the counted values and the textbook's formulas part.
        memory: bytes of the weights and activations; `None` in a report that was stored without.
        verification: what measurements say of the numbers; `None` where none was made.
        subject: the model, as long as somebody else keeps it, and how it was analysed.
    """

    header: Header
    rows: tuple[Row, ...]
    disagreements: tuple[Disagreement, ...] = field(default=())
    memory: Memory | None = None
    verification: Verification | None = None
    subject: Subject = field(default_factory=Subject, repr=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        names = ("header", "rows", "disagreements", "memory", "verification")
        return all(getattr(self, name) == getattr(other, name) for name in names)

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
        return totals(self.rows, self.work_by_kind.values(), self.header.convention)

    @cached_property
    def work_by_kind(self) -> dict[str, Work]:
        """The terms of the work, summed over the rows, by kind of primitive."""
        return work_by_kind(self.rows)

    @property
    def unexplained(self) -> tuple[Disagreement, ...]:
        """The disagreements that nobody has explained: a defect of the layer, of Keras or of this package."""
        return tuple(item for item in self.disagreements if not item.explained)

    def with_convention(self, convention: str) -> "Report":
        """Returns the same report with `flops` counted under another convention; nothing is analysed again.

        Raises:
            ConventionError: `convention` is none.
        """
        units.check_convention(convention)
        header = self.header._replace(convention=convention)
        rows = tuple(row._replace(convention=convention) for row in self.rows)
        return replace(self, header=header, rows=rows)

    def with_input_shape(self, input_shape: Any, batch_size: int | None = None) -> "Report":
        """Returns the report of the same model, as it is now, at another size of its input.

        Args:
            input_shape: see `analyze`.
            batch_size: samples that all work is counted for; that of this report by default.

        Raises:
            ModelError: the model is gone, or the report was stored and knows of none.
            InputShapeError: the model does not take the shape.

        Example:

        >>> import keras, keras_cnnstats as cnnstats
        >>> model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(8, 3, padding="same")])
        >>> report = cnnstats.analyze(model, input_shape=(32, 32, 3))
        >>> [report.with_input_shape((size, size, 3)).totals.macs for size in (32, 64)]
        [221184, 884736]
        """
        from keras_cnnstats.analysis import analyze

        model = self.subject.model
        if model is None:
            raise ModelError(
                f"with_input_shape: expected a report whose model is still there. Received: that of "
                f"`{self.header.model}`, which is gone, or was never here. Call analyze(model, input_shape=...)."
            )
        return analyze(
            model,
            input_shape=input_shape,
            batch_size=self.header.batch_size if batch_size is None else batch_size,
            convention=self.header.convention,
            rules=self.subject.rules,
            sparsity=self.totals.sparsity is not None,
            distribution=self.subject.distribution,
        )

    @property
    def last_map(self) -> Row | None:
        """The last row whose outputs still have a place on the input: where a network's receptive field is quoted.

        Behind it stands what sees all of the input anyway, such as global pooling or a dense layer over all positions;
        `None` where no row has such a map.
        """
        return next((row for row in reversed(self.rows) if any(jump is not None for jump in row.stride_product)), None)

    def at_depth(self, depth: int) -> "Report":
        """Returns the report with one row for each part of the model that stands at `depth`, and the same totals.

        Args:
            depth: how many levels to keep: with 1, a nested model is one row. A row whose cost is unknown stays.

        Raises:
            UnknownLayerError: `depth` is no positive integer.
        """
        from keras_cnnstats.folding import at_depth

        return at_depth(self, depth)

    def verify(
        self,
        model: Any = None,
        *,
        only: Sequence[str] | None = None,
        strict: bool = False,
        referee: str | None = None,
        rows: Sequence[str | tuple[str, int]] | None = None,
    ) -> "Report":
        """Returns the same report with each number held against a measurement that shares no code with the rules.

        Work by the counters of the running backend (TensorFlow's registry, XLA's cost analysis, PyTorch's
        `FlopCounterMode`), receptive fields by gradients, shapes and parameters by building the layers, training by the
        trace of a step. The model is traced: nothing of it changes.

        Args:
            model: the model, where the report was stored or the model has been let go of.
            only: what to measure, of `"work"`, `"params"`, `"fields"`, `"training"` and `"memory"`; all by default.
            strict: whether a measurement that differs is an error.
            referee: the backend that measures: `"tensorflow"`, `"jax"` or `"torch"`; the running one by default.
                Another one does so in a process of its own, which makes the model anew of its configuration, without
                weights. The environment variable `CNNSTATS_JAX_PYTHON` (or likewise) names the Python that has it.
            rows: paths of the rows whose receptive fields are measured, as `report[path]` takes them; all by default,
                which takes minutes for a deep network. All else is measured of each row.

        Raises:
            VerificationError: there is no model, it is another, it cannot be made anew for the referee, `rows` where
                `only` leaves out the fields, or `strict` and something differs.
            UnknownLayerError: there is no such row.
            MissingDependencyError: the referee is not installed.

        Example:

        >>> import keras, keras_cnnstats as cnnstats
        >>> conv = keras.layers.Conv2D(8, 3, padding="same", name="conv")
        >>> model = keras.Sequential([keras.Input((32, 32, 3)), conv])
        >>> report = cnnstats.analyze(model).verify(only=["work"])
        >>> report.verification.verdict
        'Measured: 5 confirmed'
        >>> report.verify(only=["fields"], rows=["conv"]).verification.verdict
        'Measured: 1 confirmed'
        """
        from keras_cnnstats.verify import verified

        return verified(self, model, only, strict, referee, rows)

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

    def to_text(self, width: int | None = None, columns: Sequence[str] | None = None) -> str:
        """Returns the table, the totals and the disagreements as text.

        Args:
            width: columns of text to fit into; the terminal's by default, unlimited where there is none.
            columns: names of columns of the DataFrame, where not the usual ones are wanted; `rf`, `stride`, `padding`,
                `center` and `local_rf` are all axes together. `to_csv`, `to_markdown` and `to_latex` take them too.

        Raises:
            ColumnError: there is no such column.
        """
        from keras_cnnstats.render.text import to_text

        return to_text(self, width, columns)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Returns one row per layer call as a `pandas.DataFrame`; unknown values are `<NA>`."""
        from keras_cnnstats.render.dataframe import to_dataframe

        return to_dataframe(self)

    def to_csv(self, path: Any = None, columns: Sequence[str] | None = None) -> str:
        """Returns the rows as CSV, or writes them to `path`.

        Raises:
            ColumnError: there is no such column.
            OSError: `path` cannot be written; what stood there is as it was.
        """
        from keras_cnnstats.render.markup import to_csv

        return to_csv(self, path, columns)

    def to_markdown(self, path: Any = None, columns: Sequence[str] | None = None) -> str:
        """Returns the report as a GitHub-flavoured Markdown table, or writes it to `path`.

        Raises:
            ColumnError: there is no such column.
            OSError: `path` cannot be written; what stood there is as it was.
        """
        from keras_cnnstats.render.markup import to_markdown

        return to_markdown(self, path, columns)

    def to_latex(self, path: Any = None, columns: Sequence[str] | None = None) -> str:
        """Returns the report as a LaTeX `longtable` (packages `booktabs` and `longtable`), or writes it to `path`.

        Raises:
            ColumnError: there is no such column.
            OSError: `path` cannot be written; what stood there is as it was.
        """
        from keras_cnnstats.render.latex import to_latex

        return to_latex(self, path, columns)

    def to_html(self, path: Any = None) -> str:
        """Returns the report as one page to look at, which needs no network, or writes it to `path`.

        It has the table, the shares, the fields on a picture, the graph and the disagreements.

        Raises:
            MissingDependencyError: Jinja2 is not installed.
            OSError: `path` cannot be written; what stood there is as it was.
        """
        from keras_cnnstats.render.html.page import to_html

        return to_html(self, path)

    def to_json(self, path: Any = None) -> str:
        """Returns the whole report as JSON (see `from_json`), or writes it to `path`.

        Raises:
            OSError: `path` cannot be written; what stood there is as it was.
        """
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

    @property
    def plot(self) -> "Plots":
        """The plots of the report: `receptive_field()`, `cost()`, `cumulative()`, `roofline(...)`; with matplotlib."""
        from keras_cnnstats.render.plots import Plots

        return Plots(self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Report of {self.header.model!r}: {len(self.rows)} rows, {self.totals.macs:,} MACs>"

    def _repr_html_(self) -> str:
        from keras_cnnstats.render.notebook import to_notebook

        return to_notebook(self)
