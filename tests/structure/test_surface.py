"""The public names: a list that changes only on purpose, together with the changelog."""

import inspect
import pkgutil
import re
import types
from dataclasses import is_dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

import keras_cnnstats

ROOT = Path(__file__).parents[2]

PUBLIC = (
    "BudgetError",
    "CNNStatsError",
    "CNNStatsWarning",
    "CallbackError",
    "Check",
    "ColumnError",
    "Comparison",
    "ConventionError",
    "Counted",
    "Disagreement",
    "DistributionError",
    "Explanation",
    "FileError",
    "FormatError",
    "InputShapeError",
    "MachineError",
    "MissingDependencyError",
    "ModelError",
    "Report",
    "Row",
    "RuleError",
    "StatsLogger",
    "SweepError",
    "Term",
    "Totals",
    "UnknownCodeError",
    "UnknownCostError",
    "UnknownLayerError",
    "Verification",
    "VerificationError",
    "__version__",
    "abstract",
    "analyze",
    "assert_budget",
    "compare",
    "count_operations",
    "equivalence",
    "explain",
    "layers",
    "pareto",
    "read_model",
    "report",
    "rule",
    "sweep",
    "testing",
)


def submodules() -> list[str]:
    return [module.name for module in pkgutil.walk_packages(keras_cnnstats.__path__, "keras_cnnstats.")]


def documentation(thing: object) -> str:
    """What somebody wrote about it; neither what Python makes up for a dataclass nor what it says of every `str`."""
    text = vars(thing).get("__doc__") if isinstance(thing, type) else inspect.getdoc(thing)
    made_up = isinstance(thing, type) and str(text).startswith(f"{thing.__name__}(")
    return "" if made_up or not text else text


def test_the_list_is_sorted_and_has_no_name_twice():
    assert list(PUBLIC) == sorted(set(PUBLIC))


def test_all_is_the_frozen_list():
    assert tuple(sorted(keras_cnnstats.__all__)) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_there_and_documented(name):
    thing = getattr(keras_cnnstats, name)
    if name != "__version__":
        assert documentation(thing)


def is_record(thing: object) -> bool:
    return isinstance(thing, type) and (hasattr(thing, "_fields") or is_dataclass(thing))


def lacking(thing: object) -> str:
    """What its documentation does not have: a function an example, a record its attributes."""
    if inspect.isfunction(thing):
        return "" if ">>>" in documentation(thing) else "an example"
    return "attributes" if is_record(thing) and "Attributes:" not in documentation(thing) else ""


@pytest.mark.parametrize("name", PUBLIC)
def test_functions_have_an_example_and_records_their_attributes(name):
    assert lacking(getattr(keras_cnnstats, name)) == ""


@pytest.mark.parametrize("name", keras_cnnstats.layers.__all__)
def test_each_reference_layer_has_an_example(name):
    assert ">>>" in documentation(getattr(keras_cnnstats.layers, name))


def test_the_package_is_documented():
    assert keras_cnnstats.__doc__


def test_dir_offers_nothing_else():
    offered = {name for name in dir(keras_cnnstats) if not name.startswith("_")}
    modules = {name.split(".")[1] for name in submodules()}
    assert offered - set(PUBLIC) - modules == set()


def test_a_submodule_with_a_public_name_is_what_is_public():
    # Python binds a module to its name in the package when it is imported: a `report.py` would hide `report()`.
    named = {name.split(".")[1] for name in submodules()} & set(PUBLIC)
    assert named == {name for name in PUBLIC if isinstance(getattr(keras_cnnstats, name), types.ModuleType)}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'keras_cnnstats' has no attribute 'analyse'"):
        _ = keras_cnnstats.analyse


def test_missing_documentation_is_noticed():
    class Undocumented:
        pass

    class ChildError(ValueError):
        pass

    assert documentation(Undocumented) == documentation(ChildError) == documentation(lambda: None) == ""


def test_the_reference_has_every_public_name():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert [name for name in PUBLIC if not re.search(rf"keras_cnnstats\.{name}\b", page)] == []


def test_documentation_without_an_example_or_attributes_is_noticed():
    class Pair(NamedTuple):
        """Two numbers."""

        first: int

    def plain() -> None:
        """Does nothing."""

    def shown() -> None:
        """Does nothing.

        >>> shown()
        """

    assert (lacking(Pair), lacking(plain), lacking(shown)) == ("attributes", "an example", "")
