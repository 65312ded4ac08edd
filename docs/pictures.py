"""Draws the pictures of docs/pictures with the plots and the page of the package: `python docs/pictures.py`.

The page is shown by Chromium, which Playwright drives: `CHROMIUM` names one elsewhere than Debian has it.
"""

import os
import tempfile
from pathlib import Path

import keras
import matplotlib
import numpy as np
from keras import layers

import keras_cnnstats as cnnstats

FOLDER = Path(__file__).parent / "pictures"


def network() -> keras.Model:
    """The network of the page on receptive fields."""
    image = keras.Input((64, 64, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", name="a")(image)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", dilation_rate=2, name="b")(x)
    return keras.Model(image, keras.layers.Conv2D(8, 3, strides=2, padding="same", name="c")(x), name="four_layers")


def plot(path: Path) -> None:
    """Draws receptive field against depth, the same for the same package."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "keras_cnnstats"
    axes = cnnstats.analyze(network()).plot.receptive_field()
    axes.figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def seen() -> dict[str, tuple[keras.Model, int, str, tuple[int, int]]]:
    """What one output sees: the picture's name, a model, the size of its image, a layer and a position in its map."""
    crossing, enlarging = crossed(), enlarged()
    return {
        "seen": (keras.Sequential([network(), layers.Activation("tanh", name="map")]), 64, "map", (6, 6)),
        **{f"seen_by_{name}": (crossing, 12, name, (2, 2)) for name in ("left", "right", "sum")},
        "seen_by_even": (enlarging, 12, "map", (8, 8)),
        "seen_by_odd": (enlarging, 12, "map", (9, 9)),
    }


def crossed() -> keras.Model:
    """Two branches that look at other centres."""
    image = keras.Input((12, 12, 3))
    left = layers.Conv2D(4, 2, strides=2, padding="same")(image)
    right = layers.Conv2D(4, 3, strides=2)(layers.ZeroPadding2D(1)(image))
    branches = layers.Activation("tanh", name="left")(left), layers.Activation("tanh", name="right")(right)
    return keras.Model(image, layers.Add(name="sum")(branches))


def enlarged() -> keras.Model:
    """A map that is enlarged twofold, and a window of 2 over it: some positions see one pixel, others two."""
    stack = [layers.UpSampling2D(2), layers.Conv2D(4, 2, padding="same"), layers.Activation("tanh", name="map")]
    return keras.Sequential([keras.Input((12, 12, 3)), *stack])


def look(name: str, path: Path) -> None:
    """Draws what one output sees of an image of colours, with a disk in it."""
    keras.utils.set_random_seed(0)
    model, size, layer, position = seen()[name]
    rows, columns = np.mgrid[:size, :size] / (size - 1)
    disk = np.hypot(rows - 0.5, columns - 0.5) < 0.35
    cnnstats.explain(model, np.stack([rows, columns, 0.8 * disk], axis=-1), layer, position=position).save(path)


def photograph(path: Path) -> None:
    """Takes a picture of the report of MobileNetV2 as a page: its table, nested parts folded."""
    from playwright.sync_api import sync_playwright

    with cnnstats.abstract():
        model = keras.applications.MobileNetV2(weights=None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        page_file = Path(folder) / "report.html"
        page_file.write_text(cnnstats.analyze(model).to_html(), encoding="utf-8")
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1300}, color_scheme="light")
        page.goto(page_file.as_uri())
        # All rows, and none of them under the totals.
        page.locator("#rows .scroll").evaluate("table => { table.style.maxHeight = 'none' }")
        page.locator("#rows").screenshot(path=path)
        browser.close()


def main() -> None:
    """Writes the pictures."""
    plot(FOLDER / "fields.svg")
    for name in seen():
        look(name, FOLDER / f"{name}.png")
    photograph(FOLDER / "report.png")


if __name__ == "__main__":
    main()
