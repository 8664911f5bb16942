"""Statistics over any axes: variance, standard deviation, averages, quantiles, covariance, sums that skip NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call
from ..engine.errors import ShapeError
from .arithmetic import over
from .reduction import all_axes, count, dropped, reduced, shared, spread

__all__ = ["average", "cov", "median", "nanmean", "nansum", "percentile", "quantile", "std", "var"]


def _with_ddof(draw: Any) -> Any:
    sample = reduced(draw)
    x, axis = sample.args[0], sample.kwargs["axis"]
    ddof = draw.integer(0, 1) if count(x, axis) > 1 else 0
    return call(x, **sample.kwargs, ddof=ddof)


def _centred(x: Array, axis: Any, ddof: float) -> Any:
    """Deviations from the mean, and what their squares are divided by: NaN where there are no more than ddof."""
    n = count(x, axis)
    axes = all_axes(axis, x.ndim)
    # from the first entry instead of 0: then a constant deviates by exactly nothing, whatever its mean rounds to
    shifted = x - raw(x)[tuple(slice(0, 1) if i in axes else slice(None) for i in range(x.ndim))] if n else x
    centred = shifted - shifted.sum(axis=axis, keepdims=True) / (n or 1)
    return centred, n - ddof if n > ddof else np.nan


@op(numpy=np.var, method="var", samples=_with_ddof, reference=np.var)
def var(x: Array, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """Variance over axes: the mean of the squared deviations from the mean.

    x : (...)          out : x's shape without the axes (or with size 1)
    ddof : subtracted from the count that the sum is divided by; 1 for the unbiased estimate.
    Gradient: 2 g (x - mean) / (n - ddof).  With n <= ddof the value is NaN, and so is the gradient, in x's shape.
    """
    d, n = _centred(x, axis, ddof)
    out = (d * d).sum(axis=axis, keepdims=keepdims) / n
    return out, lambda g: spread(g, x, axis, keepdims) * (2 / n * d)


@op(numpy=np.std, method="std", samples=_with_ddof, reference=np.std, kinks=[at([3.0, 3.0], gives=[0.0, 0.0])])
def std(x: Array, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """Standard deviation over axes, sqrt(var(x)).

    x : (...)          out : x's shape without the axes (or with size 1)
    ddof : subtracted from the count that the sum is divided by; 1 for the unbiased estimate.
    Gradient: g (x - mean) / ((n - ddof) out).  At kinks: 0 where x is constant.  With n <= ddof: NaN, in x's shape.
    """
    d, n = _centred(x, axis, ddof)
    out = root((d * d).sum(axis=axis, keepdims=True) / n)
    return dropped(out, axis, keepdims), lambda g: spread(g, x, axis, keepdims) * over(d / n, out)


def root(x: Array) -> Array:
    """sqrt(x), but with derivative 0 at 0: a part of a rule, for any order of derivative."""
    zero = raw(x) == 0
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, x)))


def _weighed(draw: Any) -> Any:
    x = draw.array(draw.shape(side=(1, 3)), -1e3, 1e3)
    axis = draw.axis(x.ndim, none=True)
    one_each = x.shape if axis is None else (x.shape[axis],)
    weights = draw.choice((None, draw.array(x.shape, 0.1, 2), draw.array(one_each, 0.1, 2)))
    return call(x, axis, weights, keepdims=draw.choice((False, True)))


@op(numpy=np.average, samples=_weighed, analytic=True)
def average(x: Array, axis: Any = None, weights: Array = None, *, keepdims: bool = False) -> Any:
    """Weighted mean over axes: sum(weights * x) / sum(weights).

    x : (...)          weights : x's shape, or (n,) for one axis of length n; None for equal ones
    out : x's shape without the axes (or with size 1)
    Gradient: g * weights / sum(weights); for the weights g * (x - out) / sum(weights).
    Errors: ShapeError for weights that fit neither way, ZeroDivisionError for weights whose sum is 0.
    Without weights, over nothing: the value is NaN, the gradient empty, as for ``mean``.
    """
    w = np.ones_like(raw(x)) if weights is None else weights
    if w.shape != x.shape:
        axes = all_axes(axis, x.ndim)
        if axis is None or len(axes) != 1 or w.shape != (x.shape[axes[0]],):
            raise ShapeError(
                f"average: weights {w.shape} for x {x.shape}, axis {axis}. Give x's shape, or one for each entry of one axis."
            )
        w = w.reshape(tuple(n if i == axes[0] else 1 for i, n in enumerate(x.shape)))
    total = np.broadcast_to(w, x.shape).sum(axis=axis, keepdims=True)
    if weights is None:
        total = np.where(raw(total) == 0, np.nan, total)  # of nothing
    if not np.all(raw(total)):
        raise ZeroDivisionError("average: the weights add up to 0.")
    mean = (w * x).sum(axis=axis, keepdims=True) / total

    def to_weights(g: Array) -> Array:
        gw = spread(g, x, axis, keepdims) * ((x - mean) / total)
        lanes = tuple(i for i in range(x.ndim) if w.shape[i] != x.shape[i])  # along which a weight is used again
        return gw.sum(axis=lanes).reshape(weights.shape)

    return dropped(mean, axis, keepdims), lambda g: spread(g, x, axis, keepdims) * (w / total), None, to_weights


def _ranked(draw: Any) -> Any:
    sample = reduced(draw, apart=0.01)
    return call(*sample.args, draw.choice((0.0, 0.5, 0.3, 1.0, [0.25, 0.9])), **sample.kwargs)


TIES = "among three that tie, the middle one has the partial derivative 0 although the three together have 1"


@op(numpy=np.quantile, samples=_ranked, note=TIES, kinks=[at([1.0, 1.0, 2.0], 0.5, gives=[0.5, 0.5, 0.0])])
def quantile(x: Array, q: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The value below which a part q of the entries lies, over axes; linear between two entries.

    x : (...)          q : number from 0 to 1, or several          out : q's shape, then x's without the axes (or with size 1)
    Gradient: g at the two entries next to the place q (n - 1), in proportion.  At ties: shared equally among them.
    """
    x = raw(x)
    return np.quantile(x, q, axis=axis, keepdims=keepdims), _to_ranks(x, q, axis, keepdims), None


