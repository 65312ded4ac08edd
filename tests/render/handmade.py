"""Reports built by hand: what renderings have to cope with, without Keras."""

from fractions import Fraction
from math import inf
from typing import Any

from keras_cnnstats.field import NOTHING, ONE, UNKNOWN, WHOLE, Field, Slack, Unsized
from keras_cnnstats.records import Disagreement, Header, Row
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Work

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "two\nlines\r\n",
    "=HYPERLINK(\"http://x\")",
    "+1", "-1", "@SUM(A1)", "\ttab", "\rreturn", " =1",
    "<script>alert(1)</script>", "</table></details>", "a&amp;b", "\"><img src=x onerror=alert(1)>",
    "a|b", "a\\|b", "`code`", "[x](javascript:alert(1))", "**bold** _it_ ~~no~~", "https://example.com www.example.com",
    "\u202egnp.exe\u2066", "1e5", "0012", "0x10", "inf", "nan", "",  "   ", "'", "''", "a,b;c\"d",
    "\\input{x}%&$#_{}~^", "$x^2$", "[opt]", "*star", "層/畳み込み", "e\u0301\u0301té", "\u0301accent", "😀",
    "\x00nul", "\ud800", "\ue000\U000f0000", "ﷺ", "x" * 300, "{{ 7*7 }}", "%s %d {0}", "&#124;",
)  # fmt: skip
"""Names that mean something to a terminal, a spreadsheet, a browser, a Markdown reader or TeX."""


def header(**changes: Any) -> Header:
    return Header(**{
        "model": "small_cnn", "input_shapes": (("image", (1, 32, 32, 3)),), "batch_size": 1, "dtype": "float32",
        "convention": "textbook", **changes,
    })  # fmt: skip


def conv_work(outputs: int, products: int, inside: int | None = None) -> tuple[tuple[str, Work], ...]:
    macs = outputs * products
    return (("convolution", Work(macs=macs, inside=inside or macs, outputs=outputs, biases=outputs)),)


def row(layer: str = "conv", **changes: Any) -> Row:
    """A 3x3 convolution on a 32x32 image, with `changes`."""
    return Row(**{
        "layer": layer, "type": "Conv2D", "output_shapes": ((1, 32, 32, 16),), "params": 448, "trainable_params": 448,
        "work": conv_work(32 * 32 * 16, 27), "axes": ("h", "w"), "fields": (Field(3, -1, 1),) * 2,
        "local_fields": (Field(3, -1, 1),) * 2, "input_sizes": (32, 32), "positions": (32, 32), **changes,
    })  # fmt: skip


def on_axes(axes: str, fields: tuple[Field, ...], **changes: Any) -> dict[str, Any]:
    letters = tuple(axes)
    return {
        "axes": letters, "fields": fields, "local_fields": fields, "input_sizes": (32,) * len(letters),
        "positions": (32,) * len(letters), **changes,
    }  # fmt: skip


def small_cnn() -> Report:
    """The everyday case: convolutions, pooling, normalization, a dense layer and one explained disagreement."""
    whole = {"fields": (WHOLE,) * 2, "local_fields": (WHOLE,) * 2, "positions": (None, None)}
    rows = (
        row("image", type="InputLayer", output_shapes=((1, 32, 32, 3),), params=0, trainable_params=0, work=(),
            fields=(ONE, ONE), local_fields=(ONE, ONE)),
        row("conv1"),
        row("norm1", type="BatchNormalization", params=64, trainable_params=32,
            work=(("normalization", Work(arithmetic=32_768)),), disagreements=("P02",)),
        row("pool1", type="MaxPooling2D", output_shapes=((1, 16, 16, 16),), params=0, trainable_params=0,
            work=(("pooling", Work(arithmetic=12_288)),), fields=(Field(4, -1, 2),) * 2,
            local_fields=(Field(4, -1, 2),) * 2, positions=(16, 16)),
        row("stage2/conv2", output_shapes=((1, 16, 16, 32),), params=4_640, trainable_params=4_640,
            work=conv_work(16 * 16 * 32, 144), fields=(Field(8, -3, 2),) * 2, local_fields=(Field(8, -3, 2),) * 2,
            positions=(16, 16)),
        row("stage2/global_pool", type="GlobalAveragePooling2D", output_shapes=((1, 32),), params=0,
            trainable_params=0, work=(("pooling", Work(arithmetic=8_192)),), **whole),
        row("logits", type="Dense", output_shapes=((1, 10),), params=330, trainable_params=330,
            work=(("contraction", Work(macs=320, inside=320, outputs=10, biases=10)),), **whole),
        row("softmax", type="Softmax", output_shapes=((1, 10),), params=0, trainable_params=0,
            work=(("elementwise", Work(arithmetic=38, transcendentals=10)),), **whole),
    )  # fmt: skip
    return Report(header(), rows, (
        Disagreement(layer="norm1", quantity="parameters", code="P02", formula="2·16", expected=32, actual=64,
                     reason="The moving mean and variance are stored with the weights, but are not learned."),
    ))  # fmt: skip


