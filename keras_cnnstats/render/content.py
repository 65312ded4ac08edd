"""What every rendering for people says around the table, as plain text: heading, totals, marks, disagreements."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from keras_cnnstats import units
from keras_cnnstats.records import Disagreement, Memory
from keras_cnnstats.render.cells import (
    IN_PART,
    MISALIGNED,
    PERHAPS_MISALIGNED,
    PROOFS,
    SOURCES,
    layer_name,
    plain,
    proof,
    shape_text,
    value_text,
)
from keras_cnnstats.reports import Report

EXAMPLES_AT_MOST = 3
"""Layers named for one disagreement or one note, before 'and N more'."""

NOTES_AT_MOST = 5
"""Notes on single layers, before 'and N more notes'."""


def heading(report: Report) -> list[str]:
    """Returns what the numbers are of: the model with its input, the convention, and the fields' origin if not that."""
    header = report.header
    inputs = [
        (f"{plain(name)} " if len(header.input_shapes) > 1 else "") + shape_text([shape])
        for name, shape in header.input_shapes
    ]
    model = [
        f'Model "{plain(header.model)}"',
        *([f"{'inputs' if len(inputs) > 1 else 'input'} {', '.join(inputs)}"] if inputs else []),
        f"batch size {header.batch_size}",
        plain(header.dtype),
    ]
    meaning = units.CONVENTIONS.get(header.convention, "")
    lines = [", ".join(model), f"FLOPs ({plain(header.convention)}): {meaning}"]
    return [*lines, f"Receptive field measured on {plain(header.origin)}"] if header.origin else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One sum: exactly, rounded (nothing where that says no more), and what else there is to know of it."""

    label: str
    exact: str
    rounded: str
    remark: str = ""


def totals(report: Report) -> list[Total]:
    """Returns the sums of the columns; sums of work over unknown rows are marked as lower bounds."""
    all_rows = report.totals
    bound = "≥ " if all_rows.is_lower_bound else ""
    remark = f"{all_rows.unknown_rows:,} of {all_rows.rows:,} layers unknown" if bound else ""
    work = {
        "MACs": all_rows.macs,
        **_macs_by_type(report),
        f"FLOPs ({plain(report.header.convention)})": all_rows.flops,
        "Transcendentals": all_rows.transcendentals,
    }
    return [
        _total(
            "Params", all_rows.params, "", f"{all_rows.trainable_params:,} trainable, {all_rows.frozen_params:,} frozen"
        ),
        *_quantiser_state(report),
        *(_total(label, count, bound, remark) for label, count in work.items()),
        *_training(report),
        *_sparsity(report),
        *_memory(report),
        *_device(report),
    ]


def _training(report: Report) -> list[Total]:
    """One step of training; nothing where it was not counted."""
    sums, unknown = report.totals, report.totals.unknown_train_rows
    if not sums.train_macs and not sums.train_flops and not unknown:
        return []
    bound, more = ("≥ ", f"; {unknown:,} of {sums.rows:,} layers unknown") if unknown else ("", "")
    remark = f"FLOPs; {bound}{units.si(sums.train_macs)} MACs{more}"
    if sums.train_flops is None:
        return [Total(label="Training step", exact="?", rounded="", remark=remark)]
    return [_total("Training step", sums.train_flops, bound, remark)]


def _macs_by_type(report: Report) -> dict[str, int]:
    """The MACs by what is multiplied, where that is not all in the dtype of the model."""
    by_type = report.totals.macs_by_type
    return {} if set(by_type) <= {report.header.dtype} else {f"{plain(name)} MACs": n for name, n in by_type.items()}


def _quantiser_state(report: Report) -> list[Total]:
    state = report.totals.quantizer_params
    return [_total("Quantiser state", state, "", "scales, zero points and the like; no parameters")] if state else []


def _sparsity(report: Report) -> list[Total]:
    """Zero weights and what remains without them, where they were asked for."""
    found, unknown = report.totals.sparsity, report.totals.unknown_sparsity_rows
    if found is None:
        return []
    bound, remark = ("≥ ", f"{unknown:,} of {len(report):,} layers unknown") if unknown else ("", "")
    share = f"{found.share:.1%} of {found.weights:,} that are multiplied with" if found.share is not None else ""
    return [
        _total("Zero weights", found.zeros or 0, bound, share),
        _total("Remaining MACs", found.macs or 0, bound, remark),
    ]


def _memory(report: Report) -> list[Total]:
    """The bytes of the weights and of the activations, where they were found out."""
    memory, weights = report.memory, report.totals.param_bytes
    if memory is None:
        return []
    peak, together = memory.peak_activation_bytes, memory.activation_bytes
    lines = [Total(label="Weight bytes", exact=f"{weights:,}", rounded=_rounded_bytes(weights))]
    if peak is None or together is None:
        return [*lines, Total(label="Activation bytes", exact="?", rounded="", remark="a size or a dtype unknown")]
    where = f", in {plain(memory.peak_layer)}" if memory.peak_layer else ""
    remark = f"live at most at once{where}; {_rounded_bytes(together) or together} all together"
    lines.append(Total(label="Activation bytes", exact=f"{peak:,}", rounded=_rounded_bytes(peak), remark=remark))
    return [*lines, _training_memory(memory)] if memory.optimizer else lines


def _training_memory(memory: Memory) -> Total:
    """The bytes of a step of training, for a model that is compiled."""
    label, state, together = "Training bytes", memory.optimizer_bytes, memory.training_bytes
    if state is None or together is None:
        remark = f"state of {plain(memory.optimizer)} unknown before its first step: model.optimizer.build(...)"
        return Total(label=label, exact="?", rounded="", remark=remark)
    parts = {"weights": memory.param_bytes, "gradients": memory.gradient_bytes, plain(memory.optimizer): state}
    remark = ", ".join(f"{name} {_rounded_bytes(part) or part}" for name, part in parts.items())
    return Total(
        label=label, exact=f"{together:,}", rounded=_rounded_bytes(together), remark=f"{remark}, all activations"
    )


def _device(report: Report) -> list[Total]:
    """What each device of a mesh holds and computes, where the model is distributed."""
    sums, header = report.totals, report.header
    if sums.share is None:
        return []
    mesh = " x ".join(f"{plain(name)} {size}" for name, size in header.mesh)
    of = f"each of {header.devices:,} devices: {mesh}; samples are divided along {plain(header.batch_axis)}"
    params, size, unknown = sums.share.params, sums.share.param_bytes, sums.unknown_device_rows
    bound, remark = ("≥ ", f"{unknown:,} of {sums.rows:,} layers unknown") if unknown else ("", "")
    return [
        _total("Device params", params, "", of),
        Total(label="Device weight bytes", exact=f"{size:,}", rounded=_rounded_bytes(size)),
        _total("Device FLOPs", sums.device_flops or 0, bound, remark),
    ]


def _rounded_bytes(count: int) -> str:
    return f"{units.si(count)}B" if count >= 1000 else ""


def _total(label: str, count: int, bound: str, remark: str) -> Total:
    rounded = units.si(count) if abs(count) >= 1000 else ""
    return Total(label=label, exact=f"{bound}{count:,}", rounded=rounded, remark=remark)


def sums(report: Report) -> list[str]:
    """Returns the totals as lines."""
    notes = [(total, "; ".join(filter(None, (total.rounded, total.remark)))) for total in totals(report)]
    return [f"{total.label}: {total.exact}" + (f" ({note})" if note else "") for total, note in notes] + verdicts(
        report
    )


def verdicts(report: Report) -> list[str]:
    """Returns the verdict of the measurements in a line, and the first of those that differ; nothing without them."""
    if report.verification is None:
        return []
    verification, differing = report.verification, report.verification.differing
    lines = [
        f"{layer_name(check.layer, check.call) or 'the model'}, {plain(check.quantity)}: {plain(check.reason)} "
        f"({plain(check.referee)})"
        for check in differing[:NOTES_AT_MOST]
    ]
    more = len(differing) - NOTES_AT_MOST
    return [verification.verdict, *lines, *([f"and {more:,} more that differ"] if more > 0 else [])]


def total_cells(report: Report, titles: Sequence[str]) -> list[str]:
    """Returns the cells of a table's last row: the sums under the columns that have one."""
    by_title = {total.label.split()[0]: total.exact for total in totals(report)}
    return [f"Total of {len(report):,}" if title == "Layer" else by_title.get(title, "") for title in titles]


