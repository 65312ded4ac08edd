"""The documentation site: `make docs` builds it with Sphinx, strictly and without a network."""

import re
from typing import Any

import keras_cnnstats
from docs.generated import write

project = "keras_cnnstats"
author = copyright = "the contributors of keras_cnnstats"
version = release = keras_cnnstats.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True
# Types of the standard library, of Keras and of pandas have their pages elsewhere, and the site needs no network.
# So do the inner parts of primitives, which nobody has to name.
nitpick_ignore_regex = [
    ("py:.*", r"(?!keras_cnnstats\.).*"),
    ("py:class", r"keras_cnnstats\.(primitives\.\w+|equivalence\.links|reports)\.(?!Report\b)\w+"),
]

default_role = "literal"  # what stands in backticks in docstrings
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "keras_cnnstats"
html_static_path = ["style"]
html_css_files = ["wide.css"]
html_js_files = ["accessible.js"]
html_copy_source = False


def setup(app: Any) -> None:
    """Makes the pages that are made, leads links there, and turns those that lead out of the site into names."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _with_links_inside)
    app.connect("source-read", _without_links_outside)
    app.connect("autodoc-skip-member", _is_told_by_its_class)
    app.connect("autodoc-process-bases", _public_bases)
    app.connect("autodoc-process-docstring", _without_a_type, priority=400)  # before napoleon


def _write_pages(_: Any) -> None:
    write()


_MADE = (
    (r"\.\./keras_cnnstats/pages\)", "codes/index.md)"),
    (r"\.\./keras_cnnstats/pages/", "codes/"),
    (r"\.\./examples/(\w+)\.ipynb", r"tours/\1.md"),
    (r"\.\./examples/([a-e]_\w+)\.py#", r"lessons/\1.md#"),
)
"""Links that lead a reader of the repository to what a page of the site is made of, and that page."""


def _with_links_inside(_: Any, page: str, source: list[str]) -> None:
    for outside, inside in () if "/" in page else _MADE:
        source[0] = re.sub(rf"\]\({outside}", f"]({inside}", source[0])


def _without_links_outside(_: Any, page: str, source: list[str]) -> None:
    up = "../" * (page.count("/") + 1)
    source[0] = re.sub(rf"\[([^]]+)\]\({re.escape(up)}[^)]+\)", r"`\1`", source[0])


def _public_bases(_: Any, __: str, ___: Any, ____: Any, bases: list[Any]) -> None:
    """Names our own bases as users see them."""
    for place, base in enumerate(bases):
        if base.__name__ in keras_cnnstats.__all__:
            bases[place] = f":py:exc:`keras_cnnstats.{base.__name__}`"


def _without_a_type(_: Any, kind: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    # Napoleon takes what stands before a colon in the first line of a property for its type: an empty comment has none.
    if kind in ("property", "attribute", "data"):
        lines[:0] = ["..", ""]


def _is_told_by_its_class(_: Any, __: str, ___: str, member: Any, is_skipped: bool, ____: Any) -> bool:
    # The fields of a named tuple stand in the docstring of their class.
    return is_skipped or type(member).__name__ == "_tuplegetter"
