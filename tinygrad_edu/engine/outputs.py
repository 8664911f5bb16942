"""Ops with several outputs: one hidden bundle carries the op's node, and each output picks its part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .rule import Op

# never run: `spread` makes its edges
PICK = Op("pick", lambda bundle, index: (bundle.parts[index], None, None), analytic=True)


class Parts:
    """The arrays that an op returned, or those of their gradients that have come, by the number of the output.

    Gradients add up in place: an op may have as many outputs as a sequence has steps.
    """

    __slots__ = ("parts",)
    shape, dtype, ndim, size = "parts", None, -1, 0

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        for i, g in other.parts.items():
            self.parts[i] = added(self.parts[i], g) if i in self.parts else g
        return self


def added(x: Any, y: Any) -> Any:
    """x + y, but never a numpy scalar, which is what two 0-d arrays add up to."""
    both = x + y
    return np.asarray(both) if isinstance(both, np.generic) else both


def spread(i: int) -> Callable[[Any], Parts]:
    """The pullback of picking part i."""
    return lambda g: Parts({i: g})


def of_parts(pullback: Callable[..., Any], outs: tuple[Any, ...]) -> Callable[[Parts], Any]:
    """A pullback that takes the tuple of gradients, as one that takes Parts; absent gradients become zeros."""
    return lambda g: pullback(tuple(g.parts[i] if i in g.parts else np.zeros_like(o) for i, o in enumerate(outs)))
