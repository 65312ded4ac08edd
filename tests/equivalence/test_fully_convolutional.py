"""Classifiers become fully convolutional, and say the same."""

import random
import subprocess
import sys
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_cnnstats.equivalence import to_fully_convolutional
from tests.equivalence.models import CLASSIFIERS, Classifier, e3, images, made
from tests.layers.running import TOLERANCE, assert_close, numbers

each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)


def outputs(model: Any, x: Any) -> list[np.ndarray]:
    x = ops.convert_to_tensor(x, model.inputs[0].dtype)
    given = {"image": x} if isinstance(getattr(model, "_inputs_struct", None), dict) else x
    return [numbers(y) for y in keras.tree.flatten(compiled(model)(given, training=False))]


def compiled(model: Any) -> Any:
    """The model, compiled by XLA where TensorFlow has no other kernels for the CPU: channels first."""
    first = any(type(layer) is layers.Conv2D and layer.data_format == "channels_first" for layer in model.layers)
    if keras.backend.backend() != "tensorflow" or not first:
        return model
    import tensorflow as tf

    return tf.function(model, jit_compile=True)


def channels_last(classifier: Classifier, scores: np.ndarray) -> np.ndarray:
    """The map of scores, its channels behind the positions."""
    return np.moveaxis(scores, 1, -1) if first(classifier) else scores


def known(name: str) -> Classifier:
    if keras.backend.backend() == "torch" and "channels first" in name:
        pytest.skip("on PyTorch, LayerNormalization of Keras knows no axis but the last")
    return CLASSIFIERS[name]


def tolerance(model: Any, policy: str) -> float:
    """In float64, Keras multiplies matrices in float32 on PyTorch, and takes means over all positions so on JAX."""
    means = any("Average" in type(layer).__name__ for layer in every_layer_of(model))
    backend = keras.backend.backend()
    return TOLERANCE["float32" if backend == "torch" or (means and backend == "jax") else policy]


def every_layer_of(model: Any) -> Any:
    for layer in model.layers:
        yield from every_layer_of(layer) if isinstance(layer, keras.Model) else [layer]


def first(classifier: Classifier) -> bool:
    return classifier.larger[0] == 3


WITHOUT_CROPS = [name for name, classifier in CLASSIFIERS.items() if not classifier.stride]
# Compiled by XLA, each takes seconds; of a larger image they are held against crops in any case.
IN_FLOAT32 = [name for name in CLASSIFIERS if "channels first, " not in name]


@pytest.mark.parametrize(
    ("name", "policy"), [*[(name, "float32") for name in IN_FLOAT32], *[(name, "float64") for name in WITHOUT_CROPS]]
)
def test_on_the_original_size_the_scores_are_those_of_the_original(name: str, policy: str) -> None:
    classifier = known(name)
    model = made(classifier, policy)
    x = images(model, tuple(model.inputs[0].shape[1:]))
    converted = to_fully_convolutional(model)
    scores = [channels_last(classifier, y) for y in outputs(converted, x)]
    for ours, theirs in zip(scores, outputs(model, x), strict=True):
        assert set(ours.shape[1:-1]) <= {1}
        assert_close(ours.reshape(theirs.reshape(2, -1).shape), theirs.reshape(2, -1), tolerance(model, policy))


def windows(classifier: Classifier, shape: tuple[int, ...], count: tuple[int, ...]) -> Any:
    """For each position of the scores, the part of the image that the original would be given."""
    assert classifier.stride is not None
    for position in product(*map(range, count)):
        places = [
            slice(p * classifier.stride, p * classifier.stride + size) for p, size in zip(position, shape, strict=True)
        ]
        yield position, (slice(None), *([slice(None)] if first(classifier) else []), *places)