def legend(report: Report) -> list[str]:
    """Returns the meaning of each mark that the table has, then what is to be known of single layers."""
    rows = report.rows
    sources = {row.source for row in rows}
    lines = [f"{mark} {meaning}" for source, (mark, meaning) in SOURCES.items() if source in sources]
    if any(row.fields and row.aligned is False for row in rows):
        lines.append(f"{MISALIGNED} misaligned: the branches that meet here differ in stride or centre")
    if any(row.fields and row.aligned is None for row in rows):
        lines.append(f"{PERHAPS_MISALIGNED} aligned or not: that depends on an input size that was not given")
    if report.verification is not None:
        verdicts = {report.verification.verdict_of(row.layer, row.call) for row in rows}
        lines += [f"{mark} {meaning}" for verdict, (mark, meaning) in PROOFS.items() if verdict in verdicts]
        in_part = {mark for row in rows if (mark := proof(report.verification, row)).startswith("(")}
        lines += [f"{', '.join(sorted(in_part))} {IN_PART}"] if in_part else []
    notes: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(plain(row.note), []).append(layer_name(row.layer, row.call))
    lines += [
        f"{examples(layers)}{', each' if len(layers) > 1 else ''}: {note}"
        for note, layers in list(notes.items())[:NOTES_AT_MOST]
    ]
    more = len(notes) - NOTES_AT_MOST
    return [*lines, f"and {more:,} more notes: `row.note` of the rows"] if more > 0 else lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The disagreements of one code."""

    code: str
    quantity: str
    explained: bool
    members: tuple[Disagreement, ...]

    @property
    def layers(self) -> list[str]:
        return list(dict.fromkeys(layer_name(member.layer, member.call) for member in self.members))

    @property
    def count(self) -> str:
        number = len(self.layers)
        return "1 layer" if number == 1 else f"{number:,} layers"


def groups(report: Report) -> list[Group]:
    """Returns the disagreements by code, those without an explanation first."""
    found: dict[tuple[bool, str, str], list[Disagreement]] = {}
    for item in report.disagreements:
        found.setdefault((item.explained, item.code, item.quantity), []).append(item)
    return [
        Group(code=plain(code), quantity=plain(quantity), explained=explained, members=tuple(members))
        for (explained, code, quantity), members in sorted(found.items(), key=lambda entry: entry[0])
    ]


def examples(names: Sequence[str]) -> str:
    """Returns the first few names.

    >>> examples(["a"]), examples(["a", "b", "c", "d", "e"])
    ('a', 'a, b, c and 2 more')
    """
    more = len(names) - EXAMPLES_AT_MOST
    return ", ".join(names[:EXAMPLES_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")


def ratio_text(item: Disagreement) -> str:
    """Returns counted over expected, to enough digits that it does not read as 1; nothing where there is no ratio."""
    ratio = item.ratio
    if ratio is None or ratio == inf:
        return ""
    if abs(ratio) >= 1000:
        return f"{ratio:,.0f}"
    return next((text for digits in (3, 6, 12) if (text := f"{ratio:.{digits}g}") != "1"), "1")


def claimant(code: str) -> str:
    """Returns who says otherwise: the textbook, or Keras' own summary."""
    return "summary" if code.startswith("K") else "textbook"


def claimants(report: Report) -> str:
    """Returns all who say otherwise."""
    named = {"textbook": "the textbook", "summary": "model.summary()"}
    found = {claimant(item.code) for item in report.disagreements}
    return " and ".join(text for name, text in named.items() if name in found)


DETAILS = ("Code", "Layer", "Quantity", "Formula", "Expected", "Counted", "Ratio", "Explained", "Reason")
"""Columns of the table of disagreements."""

NUMERIC_DETAILS = ("Expected", "Counted", "Ratio")


def details(report: Report) -> list[tuple[str, ...]]:
    """Returns each disagreement as the cells under `DETAILS`, those without an explanation first."""
    return [
        (
            group.code,
            layer_name(item.layer, item.call),
            group.quantity,
            plain(item.formula),
            value_text(item.expected),
            value_text(item.actual),
            ratio_text(item),
            "yes" if item.explained else "NO",
            plain(item.reason),
        )
        for group in groups(report)
        for item in group.members
    ]
