"""Reductions over any axes: sum, mean, product, extremes, logsumexp."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..engine import Array, op, raw
from ..engine.domain import at, call
from .cumulative import cumprod, divisible, peak

__all__ = ["logsumexp", "max", "mean", "min", "prod", "ptp", "sum"]


def reduced(draw: Any, low: float = -1e3, high: float = 1e3, side: tuple[int, int] = (1, 3), **domain: Any) -> Any:
    """Samples of a reduction: any shape, any axes, keepdims or not."""
    shape = draw.shape(side=side)
    x = draw.array(shape, low, high, **domain)
    return call(x, axis=draw.axes(len(shape)), keepdims=draw.choice((False, True)))


def all_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """An axis argument (None, one, several) as a tuple of axes counted from the front."""
    return tuple(range(ndim)) if axis is None else normalize_axis_tuple(axis, ndim)


def spread(v: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """A reduced value back in the shape of x, ready to broadcast: its lost axes stand again with size 1."""
    if keepdims:
        return v
    axes = all_axes(axis, x.ndim)
    return v.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def dropped(v: Array, axis: Any, keepdims: bool) -> Array:
    """A value reduced with kept axes, without them unless they were asked for: ``spread`` undone."""
    axes = all_axes(axis, v.ndim)
    return v if keepdims else v.reshape(tuple(n for i, n in enumerate(v.shape) if i not in axes))


def count(x: Array, axis: Any) -> int:
    """How many entries of x each entry of its reduction is made of."""
    n = 1
    for a in all_axes(axis, x.ndim):
        n *= x.shape[a]
    return n


def _sums(draw: Any) -> Any:
    return reduced(draw, side=(0, 3), special=(0.0, -0.0))


@op(numpy=np.sum, method="sum", samples=_sums, analytic=True)
def sum(x: Array, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """Sum over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    axis : None for all, one axis, or a tuple.  dtype : of the result.
    Gradient: g, spread over what was summed.
    """
    out = x.sum(axis=axis, keepdims=keepdims, dtype=dtype)
    return out, lambda g: np.broadcast_to(spread(g, x, axis, keepdims), x.shape)


@op(numpy=np.mean, method="mean", samples=reduced, analytic=True)
def mean(x: Array, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """Mean over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g / n, spread over what was averaged.  Over nothing: the value is NaN, the gradient empty.
    """
    n = count(x, axis) or np.nan
    out = x.sum(axis=axis, keepdims=keepdims, dtype=dtype) / n
    return out, lambda g: np.broadcast_to(spread(g / n, x, axis, keepdims), x.shape)


def _factors(draw: Any) -> Any:
    return reduced(draw, -3, 3, side=(0, 3), special=(0.0, 1.0))


@op(numpy=np.prod, method="prod", samples=_factors, analytic=True, kinks=[at([np.inf, 2.0], gives=[2.0, np.inf])])
def prod(x: Array, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """Product over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g times the product of all the other entries, exact with any number of zeros among them.
    """
    out = x.prod(axis=axis, keepdims=keepdims, dtype=dtype)

    def to_x(g: Array) -> Array:
        quick = raw(x) is x and divisible(
            out
        )  # at first order only: the derivative of a quotient cancels where x is tiny
        others = spread(out, x, axis, keepdims) / x if quick else _others(x, all_axes(axis, x.ndim))
        return spread(g, x, axis, keepdims) * others

    return out, to_x


def _others(x: Array, axes: tuple[int, ...]) -> Array:
    """For each entry the product of the others along the axes, without division: all before it times all after it."""
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    moved = x.transpose(order)
    lanes = moved.reshape((*moved.shape[: x.ndim - len(axes)], count(x, axes)))  # (kept axes..., n)
    one = np.ones_like(raw(lanes)[..., :1])
    before = cumprod(np.concatenate([one, lanes[..., :-1]], axis=-1), axis=-1)
    after = cumprod(np.concatenate([one, lanes[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return (before * after).reshape(moved.shape).transpose([order.index(i) for i in range(x.ndim)])


def shared(g: Array, x: Array, v: Array, axis: Any) -> Array:
    """g, divided equally among the entries of x that equal v; x and v bare, g and v with kept axes.

    Nothing equals NaN, so where v is NaN the entries that are NaN have it.
    """
    ties = x == v
    counts = ties.sum(axis=axis, keepdims=True)
    if not counts.all():
        ties = ties | (np.isnan(x) & np.isnan(v))
        counts = ties.sum(axis=axis, keepdims=True)
    return np.where(ties, g / counts.astype(x.dtype), 0)


@op(
    numpy=(np.max, np.amax),
    method="max",
    samples=reduced,
    kinks=[
        at([2.0, 2.0, 1.0], gives=[0.5, 0.5, 0.0]),
        at([[3.0] * 3, [1.0, 3.0, 2.0]], 1, gives=[[1 / 3] * 3, [0.0, 1.0, 0.0]]),
        at([[np.nan, np.nan, 3.0], [3.0, 3.0, 2.0]], 1, gives=[[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]),
    ],
)
def max(x: Array, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Largest entry over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g, where the entry is.  At ties: shared equally among them.
    """
    x = raw(x)
    out = x.max(axis=axis, keepdims=True)
    return dropped(out, axis, keepdims), lambda g: shared(spread(g, x, axis, keepdims), x, out, axis)


@op(numpy=(np.min, np.amin), method="min", samples=reduced, kinks=[at([1.0, 1.0, 2.0], gives=[0.5, 0.5, 0.0])])
def min(x: Array, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Smallest entry over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g, where the entry is.  At ties: shared equally among them.
    """
    x = raw(x)
    out = x.min(axis=axis, keepdims=True)
    return dropped(out, axis, keepdims), lambda g: shared(spread(g, x, axis, keepdims), x, out, axis)


@op(numpy=np.ptp, samples=reduced, kinks=[at([2.0, 2.0, 1.0, 1.0], gives=[0.5, 0.5, -0.5, -0.5])])
def ptp(x: Array, axis: Any = None, *, keepdims: bool = False) -> Any:
    """From peak to peak: the largest minus the smallest entry over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g at the largest entry, -g at the smallest.  At ties: shared equally among them.
    """
    x = raw(x)
    top, bottom = x.max(axis=axis, keepdims=True), x.min(axis=axis, keepdims=True)

    def to_x(g: Array) -> Array:
        g = spread(g, x, axis, keepdims)
        return shared(g, x, top, axis) - shared(g, x, bottom, axis)

    return dropped(top - bottom, axis, keepdims), to_x


def _exponents(draw: Any) -> Any:
    return reduced(draw, -1e4, 1e4, side=(0, 3), special=(0.0, 1.0))


def _logsumexp(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    total = x
    for a in all_axes(axis, x.ndim):
        total = np.logaddexp.reduce(total, axis=a, keepdims=True)
    return dropped(total, axis, keepdims)


@op(method="logsumexp", samples=_exponents, reference=_logsumexp, kinks=[at([-np.inf, -np.inf], gives=[0.0, 0.0])])
def logsumexp(x: Array, axis: Any = None, *, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over axes, stable.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g * softmax(x).  At the edge: of nothing but -inf, the value is -inf and the gradient 0.
    """
    top = peak(x, axis)
    e = np.exp(x - top)
    total = e.sum(axis=axis, keepdims=True)
    empty = raw(total) == 0
    total = np.where(empty, 1, total)
    out = np.where(empty, -np.inf, np.log(total) + top)
    return dropped(out, axis, keepdims), lambda g: spread(g, x, axis, keepdims) * (e / total)
