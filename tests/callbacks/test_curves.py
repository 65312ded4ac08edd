"""What curves say: made ones, on which the answer is known, and those of two real trainings."""

import math
import random

import pytest

from keras_cnnstats.callbacks.curves import FEWEST, direction, read_curves
from keras_cnnstats.errors import CNNStatsError

LENGTHS = (FEWEST, 15, 40, 200)


def curve(start, end, pace, epochs):
    """From `start` to `end`, of which a share `1 / pace` of all epochs makes 63 %."""
    return [end + (start - end) * math.exp(-epoch * pace / epochs) for epoch in range(epochs)]


def rows(noise=0.0, seed=0, **curves):
    chance = random.Random(seed)
    noisy = {name: [value + chance.gauss(0, noise) for value in values] for name, values in curves.items()}
    return [
        {"stage": 0, "epoch": epoch, **dict(zip(noisy, values, strict=True))}
        for epoch, values in enumerate(zip(*noisy.values(), strict=True))
    ]


def bowl(start, least, end, epochs):
    """Falls for a third of the epochs, and rises for the rest."""
    turn = epochs // 3
    down = [start + (least - start) * epoch / turn for epoch in range(turn)]
    return [*down, *[least + (end - least) * epoch / (epochs - turn) for epoch in range(epochs - turn)]]


MADE = {
    "accuracy falls behind": ("overfitting", lambda n: {
        "accuracy": curve(0.5, 1.0, 8, n), "val_accuracy": curve(0.5, 0.62, 20, n)}),
    "accuracy has fallen behind early, and stays": ("overfitting", lambda n: {
        "accuracy": [0.5, *[1.0] * (n - 1)], "val_accuracy": [0.5, *[0.75] * (n - 1)]}),
    "the loss of validation rises": ("overfitting", lambda n: {
        "loss": curve(2.0, 0.0, 4, n), "val_loss": bowl(2.0, 1.0, 1.8, n)}),
    "the error of validation rises, and its name is numbered": ("overfitting", lambda n: {
        "mean_squared_error_1": curve(9.0, 1.0, 4, n), "val_mean_squared_error_1": bowl(9.0, 4.0, 7.0, n)}),
    "accuracy levels off low": ("too little capacity", lambda n: {
        "loss": curve(1.5, 0.69, 16, n), "val_loss": curve(1.5, 0.7, 16, n),
        "accuracy": curve(0.3, 0.55, 16, n), "val_accuracy": curve(0.3, 0.54, 16, n)}),
    "both losses fall": ("still improving", lambda n: {
        "loss": curve(2.0, 0.0, 1, n), "val_loss": curve(2.1, 0.1, 1, n)}),
    "both accuracies rise": ("still improving", lambda n: {
        "accuracy": curve(0.1, 0.9, 1, n), "val_accuracy": curve(0.1, 0.85, 1, n)}),
    "good and level": ("", lambda n: {
        "accuracy": curve(0.5, 0.97, 20, n), "val_accuracy": curve(0.5, 0.95, 20, n)}),
    "a level loss, which has no scale": ("", lambda n: {
        "loss": curve(5.0, 2.0, 20, n), "val_loss": curve(5.0, 2.2, 20, n)}),
    "apart from the start": ("", lambda n: {"accuracy": [0.95] * n, "val_accuracy": [0.7] * n}),
    "low, but nothing was ever learned": ("", lambda n: {"accuracy": [0.5] * n, "val_accuracy": [0.5] * n}),
}  # fmt: skip


@pytest.mark.parametrize("noise", [0.0, 0.002])
@pytest.mark.parametrize("epochs", LENGTHS)
@pytest.mark.parametrize("case", MADE)
def test_made_curves_are_read(case, epochs, noise):
    verdict, made = MADE[case]
    found = read_curves(rows(noise, **made(epochs)), next(iter(made(epochs))) if "loss" not in made(epochs) else None)
    assert found.verdict == verdict, found.text
    assert found.text.startswith(verdict.capitalize() or "No claim: ")
    assert found.figures["epochs"] == epochs


def test_the_text_has_the_figures_and_the_advice():
    found = read_curves(rows(**MADE["accuracy falls behind"][1](20)))
    assert str(found) == (
        "Overfitting: over the last 5 epochs, accuracy is 0.999 in training and 0.62 in validation, where it no longer "
        "improves. Fewer layers or parameters, or more data, are advised."
    )
    assert round(found.figures["train"], 3) == 0.999
    assert round(found.figures["validation"], 2) == 0.62