@pytest.mark.parametrize("name", [name for name, classifier in CLASSIFIERS.items() if classifier.stride])
def test_each_score_of_a_larger_image_is_that_of_a_crop(name: str) -> None:
    classifier = known(name)
    model = made(classifier, "float64")
    trained = tuple(model.inputs[0].shape[1:])
    x = images(model, classifier.larger)
    scores = [channels_last(classifier, y) for y in outputs(to_fully_convolutional(model), x)]
    positions = trained[1:] if first(classifier) else trained if len(trained) == 1 else trained[:-1]
    sliding = scores[0].shape[1:-1]
    assert min(sliding) > 0 < np.prod(sliding) - 1
    for position, window in windows(classifier, positions, sliding):
        for ours, theirs in zip(scores, outputs(model, x[window]), strict=True):
            assert_close(ours[(slice(None), *position)], theirs.reshape(2, -1), tolerance(model, "float64"))


def test_where_padding_matters_a_larger_image_has_scores_all_the_same() -> None:
    model = made(CLASSIFIERS["VGG-like"])
    (scores,) = outputs(to_fully_convolutional(model), images(model, (21, 17, 3)))
    assert scores.shape == (2, 3, 3, 5)
    assert_close(scores.sum(axis=-1), np.ones((2, 3, 3)), 1e-5)


def test_dense_layers_of_e3_become_kernels_of_the_map_s_size() -> None:
    model = to_fully_convolutional(e3())
    assert tuple(model.get_layer("hidden").kernel.shape) == (12, 12, 20, 100)
    assert tuple(model.get_layer("scores").kernel.shape) == (1, 1, 100, 10)
    assert [layer.name for layer in model.layers] == ["image", "maps", "pooled", "hidden", "scores"]
    assert model.count_params() == e3().count_params()


@pytest.mark.parametrize("name", ["functional", "nested with pooling", "squeeze and excite", "text"])
def test_the_converted_model_is_saved_and_loaded(name: str, tmp_path: Any) -> None:
    model = made(CLASSIFIERS[name])
    x = images(model, CLASSIFIERS[name].larger)
    converted = to_fully_convolutional(model)
    converted.save(tmp_path / "converted.keras")
    loaded = keras.saving.load_model(tmp_path / "converted.keras")
    for ours, theirs in zip(outputs(loaded, x), outputs(converted, x), strict=True):
        assert_close(ours, theirs, 1e-6)


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_policies_are_kept(policy: str) -> None:
    model = made(CLASSIFIERS["E3"], policy)
    converted = to_fully_convolutional(model)
    hidden = converted.get_layer("hidden")
    assert hidden.dtype_policy.name == policy
    assert hidden.kernel.dtype == model.get_layer("hidden").kernel.dtype
    before = model.get_layer("hidden").kernel
    assert np.array_equal(numbers(hidden.kernel).ravel(), numbers(before).ravel())
    x = images(model, (28, 28, 1))
    assert_close(outputs(converted, x)[0].reshape(2, 10), outputs(model, x)[0], 2e-2)


def state(model: Any) -> Any:
    nodes = [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in model.layers]
    flags = [layer.trainable for layer in model.layers]
    return model.get_config(), nodes, flags, [numbers(variable) for variable in model.variables]


@each_classifier
def test_the_original_stays_as_it_was(name: str) -> None:
    model = made(CLASSIFIERS[name])
    before = state(model)
    to_fully_convolutional(model)
    after = state(model)
    assert before[:3] == after[:3]
    assert all(np.array_equal(old, new) for old, new in zip(before[3], after[3], strict=True))


def test_names_and_random_numbers_of_later_layers_stay_as_they_were() -> None:
    model = e3()
    layers.Dense(2)
    keras.utils.set_random_seed(3)
    number = int(layers.Dense(2).name.rpartition("_")[2])
    expected = numbers(keras.random.normal((2,))), np.random.random(), random.random()
    keras.utils.set_random_seed(3)
    to_fully_convolutional(model)
    assert layers.Dense(2).name == f"dense_{number + 1}"
    found = numbers(keras.random.normal((2,))), np.random.random(), random.random()
    assert np.array_equal(found[0], expected[0])
    assert found[1:] == expected[1:]


