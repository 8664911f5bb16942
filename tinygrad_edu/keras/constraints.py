"""What weights are held to: after each step of an optimiser they are put back to where they may be."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..io.objects import serialize
from ._registry import find, reader

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "serialize"]

EPSILON = 1e-7


class Constraint:
    """A constraint: subclass it and write ``__call__(w)``, which returns what w becomes."""

    def __call__(self, w: Any) -> Any:
        """The values that w becomes."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(w).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another of this kind."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Another one with the same arguments."""
        return cls(**config)


class NonNeg(Constraint):
    """Negative entries become 0."""

    def __call__(self, w: Any) -> Any:
        """The values."""
        return ops.maximum(w, 0.0)


class MaxNorm(Constraint):
    """The norm along an axis is at most max_value (Srivastava et al., 2014)."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The values."""
        norms = norm(w, self.axis)
        return w * (ops.clip(norms, 0.0, self.max_value) / (EPSILON + norms))


class UnitNorm(Constraint):
    """The norm along an axis is 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The values."""
        return w / (EPSILON + norm(w, self.axis))


class MinMaxNorm(Constraint):
    """The norm along an axis goes towards min_value ... max_value, all the way with rate 1."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The values."""
        norms = norm(w, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (EPSILON + norms))


def norm(w: Any, axis: Any) -> Any:
    """The length along an axis, or several."""
    return ops.sqrt(ops.square(w).sum(axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=True))


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
KNOWN = {
    name: value for name, value in vars().items() if isinstance(value, type) and issubclass(value, Constraint)
    and value is not Constraint
}  # fmt: skip


def get(identifier: Any) -> Any:
    """A constraint by name, dict, class or itself; see ``_registry.find``."""
    return find("constraint", identifier, KNOWN)


deserialize = reader("constraint", KNOWN)