@op(numpy=np.percentile, samples=lambda draw: _in_percent(draw), note=TIES)
def percentile(x: Array, q: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """``quantile`` with q in percent.

    x : (...)          q : number from 0 to 100, or several          out : q's shape, then x's without the axes (or with size 1)
    Gradient: as ``quantile``.
    """
    x = raw(x)
    return np.percentile(x, q, axis=axis, keepdims=keepdims), _to_ranks(x, np.divide(q, 100), axis, keepdims), None


def _in_percent(draw: Any) -> Any:
    x, q = (sample := _ranked(draw)).args
    return call(x, np.multiply(q, 100).tolist(), **sample.kwargs)


@op(
    numpy=np.median,
    samples=lambda draw: reduced(draw, apart=0.01),
    note=TIES,
    kinks=[at([1.0, 1.0, 2.0], gives=[0.5, 0.5, 0.0])],
)
def median(x: Array, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The entry in the middle, or the mean of the two in the middle, over axes.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g at the entry, half of it at each of two.  At ties: shared equally among them.
    """
    x = raw(x)
    return np.median(x, axis=axis, keepdims=keepdims), _to_ranks(x, 0.5, axis, keepdims)


def _to_ranks(x: Array, q: Any, axis: Any, keepdims: bool) -> Any:
    """The pullback of quantiles: g to the entries below and above each place."""

    def to_x(g: Array) -> Array:
        gx = np.zeros_like(x)
        each = g.reshape((np.size(q), *g.shape[np.ndim(q) :]))
        for i, part in enumerate(np.ravel(q)):
            gi = spread(each[i], x, axis, keepdims)
            upper = float(part * (count(x, axis) - 1) % 1)
            below = np.quantile(x, part, axis=axis, method="lower", keepdims=True)
            above = np.quantile(x, part, axis=axis, method="higher", keepdims=True)
            gx = gx + shared(gi * (1 - upper), x, below, axis) + shared(gi * upper, x, above, axis)
        return gx

    return to_x


def _with_gaps(draw: Any) -> Any:
    sample = reduced(draw)
    x = sample.args[0]
    gaps = draw.integers(x.shape, 0, 2) == 0
    full = gaps.all(axis=sample.kwargs["axis"], keepdims=True)
    return call(np.where(gaps & ~full, np.nan, x), **sample.kwargs)


@op(numpy=np.nansum, samples=_with_gaps)
def nansum(x: Array, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """Sum over axes of what is not NaN.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g where x is a number, 0 where it is NaN.
    """
    x = raw(x)
    out = np.nansum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    return out, lambda g: np.where(np.isnan(x), 0, spread(g, x, axis, keepdims))


@op(numpy=np.nanmean, samples=_with_gaps, note="NaN of nothing but NaN, where numpy's own function also warns")
def nanmean(x: Array, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Mean over axes of what is not NaN.

    x : (...)          out : x's shape without the axes (or with size 1)
    Gradient: g / n where x is a number, 0 where it is NaN.  Over nothing but NaN: the value is NaN.
    """
    x = raw(x)
    gaps = np.isnan(x)
    n = (~gaps).sum(axis=axis, keepdims=True).astype(x.dtype)
    n = np.where(n == 0, np.nan, n)
    out = np.where(gaps, 0, x).sum(axis=axis, keepdims=True) / n
    return dropped(out, axis, keepdims), lambda g: np.where(gaps, 0, spread(g, x, axis, keepdims) / n)


def _observations(draw: Any) -> Any:
    shape = draw.choice(((draw.integer(1, 3), draw.integer(2, 4)), (draw.integer(2, 4),)))
    x = draw.array(shape, -100, 100)
    rowvar = draw.choice((True, False))
    return call(x if rowvar else x.T, rowvar=rowvar, ddof=draw.integer(0, 1))


# numpy's covariance of equal numbers is what their mean was rounded by, squared; ours is 0
@op(numpy=np.cov, samples=_observations, reference=np.cov)
def cov(x: Array, *, rowvar: bool = True, ddof: int = 1) -> Any:
    """Covariance matrix of variables, each a row of observations.

    x : (variables, n), or its transpose with rowvar=False, or (n,)          out : (variables, variables), or () for one
    ddof : subtracted from the count that the sums are divided by.
    Gradient: (g + g^T) @ (x - mean) / (n - ddof).
    """
    rows = x.reshape((1, -1)) if x.ndim < 2 else x if rowvar else x.swapaxes(0, 1)
    d, n = _centred(rows, 1, ddof)
    out = d @ d.swapaxes(0, 1) / n

    def to_x(g: Array) -> Array:
        g = g.reshape(out.shape)
        gx = (g + g.swapaxes(0, 1)) @ (d / n)
        return gx.reshape(x.shape) if x.ndim < 2 or rowvar else gx.swapaxes(0, 1)

    return out if len(rows) > 1 else out.reshape(()), to_x
