"""What a referee counts otherwise has a name, and the name an amount that follows from the shapes."""

from fractions import Fraction

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.rules.registry import RuleGapError
from keras_cnnstats.verification import CONFIRMED, DIFFERS, EXPLAINED, NOT_COMPARABLE, Check

on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="for JAX")
on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="for TensorFlow")
on_torch = pytest.mark.skipif(keras.backend.backend() != "torch", reason="for PyTorch")


def check(model: keras.Model, quantity: str) -> Check:
    """The check of the whole model; nothing of it differs."""
    verification = cnnstats.analyze(model).verify(only=["work", "training"]).verification
    assert verification.differing == ()
    return next(each for each in verification.of("") if each.quantity == quantity)


def amounts(found: Check) -> dict[str, int]:
    return {term.name: term.amount for term in found.terms}


def of(shape: tuple[int, ...], *stack: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *stack])


@on_jax
def test_the_loop_backwards_makes_a_gradient_of_the_first_state_that_nothing_reads() -> None:
    found = check(of((5, 3), layers.SimpleRNN(4)), "train_macs")
    assert amounts(found)["last turn"] == 4 * 4


@on_jax
def test_taps_in_a_causal_padding_count_forwards_and_in_each_gradient() -> None:
    causal = layers.Conv1D(2, 3, padding="causal")
    assert amounts(check(of((5, 3), causal), "train_macs")) == {"padded taps": 2 * (1 + 2) * 3 * 2}
    below = of((5, 3), layers.Conv1D(3, 1), layers.Conv1D(2, 3, padding="causal"))
    assert amounts(check(below, "train_macs")) == {"padded taps": 3 * (1 + 2) * 3 * 2}


@on_jax
def test_products_of_a_resizing_are_named_and_the_rest_is_not_comparable() -> None:
    model = of((4, 4, 2), layers.Conv2D(2, 1), layers.Resizing(8, 8))
    assert amounts(check(model, "macs")) == {"resizing": (4 * 4 * 8 + 4 * 8 * 8) * 2}
    assert check(model, "flops").verdict == NOT_COMPARABLE


@on_jax
def test_zeros_are_added_in_both_directions() -> None:
    once = of((5, 3), layers.GRU(4, use_bias=False, dtype="float32"))
    both = of((5, 3), layers.Bidirectional(layers.GRU(4, use_bias=False)))
    named = [amounts(each)["zeros"] for each in _flops([once, both])]
    assert named == [2 * 3 * 4 * 5, 2 * 2 * 3 * 4 * 5]


def _flops(models: list[keras.Model]) -> list[Check]:
    import jax

    # With float64 at hand, Keras makes the zeros of that.
    with jax.enable_x64(False):
        return [check(model, "flops") for model in models]


@on_jax
@pytest.mark.parametrize("operation", [ops.argmax, ops.argmin])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_places_of_values(operation, dtype: str) -> None:
    x = keras.Input((24,), dtype=dtype)
    found = check(keras.Model(x, operation(x, axis=-1)), "flops")
    assert found.counted == 23
    assert amounts(found)["comparisons"] == 23 * {"float32": 8, "int32": 6}[dtype]


@on_jax
def test_a_polynomial_in_half_precision_has_conversions() -> None:
    model = of((10,), layers.Activation("gelu", dtype="bfloat16"))
    assert amounts(check(model, "flops"))["widening"] >= 2 * 10


@on_jax
@pytest.mark.parametrize("operation", [ops.cumsum, ops.cumprod, ops.nancumsum])
def test_what_runs_along_an_axis_is_a_window_for_each_value(operation) -> None:
    x = keras.Input((6, 5))
    found = check(keras.Model(x, operation(x, axis=1)), "flops")
    assert amounts(found)["running"] == (6 * 5 - 5) * 5


class Converted(keras.Layer):
    """Runs along whole numbers, in functions of JAX."""

    def call(self, x):
        import jax

        places = jax.numpy.cumsum(jax.lax.floor(x).astype("int32"), axis=-1)
        return jax.lax.convert_element_type(places, "float32") * x


@on_jax
def test_what_is_measured_is_counted_with_conversions_and_places() -> None:
    found = check(of((6,), Converted()), "flops")
    assert (found.counted, amounts(found)) == (6 + 6 + 5 + 6 + 6, {"running": 5 * 5})


@on_jax
@pytest.mark.parametrize("dtype", ["bool", "float32"])
def test_masked_softmax_chooses_twice(dtype: str) -> None:
    x, mask = keras.Input((6, 5)), keras.Input((6, 5), dtype=dtype)
    found = check(keras.Model([x, mask], layers.Softmax()(x, mask)), "flops")
    assert amounts(found)["choices"] == (2 + (dtype == "float32")) * 6 * 5


@on_jax
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_windows_that_reach_into_a_padding(padding: str) -> None:
    found = check(of((4, 1), layers.AveragePooling1D(3, padding=padding)), "flops")
    assert amounts(found).get("windows") == {"valid": None, "same": -2}[padding]


