"""Reductions: sum, mean, max and their relatives over any axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call

__all__ = ["max", "mean", "min", "sum"]


def reduced(draw: Any, **domain: Any) -> Any:
    """Samples of a reduction: any shape, any axes, keepdims or not."""
    shape = draw.shape(side=(1, 3))
    return call(draw.array(shape, **domain), axis=draw.axes(len(shape)), keepdims=draw.choice((False, True)))


def spread(v: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """A reduced value back in the shape of x, ready to broadcast: its lost axes stand again with size 1."""
    if keepdims or axis == ():
        return v
    return v.reshape(kept_shape(x.shape, axis))


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape of a reduction with keepdims=True."""
    if axis is None:
        return (1,) * len(shape)
    axes = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


@op(numpy=np.sum, method="sum", samples=reduced, analytic=True)
def sum(x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Sum over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    axis : None for all, one axis, or a tuple.  dtype : of the result.
    Gradient: g, spread over what was summed.
    """
    out = x.sum(axis=axis, keepdims=keepdims, dtype=dtype)
    return out, lambda g: np.broadcast_to(spread(g, x, axis, keepdims), x.shape)


@op(numpy=np.mean, method="mean", samples=reduced, analytic=True)
def mean(x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Mean over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g / n, spread over what was averaged.  Over nothing: the value is NaN, the gradient empty.
    """
    total = x.sum(axis=axis, keepdims=keepdims, dtype=dtype)
    n = x.size // total.size if total.size else 0
    return total / (n or np.nan), lambda g: np.broadcast_to(spread(g / n if n else g, x, axis, keepdims), x.shape)


def _extreme(out: Array, x: Array, axis: Any, keepdims: bool) -> Any:
    """The pullback of max and min: g shared equally among the ties."""
    ties = x == spread(out, x, axis, keepdims)
    counts = np.sum(ties, axis=axis, keepdims=True)
    return lambda g: np.where(ties, spread(g, x, axis, keepdims) / counts, 0)


@op(numpy=(np.max, np.amax), method="max", samples=lambda draw: reduced(draw, apart=0.1))
def max(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest entry over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g, where the entry is.  At ties: shared equally among them.
    """
    out = x.max(axis=axis, keepdims=keepdims)
    return out, _extreme(out, x, axis, keepdims)


@op(numpy=(np.min, np.amin), method="min", samples=lambda draw: reduced(draw, apart=0.1))
def min(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest entry over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g, where the entry is.  At ties: shared equally among them.
    """
    out = x.min(axis=axis, keepdims=keepdims)
    return out, _extreme(out, x, axis, keepdims)