def awkward() -> Report:
    """All at once: unknown rows, repeated calls, misaligned branches, fractions, local fields, huge counts."""
    slack = Slack(("conv", 0), 0, 1)
    unsized = Field(5, Unsized(-1, ((slack, 2),)), 4)
    phased = Field(3, -1, Fraction(1, 2), ((-1, 1), None, (Fraction(-1, 3), Unsized(2, ((slack, Fraction(-1, 2)),)))))
    rows = (
        row("backbone/stage_with_a_long_name/block_12/depthwise_convolution", type="DepthwiseConv2D",
            output_shapes=((None, None, None, 16),), **on_axes("hw", (unsized, Field(7, -3, 1)), positions=(None, 9))),
        row("shared", work=conv_work(10**13, 1000), params=3 * 10**9, trainable_params=10**9,
            disagreements=("F03", "S01"), aligned=False),
        row("shared", call=1, params=0, trainable_params=0, work=conv_work(10**17, 1000), aligned=None),
        row("up", type="UpSampling2D", work=(), params=0, trainable_params=0,
            **on_axes("hw", (phased, Field(Fraction(7, 2), Fraction(-1, 2), Fraction(1, 2))))),
        row("squeeze", type="Multiply", local_fields=(Field(9, -4, 2),) * 2, source="traced",
            fields=(Field(inf, None, 2),) * 2),
        row("blur", type="BlurPool", work=None, source="unknown", fields=(UNKNOWN, NOTHING),
            note="no rule for BlurPool. Write one with @cnnstats.rule(BlurPool)."),
        row("mine", type="MyConv", source="inherited", output_shapes=((1, 8), (1, 4, 4, 2)), disagreements=("P09",)),
        row("run", type="Odd", source="measured"),
    )  # fmt: skip
    found = [
        Disagreement(layer=f"layer_{i}", quantity="flops", code="F03", formula="2·9·16·16·1,024", expected=4_718_592,
                     actual=294_912, reason="Groups divide the input channels.") for i in range(5)
    ]  # fmt: skip
    found.append(Disagreement(layer="mine", quantity="parameters", code="P09", formula="9·3·16 + 16", expected=448,
                              actual=449, explained=False, reason="The layer has a weight that no formula knows.",
                              ))  # fmt: skip
    found.append(Disagreement(layer="shared", call=1, quantity="receptive field", code="R02", formula="", expected=7,
                              actual=inf, reason="Global branch."))  # fmt: skip
    names = (("image", (None, None, None, 3)), ("meta", (None, 10)))
    return Report(header(model="awkward", input_shapes=names, origin="embedding"), rows, tuple(found)).with_convention(
        "2macs"
    )


def hostile() -> Report:
    """Every hostile name as a layer, a type, a note, a formula and a reason."""
    rows = tuple(row(name, type=name, note=name, params=i, call=i % 2) for i, name in enumerate(HOSTILE))
    found = tuple(
        Disagreement(layer=name, quantity=name, code=name, formula=name, expected=1, actual=2, reason=name)
        for name in HOSTILE
    )
    names = tuple((name, (1, 2)) for name in HOSTILE)
    return Report(header(model=HOSTILE[9], input_shapes=names, dtype=HOSTILE[0], origin=HOSTILE[2]), rows, found)


def unsized() -> Report:
    """Paddings that depend on a size nobody gave."""
    slack = Slack(("stem", 0), 0, 1)
    return Report(header(), (row(fields=(Field(3, Unsized(-1, ((slack, Fraction(1, 2)),)), 2), ONE)),))


def ranks() -> dict[str, Report]:
    """Models on no, one, two and three axes."""
    fields = (Field(3, -1, 1), Field(7, -3, 2), Field(5, -2, 1))
    return {
        axes or "none": Report(header(), tuple(row(name, **on_axes(axes, fields[: len(axes)])) for name in "ab"))
        for axes in ("", "t", "hw", "dhw")
    }


def empty() -> Report:
    return Report(header(input_shapes=()), ())


def long() -> Report:
    """More rows than a notebook should unfold."""
    return Report(header(model="long"), tuple(row(f"block_{i}_depthwise_convolution") for i in range(40)))


REPORTS = {
    "small": small_cnn(), "unsized": unsized(), "awkward": awkward(), "hostile": hostile(), "empty": empty(),
    "long": long(), **ranks(),
}  # fmt: skip