class Cube(keras.Layer):
    """A power that JAX multiplies, and Keras does not."""

    def call(self, x):
        return x**3 + keras.ops.power(x, 3)


@on_jax
def test_powers_are_multiplied_where_they_are_written_as_operators() -> None:
    assert amounts(check(of((4,), Cube()), "flops"))["products"] == 2 * 4


class Noisy(keras.Layer):
    """A layer that adds random numbers of its own scale."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = keras.random.SeedGenerator(0)

    def call(self, x):
        return x + keras.random.normal((1, 4), mean=1.0, stddev=2.0, seed=self.seed)


@on_tensorflow
def test_random_numbers_are_no_work_of_a_row() -> None:
    found = check(of((4,), layers.Dense(4), Noisy()), "flops")
    assert found.verdict != DIFFERS


@on_tensorflow
def test_an_odd_number_of_operations_is_half_a_product() -> None:
    """The registry divides 2 * 35 * 9 operations by 4 and drops the half: 157, beside 2 * 6 * 9 that are done."""
    model = of((3, 2, 1), layers.Conv2DTranspose(1, 3, strides=2))
    found = check(model, "macs")
    assert (found.counted, found.measured, amounts(found)) == (54, Fraction(157, 2), {"transposed": Fraction(49, 2)})
    frame = cnnstats.analyze(model).verify(only=["work"]).verification.to_dataframe()
    assert set(frame["terms"]) == {"", "transposed +49/2", "transposed +49"}


@on_torch
def test_an_einsum_without_a_sum_is_a_product_of_values() -> None:
    x = keras.Input((3, 4))
    y = layers.Dense(4)(x)
    assert amounts(check(keras.Model(x, ops.einsum("bij,bij->bij", x, y)), "train_macs"))["einsum"] == -2 * 3 * 4


@on_torch
@pytest.mark.parametrize("quantity", ["macs", "train_macs"])
def test_the_first_step_of_a_recurrence_runs_twice_in_the_whole_too(quantity: str) -> None:
    found = check(of((5, 3), layers.Dense(3), layers.SimpleRNN(4)), quantity)
    assert amounts(found)["first step"] == 3 * 4 + 4 * 4


@on_torch
def test_behind_a_rounding_nothing_is_compared() -> None:
    x = keras.Input((3,))
    found = check(keras.Model(x, ops.round(layers.Dense(2)(x))), "train_macs")
    assert (found.verdict, "no slope" in found.reason) == (NOT_COMPARABLE, True)


class Turned(keras.Layer):
    """Multiplies with a table that is itself a product of places."""

    def call(self, x):
        places = ops.arange(4, dtype="float32")
        table = ops.einsum("i,j->ij", places, places) + ops.matmul(ops.ones((4, 2)), ops.ones((2, 4)))
        return ops.matmul(x, table)


@on_torch
def test_products_of_places_are_places() -> None:
    assert amounts(check(of((5, 4), Turned()), "macs")) == {"places": 4 * 2 * 4}


@on_torch
def test_noise_that_a_seed_is_read_for() -> None:
    model = of((6, 4), layers.Dense(4), layers.GaussianNoise(0.5), layers.Dense(2))
    assert check(model, "train_macs").verdict == CONFIRMED


class Routed(keras.Layer):
    """Of the four products of each sample, the two largest."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = layers.Dense(4)

    def call(self, x):
        return ops.top_k(self.scores(x), 2)[0]


def test_contractions_are_compared_beside_what_is_unknown() -> None:
    model = of((3,), Routed(), layers.Dense(5))
    work = {each.quantity: each for each in cnnstats.analyze(model).verify(only=["work"]).verification.of("")}
    assert (work["macs"].verdict, work["macs"].measured) == (CONFIRMED, 3 * 4 + 2 * 5)
    assert (work["flops"].verdict, work["flops"].counted) == (NOT_COMPARABLE, None)
    assert work["flops"].reason == "its cost is unknown"


def unknown(_: object) -> list[object]:
    raise RuleGapError("nobody has counted it")


def test_contractions_of_what_is_unknown_have_a_name() -> None:
    report = cnnstats.analyze(of((3,), layers.Dense(4), layers.Dense(5)), rules={layers.Dense: unknown})
    found = next(each for each in report.verify(only=["work"]).verification.of("") if each.quantity == "macs")
    assert (found.verdict, found.counted, amounts(found)) == (EXPLAINED, 0, {"unknown": 3 * 4 + 4 * 5})


@on_tensorflow
def test_a_product_of_constants_in_training_is_one_of_places() -> None:
    x = keras.Input((3, 2))
    zeros = ops.zeros_like(layers.Dense(4)(x))
    found = check(keras.Model(x, layers.Dot(axes=1)([zeros, zeros])), "train_macs")
    assert found.verdict in (CONFIRMED, EXPLAINED)
    assert found.counted == found.measured - sum(amounts(found).values())