NO_CLAIM = {
    "no epoch": ([], "0 epochs"),
    "too few": (rows(loss=[3, 2, 1], val_loss=[3, 2, 1]), "3 epochs with loss and val_loss, and it takes 10"),
    "no validation": (rows(loss=curve(2, 0, 1, 20)), "of both training and validation"),
    "no number": (rows(loss=[*curve(2, 0, 1, 20), math.nan], val_loss=[1.0] * 21), "in epoch 20, loss or val_loss"),
    "infinite": (rows(loss=[1.0] * 20, val_loss=[math.inf] * 20), "in epoch 0"),
    "a loss that breaks": (
        rows(accuracy=curve(0, 1, 1, 60), val_accuracy=curve(0, 1, 1, 60),
             loss=[*curve(2, 0, 1, 12), *[math.nan] * 48]), "in epoch 12, loss is no number any more"),
    "validation now and then": (
        [row if row["epoch"] % 4 == 0 else {**row, "val_loss": None}
         for row in rows(loss=curve(2, 0, 1, 32), val_loss=curve(2, 0, 1, 32))], "8 epochs"),
    "nothing but noise": (rows(0.1, loss=[1.0] * 30, val_loss=[1.0] * 30), "larger than the scatter"),
    "a change smaller than the noise": (
        rows(0.3, loss=curve(1.1, 1.0, 2, 30), val_loss=curve(1.1, 1.0, 2, 30)), "scatter"),
    "training alone improves": (rows(loss=curve(2, 0, 1, 30), val_loss=[1.0] * 30), "nothing is certain of validation"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_CLAIM)
def test_curves_that_carry_no_claim_say_why(case):
    made, why = NO_CLAIM[case]
    found = read_curves(made)
    assert found.verdict == ""
    assert found.text.startswith("No claim: ")
    assert why in found.text


def test_few_losses_beside_many_accuracies():
    made = rows(accuracy=curve(0, 1, 1, 60), val_accuracy=curve(0, 1, 1, 60), loss=curve(2, 0, 1, 60))
    few = [row if row["epoch"] < 12 else {**row, "loss": None} for row in made]
    assert read_curves(few).verdict == read_curves(made).verdict == "still improving"


def test_a_metric_of_no_known_direction_is_not_read():
    found = read_curves(rows(surprise=curve(2, 0, 1, 20), val_surprise=curve(2, 0, 1, 20)), "surprise")
    assert found == ("", "No claim: whether more or less of surprise is better does not show in its name.", {})


def test_a_metric_that_is_not_there_is_an_error():
    with pytest.raises(
        CNNStatsError, match=r"one of `loss`, `accuracy`\. Received: 'acuracy'\. Did you mean `accuracy`"
    ):
        read_curves(rows(loss=[1.0], accuracy=[0.5]), "acuracy")


def test_only_the_last_stage_is_read():
    first = rows(**MADE["accuracy falls behind"][1](20))
    second = [{**row, "stage": 1} for row in rows(**MADE["both accuracies rise"][1](20))]
    assert read_curves(first).verdict == "overfitting"
    assert read_curves([*first, *second]).verdict == "still improving"
    assert read_curves([*first, *second[:5]]).verdict == ""


def test_the_loss_is_read_where_it_is_asked_for():
    made = rows(**MADE["accuracy falls behind"][1](20), loss=curve(2, 0, 1, 20), val_loss=curve(2, 0.1, 1, 20))
    assert read_curves(made, "val_loss").verdict == "still improving"


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("loss", -1), ("head_loss", -1), ("accuracy", 1), ("sparse_top_k_categorical_accuracy", 1), ("auc_2", 1),
     ("mae", -1), ("mean_io_u", 1), ("kl_divergence", -1), ("glossy", 0), ("surprise", 0)],
)  # fmt: skip
def test_direction_is_in_the_name(metric, expected):
    assert direction(metric) == expected


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("epochs", LENGTHS)
def test_flat_curves_make_no_claim(epochs, level):
    made = [
        rows(0.03, seed, accuracy=[level] * epochs, val_accuracy=[level - 0.1] * epochs, loss=[1.0] * epochs)
        for seed in range(300)
    ]
    claims = [found.verdict for found in map(read_curves, made) if found.verdict]
    assert len(claims) <= 3


# Real trainings


def trained(model, x, y, validation, epochs, rate):
    import keras

    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, validation_data=validation, epochs=epochs, batch_size=len(x), verbose=0).history
    return [dict(zip(history, values, strict=True)) for values in zip(*history.values(), strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_more_parameters_than_samples_and_random_labels_overfit(metric):
    import keras
    import numpy as np

    chance = np.random.default_rng(0)
    x, y = chance.normal(size=(80, 20)), chance.integers(0, 2, 80)
    layers = [keras.Input((20,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(1, "sigmoid")]
    epochs = trained(keras.Sequential(layers), x[:40], y[:40], (x[40:], y[40:]), 60, 0.01)
    assert read_curves(epochs, metric).verdict == "overfitting"


@pytest.mark.slow
def test_a_single_unit_has_too_little_capacity_for_xor():
    import keras
    import numpy as np

    chance = np.random.default_rng(0)
    x = chance.uniform(-1, 1, size=(800, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype("float32")
    start = keras.initializers.Constant([[2.0], [-2.0]])
    unit = keras.layers.Dense(1, "sigmoid", kernel_initializer=start)
    epochs = trained(keras.Sequential([keras.Input((2,)), unit]), x[:400], y[:400], (x[400:], y[400:]), 80, 0.1)
    found = read_curves(epochs)
    assert found.verdict == "too little capacity", found
