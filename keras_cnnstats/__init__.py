"""What a Keras model costs and what each of its units sees: MACs, FLOPs and receptive fields, each with its proof."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_cnnstats import equivalence, layers, testing
    from keras_cnnstats.analysis import analyze, report
    from keras_cnnstats.budgets import assert_budget
    from keras_cnnstats.callbacks import StatsLogger
    from keras_cnnstats.comparing import compare
    from keras_cnnstats.comparison import Comparison
    from keras_cnnstats.counting import Counted, count_operations
    from keras_cnnstats.errors import (
        BudgetError,
        CallbackError,
        CNNStatsError,
        CNNStatsWarning,
        ColumnError,
        ConventionError,
        DistributionError,
        FileError,
        FormatError,
        InputShapeError,
        MachineError,
        MissingDependencyError,
        ModelError,
        RuleError,
        UnknownCodeError,
        UnknownCostError,
        UnknownLayerError,
        VerificationError,
    )
    from keras_cnnstats.explaining import Explanation, explain
    from keras_cnnstats.reading import read_model
    from keras_cnnstats.records import Disagreement, Row, Totals
    from keras_cnnstats.reports import Report
    from keras_cnnstats.rules import rule
    from keras_cnnstats.sweeping import SweepError, pareto, sweep
    from keras_cnnstats.verification import Check, Term, Verification
    from keras_cnnstats.weightless import abstract

__version__ = "0.1.0"

__all__ = [
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
]

_HOMES = {
    "abstract": "weightless",
    "analyze": "analysis",
    "assert_budget": "budgets",
    "compare": "comparing",
    "count_operations": "counting",
    "explain": "explaining",
    "pareto": "sweeping",
    "read_model": "reading",
    "report": "analysis",
    "rule": "rules",
    "sweep": "sweeping",
    "Check": "verification",
    "Comparison": "comparison",
    "Counted": "counting",
    "Disagreement": "records",
    "Explanation": "explaining",
    "Row": "records",
    "StatsLogger": "callbacks",
    "SweepError": "sweeping",
    "Term": "verification",
    "Totals": "records",
    "Report": "reports",
    "Verification": "verification",
}
"""The modules that the public names live in, all others in `errors`. They are imported when they are asked for."""

_MODULES = ("equivalence", "layers", "testing")
"""Public names that are modules."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
