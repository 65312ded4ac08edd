"""The report for a paper: a LaTeX `longtable` with `booktabs` rules."""

import os
import re
from collections.abc import Iterable, Sequence

from keras_cnnstats.render import cells, content
from keras_cnnstats.render.files import deliver
from keras_cnnstats.reports import Report

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "×": r"\ensuremath{\times}",
    "·": r"\ensuremath{\cdot}",
    "≥": r"\ensuremath{\ge}",
    "≤": r"\ensuremath{\le}",
    "−": r"\ensuremath{-}",
    # The marks of verdicts; a check mark would need a package.
    "✓": "+",
    "≈": r"\ensuremath{\approx}",
    "✗": r"\ensuremath{\times}",
    "–": r"{\textendash}",
    # A bracket or a star behind \\ would be its argument, and two hyphens one dash.
    **{char: f"{{{char}}}" for char in "[]*-"},
    **{char: f"\\{char}" for char in "&%$#_"},
}

_LETTERS = frozenset("äöüÄÖÜßáàâãåçéèêëíìîïñóòôõøúùûýÿÁÀÂÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÕØÚÙÛÝæÆ")
"""Letters beyond ASCII that every LaTeX engine has in its usual font; others show as escapes."""


def to_latex(report: Report, path: str | os.PathLike[str] | None = None, columns: Sequence[str] | None = None) -> str:
    """Returns the report as a `longtable`, or writes it to `path`.

    The preamble needs the packages `booktabs`, `longtable`, `array` and `[T1]{fontenc}`. Characters that plain
    `pdflatex` has no glyph for show as escapes, so that the document compiles with any engine.
    """
    parts = [
        "% Preamble: \\usepackage[T1]{fontenc}\\usepackage{array,booktabs,longtable}",
        *(f"\\noindent {_escaped(line)}\\par" for line in content.heading(report)),
        "{\\footnotesize\\setlength{\\tabcolsep}{4pt}",
        *_table(report, columns),
        "}",
        *(f"\\noindent {_escaped(line)}\\par" for line in [*content.sums(report), *content.legend(report)]),
        *(_disagreements(report) if report.disagreements else []),
    ]
    return deliver("\n".join(parts) + "\n", path)


def _table(report: Report, names: Sequence[str] | None) -> Iterable[str]:
    columns = cells.chosen(report, names)
    titles = [column.title for column in columns]
    rows = [_row(record) for record in zip(*(column.cells for column in columns), strict=True)]
    total = ["\\midrule", _row(content.total_cells(report, titles))]
    return _longtable("".join("r" if column.numeric else "l" for column in columns), titles, [*rows, *total])


def _disagreements(report: Report) -> list[str]:
    rows = [
        _row((group.code, f"{group.count}: {content.examples(group.layers)}", _reason(group)))
        for group in content.groups(report)
    ]
    wide = ">{\\raggedright\\arraybackslash}p{0.4\\linewidth}"
    lines = _longtable(
        f"l{wide}{wide}", ("Code", "Layers", f"Where {content.claimants(report)} disagree, and why"), rows
    )
    return ["{\\footnotesize", *lines, "}"]


def _reason(group: content.Group) -> str:
    reason = cells.plain(group.members[0].reason)
    return reason if group.explained else f"UNEXPLAINED: {reason}"


def _longtable(alignment: str, titles: Sequence[str], rows: Iterable[str]) -> list[str]:
    head = ["\\toprule", _row(titles), "\\midrule"]
    return [
        f"\\begin{{longtable}}{{@{{}}{alignment}@{{}}}}",
        *head,
        "\\endfirsthead",
        *head,
        "\\endhead",
        *rows,
        "\\bottomrule",
        "\\end{longtable}",
    ]


def _row(record: Sequence[str]) -> str:
    return " & ".join(_escaped(cell) for cell in record) + " \\\\"


def _escaped(text: str) -> str:
    r"""Returns text that LaTeX prints as it stands.

    >>> print(_escaped(r"a_b & 5% \input{x}"))
    a\_b \& 5\% \textbackslash{}input\{x\}
    """
    known = re.sub(
        r"[^\x00-\x7f]",
        lambda match: match[0] if match[0] in _SPECIAL or match[0] in _LETTERS else ascii(match[0])[1:-1],
        text,
    )
    return "".join(_SPECIAL.get(char, char) for char in known)
