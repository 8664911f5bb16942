"""Ops with several outputs: one hidden bundle carries the op's node, and each output picks its part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .rule import Op

PICK = Op("pick", lambda bundle, index: (bundle.parts[index], None, None))  # never run: `spread` makes its edges


class Parts:
    """The arrays that an op returned, or their gradients (None: no gradient came). Adds up part by part."""

    __slots__ = ("parts",)
    shape, dtype, ndim, size = "parts", None, -1, 0

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        both = zip(self.parts, other.parts, strict=True)
        return Parts(tuple(b if a is None else a if b is None else a + b for a, b in both))


def spread(i: int, n: int) -> Callable[[Any], Parts]:
    """The pullback of picking part i of n."""
    return lambda g: Parts(tuple(g if j == i else None for j in range(n)))


def of_parts(pullback: Callable[..., Any], outs: tuple[Any, ...]) -> Callable[[Parts], Any]:
    """A pullback that takes the tuple of gradients, as one that takes Parts; absent gradients become zeros."""
    return lambda g: pullback(tuple(np.zeros_like(o) if p is None else p for p, o in zip(g.parts, outs, strict=True)))
