"""Where the textbook formulas and the counts part, with a code and the reason."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from keras_cnnstats.field import tidy
from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.primitives import Upwindow, Window
from keras_cnnstats.primitives.base import Claim, product
from keras_cnnstats.primitives.spreads import Aside, Gather, Spatial
from keras_cnnstats.propagate import Seen
from keras_cnnstats.sight import PLAIN
from keras_cnnstats.units import Extent

if TYPE_CHECKING:
    # Who reads the codes alone does not wait for Keras.
    from keras_cnnstats.describe import Described


class Code(NamedTuple):
    """What a disagreement code stands for.

    Attributes:
        title: what it is about, in a few words.
        reason: why formula and count part, in one sentence.
        explained: whether the reason is known.
    """

    title: str
    reason: str
    explained: bool = True


CODES = {
    "P0": Code(
        "parameters unexplained",
        "The layer holds another number of parameters than the general formula of its class gives.",
        explained=False,
    ),
    "P1": Code("grouped convolution", "Each kernel spans the input channels of its group alone, not all of them."),
    "P2": Code("depthwise convolution", "Each kernel spans one input channel, not all of them."),
    "P3": Code(
        "moving statistics",
        "Keras also counts the moving mean and variance, which training updates but no gradient changes.",
    ),
    "P4": Code("shared weights", "The weights belong to an earlier call and are counted there."),
    "P6": Code("shared bias", "The bias is shared by several outputs of one position."),
    "P7": Code("low-rank adaptation", "Beside its kernel the layer keeps the two thin matrices that adapt it."),
    "K0": Code("summary unexplained", "The summary's total is not that of the weights that the report counts.", False),
    "K1": Code(
        "optimizer state in the summary",
        "Once the optimizer has its state, the summary adds it to its total of parameters.",
    ),
    "K2": Code("shared layer in the summary", "The summary has one line for a layer, with the shape of its last call."),
    "K3": Code(
        "nested model in the summary",
        "With expand_nested=True the summary shows a nested model's parameters, and those of its layers once more.",
    ),
    "K4": Code(
        "quantised weights in the summary", "The summary counts the stored values, packed as they are, and the scales."
    ),
    "K5": Code("no shapes in the summary", "The summary shows `?` for layers that Keras has recorded no call of."),
    "K6": Code("unbuilt layers in the summary", "The summary counts layers that are not built yet as 0."),
    "S0": Code(
        "output size unexplained",
        "The framework's output size is not what the general formula gives for this kernel, stride and padding.",
        explained=False,
    ),
    "S1": Code("'same' with a stride", "'same' keeps the size only at stride 1; with stride s it gives ceil(n / s)."),
    "S2": Code("dilated window", "A dilated window spans (k - 1) * d + 1 positions, where the formula has k."),
    "S3": Code(
        "positions never reached", "The last window that fits ends before the input does; what is behind is unused."
    ),
    "S4": Code("positions skipped", "The stride is larger than the window, which skips the positions in between."),
    "S5": Code("transposed convolution", "The formula is that of a convolution; a transposed one goes the other way."),
    "F1": Code("grouped convolution", "Each output sums over the input channels of its group alone, not all of them."),
    "F2": Code("depthwise convolution", "Each output sums over one input channel, not all of them."),
    "F3": Code("dense layer on many positions", "The formula counts one position; the layer runs at each of them."),
    "F4": Code(
        "transposed convolution",
        "Its products are counted from the input grid; the formula counts a full window at each output.",
    ),
    "R1": Code(
        "dilated window", "A dilated window reaches (k - 1) * d positions further, where the formula has k - 1."
    ),
    "R2": Code("transposed convolution", "Each output sees only those inputs whose taps land on it."),
    "R3": Code("global", "Each output sees all positions, so the whole input, with the padding left out."),
    "R4": Code(
        "misaligned branches", "Branches of different centre or stride meet; the field is the hull of what they see."
    ),
    "R5": Code(
        "phases", "Behind an up-sampling, outputs of different phase see different extents; the largest stands."
    ),
}
"""All codes, whose meaning never changes.