@pytest.mark.parametrize("trains", ["original", "converted"])
def test_training_one_leaves_the_other_as_it_was(trains: str) -> None:
    model = e3()
    converted = to_fully_convolutional(model)
    one, other = (model, converted) if trains == "original" else (converted, model)
    one.compile(keras.optimizers.SGD(0.1), loss="mse")
    before = [numbers(weight) for weight in other.weights]
    x = np.ones((2, 28, 28, 1), "float32")
    one.fit(x, np.ones((2, *one.output_shape[1:-1], 10)) if one is model else np.ones((2, 1, 1, 10)), verbose=0)
    assert all(np.array_equal(old, numbers(weight)) for old, weight in zip(before, other.weights, strict=True))


def test_frozen_layers_stay_frozen() -> None:
    model = made(CLASSIFIERS["nested with pooling"])
    model.get_layer("backbone").layers[1].trainable = True
    converted = to_fully_convolutional(model)
    ours, theirs = converted.get_layer("backbone"), model.get_layer("backbone")
    assert not ours.trainable
    assert [layer.trainable for layer in ours.layers if layer.weights] == [
        layer.trainable for layer in theirs.layers if layer.weights
    ]
    assert len(converted.trainable_weights) == len(model.trainable_weights)


def test_inputs_are_open_and_the_batch_is_as_it_was() -> None:
    model = keras.Sequential([keras.Input((6, 5, 2), batch_size=3), layers.Flatten(), layers.Dense(4)])
    assert tuple(to_fully_convolutional(model).inputs[0].shape) == (3, None, None, 2)


def test_a_converted_model_is_not_compiled() -> None:
    model = e3()
    model.compile("adam", "mse")
    assert not to_fully_convolutional(model).compiled


def test_low_rank_weights_are_merged() -> None:
    model = e3()
    hidden = model.get_layer("hidden")
    hidden.enable_lora(2)
    hidden.lora_kernel_b.assign(np.ones(hidden.lora_kernel_b.shape))
    x = images(model, (28, 28, 1))
    (ours,), (theirs,) = outputs(to_fully_convolutional(model), x), outputs(model, x)
    assert_close(ours.reshape(2, 10), theirs, 1e-5)


def test_vgg16_says_the_same() -> None:
    model = keras.applications.VGG16(weights=None)
    converted = to_fully_convolutional(model)
    assert [tuple(layer.kernel.shape) for layer in converted.layers[-3:]] == [
        (7, 7, 512, 4096),
        (1, 1, 4096, 4096),
        (1, 1, 4096, 1000),
    ]
    assert converted.count_params() == model.count_params() == 138_357_544
    assert converted.compute_output_shape((None, 384, 512, 3)) == (None, 6, 10, 1000)
    x = np.random.default_rng(1).normal(size=(1, 224, 224, 3)).astype("float32")
    (ours,), (theirs,) = outputs(converted, x), outputs(model, x)
    assert ours.shape == (1, 1, 1, 1000)
    assert_close(ours.ravel(), theirs.ravel(), 1e-5)


APPLICATIONS = {
    "MobileNet": 96, "MobileNetV3Small": 96, "ResNet50V2": 64, "EfficientNetB0": 64, "DenseNet121": 64,
    "InceptionV3": 96, "Xception": 96, "ConvNeXtTiny": 64, "NASNetMobile": 224,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", APPLICATIONS)
def test_networks_of_keras_say_the_same(name: str) -> None:
    size = APPLICATIONS[name]
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=7)
    converted = to_fully_convolutional(model)
    x = np.random.default_rng(1).uniform(size=(1, size, size, 3)) * 255
    (ours,), (theirs,) = outputs(converted, x), outputs(model, x)
    assert_close(ours.ravel(), theirs.ravel(), 1e-5)
    (scores,) = outputs(converted, np.zeros((1, size + 64, size + 96, 3)))
    assert scores.shape == (1, 3, 4, 7)


MEMORY = """
import resource, keras
from pathlib import Path
from keras_cnnstats.equivalence import to_fully_convolutional
model = keras.applications.VGG16(weights=None)
held = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
converted = to_fully_convolutional(model)
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print((most - held) / (4 * model.count_params()))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the largest resident size is another unit")
def test_converting_holds_no_third_copy_of_the_weights() -> None:
    result = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=300, check=True)
    assert float(result.stdout) < 1.9
