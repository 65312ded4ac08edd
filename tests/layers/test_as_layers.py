"""What a user of Keras expects of any layer: saving, config, masks, dtypes, unknown sizes, compiled training."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_cnnstats import layers as reference
from tests.layers.running import numbers
from tests.rules.zoo import FIRST, MAP, REFERENCE, Case, Sample, built, cases


class ReferenceCase(Case):
    """One sample of the reference layers."""

    __slots__ = ()

    @property
    def sample(self) -> Sample:
        return REFERENCE[self.target][self.name]


CASES = [ReferenceCase(*case) for case in cases(REFERENCE)]
each_layer = pytest.mark.parametrize("case", [ReferenceCase(t, next(iter(s))) for t, s in REFERENCE.items()], ids=str)
TWINS = {
    ours: getattr(layers, ours.__name__.removeprefix("Reference").removeprefix("Stable"))
    for ours in REFERENCE
    if ours.__name__.startswith(("Reference", "Stable"))
}


def numbers_for(case: Case, batch: int = 2) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(batch, *case.sample.inputs[0])).astype("float32")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_model_is_saved_and_loaded(case: Case, tmp_path: Any) -> None:
    model = built(case)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in model.layers]
    x = numbers_for(case)
    assert np.array_equal(numbers(model([x])), numbers(loaded([x])))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_config_makes_the_same_layer(case: Case) -> None:
    layer = case.target(**case.sample.arguments)
    again = case.target.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.compute_output_shape((2, *case.sample.inputs[0])) == layer.compute_output_shape(
        (2, *case.sample.inputs[0])
    )


@pytest.mark.parametrize("padding", [1, (2, 0)])
def test_integer_padding_is_saved(padding: Any, tmp_path: Any) -> None:
    model = keras.Sequential([keras.Input(MAP), reference.ReferenceConv2D(3, 3, padding=padding)])
    model.save(tmp_path / "model.keras")
    x = np.ones((1, *MAP), "float32")
    assert np.array_equal(numbers(keras.saving.load_model(tmp_path / "model.keras")(x)), numbers(model(x)))


@pytest.mark.parametrize("ours", TWINS, ids=lambda each: each.__name__)
def test_arguments_are_those_of_keras(ours: Any) -> None:
    named = [name for name in inspect.signature(ours).parameters if name != "kwargs"]
    theirs = list(inspect.signature(TWINS[ours]).parameters)
    assert named == theirs[: len(named)]


@pytest.mark.parametrize("ours", TWINS, ids=lambda each: each.__name__)
def test_weights_and_config_of_keras_are_taken(ours: Any) -> None:
    entry = next(iter(REFERENCE[ours].values()))
    twin = TWINS[ours](**entry.arguments, name="twin")
    layer = ours.from_config(twin.get_config())
    layer.build((2, *entry.inputs[0]))
    twin.build((2, *entry.inputs[0]))
    layer.set_weights(twin.get_weights())
    assert [(weight.name, weight.shape) for weight in layer.weights] == [(w.name, w.shape) for w in twin.weights]
    assert layer.supports_masking == twin.supports_masking
    x = np.random.default_rng(0).normal(size=(2, *entry.inputs[0])).astype("float32")
    assert np.allclose(numbers(layer(x)), numbers(twin(x)), atol=1e-5)


@each_layer
def test_empty_batch(case: Case) -> None:
    layer = case.target(**case.sample.arguments)
    y = layer(ops.zeros((0, *case.sample.inputs[0])))
    assert tuple(y.shape) == tuple(layer.compute_output_shape((0, *case.sample.inputs[0])))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_unknown_sizes(case: Case) -> None:
    first = case.sample.arguments.get("data_format") == "channels_first"
    *sizes, channels = case.sample.inputs[0] if not first else (*case.sample.inputs[0][1:], case.sample.inputs[0][0])
    unknown = (channels, *[None] * len(sizes)) if first else (*[None] * len(sizes), channels)
    layer = case.target(**case.sample.arguments)
    inputs = keras.Input(unknown)
    model = keras.Model(inputs, layer(inputs))
    x = numbers_for(case)
    y = model.predict(x, verbose=0)
    assert np.allclose(y, numbers(layer(x)), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"])
@each_layer
def test_dtype(case: Case, dtype: str) -> None:
    layer = case.target(**case.sample.arguments, dtype=dtype)
    y = layer(numbers_for(case))
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype == dtype.removeprefix("mixed_")
    assert {weight.dtype for weight in layer.weights} <= {layer.variable_dtype}
    exact = case.target(**case.sample.arguments)
    exact.build((2, *case.sample.inputs[0]))
    exact.set_weights(layer.get_weights())
    assert np.allclose(numbers(y), numbers(exact(numbers_for(case))), atol=0.15)


@pytest.mark.parametrize(
    "layer",
    [
        reference.PixelShuffle(2, **FIRST),
        reference.PixelUnshuffle(2, **FIRST),
        reference.BicubicUpSampling2D((2, 3), **FIRST),
        reference.SubPixelConv2D(2, 3, 2, **FIRST),
        reference.DilatedBlock2D(5, 3, depth=2, **FIRST),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_channels_first_is_channels_last_transposed(layer: Any) -> None:
    other = type(layer).from_config({**layer.get_config(), "data_format": "channels_last"})
    x = np.random.default_rng(0).normal(size=(2, 8, 6, 4)).astype("float32")
    other.build(x.shape)
    layer.build((2, 4, 8, 6))
    layer.set_weights(other.get_weights())
    y = numbers(layer(np.moveaxis(x, -1, 1)))
    assert y.shape == tuple(layer.compute_output_shape((2, 4, 8, 6)))
    assert np.allclose(np.moveaxis(y, 1, -1), numbers(other(x)), atol=1e-6)


def test_regularizers_constraints_and_initializers_are_those_of_keras() -> None:
    layer = reference.ReferenceConv2D(
        2, 3, kernel_regularizer="l2", bias_initializer="ones", kernel_constraint="non_neg", activity_regularizer="l1"
    )
    layer(np.ones((1, 5, 5, 3), "float32"))
    assert len(layer.losses) == 2
    assert layer.kernel.constraint is not None
    assert numbers(layer.bias).tolist() == [1, 1]


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask attached")
def test_mask_goes_where_that_of_keras_goes() -> None:
    tokens = np.array([[1, 2, 0, 0]])

    def kept(layer: Any) -> Any:
        return getattr(layer(layers.Embedding(5, 3, mask_zero=True)(tokens)), "_keras_mask", None)

    assert kept(layers.Conv1D(2, 1)) is None
    assert kept(reference.ReferenceConv1D(2, 1)) is None


def _network(module: Any, prefix: str) -> keras.Model:
    def of(name: str) -> Any:
        return getattr(module, prefix + name)

    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            of("Conv2D")(8, 3, padding="same", activation="relu"),
            of("MaxPooling2D")(2),
            of("DepthwiseConv2D")(3, padding="same"),
            of("SeparableConv2D")(8, 3, activation="relu"),
            of("AveragePooling2D")(2, padding="same"),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_training_gives_the_same_loss_curve_as_keras(compiled: bool) -> None:
    ours, theirs = _network(reference, "Reference"), _network(layers, "")
    ours.set_weights(theirs.get_weights())
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(32, 8, 8, 3)), generator.integers(0, 4, size=32)
    curves = []
    for model in (ours, theirs):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        compiling = compiled and keras.backend.backend() != "torch"
        model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=compiling)
        history = model.fit(x, y, epochs=4, batch_size=8, shuffle=False, verbose=0)
        curves.append(history.history["loss"])
    assert curves[0][-1] < curves[0][0]
    assert np.allclose(*curves, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.slow
@each_layer
def test_training_step_is_compiled(case: Case) -> None:
    model = keras.Sequential([keras.Input(case.sample.inputs[0]), case.target(**case.sample.arguments)])
    compiling = keras.backend.backend() != "torch"
    model.compile("sgd", "mse", jit_compile=compiling)
    x = numbers_for(case)
    assert np.isfinite(model.train_on_batch(x, np.zeros_like(model.predict_on_batch(x))))
