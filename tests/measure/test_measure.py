"""What the backend counts is what the rules count, and what it cannot count is unknown by name."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.capture import capture
from keras_cnnstats.describe import describe
from keras_cnnstats.measure import CannotMeasureError, backend_name, measure
from keras_cnnstats.units import NO_WORK, Work
from tests.measure.raw import BACKEND, Choice, Endless, Raw, Scan, Sorted, Written

DIRECTLY = f"its call cannot be followed (it calls {backend_name()} directly)"


def model_of(layer: Any, *shapes: tuple[int, ...]) -> keras.Model:
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, layer(*inputs))


# A layer in functions of the backend, and the same in `keras.ops`


def test_raw_layer_costs_what_it_costs_in_keras_ops() -> None:
    (raw,), written = (cnnstats.analyze(model_of(layer(), (8, 9, 4))) for layer in (Raw, Written))
    assert raw.macs == written.totals.macs == 72 * (9 * 4 * 6 + 6 * 5)
    assert raw.flops == written.totals.flops
    assert raw.transcendentals == written.totals.transcendentals == 72 * 5
    assert raw.params == written.totals.params
    assert {row.source for row in written} == {"traced"}


@pytest.mark.parametrize("convention", ["macs", "2macs", "xla"])
def test_conventions_agree_as_well(convention: str) -> None:
    raw, written = (cnnstats.analyze(model_of(layer(), (8, 9, 4)), convention=convention) for layer in (Raw, Written))
    assert raw.totals.flops == written.totals.flops


def test_row_says_that_the_backend_counted_it() -> None:
    (row,) = cnnstats.analyze(model_of(Raw(name="raw"), (8, 9, 4)))
    assert (row.layer, row.type, row.source) == ("raw", "Raw", "measured")
    assert row.note.startswith(f"counted by {backend_name()}: {DIRECTLY}")
    assert row.note.endswith("its work in training is unknown: only its forward pass was counted")
    assert [name for name, _ in row.work] == ["measured"]
    assert (row.train_flops, row.receptive_field) == (None, (None, None))
    assert row.disagreements == ()


def test_fields_behind_it_are_unknown_and_work_is_not() -> None:
    image = keras.Input((8, 9, 4))
    report = cnnstats.analyze(keras.Model(image, layers.Conv2D(2, 3, name="conv")(Raw()(image))))
    assert report["conv"].receptive_field == (None, None)
    assert report["conv"].macs == 6 * 7 * 45 * 2
    assert report.totals.unknown_rows == 0


class Mixed(keras.Model):
    """Layers of Keras around a layer in functions of the backend."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.raw, self.last = layers.Dense(4, name="first"), Raw(name="raw"), layers.Dense(3, name="last")

    def call(self, x: Any) -> Any:
        return self.last(self.raw(self.first(x)))


def test_raw_layer_in_a_model_that_is_not_built() -> None:
    model = Mixed()
    report = cnnstats.analyze(model, input_shape=(8, 9, 3))
    assert [(row.layer, row.source, row.params) for row in report] == [
        ("first", "rule", 16),
        ("raw", "measured", 246),
        ("last", "rule", 18),
    ]
    assert not model.built
    model(np.zeros((1, 8, 9, 3), "float32"))
    assert model.count_params() == report.totals.params
    assert cnnstats.analyze(model).totals == report.totals


class Whole(keras.Model):
    """All in functions of the backend."""

    def __init__(self) -> None:
        super().__init__(name="whole")
        self.raw = Raw()

    def call(self, x: Any) -> Any:
        return self.raw.call(x)

    def build(self, shape: Any) -> None:
        self.raw.build(shape)


def test_model_that_cannot_be_followed_is_one_row() -> None:
    (row,) = cnnstats.analyze(Whole(), input_shape=(8, 9, 4))
    assert (row.layer, row.type, row.source, row.macs, row.params) == ("whole", "Whole", "measured", 72 * 246, 246)


