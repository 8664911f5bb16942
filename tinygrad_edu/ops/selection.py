"""Selection: where, maximum, minimum, clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call, pairs

__all__ = ["clip", "maximum", "minimum", "where"]


def _chosen(draw: Any) -> Any:
    c, x, y = draw.shapes(3)
    return call(draw.integers(c, 0, 1) == 1, draw.array(x), draw.array(y))


@op(numpy=np.where, samples=_chosen, analytic=True)
def where(condition: Array, x: Array, y: Array) -> Any:
    """x where the condition holds, y elsewhere.

    condition : bool          x, y : broadcastable with it          out : broadcast shape
    Gradient: g selected, never multiplied, so an unchosen inf or NaN in g or x does not spread. An op *inside* an unchosen
    branch still has its own gradient times 0: sqrt(x) at x < 0 gives NaN; choose its input with ``where`` as well.
    """
    c = raw_bool(condition)
    return np.where(c, x, y), None, lambda g: np.where(c, g, 0), lambda g: np.where(c, 0, g)


def raw_bool(condition: Any) -> Any:
    """A condition as a plain boolean array."""
    return np.asarray(getattr(condition, "data", condition) if not isinstance(condition, np.ndarray) else condition, dtype=bool)


def _share(x: Array, y: Array, wins: Any) -> Array:
    """1 where x wins, 1/2 at a tie, else 0."""
    return np.where(x == y, 0.5, wins).astype(x.dtype if hasattr(x, "dtype") else y.dtype)


@op(numpy=np.maximum, method="maximum", samples=pairs())
def maximum(x: Array, y: Array) -> Any:
    """The larger of x and y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g to the larger.  At ties: half to each (a number is a constant, and takes its half with it).
    """
    return np.maximum(x, y), lambda g: g * _share(x, y, x > y), lambda g: g * _share(y, x, y > x)


@op(numpy=np.minimum, method="minimum", samples=pairs())
def minimum(x: Array, y: Array) -> Any:
    """The smaller of x and y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g to the smaller.  At ties: half to each.
    """
    return np.minimum(x, y), lambda g: g * _share(x, y, x < y), lambda g: g * _share(y, x, y < x)


def _clipped(draw: Any) -> Any:
    low, high = draw.choice(((-1.0, 1.0), (0.0, None), (None, 2.0)))
    return call(draw.array(draw.shape(), special=(0.0, 1.0, -1.0)), low, high)


@op(numpy=np.clip, method="clip", samples=_clipped)
def clip(x: Array, low: Any = None, high: Any = None) -> Any:
    """x kept between two constant bounds; None for no bound.

    x : (...)          low, high : numbers or arrays that broadcast to x          out : x's shape
    Gradient: g inside and at the bounds, else 0.
    """
    inside = np.ones(np.shape(x), dtype=bool)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high
    return np.clip(raw_value(x), low, high), lambda g: np.where(inside, g, 0)


def raw_value(x: Any) -> Any:
    return getattr(x, "data", x) if not isinstance(x, np.ndarray) else x