P.. parameters, K.. what Keras' summary says, S.. shape, F.. FLOPs, R.. receptive field.
"""


def findings(call: Call, described: "Described", seen: Seen, counted: int) -> list[Claim]:
    """Returns where formula and count part for one call.

    Args:
        call: the call.
        described: what it is made of.
        seen: what it sees.
        counted: parameters counted in this call.
    """
    if described.primitives is None:
        return []
    found = _parameter_findings(call, described.parameters, counted) if call.weights or counted else []
    # Weights of a shared layer disagree once, where they are counted.
    found += [claim for claim in described.claims if counted or claim.quantity != "parameters"]
    is_moved = seen.after is not seen.before and seen.after.fields != seen.before.fields
    if is_moved or seen.aligned is False:
        found.extend(_field_findings(call, described, seen))
    return found


def _parameter_findings(call: Call, expected: int, counted: int) -> list[Claim]:
    if not isinstance(call.target, type):
        # Weights that an operation is given are an argument, of which no formula knows.
        return []
    held = sum([weight.size for weight in call.weights if not weight.is_state])
    if expected == held == counted:
        return []
    code, actual = ("P7" if "low rank" in call.adapted else "P0", held) if expected != held else ("P4", counted)
    formula = f"formula of `{call.type}` = {expected:,}"
    return [Claim(quantity="parameters", code=code, formula=formula, expected=expected, actual=actual)]


def summary_findings(graph: Graph, params: int) -> Iterator[tuple[str, Claim]]:
    """Yields where the summary of a model and its report part, with the path of the layer or the model's name.

    Args:
        graph: the model.
        params: its parameters.
    """
    summary, optimizer = graph.summary, graph.optimizer
    if summary is None:
        return
    if optimizer is not None and optimizer.built and optimizer.size:
        state = optimizer.size
        formula = f'"Total params" = {summary.weights:,} + {state:,} of {optimizer.name} = {summary.weights + state:,}'
        yield graph.name, Claim("summary total", "K1", formula, summary.weights + state, params)
    if summary.weights != params:
        quantised = any("quantised" in call.adapted for call in graph.calls)
        code = "K4" if quantised else ("K6" if summary.unbuilt else "K0")
        yield graph.name, Claim("summary total", code, "", summary.weights, params)
    for path, shapes in summary.shared:
        formula = f"it shows {shapes[-1]}, the last of {len(shapes)} calls; the first gives {shapes[0]}"
        yield path, Claim("summary shape", "K2", formula, product(shapes[-1][1:]), product(shapes[0][1:]))
    for path, size in summary.nested:
        formula = f"expand_nested=True: {size:,} + {size:,} of its layers = {2 * size:,}"
        yield path, Claim("summary parameters", "K3", formula, 2 * size, size)
    if summary.unshown:
        formula = f"`?` for {len(summary.unshown)} of its layers: {', '.join(summary.unshown[:3])}"
        yield graph.name, Claim("summary shape", "K5", formula, None, None)


# Receptive fields


def _field_findings(call: Call, described: "Described", seen: Seen) -> Iterator[Claim]:
    is_parted = any(isinstance(facts.spread, Aside) for facts in described.facts)
    if seen.aligned is False:
        axis, branches = seen.branches[0]
        sizes = [field.size for field in branches if field.size not in (None, 0, inf)]
        widest = max(sizes, default=None)
        formula = f"widest of {len(sizes)} branches = {widest}"
        merged = seen.after if is_parted else seen.before
        yield Claim("receptive field", "R4", formula, widest, merged.fields[axis].size)
    if is_parted:
        # No formula is about windows side by side in one layer.
        return
    primitives = described.primitives or ()
    # Convolutions and pooling; to ask for instances of classes that may be abstract takes long.
    windows = [getattr(primitive, "windows", None) for primitive in primitives]
    for own, facts in zip(windows, described.facts, strict=True):
        if own is not None:
            yield from _window_findings(call, [each for each in windows if each and len(each) == len(own)], seen)
            break
        if isinstance(facts.spread, (Gather, Spatial)) and seen.after.fields != seen.before.fields:
            yield from _global_findings(seen)
            break


def _window_findings(call: Call, windows: Sequence[Sequence[Window | Upwindow]], seen: Seen) -> Iterator[Claim]:
    """`RF = RF before + (k - 1) * S before`, one window after the other; axes that say the same say it once."""
    said: set[tuple[Extent, ...]] = set()
    for dim, *steps in zip(call.input.spatial_dims, *windows, strict=True):
        atoms = seen.before.dims[dim]
        if len(atoms) != 1 or atoms[0].axis == PLAIN:
            continue
        before, after = seen.before.fields[atoms[0].axis], seen.after.fields[atoms[0].axis]
        if before.size in (None, 0, inf) or after.size is None or before.jump is None:
            continue
        expected, jump, formula = before.size, before.jump, f"{before.size}"
        for step in steps:
            if step.kernel > 1 or len(steps) == 1:
                expected += (step.kernel - 1) * jump
                formula += f" + ({step.kernel} - 1) * {jump}"
            jump = Fraction(jump, step.stride) if isinstance(step, Upwindow) else jump * step.stride
        expected = tidy(expected)
        if expected == after.size or (expected, after.size) in said:
            continue
        said.add((expected, after.size))
        is_dilated, is_up = any(step.dilation > 1 for step in steps), isinstance(steps[0], Upwindow)
        code = "R1" if is_dilated else ("R2" if is_up else "R5")
        yield Claim("receptive field", code, f"{formula} = {expected}", expected, after.size)


def _global_findings(seen: Seen) -> Iterator[Claim]:
    """A window over all `n` positions would see `RF before + (n - 1) * S before`."""
    positions = {atom.axis: atom.size for atoms in seen.before.dims for atom in atoms if atom.axis != PLAIN}
    for axis, (before, after) in enumerate(zip(seen.before.fields, seen.after.fields, strict=True)):
        size = positions.get(axis)
        if after.size != inf or before.size in (None, 0, inf) or size is None or before.jump is None:
            continue
        expected = before.size + (size - 1) * before.jump
        formula = f"{before.size} + ({size} - 1) * {before.jump} = {expected}"
        yield Claim(quantity="receptive field", code="R3", formula=formula, expected=expected, actual=inf)
        return