def test_such_a_model_needs_all_sizes() -> None:
    with pytest.raises(cnnstats.ModelError) as caught:
        cnnstats.analyze(Whole(), input_shape=(None, 9, 4))
    assert str(caught.value).endswith("only where all sizes are known: pass input_shape= without None.")


# Batches and sizes


def test_batch_multiplies_the_count() -> None:
    model = model_of(Raw(), (8, 9, 4))
    assert cnnstats.analyze(model, batch_size=3).totals.macs == 3 * cnnstats.analyze(model).totals.macs


def test_fixed_batch_is_counted_for_one_sample() -> None:
    image = keras.Input(batch_shape=(4, 8, 9, 4))
    assert cnnstats.analyze(keras.Model(image, Raw()(image))).totals.macs == 72 * 246


def test_unknown_sizes_are_asked_for() -> None:
    image = keras.Input((None, None, 4))
    model = keras.Model(image, Raw()(image))
    (row,) = cnnstats.analyze(model)
    assert (row.macs, row.source) == (None, "unknown")
    assert "pass input_shape=(?, ?, 4)" in row.note
    assert cnnstats.analyze(model, input_shape=(8, 9, 4)).totals.macs == 72 * 246


# Control flow


@pytest.mark.parametrize("times", [1, 7])
def test_loop_counts_its_body_as_often_as_it_runs(times: int) -> None:
    (row,) = cnnstats.analyze(model_of(Scan(times), (5,)))
    assert (row.macs, row.flops, row.transcendentals) == (25 * times, 45 * times, 5 * times)


@pytest.mark.parametrize("times", [1, 7])
def test_loop_of_keras_does_so_too(times: int) -> None:
    def repeated(x: Any) -> Any:
        return ops.fori_loop(0, times, lambda _, y: ops.tanh(y) * 2, x)

    row = cnnstats.analyze(model_of(repeated, (5,))).rows[-1]
    assert (row.type, row.source, row.note) == ("fori_loop", "measured", f"counted by {backend_name()}")
    assert (row.flops, row.transcendentals) == (5 * times, 5 * times)


CONTROL: dict[str, tuple[Any, int]] = {
    "map": (lambda x: ops.map(lambda each: each * 2, x), 28),
    "vectorized_map": (lambda x: ops.vectorized_map(lambda each: each * 2, x), 28),
}
if BACKEND == "tensorflow":  # elsewhere the counter of such a loop is a value
    CONTROL["while_loop"] = lambda x: ops.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * 2), (0, x))[1], 3 * 28


