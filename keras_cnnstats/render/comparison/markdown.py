"""A comparison as Markdown, made for a comment on a pull request: a verdict, the totals, and what changed, folded."""

import os
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from keras_cnnstats.comparison import Change, Comparison
from keras_cnnstats.render.cells import plain
from keras_cnnstats.render.comparison import aligned, content
from keras_cnnstats.render.display import shorten
from keras_cnnstats.render.files import deliver
from keras_cnnstats.render.markup import code, pipes, prose, text_line

LETTERS_AT_MOST = 60_000
"""A comment on GitHub has at most 65,536 characters, and may say something else too."""

ROWS_AT_MOST = (100, 50, 20, 5, 0)
"""Changes in the whole text: the first number of these with which it is short enough."""

MODELS_AT_MOST = 10
"""Models that are shown."""

MODEL_NAME_AT_MOST, NAME_AT_MOST = 40, 60
"""Characters of a model's name, and of a layer's."""

MARKS = {1: "▲", -1: "▼", 0: ""}
"""Marks of what grew and of what shrank."""


def to_markdown(comparison: Comparison, path: str | os.PathLike[str] | None = None) -> str:
    """Returns the comparison as GitHub-flavoured Markdown, or writes it to `path`."""
    more = len(comparison.names) - MODELS_AT_MOST
    if more > 0:
        comparison = replace(
            comparison, names=comparison.names[:MODELS_AT_MOST], reports=comparison.reports[:MODELS_AT_MOST]
        )
    texts = (_text(comparison, more, rows) for rows in ROWS_AT_MOST)
    return deliver(next((text for text in texts if len(text) <= LETTERS_AT_MOST), _text(comparison, more, 0)), path)


def _text(comparison: Comparison, more: int, rows: int) -> str:
    each = aligned.of_each(comparison)
    parts = [_heading(comparison, number) for number, _ in each] if len(each) == 1 else [_headings(comparison)]
    parts += [f"and {more:,} more models"] if more > 0 else []
    if not comparison.is_same:
        parts.append(_totals(comparison))
        parts += [_changes(comparison, number, changes, rows // len(each)) for number, changes in each]
    parts.append(_small_print(comparison))
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(comparison: Comparison, number: int) -> str:
    verdict = content.verdict(comparison, number)
    return f"### {_between(comparison, number)}: {prose(verdict[0].upper() + verdict[1:])}"


def _headings(comparison: Comparison) -> str:
    """The verdicts one under the other."""
    lines = [
        f"- {_between(comparison, number)}: {prose(content.verdict(comparison, number))}"
        for number in range(1, len(comparison.names))
    ]
    return "\n".join([f"### {len(comparison.names) - 1} models against {_name(comparison.names[0])}\n", *lines])


def _between(comparison: Comparison, number: int) -> str:
    return f"{_name(comparison.names[0])} {content.ARROW} {_name(comparison.names[number])}"


def _name(name: str) -> str:
    return _code(shorten(plain(name), MODEL_NAME_AT_MOST))


def _totals(comparison: Comparison) -> str:
    """The totals that changed; the others are named under the table."""
    totals = content.totals(comparison)
    changed = [total for total in totals if set(total.differences) != {"="} or total.name in content.ALWAYS]
    same = [total.label for total in totals if total not in changed]
    others = range(len(comparison.names) - 1)
    titles = ["", _name(comparison.names[0])]
    for name in comparison.names[1:]:
        titles += [_name(name), "Change"]
    rows = []
    for total in changed:
        cells = [prose(total.label), prose(total.values[0])]
        for place in others:
            cells += [prose(total.values[place + 1]), prose(_difference(total, place))]
        rows.append(cells)
    table = pipes(rows, titles, [False, *[True] * (len(titles) - 1)])
    return f"{table}\n\n{text_line('Unchanged: ' + ', '.join(same))}" if same else table


def _difference(total: content.Total, place: int) -> str:
    said = [MARKS[total.directions[place]], total.differences[place], total.shares[place]]
    return " ".join(f"({text})" if text and text == total.shares[place] else text for text in said if text)


def _changes(comparison: Comparison, number: int, changes: Sequence[Change], room: int) -> str:
    """What changed against one model, folded."""
    listed, seeing = aligned.blocks(aligned.listed(changes)), aligned.seeing_otherwise(changes)
    if not listed and not seeing:
        return ""
    title = aligned.tally(changes)
    if len(comparison.names) > 2:
        title = f"{shorten(plain(comparison.names[number]), MODEL_NAME_AT_MOST)}: {title}"
    parts = [f"<details><summary>Layers: {_unnoticed(escape(title))}</summary>"]
    if listed[:room]:
        columns = aligned.columns(listed[:room])
        styles = [_cell if column.title in ("Layer", "Type") else _prose for column in columns]
        cells = [[style(cell) for cell in column.cells] for style, column in zip(styles, columns, strict=True)]
        titles, numeric = [column.title for column in columns], [column.numeric for column in columns]
        parts.append(pipes(list(zip(*cells, strict=True)), titles, numeric))
    if len(listed) > room:
        parts.append(f"and {sum(map(len, listed[room:])):,} more")
    return "\n\n".join([*parts, *([_unnoticed(text_line(_short(seeing)))] if seeing else []), "</details>"])


def _cell(text: str) -> str:
    return f" {content.ARROW} ".join(_code(each) for each in text.split(f" {content.ARROW} "))


def _prose(text: str) -> str:
    return _unnoticed(prose(text))


def _code(text: str) -> str:
    shown = code(shorten(text, NAME_AT_MOST))
    return shown if shown.startswith("`") else _unnoticed(shown)


def _small_print(comparison: Comparison) -> str:
    """What the numbers are of."""
    return "  \n".join(f"<sub>{_unnoticed(text_line(_short(line)))}</sub>" for line in content.headings(comparison))


def _short(line: str) -> str:
    return shorten(line, 5 * NAME_AT_MOST)


def _unnoticed(text: str) -> str:
    """Text in which a name that begins like somebody's calls nobody to the pull request."""
    return text.replace("@", "@<!-- -->")
