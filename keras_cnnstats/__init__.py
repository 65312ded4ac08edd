"""What a Keras model costs and what each of its units sees: MACs, FLOPs and receptive fields, each with its proof."""

from keras_cnnstats.abstract import abstract
from keras_cnnstats.analysis import analyze, report
from keras_cnnstats.errors import (
    CNNStatsError,
    CNNStatsWarning,
    ConventionError,
    FormatError,
    InputShapeError,
    MachineError,
    MissingDependencyError,
    ModelError,
    RuleError,
    UnknownCostError,
    UnknownLayerError,
)
from keras_cnnstats.report import Disagreement, Report, Row, Totals
from keras_cnnstats.rules import rule

__version__ = "0.1.0"

__all__ = [
    "CNNStatsError",
    "CNNStatsWarning",
    "ConventionError",
    "Disagreement",
    "FormatError",
    "InputShapeError",
    "MachineError",
    "MissingDependencyError",
    "ModelError",
    "Report",
    "Row",
    "RuleError",
    "Totals",
    "UnknownCostError",
    "UnknownLayerError",
    "__version__",
    "abstract",
    "analyze",
    "report",
    "rule",
]
