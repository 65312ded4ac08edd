"""The documentation site: `make docs` builds it with Sphinx, strictly and without a network."""

import re
from pathlib import Path
from typing import Any

import keras_cnnstats
from keras_cnnstats.disagree import CODES
from keras_cnnstats.pages import OTHERS, page

project = "keras_cnnstats"
author = copyright = "the contributors of keras_cnnstats"
version = release = keras_cnnstats.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True
# Types of the standard library, of Keras and of pandas have their pages elsewhere, and the site needs no network.
nitpick_ignore_regex = [("py:.*", r"(?!keras_cnnstats\.).*")]

myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "keras_cnnstats"
html_static_path = ["style"]
html_css_files = ["wide.css"]
html_js_files = ["accessible.js"]
html_copy_source = False

GENERATED = Path(__file__).parent / "codes"
"""The pages of the codes, as `cnnstats explain` prints them: made of those of the package."""

OUTSIDE = re.compile(r"\[([^]]+)\]\(\.\./[^)]+\)")
"""Links to files of the repository that are no pages."""

_HEAD = """# Where count and formula part

Where what was counted is not what a formula of the textbooks gives, the report has a *disagreement*: with a code, the
formula with the numbers put in, and the reason. P is for parameters, K for what `model.summary()` says, S for shapes, F
for FLOPs, R for receptive fields; a 0 is one that nobody has explained yet. `cnnstats explain F3` prints the pages too.

| code | about | why |
| --- | --- | --- |
"""


def setup(app: Any) -> None:
    """Makes the pages that are made, and takes links out of the site back to names."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _without_links_outside)
    app.connect("autodoc-skip-member", _is_told_by_its_class)


def _write_pages(_: Any) -> None:
    GENERATED.mkdir(exist_ok=True)
    for name in (*CODES, *OTHERS):
        (GENERATED / f"{name}.md").write_text(page(name), encoding="utf-8")
    rows = "".join(f"| [{code}]({code}.md) | {about.title} | {about.reason} |\n" for code, about in CODES.items())
    tree = "\n".join(["", "```{toctree}", ":hidden:", "", *CODES, "```", ""])
    (GENERATED / "index.md").write_text(_HEAD + rows + tree, encoding="utf-8")


def _without_links_outside(_: Any, __: str, source: list[str]) -> None:
    source[0] = OUTSIDE.sub(r"`\1`", source[0])


def _is_told_by_its_class(_: Any, __: str, ___: str, member: Any, is_skipped: bool, ____: Any) -> bool:
    # The fields of a named tuple stand in the docstring of their class.
    return is_skipped or type(member).__name__ == "_tuplegetter"