@pytest.mark.parametrize("name", CONTROL)
def test_control_flow_counts_what_it_runs(name: str) -> None:
    function, steps = CONTROL[name]
    assert measured_work(function, (7, 4)).arithmetic == steps
    row = cnnstats.analyze(model_of(Function(function), (4,))).rows[-1]
    assert (row.source, row.flops) == ("measured", steps // 7)


def test_scan_of_keras_runs_over_what_it_is_fed() -> None:
    x = keras.Input(batch_shape=(7, 5))
    _, y = ops.scan(lambda total, each: (total + each, ops.exp(each)), ops.zeros((5,)), x)
    work = measured_work(lambda x: ops.scan(lambda total, each: (total + each, ops.exp(each)), x[0] * 0, x)[1], (7, 5))
    assert y.shape == (7, 5)
    assert (work.arithmetic, work.transcendentals) == (5 + 35, 35)


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs one branch, by the value")
def test_branches_of_one_cost_are_counted_once() -> None:
    (row,) = cnnstats.analyze(model_of(Choice(lambda x: x + 1, lambda x: x * 2, name="own"), (5,)))
    # A sum and a comparison, and one of the branches.
    assert (row.layer, row.source, row.flops) == ("own", "measured", 4 + 1 + 5)
    reason = "it calls JAX directly" if BACKEND == "jax" else "its `cond` runs functions that no rule looks into"
    assert row.note == f"counted by {backend_name()}: its call cannot be followed ({reason})"


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs one branch, by the value")
def test_branches_of_different_cost_are_unknown() -> None:
    row = cnnstats.analyze(model_of(Choice(lambda x: x + 1, lambda x: x * 2 + 1, name="own"), (5,))).rows[-1]
    assert (row.source, row.flops) == ("unknown", None)
    assert "(the branches of a condition cost differently)" in row.note


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere both branches are in the trace")
def test_branch_that_a_value_chooses_is_unknown() -> None:
    row = cnnstats.analyze(model_of(Choice(lambda x: x + 1, lambda x: x * 2, name="own"), (5,))).rows[-1]
    assert (row.source, row.flops) == ("unknown", None)
    assert "what it runs depends on the values" in row.note


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere both branches are in the trace")
def test_branch_that_a_size_chooses_is_the_one_that_runs() -> None:
    assert measured_work(lambda x: ops.cond(ops.size(x) > 9, lambda: x * 2 + 1, lambda: x * 2), (5,)).arithmetic == 5


class Noise(layers.Layer):
    """Adds random numbers, and cuts what comes of it at places that are written down."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x: Any) -> Any:
        if BACKEND == "torch":
            x = x.relu()
        return ops.split(x + keras.random.uniform((1, 6), seed=self.seeds), [2, 5], axis=-1)[1]


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere seeds and places are in the trace")
def test_seeds_and_places_are_no_values_of_an_input() -> None:
    (row,) = cnnstats.analyze(model_of(Noise(name="own"), (6,)))
    assert (row.source, row.macs, row.output_shape) == ("measured", 0, (None, 3))


class Named(layers.Layer):
    """Is fed by names that are not in the order of the alphabet."""

    def call(self, x: Any, second: Any, first: Any) -> Any:
        assert (second.shape[-1], first.shape[-1]) == (3, 4)
        return x + raw_sum(second) + raw_sum(first)


def raw_sum(x: Any) -> Any:
    """A sum in a function that only the backend knows."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.reduce_sum(x)
    return x.sum()


def test_what_is_fed_by_name_comes_where_it_belongs() -> None:
    x, second, first = keras.Input((2,)), keras.Input((3,)), keras.Input((4,))
    row = cnnstats.analyze(keras.Model([x, second, first], Named(name="own")(x, second=second, first=first))).rows[-1]
    assert (row.layer, row.source) == ("own", "measured")


def test_loop_that_values_end_is_unknown() -> None:
    row = cnnstats.analyze(model_of(Endless(name="own"), (5,))).rows[-1]
    assert (row.type, row.source, row.macs) == ("while_loop", "unknown", None)
    reason = "what it runs" if BACKEND == "torch" else "how often a loop runs"
    assert row.note.startswith(f"{backend_name()} cannot count it ({reason} depends on the values")


UNCOUNTED = {
    "tensorflow": "no count is known for the operation `MatrixInverse`",
    "jax": "no count is known for the primitive `sort`",
    "torch": "no count is known for the operation `aten::sort`",
}


def test_operation_without_a_count_is_unknown_by_name() -> None:
    (row,) = cnnstats.analyze(model_of(Sorted(name="own"), (5, 5)))
    assert (row.macs, row.source) == (None, "unknown")
    assert row.note == (
        f"{DIRECTLY}, nor counted by {backend_name()} ({UNCOUNTED[BACKEND]}): write it in keras.ops, "
        "or write a rule with @cnnstats.rule(Sorted)"
    )


# Every operation against its rule


class Function(layers.Layer):
    """Calls a function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function
        self.built = True

    def call(self, x: Any) -> Any:
        return self.function(x)


def measured_work(function: Any, shape: tuple[int, ...]) -> Work:
    layer = function if isinstance(function, layers.Layer) else Function(function)
    return measure(layer, layer.variables, (keras.KerasTensor(shape),), {}).work


def ruled_work(function: Any, shape: tuple[int, ...]) -> Work:
    x = keras.Input(batch_shape=shape)
    with capture(keras.Model(x, function(x))) as graph:
        works = [facts.work for call in graph.calls for facts in describe(call).facts]
    total = NO_WORK
    for work in works:
        assert work is not None
        total = total.plus(work)
    return total


EACH = (
    "abs ceil cos elu erf exp expm1 floor hard_sigmoid leaky_relu log log1p log_softmax negative reciprocal relu relu6 "
    "round rsqrt sigmoid sign sin softmax softsign sqrt square tan tanh max mean min prod sum"
)
MAPS: dict[str, Any] = {
    **{name: getattr(ops, name) for name in EACH.split()},
    "add": lambda x: x + x,
    "subtract": lambda x: x - 2.0,
    "multiply": lambda x: x * x,
    "divide": lambda x: x / 3.0,
    "maximum": lambda x: ops.maximum(x, x),
    "power": lambda x: ops.power(x, 1.5),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "clip": lambda x: ops.clip(x, 0, 1),
    "sum over the channels": lambda x: ops.sum(x, axis=-1),
    "mean over positions": lambda x: ops.mean(x, axis=(1, 2)),
    "concatenate": lambda x: ops.concatenate([x, x], 1),
    "slice": lambda x: x[:, 1:3],
    "pad": lambda x: ops.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]]),
    "cast": lambda x: ops.cast(x, "float16"),
    "tile": lambda x: ops.tile(x, (1, 2, 1, 1)),
    "matmul": lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "einsum": lambda x: ops.einsum("bhwc,bhvc->bhwv", x, x),
    "max_pool": lambda x: ops.max_pool(x, 3, 2, "same"),
    "average_pool": lambda x: ops.average_pool(x, 3, 2, "valid"),
    "Dense": layers.Dense(5),
    "EinsumDense": layers.EinsumDense("bhwc,cd->bhwd", (None, None, 6)),
    "Conv2D": layers.Conv2D(5, 3),
    "Conv2D, same": layers.Conv2D(5, 3, padding="same"),
    "Conv2D, strided": layers.Conv2D(5, 3, strides=2, padding="same"),
    "Conv2D, dilated": layers.Conv2D(5, 3, dilation_rate=2),
    "Conv2D, dilated, same": layers.Conv2D(5, 3, dilation_rate=2, padding="same"),
    "Conv2D, groups": layers.Conv2D(4, 3, groups=2),
    "DepthwiseConv2D": layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
    "SeparableConv2D": layers.SeparableConv2D(5, 3),
    "Conv2DTranspose": layers.Conv2DTranspose(5, 3, strides=2),
    "Conv2DTranspose, same": layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
}


@pytest.mark.parametrize("name", MAPS)
def test_backend_counts_what_the_rule_counts(name: str) -> None:
    shape = (1, 9, 7, 4)
    ruled, measured = ruled_work(MAPS[name], shape), measured_work(MAPS[name], shape)
    assert (measured.macs, measured.outputs) == (ruled.macs, ruled.outputs)
    # A backend may add a bias as it adds any map.
    assert measured.arithmetic + measured.biases == ruled.arithmetic + ruled.biases
    assert measured.transcendentals == ruled.transcendentals
    if BACKEND != "torch" or "Transpose" not in name:  # PyTorch computes all outputs, and Keras crops them
        assert measured.inside == ruled.inside


@pytest.mark.skipif(BACKEND != "torch", reason="for PyTorch")
def test_softmax_that_allows_for_a_line_of_masked_scores_is_a_softmax() -> None:
    import torch

    shape = (1, 9, 7, 4)
    assert measured_work(lambda x: torch.ops.aten._safe_softmax(x, -1), shape) == measured_work(ops.softmax, shape)


def test_dilated_convolution_of_one_dimension() -> None:
    layer = layers.Conv1D(3, 3, padding="causal", dilation_rate=2)
    assert ruled_work(layer, (1, 9, 4)).macs == measured_work(layer, (1, 9, 4)).macs == 9 * 3 * 4 * 3


@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU])
def test_recurrence_runs_over_all_steps(make: Any) -> None:
    layer = make(5)
    assert ruled_work(layer, (1, 9, 4)).macs == measured_work(layer, (1, 9, 4)).macs


# Layers that wrap what is written for a backend


def test_lambda_in_functions_of_the_backend() -> None:
    class Holder:
        kernel, matrix = (keras.Variable(np.zeros(shape, "float32")) for shape in ((3, 3, 4, 6), (6, 5)))

    layer = layers.Lambda(lambda x: Raw.call(Holder, x), output_shape=(8, 9, 5))
    (row,) = cnnstats.analyze(model_of(layer, (8, 9, 4)))
    assert (row.type, row.source, row.macs) == ("Lambda", "measured", 72 * 246)


@pytest.mark.skipif(BACKEND != "jax", reason="for JAX")
def test_jax_layer() -> None:
    import jax

    def apply(params: Any, inputs: Any) -> Any:
        return jax.nn.relu(inputs @ params["kernel"])

    layer = layers.JaxLayer(apply, params={"kernel": np.zeros((4, 6), "float32")})
    (row,) = cnnstats.analyze(model_of(layer, (3, 4)))
    assert (row.type, row.source, row.macs, row.params) == ("JaxLayer", "measured", 72, 24)


@pytest.mark.skipif(BACKEND != "torch", reason="for PyTorch")
def test_torch_module() -> None:
    import torch

    class Wrapping(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.TorchModuleWrapper(torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU()))

        def call(self, x: Any) -> Any:
            return self.inner(x)

    (row,) = cnnstats.analyze(Wrapping(), input_shape=(3, 4))
    assert (row.type, row.source, row.params) == ("TorchModuleWrapper", "measured", 30)
    assert (row.macs, row.flops) == (72, 144 + 18)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="for TensorFlow")
def test_saved_model(tmp_path: Any) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.kernel = tf.Variable(tf.zeros((4, 6)))
    signature = tf.TensorSpec((None, 3, 4), "float32")
    module.serve = tf.function(lambda x: tf.nn.relu(x @ module.kernel), input_signature=[signature])
    tf.saved_model.save(module, str(tmp_path), signatures=module.serve)
    layer = layers.TFSMLayer(str(tmp_path), call_endpoint="serving_default")
    (row,) = cnnstats.analyze(model_of(layer, (3, 4)))
    assert (row.type, row.source, row.macs, row.flops) == ("TFSMLayer", "measured", 72, 144)


# Nothing is computed, nothing is changed


class Traces(Raw):
    """Draws random numbers, counts its calls and changes a variable."""

    def build(self, shape: Any) -> None:
        super().build(shape)
        self.seeds = keras.random.SeedGenerator(3)
        self.calls = self.add_weight(shape=(), dtype="int32", trainable=False, initializer="zeros", name="calls")
        self.times = 0

    def call(self, x: Any) -> Any:
        self.times += 1
        self.calls.assign(self.calls + 1)
        self.add_loss(ops.sum(x))
        return super().call(x + keras.random.uniform((4,), seed=self.seeds))


def test_nothing_is_left_behind() -> None:
    layer = Traces()
    model = model_of(layer, (8, 9, 4))
    layer.times = 0
    before = [np.array(variable) for variable in model.variables]
    expected = layer.get_config(), len(model.variables), len(model.losses)
    first = cnnstats.analyze(model)
    assert first.rows[0].source == "measured"
    assert cnnstats.analyze(model) == first
    assert layer.times == 0
    assert (layer.get_config(), len(model.variables), len(model.losses)) == expected
    for variable, old in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(variable), old)


def test_failing_call_says_why() -> None:
    def failing(x: Any) -> Any:
        raise KeyError(f"no {x.shape}")

    with pytest.raises(CannotMeasureError, match="KeyError"):
        measure(Function(failing), [], (keras.KerasTensor((1, 2)),), {})
