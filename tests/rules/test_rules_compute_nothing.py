"""A rule says which primitives a layer is; it does no arithmetic, has no loop and reads no weight's value."""

import ast
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "keras_cnnstats" / "rules"
BESIDE = {"__init__.py", "registry.py", "gaps.py"}
"""Files that hold no rules of layers."""

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
SUMMING = {"sum", "min", "max", "abs", "divmod", "accumulate", "reduce"}
READING = {"numpy", "get_weights", "convert_to_numpy", "value"}


def computing(source: str) -> list[str]:
    """What a file computes, by line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.For | ast.While | ast.AugAssign):
            found.append((node.lineno, type(node).__name__))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC) and not is_repeated(node):
            found.append((node.lineno, type(node.op).__name__))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not is_number(node.operand):
            found.append((node.lineno, "USub"))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SUMMING:
            found.append((node.lineno, node.func.id))
        elif isinstance(node, ast.Attribute) and node.attr in READING:
            found.append((node.lineno, node.attr))
    return [f"{line}: {what}" for line, what in sorted(found)]


def is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id == "inf")


def is_repeated(node: ast.BinOp) -> bool:
    """Whether it is a list or a tuple several times over."""
    return isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List | ast.Tuple)


@pytest.mark.parametrize(
    "path", sorted(set(RULES.glob("*.py")) - {RULES / name for name in BESIDE}), ids=lambda p: p.name
)
def test_rules_compute_nothing(path: Path) -> None:
    assert computing(path.read_text(encoding="utf-8")) == [], "a primitive is missing, or a function of one"


@pytest.mark.parametrize(
    "source",
    ["total = a * b", "n = size // 2", "before = -margin", "n = sum(sizes)", "for x in y:\n    f(x)", "w = v.numpy()"],
)
def test_rule_that_computes_is_found(source: str) -> None:
    assert len(computing(source)) == 1


@pytest.mark.parametrize("source", ["axes = (1,) * rank", "axis = -1", "f(x) if x else []", "[f(x) for x in y]"])
def test_rule_that_computes_nothing_passes(source: str) -> None:
    assert computing(source) == []
