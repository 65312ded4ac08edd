"""FLOPs of an epoch are those of the samples really seen, whatever feeds them."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.callbacks.tally import CAPACITY
from tests.callbacks.networks import classifier, compiled, images

BACKEND = keras.backend.backend()
pytestmark = [
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed"),
    pytest.mark.filterwarnings("ignore:Your input ran out of data"),
]


def fitted(model: keras.Model, *data: Any, **how: Any) -> list[dict[str, Any]]:
    logger = cnnstats.StatsLogger()
    model.fit(*data, verbose=0, callbacks=[logger], **how)
    assert logger.analyses == 1
    return logger.rows


def batches(sizes: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for size in sizes:
        yield images(size)


class Sequence(keras.utils.PyDataset):
    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> Any:
        return images(self.sizes[index])


def dataset(sizes: list[int]) -> Any:
    """A dataset of TensorFlow that does not know how long it is."""
    tf = pytest.importorskip("tensorflow")
    signature = (tf.TensorSpec((None, 8, 8, 1)), tf.TensorSpec((None,), "int64"))
    return tf.data.Dataset.from_generator(lambda: batches(sizes), output_signature=signature)


def known_dataset(count: int, batch: int) -> Any:
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices(images(count)).batch(batch)


def loader(count: int, batch: int) -> Any:
    torch = pytest.importorskip("torch")
    x, y = images(count)
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    return torch.utils.data.DataLoader(data, batch_size=batch)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="elsewhere Python feeds the steps")
def test_more_steps_at_once_than_are_kept_are_unknown() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=CAPACITY + 1)
    logger = cnnstats.StatsLogger()
    data = np.zeros((CAPACITY + 1, 2)), np.zeros((CAPACITY + 1, 1))
    with pytest.warns(cnnstats.CNNStatsWarning, match="1,025 steps at once, of which 1,024 are kept"):
        history = model.fit(*data, batch_size=1, verbose=0, callbacks=[logger])
    assert np.isnan(history.history["stats_samples"]).all()


def test_what_is_fed_in_another_structure_and_back_is_counted() -> None:
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    model = keras.Model([left, right], layers.Dense(1)(left + right))
    model.compile("sgd", "mse")
    logger = cnnstats.StatsLogger()
    x, y = np.zeros((6, 4)), np.zeros((6, 1))
    for fed in ({"left": x, "right": x}, [x, x], {"left": x, "right": x}):
        model.fit(fed, y, batch_size=3, verbose=0, callbacks=[logger])
    assert [row["stats_samples"] for row in logger.rows] == [6, 6, 6]


WAYS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "arrays": (lambda: images(32), {"batch_size": 8}, 32),
    "a partial batch": (lambda: images(35), {"batch_size": 8}, 35),
    "one batch": (lambda: images(5), {"batch_size": 64}, 5),
    "validation split off": (lambda: images(40), {"batch_size": 8, "validation_split": 0.25}, 30),
    "validation data": (lambda: images(20), {"batch_size": 8, "validation_data": images(7)}, 20),
    "class weights": (lambda: images(20), {"batch_size": 8, "class_weight": {0: 1.0, 1: 2.0, 2: 0.0}}, 20),
    "sample weights": (lambda: images(20), {"batch_size": 8, "sample_weight": np.linspace(0, 1, 20)}, 20),
    "steps": (lambda: images(32), {"batch_size": 8, "steps_per_epoch": 3}, 24),
    "a dataset": (lambda: (known_dataset(35, 8),), {}, 35),
    "a dataset of unknown size": (lambda: (dataset([8, 8, 3]),), {}, 19),
    "steps of a dataset without end": (lambda: (dataset([8, 4]).repeat(),), {"steps_per_epoch": 3}, 20),
    "a generator": (lambda: (batches([8, 8, 3]),), {"steps_per_epoch": 3}, 19),
    "a PyDataset": (lambda: (Sequence([8, 8, 3]),), {}, 19),
    "a loader of PyTorch": (lambda: (loader(35, 8),), {}, 35),
    "a later epoch": (lambda: images(20), {"batch_size": 8, "initial_epoch": 3, "epochs": 4}, 20),
}


@pytest.mark.parametrize("way", WAYS)
def test_epoch_flops_are_those_of_the_samples(way):
    data, how, samples = WAYS[way]
    model = classifier()
    (row,) = fitted(model, *data(), **how)
    train_flops = cnnstats.analyze(model).totals.train_flops
    assert row["stats_samples"] == samples
    assert row["stats_train_flops"] == train_flops
    assert row["stats_epoch_flops"] == samples * train_flops


HOW_IT_RUNS: list[dict[str, Any]] = [
    {"jit_compile": False},
    {"run_eagerly": True},
    *([{"jit_compile": True}] if BACKEND != "torch" else []),
    *([{"steps_per_execution": steps} for steps in (2, 3, 100)] if BACKEND != "torch" else []),
]


@pytest.mark.parametrize("how", HOW_IT_RUNS, ids=str)
def test_however_it_runs(how):
    model = classifier(**how)
    rows = fitted(model, *images(35), batch_size=8, epochs=3)
    assert [row["stats_samples"] for row in rows] == [35, 35, 35]
    assert [row["stats_total_flops"] for row in rows] == [35 * n * rows[0]["stats_train_flops"] for n in (1, 2, 3)]


def test_more_steps_than_fit_into_the_note_of_a_graph():
    (row,) = fitted(classifier(), *images(2500), batch_size=2, epochs=1)
    assert row["stats_samples"] == 2500


def test_images_of_several_sizes():
    def feed() -> Iterator[Any]:
        for size in (8, 10, 8, 12):
            yield images(4, size)

    model, logger = classifier((None, None, 1)), cnnstats.StatsLogger()
    model.fit(feed(), steps_per_epoch=4, verbose=0, callbacks=[logger])
    costs = {size: cnnstats.analyze(model, input_shape=(size, size, 1)).totals for size in (8, 10, 12)}
    (row,) = logger.rows
    assert row["stats_epoch_flops"] == 4 * sum(costs[size].train_flops for size in (8, 10, 8, 12))
    assert row["stats_forward_flops"] == sum(costs[size].flops for size in (8, 10, 8, 12)) / 4
    assert logger.analyses == 3


def test_buckets_of_sequences():
    tf = pytest.importorskip("tensorflow")

    def feed() -> Iterator[Any]:
        for steps in (5, 9, 5):
            yield np.ones((2, steps), "int32"), np.zeros(2)

    signature = (tf.TensorSpec((None, None), "int32"), tf.TensorSpec((None,)))
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layers.Embedding(10, 4), layers.LSTM(3)])
    model.add(layers.Dense(3))
    compiled(model)
    logger = cnnstats.StatsLogger()
    data = tf.data.Dataset.from_generator(feed, output_signature=signature)
    model.fit(data, verbose=0, callbacks=[logger])
    costs = {steps: cnnstats.analyze(model, input_shape=(steps,)).totals.train_flops for steps in (5, 9)}
    assert logger.rows[0]["stats_epoch_flops"] == 2 * (2 * costs[5] + costs[9])


@pytest.mark.parametrize("named", [False, True])
def test_several_inputs(named):
    a, b = keras.Input((4,), name="a"), keras.Input((8, 8, 1), name="b")
    y = layers.Concatenate()([a, layers.Flatten()(layers.Conv2D(2, 3)(b))])
    model = keras.Model({"a": a, "b": b} if named else [a, b], layers.Dense(3, activation="softmax")(y))
    compiled(model)
    x, classes = images(20)
    fed: Any = {"b": x, "a": np.ones((20, 4))} if named else [np.ones((20, 4)), x]
    (row,) = fitted(model, fed, classes, batch_size=8)
    assert row["stats_epoch_flops"] == 20 * cnnstats.analyze(model).totals.train_flops


def test_a_model_that_writes_its_own_call():
    class Written(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.features, self.head = layers.Conv2D(4, 3), layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.head(ops.mean(self.features(x), axis=(1, 2)))

    model = Written()
    compiled(model)
    (row,) = fitted(model, *images(20), batch_size=8)
    assert row["stats_epoch_flops"] == 20 * cnnstats.analyze(model, input_shape=(8, 8, 1)).totals.train_flops


@pytest.mark.skipif(BACKEND != "tensorflow", reason="each backend writes its own steps")
def test_a_step_of_ones_own():
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            return {**super().train_step(data), "mine": 1.0}

    x = keras.Input((8, 8, 1))
    model = Own(x, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))
    compiled(model)
    (row,) = fitted(model, *images(20), batch_size=8)
    assert row["mine"] == 1.0
    assert row["stats_samples"] == 20


def test_a_loop_of_ones_own():
    model = classifier()
    x, y = images(20)
    logger = cnnstats.StatsLogger().start(model)
    for _ in range(2):
        for place in range(0, 20, 8):
            loss = model.train_on_batch(x[place : place + 8], y[place : place + 8])[0]
            assert logger.step()
        logs = logger.end_epoch({"loss": float(loss)})
        assert logs["stats_samples"] == 20
        assert logs["stats_compile_seconds"] > 0 or logs["stats_samples_per_second"] > 0
    logger.finish()
    assert [row["epoch"] for row in logger.rows] == [0, 1]
    assert logger.rows[1]["stats_total_flops"] == 40 * cnnstats.analyze(model).totals.train_flops


@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_loop_that_does_not_go_through_the_model(is_compiled):
    model = classifier()
    model = model if is_compiled else keras.models.clone_model(model)
    logger = cnnstats.StatsLogger().start(model)
    for size in (8, 8, 3):
        logger.step(images(size)[0])
    assert logger.end_epoch()["stats_epoch_flops"] == 19 * cnnstats.analyze(model).totals.train_flops
