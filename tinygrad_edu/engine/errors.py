"""Every error and warning of the package, in one tree.

Each error also is the builtin that a caller would expect, so ``except ValueError`` keeps working::

    TinygradEduError
    ├── ShapeError (ValueError)            shapes that do not fit
    │   └── LabelFormError                 class numbers where one-hot targets are needed, or the other way round
    ├── DTypeError (TypeError)             a dtype that cannot do what was asked
    ├── DeviceError (TypeError)            arrays on different devices, or a device that is not there
    ├── GraphError (RuntimeError)          a walk that cannot be made: freed, detached, no seed
    │   ├── InPlaceError                   a recorded value was changed before the walk needed it
    │   └── AnomalyError                   the first NaN or infinity, found by detect_anomaly
    ├── DetachError (TypeError)            a conversion that would silently leave the graph
    ├── RuleError (TypeError)              an op whose rule returned something it must not
    ├── GradientMismatch (AssertionError)  a gradient that verification refused
    ├── NotVerifiableError (ValueError)    a question that verification cannot answer as it was put
    ├── DataError (ValueError)             data or labels that cannot be trained on, a broken data file
    │   └── LabelRangeError                classes that the network has no output for
    ├── CheckpointError (ValueError)       a saved file that is broken or does not fit
    ├── ExchangeError (ValueError)         something that another framework or format does not have
    ├── UnknownNameError (ValueError)      a name that nothing is registered under
    ├── NotReadyError (RuntimeError)       a method called before the one that it needs
    └── MissingExtraError (ImportError)    an optional dependency that is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AnomalyError",
    "CheckpointError",
    "DTypeError",
    "DataError",
    "DetachError",
    "DeviceError",
    "ExchangeError",
    "GradientMismatch",
    "GraphError",
    "InPlaceError",
    "LabelFormError",
    "LabelRangeError",
    "MissingExtraError",
    "NotReadyError",
    "NotVerifiableError",
    "RuleError",
    "ShapeError",
    "TinygradEduError",
    "TinygradEduWarning",
    "UnknownNameError",
]


class TinygradEduError(Exception):
    """The root of every error that the package raises on purpose."""


class ShapeError(TinygradEduError, ValueError):
    """Shapes that do not fit together."""


class LabelFormError(ShapeError):
    """Class numbers where one-hot targets are needed, or one-hot targets where class numbers are."""


class DTypeError(TinygradEduError, TypeError):
    """A dtype that cannot do what was asked of it."""


class DeviceError(TinygradEduError, TypeError):
    """Arrays on different devices, or a device that is not there."""


class GraphError(TinygradEduError, RuntimeError):
    """The computation graph cannot be walked as asked."""


class InPlaceError(GraphError):
    """A value that a recorded op still needs was changed."""


class AnomalyError(GraphError):
    """A NaN or an infinity appeared under ``detect_anomaly``."""


class DetachError(TinygradEduError, TypeError):
    """A conversion that would leave the graph without saying so."""


class RuleError(TinygradEduError, TypeError):
    """An op's rule returned something that is not a value and its pullbacks."""


class GradientMismatch(TinygradEduError, AssertionError):
    """A gradient disagrees with the derivative measured by differences.

    report : the GradcheckReport, where one was made.
    """

    report: object = None


class NotVerifiableError(TinygradEduError, ValueError):
    """A function or an input that a gradient check cannot judge."""


class DataError(TinygradEduError, ValueError):
    """Data that cannot be used: a broken file, labels out of range, NaN."""


class LabelRangeError(DataError):
    """Class numbers below 0, or beyond the outputs of the network."""


class CheckpointError(TinygradEduError, ValueError):
    """A saved file that is broken, or does not fit the model."""


class ExchangeError(TinygradEduError, ValueError):
    """Something that another framework or file format does not have, or not as it is here."""


class UnknownNameError(TinygradEduError, ValueError):
    """A name under which nothing is registered.

    The message asks for the nearest name, and lists what there is: the nearest dozen where there are many.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names, word = sorted(set(known)), str(name).lower()
        near = [n for n in names if sorted(n.lower()) == sorted(word)]  # letters that changed places
        near = near or difflib.get_close_matches(word, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        listed = names if len(names) <= 32 else difflib.get_close_matches(word, names, n=12, cutoff=0.0)
        more = f" and {len(names) - len(listed)} more" if len(listed) < len(names) else ""
        super().__init__(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(listed)}{more}.")


class NotReadyError(TinygradEduError, RuntimeError):
    """A method was called before the one it depends on, such as ``fit`` before ``compile``."""


class MissingExtraError(TinygradEduError, ImportError):
    """An optional dependency is not installed; the message has the pip command."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs {package}. Install it with: pip install 'tinygrad-edu[{extra}]'")


class TinygradEduWarning(UserWarning):
    """The root of every warning that the package gives."""
