"""The floors of the package, read from the syntax tree: who may import whom, and who may look inside Keras."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "keras_cnnstats"

# (floor, place on the floor). A module imports from lower floors, from its own folder, and on floors where the order
# matters from the places before its own.
FLOORS: dict[str, tuple[int, int]] = {
    "errors": (0, 0),
    "console": (0, 0),
    "collector": (0, 1),
    "units": (0, 1),
    "amounts": (0, 1),
    "field": (0, 2),
    "primitives": (1, 0),
    "placement": (1, 0),
    "graph": (1, 1),
    "layers": (2, -1),  # the reference layers stand aside: they use floors 0 and 1, and floor 2 may use them
    "measure": (2, -1),
    "capture": (2, 0),
    "rules": (2, 1),  # ask capture for the classes that Keras keeps to itself
    "sight": (3, 0),
    "meet": (3, 1),
    "propagate": (3, 2),
    "memory": (3, 2),
    "disagree": (3, 3),
    "describe": (3, 2),
    "training": (3, 5),
    "precision": (3, 3),
    "sharding": (3, 5),
    "pages": (4, 0),
    "records": (4, 0),
    "verification": (4, 0),
    "totals": (4, 1),
    "reports": (4, 2),
    "folding": (4, 3),
    "alignment": (4, 3),
    "comparison": (4, 4),
    "reconcile": (4, 3),
    "roofline": (4, 3),
    "strictness": (4, 3),
    "rows": (4, 4),
    "analysis": (4, 5),
    "verify": (5, 0),
    "render": (5, 0),
    "weightless": (6, 0),
    "equivalence": (6, 0),
    "counting": (6, 0),
    "explaining": (6, 0),
    "comparing": (6, 1),
    "sweeping": (6, 3),  # holds rows against budgets
    "callbacks": (6, 3),
    "budgets": (6, 2),
    "reading": (6, 2),
    "testing": (6, 5),
    "__init__": (7, 0),
    "cli": (8, 0),
    "pytest_plugin": (8, 0),
    "__main__": (8, 1),
}

# What an analysis returns offers `to_text()`, `reconcile()` and the like: it calls upwards, in functions, so that only
# who asks pays, and may name for mypy what it gets.
CALLS_UPWARDS = {
    ("reports", "render"),
    ("reports", "folding"),
    ("reports", "analysis"),
    ("reports", "reconcile"),
    ("reconcile", "render"),
    ("comparison", "render"),
    ("reports", "roofline"),
    ("roofline", "render"),
    ("reports", "verify"),
}

IMPORTS_KERAS = {
    "measure",
    "capture",
    "rules",
    "layers",
    "verify",
    "counting",
    "equivalence",
    "explaining",
    "reading",
    "callbacks",
    "sweeping",
    "cli",
    "testing",
}
BACKENDS = {"tensorflow", "jax", "torch"}
IMPORTS_BACKENDS = {"measure", "verify", "callbacks"}  # all else works on each of them alike
LOOKS_INSIDE_KERAS = {"capture"}

PRIVATE = re.compile(r"_[a-z]\w*")
PUBLIC_DESPITE_UNDERSCORE = {"_asdict", "_fields", "_make", "_replace"}  # of NamedTuple


def place_of(module: str) -> str:
    """The row of the table that a dotted name below the package stands in: `render` for `render.text`."""
    return module.split(".")[0]


def imports(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Each imported dotted name, its line, and whether it is imported inside a function or for mypy alone."""

    def visit(node: ast.AST, inside: bool) -> Iterator[tuple[str, int, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            # `from package import name` imports a module of that name if there is one.
            yield from ((f"{module}.{alias.name}", node.lineno, inside) for alias in node.names)
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse
        deeper = inside or for_types or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, deeper)

    return visit(tree, False)


def misplaced_imports(module: str, source: str) -> list[str]:
    """What `source`, as the module `keras_cnnstats.<module>`, imports and must not."""
    place = place_of(module)
    if place not in FLOORS:
        return [f"{module}: not in the table of floors; enter it in FLOORS, on the floor that its imports allow"]
    found = []
    for name, line, inside in imports(ast.parse(source)):
        top, _, below = name.partition(".")
        if not top:
            found.append(f"{module}:{line}: `{name}` is relative; write `keras_cnnstats...`")
        elif top == "keras_cnnstats":
            target = place_of(below)
            if target not in FLOORS and target in {place_of(name) for name in modules()}:
                found.append(f"{module}:{line}: imports `{target}`, which is not in the table of floors")
                continue
            # What is no module is a name of the package itself, which stands on top.
            target = target if target in FLOORS else "__init__"
            allowed = target == place or FLOORS[target] < FLOORS[place]
            if not allowed and not (inside and (place, target) in CALLS_UPWARDS):
                floors = f"floor {FLOORS[place][0]} imports `{target}` of floor {FLOORS[target][0]}"
                found.append(f"{module}:{line}: {floors}; a file imports only from below")
        elif top == "keras" and place not in IMPORTS_KERAS:
            found.append(f"{module}:{line}: imports Keras; only {', '.join(sorted(IMPORTS_KERAS))} may")
        elif top in BACKENDS and place not in IMPORTS_BACKENDS:
            found.append(
                f"{module}:{line}: imports the backend `{top}`; only {' and '.join(sorted(IMPORTS_BACKENDS))} may"
            )
    return found


def is_own(node: ast.expr) -> bool:
    """Whether the expression is `self`, `cls` or `super()`, whose private names are the module's own."""
    if isinstance(node, ast.Call):
        node = node.func
    return isinstance(node, ast.Name) and node.id in {"self", "cls", "super"}


def private_names(module: str, source: str) -> list[str]:
    """Where `source` reaches for somebody else's private names, or for the inside of Keras."""
    if place_of(module) in LOOKS_INSIDE_KERAS:
        return []
    tree = ast.parse(source)
    # Private names that this module defines are its own, whatever the variable is called that holds the object.
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            own.add(node.target.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value):
            own.add(node.attr)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = node.attr
            if PRIVATE.fullmatch(name) and name not in own | PUBLIC_DESPITE_UNDERSCORE and not is_own(node.value):
                found.append((node.lineno, f"the private attribute `{name}`"))
            if name == "src" and isinstance(node.value, ast.Name) and node.value.id == "keras":
                found.append((node.lineno, "`keras.src`"))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if called in {"getattr", "hasattr", "setattr", "delattr", "attrgetter"} and not is_own(node.args[0]):
                texts = [t for t in texts if PRIVATE.fullmatch(t) and t not in PUBLIC_DESPITE_UNDERSCORE]
                found += [(node.lineno, f"the private attribute `{text}`") for text in texts]
            if called == "import_module":
                found += [(node.lineno, "`keras.src`") for t in texts if t.startswith("keras.src")]
    for name, line, _ in imports(tree):
        if name.startswith("keras.src"):
            found.append((line, "`keras.src`"))
        elif name.startswith("keras_cnnstats.") and PRIVATE.fullmatch(name.rpartition(".")[2]):
            found.append((line, f"another module's private `{name}`"))
    return [f"{module}:{line}: reaches for {what}; only capture looks inside" for line, what in sorted(set(found))]


def modules() -> list[str]:
    paths = [path.relative_to(PACKAGE).with_suffix("") for path in sorted(PACKAGE.rglob("*.py"))]
    return [".".join(path.parts) for path in paths]


def source_of(module: str) -> str:
    return (PACKAGE / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", modules())
def test_module_imports_only_from_floors_below(module):
    assert misplaced_imports(module, source_of(module)) == []


@pytest.mark.parametrize("module", modules())
def test_module_leaves_private_names_alone(module):
    assert private_names(module, source_of(module)) == []


def test_the_package_is_read():
    assert "errors" in modules()


def test_the_page_on_architecture_has_the_same_floors():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = [line.split("|") for line in page.splitlines() if re.match(r"\| \d", line)]
    told = [(module, int(cells[1])) for cells in lines for module in re.findall(r"`(\w+)`", cells[3])]
    assert sorted(told) == sorted((module, floor) for module, (floor, _) in FLOORS.items())


def reached() -> set[tuple[str, str]]:
    """Which place imports what: another place of ours, or a package."""
    found = set()
    for module in modules():
        for name, _, _ in imports(ast.parse(source_of(module))):
            top, _, below = name.partition(".")
            found.add((place_of(module), place_of(below) if top == "keras_cnnstats" else top))
    return found


def test_every_exception_is_made_use_of():
    pairs = reached()
    assert {place for place, target in pairs if target == "keras"} == IMPORTS_KERAS
    assert {place for place, target in pairs if target in BACKENDS} == IMPORTS_BACKENDS
    assert pairs >= CALLS_UPWARDS
    assert any(
        private_names(f"beside.{each}", source_of(each)) for each in modules() if place_of(each) in LOOKS_INSIDE_KERAS
    )


# That the checks can fail, and do not where they must not.

MISPLACED = {
    "from above": ("units", "from keras_cnnstats.reports import Report", "imports `reports` of floor 4"),
    "from above, as a module": ("units", "from keras_cnnstats import graph", "imports `graph` of floor 1"),
    "from above, plain": ("graph", "import keras_cnnstats.rules.core", "imports `rules` of floor 2"),
    "from above, inside a function": ("propagate", "def f():\n    from keras_cnnstats.analysis import g", "floor 4"),
    "from above, inside a method": (
        "field",
        "class A:\n    def f(self):\n        import keras_cnnstats.graph",
        "floor 1",
    ),
    "from above, for types": ("units", "if TYPE_CHECKING:\n    from keras_cnnstats.graph import Call", "floor 1"),
    "against the order of floor 0": (
        "errors",
        "from keras_cnnstats.units import Count",
        "floor 0 imports `units` of floor 0",
    ),
    "against the order of floor 4": ("reports", "from keras_cnnstats.analysis import analyze", "imports `analysis`"),
    "against the order of floor 3": ("propagate", "from keras_cnnstats.disagree import compare", "imports `disagree`"),
    "beside, from capture": ("capture", "from keras_cnnstats.rules import core", "imports `rules`"),
    "beside, from verify": ("verify.jax", "from keras_cnnstats.render.text import to_text", "imports `render`"),
    "beside, from render": ("render.text", "from keras_cnnstats.verify.jax import count", "imports `verify`"),
    "against the order of floor 1": ("primitives.base", "from keras_cnnstats.graph import Call", "imports `graph`"),
    "the exception, at module level": ("reports", "from keras_cnnstats.render.text import to_text", "imports `render`"),
    "the exception, of another": ("propagate", "def f():\n    import keras_cnnstats.render.text", "imports `render`"),
    "layers from floor 2": ("layers.conv", "from keras_cnnstats.rules import core", "imports `rules`"),
    "the package itself": ("callbacks", "from keras_cnnstats import analyze", "imports `__init__`"),
    "the package itself, plain": ("callbacks", "import keras_cnnstats", "imports `__init__`"),
    "relative": ("render.text", "from .markup import escape", "is relative"),
    "a module that is not in the table": ("misc", "import math", "not in the table of floors"),
    "Keras": ("primitives.base", "import keras", "imports Keras"),
    "Keras, inside a function": ("reports", "def f():\n    from keras.layers import Dense", "imports Keras"),
    "Keras, under another name": ("render.text", "import keras as k", "imports Keras"),
    "a backend": ("capture", "import tensorflow as tf", "imports the backend `tensorflow`"),
}


@pytest.mark.parametrize("case", MISPLACED)
def test_misplaced_import_is_found(case):
    module, source, message = MISPLACED[case]
    (found,) = misplaced_imports(module, source)
    assert message in found


WELL_PLACED = {
    "from below": ("render.text", "from keras_cnnstats.reports import Report\nfrom keras_cnnstats import units"),
    "in order on floor 0": ("field", "from keras_cnnstats.units import Extent"),
    "in order on floor 4": ("analysis", "from keras_cnnstats.reports import Report"),
    "in order on floor 2": ("rules.core", "from keras_cnnstats.capture import application_layer"),
    "in one folder": ("rules.core", "from keras_cnnstats.rules.registry import rule"),
    "the exception": ("reports", "def f():\n    from keras_cnnstats.render.text import to_text"),
    "the exception, for types": (
        "reports",
        "if TYPE_CHECKING:\n    from keras_cnnstats.reconcile import Reconciliation",
    ),
    "the package offers what is below": ("__init__", "from keras_cnnstats.callbacks import StatsLogger"),
    "a rule of a reference layer": ("rules.ours", "from keras_cnnstats.layers.conv import Reference"),
    "Keras where it may be": ("capture.functional", "import keras"),
    "a package whose name begins like Keras": ("render.text", "import keras_tuner"),
    "a backend that counts": ("measure.jax", "def f():\n    import jax"),
    "a backend where it may be": ("verify.tensorflow", "def f():\n    import tensorflow as tf"),
}


@pytest.mark.parametrize("case", WELL_PLACED)
def test_well_placed_import_passes(case):
    assert misplaced_imports(*WELL_PLACED[case]) == []


PEEKING = {
    "an attribute": "nodes = layer._inbound_nodes",
    "an attribute, written": "layer._name = 'x'",
    "an attribute of an attribute of self": "class A:\n    def f(self):\n        return self.layer._inbound_nodes",
    "getattr": "getattr(layer, '_inbound_nodes', [])",
    "hasattr": "hasattr(layer, '_inbound_nodes')",
    "keras.src imported": "import keras.src.backend",
    "keras.src imported from": "from keras.src import backend",
    "keras.src imported in a function": "def f():\n    from keras.src.ops.node import Node",
    "keras.src as an attribute": "import keras\nnode = keras.src.ops.node.Node",
    "keras.src by name": "import importlib\nimportlib.import_module('keras.src.backend')",
    "our own, of another module": "from keras_cnnstats.units import _secret",
}


@pytest.mark.parametrize("case", PEEKING)
def test_private_name_is_found(case):
    assert len(private_names("abstract", PEEKING[case])) == 1


@pytest.mark.parametrize("case", PEEKING)
def test_capture_may_look_inside(case):
    assert private_names("capture", PEEKING[case]) == []


NOT_PEEKING = {
    "of self": "class A:\n    def f(self):\n        return self._x",
    "of cls": "class A:\n    @classmethod\n    def f(cls):\n        return cls._x",
    "of super": "class A:\n    def f(self):\n        return super()._x",
    "of the other operand": "class A:\n    def f(self, other):\n        self._x = 1\n        return other._x",
    "of a named tuple": "work._replace(macs=1)",
    "of a named tuple, by name": "getattr(work, '_fields', ())",
    "special": "type(layer).__name__",
    "an unused value": "for _, x in pairs: pass",
}


@pytest.mark.parametrize("case", NOT_PEEKING)
def test_own_private_name_passes(case):
    assert private_names("reports", NOT_PEEKING[case]) == []
