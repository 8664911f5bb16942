"""Penalties on the size of weights or outputs, added to the loss."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import Tensor
from ..io.objects import serialize
from ._registry import find, reader

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "serialize"]


class Regularizer:
    """A penalty: subclass it and write ``__call__(x)``, which returns a Tensor of one entry."""

    def __call__(self, x: Tensor) -> Any:
        """The penalty of x."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another of this kind."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Another one with the same arguments."""
        return cls(**config)


class L1(Regularizer):
    """l1 * sum(abs(x))."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = factor("L1", l1)

    def __call__(self, x: Tensor) -> Any:
        """The penalty."""
        return self.l1 * ops.absolute(x).sum()


class L2(Regularizer):
    """l2 * sum(x ** 2)."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = factor("L2", l2)

    def __call__(self, x: Tensor) -> Any:
        """The penalty."""
        return self.l2 * ops.square(x).sum()


class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x ** 2)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = factor("L1L2", l1), factor("L1L2", l2)

    def __call__(self, x: Tensor) -> Any:
        """The penalty."""
        return self.l1 * ops.absolute(x).sum() + self.l2 * ops.square(x).sum()


class OrthogonalRegularizer(Regularizer):
    """factor * the mean absolute cosine of pairs of rows (or columns) of a matrix: 0 where they are orthogonal."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode is 'rows' or 'columns', not {mode!r}.")
        self.factor, self.mode = factor, mode

    def __call__(self, x: Tensor) -> Any:
        """The penalty."""
        if x.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer: a matrix is needed, not {x.shape}.")
        vectors = x if self.mode == "rows" else x.T
        unit = vectors / ops.maximum(ops.sqrt(ops.square(vectors).sum(axis=1, keepdims=True)), 1e-6)
        n = x.shape[0] if self.mode == "rows" else x.shape[1]
        pairs = ops.triu(unit @ unit.T, 1)
        return self.factor * ops.absolute(pairs).sum() / max(n * (n - 1) / 2, 1)


def factor(name: str, value: Any) -> float:
    """Check a factor: a finite number; None counts as 0."""
    if value is None:
        return 0.0
    if not isinstance(value, (int, float)) or value != value or value in (float("inf"), -float("inf")):
        raise ValueError(f"{name}: the factor is a finite number, not {value!r}.")
    return float(value)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
KNOWN = {
    name: value for name, value in vars().items() if isinstance(value, type) and issubclass(value, Regularizer)
    and value is not Regularizer
}  # fmt: skip


def get(identifier: Any) -> Any:
    """A regulariser by name, dict, class or itself; see ``_registry.find``."""
    return find("regularizer", identifier, KNOWN)


deserialize = reader("regularizer", KNOWN)
