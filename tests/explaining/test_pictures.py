"""The picture of an explanation: what it shows, in which colours, with nothing over anything else."""

import sys

import keras
import numpy as np
import pytest

from keras_cnnstats.errors import InputShapeError, MissingDependencyError
from keras_cnnstats.explaining import explain
from keras_cnnstats.explaining.sheets import MARGIN, Column, Panel, layout, scale_of

L = keras.layers


def convolution(channels, size=12, rank=2, **arguments):
    layer = getattr(L, f"Conv{rank}D")(2, 3, activation="relu", name="conv", **arguments)
    layer.build((None, *[size] * rank, channels))
    return layer, np.random.default_rng(0).random((*[size] * rank, channels))


def transposed():
    layer = L.Conv2DTranspose(1, 3, strides=2, name="up")
    layer.build((None, 3, 3, 2))
    return layer, np.ones((3, 3, 2))


def explained(case, position=None):
    return explain(*CASES[case](), position=position)


CASES = {
    "one channel": lambda: convolution(1),
    "three channels": lambda: convolution(3),
    "ten channels": lambda: convolution(10),
    "64 channels": lambda: convolution(64),
    "200 channels": lambda: convolution(200),
    "steps": lambda: convolution(3, rank=1),
    "steps of 64 channels": lambda: convolution(64, rank=1),
    "padded": lambda: convolution(3, size=4, padding="same"),
    "transposed": transposed,
    "maximum": lambda: (L.MaxPooling2D(2), np.arange(16).reshape(4, 4)),
    "maximum of many": lambda: (L.MaxPooling2D(3, strides=2), np.random.default_rng(0).normal(size=(40, 30, 1))),
    "mean": lambda: (L.AveragePooling2D(3, strides=2, padding="same"), np.arange(16).reshape(4, 4)),
    "global": lambda: (L.GlobalMaxPooling2D(), np.arange(16).reshape(4, 4)),
    "steps pooled": lambda: (L.MaxPooling1D(2), np.arange(8.0)[:, None]),
}


def maps(figure):
    """The axes that show maps, not those of the colours, by title."""
    found = {}
    for axes in figure.axes:
        if not axes.get_label().startswith("colours"):
            found.setdefault(axes.get_label(), []).append(axes)
    return found


