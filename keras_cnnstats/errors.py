"""The exceptions and warnings of keras_cnnstats: each says where, what was expected, what came and what to do."""

from collections.abc import Iterable


class CNNStatsError(Exception):
    """Base class of every error that keras_cnnstats raises on purpose."""

    # KeyError would print the message between quotation marks.
    __str__ = Exception.__str__


class ModelError(CNNStatsError, ValueError):
    """The object given is no Keras model that can be analysed (not a model, not built, or empty)."""


class InputShapeError(CNNStatsError, ValueError):
    """The `input_shape` given does not fit the model."""


class DistributionError(CNNStatsError, ValueError):
    """What was given is no distribution of Keras, or it asks for parts of a weight that are not equal."""


class ConventionError(CNNStatsError, ValueError):
    """The name given is not one of the five counting conventions."""


class UnknownLayerError(CNNStatsError, KeyError):
    """The report has no row under the path given."""


class UnknownCodeError(CNNStatsError, KeyError):
    """There is no page of this name: it is no code of a disagreement."""


class UnknownCostError(CNNStatsError, ValueError):
    """`strict=True` was asked for and the cost of some rows is unknown."""


class RuleError(CNNStatsError, ValueError):
    """A rule is registered twice, or for something that can have none, or it returned no primitives."""


class FormatError(CNNStatsError, ValueError):
    """A stored report cannot be read: not JSON, not a report, or of a schema version that is not known."""


class VerificationError(CNNStatsError, ValueError):
    """A report cannot be held against this model, or `strict` was asked for and a measurement differs."""


class CallbackError(CNNStatsError, ValueError):
    """An argument of a callback is not valid, or the file that it should write cannot be written."""


class FileError(CNNStatsError, ValueError):
    """A file holds no model, or one that is not made of what may be read from a file."""


class BudgetError(CNNStatsError, AssertionError):
    """A model costs more, or sees less, than it was allowed to, or what was allowed is not a valid amount."""


class ColumnError(CNNStatsError, ValueError):
    """A table has no such column."""


class MachineError(CNNStatsError, ValueError):
    """What was said of a machine is not a speed."""


class MissingDependencyError(CNNStatsError, ImportError):
    """An optional package is needed for what was asked."""


class CNNStatsWarning(UserWarning):
    """Something in the analysis needs the user's attention."""


def missing(what: str, package: str, extra: str) -> MissingDependencyError:
    """Returns the error that says which package is not installed, and what installs it.

    Args:
        what: what was asked for.
        package: the package.
        extra: the extra of keras_cnnstats that it comes with.

    >>> print(missing("plot", "matplotlib", "plot"))
    plot: matplotlib is not installed. Install it: pip install 'keras-cnnstats[plot]'
    """
    # Without the quotation marks, some shells would look for files of that name.
    return MissingDependencyError(
        f"{what}: {package} is not installed. Install it: pip install 'keras-cnnstats[{extra}]'"
    )


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Returns a clause that names the candidates most like `name`, or nothing where none is.

    Example:

    >>> nearest("macz", ["macs", "2macs", "xla"])
    ' Did you mean `macs` or `2macs`?'
    """
    from difflib import get_close_matches

    matches = [f"`{match}`" for match in get_close_matches(name, list(candidates), n=3, cutoff=0.5)]
    if not matches:
        return ""
    *most, last = matches
    return f" Did you mean {', '.join(most) + ' or ' + last if most else last}?"
