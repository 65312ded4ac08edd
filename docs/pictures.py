"""Draws the pictures of docs/pictures with the plots and the page of the package: `python docs/pictures.py`.

The page is shown by Chromium, which Playwright drives: `CHROMIUM` names one elsewhere than Debian has it.
"""

import os
import tempfile
from pathlib import Path

import keras
import matplotlib

import keras_cnnstats as cnnstats

FOLDER = Path(__file__).parent / "pictures"


def network() -> keras.Model:
    """The network of the page on receptive fields."""
    image = keras.Input((64, 64, 3))
    x = keras.layers.Conv2D(8, 3, padding="same", name="a")(image)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(8, 3, padding="same", dilation_rate=2, name="b")(x)
    return keras.Model(image, keras.layers.Conv2D(8, 3, strides=2, padding="same", name="c")(x))


def plot(path: Path) -> None:
    """Draws receptive field against depth, the same for the same package."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "keras_cnnstats"
    axes = cnnstats.analyze(network()).plot.receptive_field()
    axes.figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


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
        page = browser.new_page(viewport={"width": 1500, "height": 1100}, color_scheme="light")
        page.goto(page_file.as_uri())
        page.locator("#rows").screenshot(path=path)
        browser.close()


def main() -> None:
    """Writes the pictures."""
    plot(FOLDER / "fields.svg")
    photograph(FOLDER / "report.png")


if __name__ == "__main__":
    main()