def overlapping(boxes):
    """Pairs of boxes, each `(left, bottom, right, top)`, that share a part."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    return np.argwhere(np.triu(np.all(low < high, axis=-1), k=1)).tolist()


def test_overlapping_boxes_are_found():
    assert overlapping(np.array([[0, 0, 2, 1], [1, 0, 3, 1], [2, 0, 4, 1]])) == [[0, 1], [1, 2]]


@pytest.mark.parametrize("place", [pytest.param("without", marks=pytest.mark.slow), "with"])
@pytest.mark.parametrize("case", CASES)
def test_no_text_lies_over_another(case, place):
    output = () if case == "global" else (0,) if "steps" in case else (0, 0)
    position = None if place == "without" else output
    figure = explained(case, position).plot()
    figure.canvas.draw()
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts + axes.get_xticklabels())]
    boxes = np.array([text.get_window_extent().extents for text in texts if text.get_text()])
    assert len(boxes) > 5
    assert overlapping(boxes) == []
    assert np.all(boxes[:, :2] >= 0)
    assert np.all(boxes[:, 2:] <= figure.get_size_inches() * figure.dpi)


@pytest.mark.parametrize(("channels", "panels"), [(1, 1), (3, 3), (10, 10), (64, 1)])
def test_a_convolution_has_five_columns(channels, panels):
    found = maps(explain(*convolution(channels)).plot())
    counts = {title: len(axes) for title, axes in found.items()}
    assert counts == {
        "input channels": panels,
        "kernels": panels,
        "intermediates": panels,
        "sum + bias": 1,
        "output: relu": 1,
    }


def test_a_column_has_one_scale():
    shown = explain(*convolution(3))
    for title, values in {"kernels": shown.kernels, "intermediates": shown.intermediates}.items():
        most = np.abs(values).max()
        assert {axes.images[0].get_clim() for axes in maps(shown.plot())[title]} == {(-most, most)}
    assert {axes.images[0].get_clim() for axes in maps(shown.plot())["input channels"]} == {(0, 1)}


def test_shapes_and_formula_stand_over_the_maps():
    texts = [text.get_text() for text in explain(*convolution(3)).plot().texts]
    assert texts[:2] == ["conv (Conv2D), channel 0", "output = relu(sum of 3 inputs * kernels + 0)"]
    assert [text for text in texts if text.startswith("(")] == [
        "(12, 12, 3)",
        "(3, 3, 3)",
        "(10, 10, 3)",
        "(10, 10, 1)",
        "(10, 10, 1)",
    ]


def test_maps_show_the_arrays():
    shown = explain(*convolution(3))
    found = maps(shown.plot())
    assert np.array_equal(found["intermediates"][1].images[0].get_array(), shown.intermediates[..., 1])
    assert np.array_equal(found["sum + bias"][0].images[0].get_array(), shown.sum)


def test_tiles_hold_every_map():
    shown = explain(*convolution(64))
    tiles = maps(shown.plot())["kernels"][0].images[0].get_array().filled(np.nan)
    assert np.array_equal(tiles[4:7, 8:11], shown.kernels[..., 8 + 2])
    assert np.isnan(tiles[3]).all()


def test_the_rest_is_named_and_reachable():
    shown = explain(*convolution(200))
    texts = [text.get_text() for text in shown.plot().texts]
    assert "and 136 more: plot(channels=range(64, 128))" in texts
    last = shown.plot(channels=range(198, 200))
    assert np.array_equal(maps(last)["kernels"][1].images[0].get_array(), shown.kernels[..., 199])
    assert "channel 199" in [text.get_text() for text in last.texts]


@pytest.mark.parametrize("channels", [[3], [-1], [], "all", [0.5]], ids=str)
def test_channels_that_are_none_are_refused(channels):
    with pytest.raises(InputShapeError, match="channels: expected integers from 0 to 2"):
        explain(*convolution(3)).plot(channels=channels)


def test_winners_are_ringed():
    (axes,) = maps(explained("maximum").plot())["channel 0"]
    assert sorted(patch.center for patch in axes.patches) == [(1, 1), (1, 3), (3, 1), (3, 3)]


def test_the_field_is_a_box_on_the_image():
    figure = explain(*convolution(3, padding="same"), position=(0, 11)).plot()
    (image,) = maps(figure)["image"]
    inside, whole = image.patches
    assert (inside.get_xy(), inside.get_width(), inside.get_height()) == ((9.5, -0.5), 2, 2)
    assert (whole.get_xy(), whole.get_width(), whole.get_height()) == ((9.5, -1.5), 3, 3)
    assert "output (0, 11) sees rows -1 to 1, columns 10 to 12, partly outside" in [t.get_text() for t in figure.texts]


def test_another_layer_shows_the_field_and_its_output():
    model = keras.Sequential([keras.Input((6, 6, 1)), L.Conv2D(2, 3), L.ReLU(name="act")])
    found = maps(explain(model, np.ones((6, 6)), "act", position=(1, 1)).plot())
    assert list(found) == ["image", "output"]


def test_hostile_and_foreign_names_are_text():
    layer = L.Conv2D(1, 1, name="$\\frac{1}$_層_" + "x" * 300)
    layer.build((None, 2, 2, 1))
    figure = explain(layer, np.ones((2, 2))).plot()
    figure.canvas.draw()
    assert figure.texts[0].get_text().startswith("$\\frac{1}$_?_x")
    assert figure.texts[0].get_window_extent().x1 < figure.bbox.x1


def test_constant_maps_have_a_scale():
    assert scale_of(np.zeros(3)) == (-1, 1, "RdBu_r")
    assert scale_of(np.zeros(3), is_signed=False) == (0, 1, "gray")


def test_columns_stand_beside_each_other():
    maps = tuple(Panel(np.ones((2, 2)), label="x") for _ in range(4))
    sheet = layout([Column("a", (2, 2, 4), maps, None), Column("b", (2, 2, 1), maps[:1], None)], notes=0)
    first, second = sheet.columns
    assert MARGIN < first.left < first.left + first.width < second.left < second.left + second.width <= sheet.width
    tops = [place.top for place in sheet.panels[0]]
    assert tops == sorted(tops)
    assert tops[-1] + sheet.panels[0][-1].height < sheet.height


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_saved_pictures_are_whole(ending, tmp_path):
    path = tmp_path / f"conv.{ending}"
    explained("one channel").save(path)
    assert path.read_bytes()[:4] == {"png": b"\x89PNG", "svg": b"<?xm", "pdf": b"%PDF"}[ending]


def test_a_full_disk_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "conv.png"
    path.write_bytes(b"old")

    def is_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", is_full)
    with pytest.raises(OSError, match="No space left"):
        explained("one channel").save(path)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("conv.png", b"old")]


def test_an_unknown_format_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="Format 'xyz' is not supported"):
        explained("one channel").save(tmp_path / "conv.xyz")
    assert list(tmp_path.iterdir()) == []


def test_nothing_global_is_used():
    before = sys.modules.pop("matplotlib.pyplot", None)
    try:
        explained("three channels").plot()
        assert "matplotlib.pyplot" not in sys.modules
    finally:
        if before is not None:
            sys.modules["matplotlib.pyplot"] = before


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    shown = explained("one channel")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[plot\]'"):
        shown.plot()
    assert shown._repr_png_() is None


def test_a_notebook_shows_the_picture():
    assert explained("one channel")._repr_png_()[:4] == b"\x89PNG"
