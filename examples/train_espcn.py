"""Super-resolution by sub-pixel convolution: three convolutions, whose channels become rows and columns.

The network is that of lesson D, built from the reference layers. It learns to sharpen images that the script draws
itself, and is held against bicubic upsampling on images that it has not seen. The curves are saved.
"""

import csv
from typing import Any, NamedTuple

import keras
import numpy as np
from lesson import folder
from numpy.typing import NDArray

from keras_cnnstats import layers

FACTOR = 3
EPOCHS = 8
BATCH = 4
Images = NDArray[np.float32]


def network(factor: int = FACTOR) -> keras.Model:
    """Grey images of any size become `factor` times as large."""
    # LeCun's weights are those for tanh: with smaller ones it is all but linear at first, and learns slowly.
    squashed = {"activation": "tanh", "kernel_initializer": "lecun_normal"}
    image = keras.Input((None, None, 1))
    x = layers.ReferenceConv2D(64, 5, padding=2, name="first", **squashed)(image)
    x = layers.ReferenceConv2D(32, 3, padding=1, name="second", **squashed)(x)
    x = layers.ReferenceConv2D(factor**2, 3, padding=1, name="third")(x)
    x = layers.PixelShuffle(factor)(x)
    return keras.Model(image, keras.layers.Activation("sigmoid")(x), name="espcn")


# The images.


def grating(random: np.random.Generator, y: Any, x: Any) -> Any:
    """Waves of some direction and length."""
    angle, length = random.uniform(0, np.pi), random.uniform(6, 20)
    return np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / length + random.uniform(0, 6))


def half(random: np.random.Generator, y: Any, x: Any) -> Any:
    """One side of a straight edge."""
    angle, (row, column) = random.uniform(0, 2 * np.pi), random.uniform(0, y.max(), 2)
    return (x - column) * np.cos(angle) + (y - row) * np.sin(angle) > 0


def ellipse(random: np.random.Generator, y: Any, x: Any) -> Any:
    """The inside of an ellipse."""
    (row, column), (height, width) = random.uniform(0, y.max(), 2), random.uniform(4, 14, 2)
    return ((y - row) / height) ** 2 + ((x - column) / width) ** 2 < 1


def stroke(random: np.random.Generator, y: Any, x: Any) -> Any:
    """A thin line from one point to another, as letters are made of."""
    (row, column), angle = random.uniform(0, y.max(), 2), random.uniform(0, np.pi)
    along = (x - column) * np.cos(angle) + (y - row) * np.sin(angle)
    across = (y - row) * np.cos(angle) - (x - column) * np.sin(angle)
    return (np.abs(along) < random.uniform(5, 16)) & (np.abs(across) < random.uniform(0.8, 2.2))


def picture(random: np.random.Generator, size: int) -> Images:
    """Shapes and strokes before a background, drawn four times as fine and averaged, so that edges are smooth."""
    y, x = np.mgrid[: size * 4, : size * 4] / 4
    image = random.uniform(0.1, 0.9) + random.uniform(-0.3, 0.3) * grating(random, y, x)
    for shape in (half, *[ellipse] * (size**2 // 1000), *[stroke] * (size**2 // 500)):
        image = np.where(shape(random, y, x), random.uniform(0, 1), image)
    return averaged(np.clip(image, 0.05, 0.95)[None, ..., None].astype("float32"), 4)[0]


def averaged(images: Images, factor: int) -> Images:
    """Each block of `factor` rows and columns becomes its mean: what a coarser camera would see."""
    count, rows, columns, channels = images.shape
    blocks = images.reshape(count, rows // factor, factor, columns // factor, factor, channels)
    return blocks.mean(axis=(2, 4))


# The training.


class Score(NamedTuple):
    """How near images are to what they should be, after an epoch."""

    epoch: int
    loss: float
    psnr: float
    bicubic: float


def psnr(made: Any, truth: Images) -> float:
    """Peak signal-to-noise ratio in decibels, the mean of that of each image; values go from 0 to 1."""
    errors = np.square(keras.ops.convert_to_numpy(made) - truth).mean(axis=(1, 2, 3))
    return float(np.mean(-10 * np.log10(errors)))


def train(model: keras.Model, images: Images, unseen: Images) -> list[Score]:
    """Trains the network, and scores it on images that it has not seen after each epoch."""
    small = averaged(unseen, FACTOR)
    bicubic = psnr(layers.BicubicUpSampling2D(FACTOR)(small), unseen)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, EPOCHS * len(images) // BATCH)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.99), "mean_squared_error")
    scores: list[Score] = []
    print("epoch   loss      PSNR      bicubic")

    def score(epoch: int, logs: Any) -> None:
        scores.append(Score(epoch + 1, logs["loss"], psnr(model.predict(small, verbose=0), unseen), bicubic))
        print("{:5}   {:.5f}   {:.2f} dB  {:.2f} dB".format(*scores[-1]))

    after = keras.callbacks.LambdaCallback(on_epoch_end=score)
    model.fit(averaged(images, FACTOR), images, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[after])
    return scores


def save(scores: list[Score]) -> None:
    """Writes the curves: as numbers, and as a picture where matplotlib is installed."""
    path = folder() / "espcn.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([Score._fields, *scores])
    print(f"\ncurves: {path}")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="epoch", ylabel="PSNR in dB", title="Images that the network has not seen")
    axes.plot(
        [score.epoch for score in scores], [score.psnr for score in scores], marker="o", label="sub-pixel network"
    )
    axes.axhline(scores[0].bicubic, color="gray", linestyle="--", label="bicubic")
    axes.legend()
    figure.savefig(path.with_suffix(".png"))
    print(f"        {path.with_suffix('.png')}")


def main() -> None:
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    images = np.stack([picture(random, 48) for _ in range(320)])
    unseen = np.stack([picture(random, 96) for _ in range(20)])
    scores = train(network(), images, unseen)
    gain = scores[-1].psnr - scores[-1].bicubic
    print(f"\n{gain:.2f} dB better than bicubic, on images that the network has not seen")
    assert gain > 0.3
    save(scores)


if __name__ == "__main__":
    main()
