"""Along an axis: running sums and products, differences, and the recurrence that their gradients are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call
from ._portable import largest, logaddexp_accumulate

__all__ = ["cumprod", "cumsum", "diff", "logcumsumexp", "recurrence"]


def _running(draw: Any, low: float = -1e3, high: float = 1e3, **domain: Any) -> Any:
    x = draw.array(draw.shape(side=(0, 3)), low, high, **domain)
    return call(x, axis=draw.axis(x.ndim, none=True))


def row(x: Array, axis: int | None) -> tuple[Array, int]:
    """What a running op walks along: x and its axis, or all of x in one row if the axis is None."""
    return (x.reshape(-1), 0) if axis is None else (x, axis)


def delayed(x: Array, axis: int, first: float) -> Array:
    """x moved on by one along an axis: out_0 = first, out_i = x_(i-1)."""
    axis %= x.ndim
    start = np.full_like(x[(slice(None),) * axis + (slice(0, 1),)], first)
    return np.concatenate([start, x[(slice(None),) * axis + (slice(0, -1),)]], axis=axis)


@op(numpy=np.cumsum, method="cumsum", samples=_running, analytic=True)
def cumsum(x: Array, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sum along an axis: out_i = x_0 + ... + x_i.

    x : (...)          out : x's shape; (x.size,) for axis None, which takes x as one row
    Gradient: the running sum of g from the end.
    """
    v, at = row(x, axis)
    return v.cumsum(axis=at, dtype=dtype), lambda g: _from_the_end(g, at).reshape(x.shape)


def _from_the_end(g: Array, axis: int) -> Array:
    return np.flip(np.flip(g, axis).cumsum(axis=axis), axis)


@op(
    numpy=np.cumprod,
    method="cumprod",
    samples=lambda draw: _running(draw, -3, 3, special=(0.0, 1.0)),
    analytic=True,
)
def cumprod(x: Array, axis: int | None = None, dtype: Any = None) -> Any:
    """Running product along an axis: out_i = x_0 * ... * x_i.

    x : (...)          out : x's shape; (x.size,) for axis None, which takes x as one row
    Gradient: at i, the sum over k >= i of g_k times the product of all of x_0 ... x_k but x_i; exact with any zeros.
    """
    v, at = row(x, axis)
    out = v.cumprod(axis=at, dtype=dtype)

    def to_x(g: Array) -> Array:
        if raw(v) is v and divisible(out):  # at first order only: the derivative of a quotient cancels where v is tiny
            gx = _from_the_end(g * out, at) / v
        else:  # what comes before times s_i = g_i + x_(i+1) * s_(i+1)
            after = np.flip(recurrence(np.flip(g, at), delayed(np.flip(v, at), at, 1), at), at)
            gx = cumprod(delayed(v, at, 1), at) * after
        return gx.reshape(x.shape)

    return out, to_x


def divisible(products: Array) -> bool:
    """Whether each product, divided by a factor, is that of the others: none is 0, infinite, or too small to have its digits."""
    size = np.abs(products)
    return bool(np.all((size >= np.finfo(size.dtype).tiny) & (size < np.inf)))


def _loop(x: Array, decay: Array, axis: int = -1) -> Array:
    """The recurrence on bare arrays, one entry of the axis after the other."""
    x, decay = (np.moveaxis(v, axis, 0) for v in np.broadcast_arrays(x, decay))
    out = x.astype(np.result_type(x, decay))
    for i in range(1, len(out)):
        out[i] += decay[i] * out[i - 1]
    return np.moveaxis(out, 0, axis)


def _decaying(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3), side=(0, 3))
    decay = draw.choice((shape, (1,) * len(shape), shape[-1:]))
    return call(draw.array(shape), draw.array(decay, special=(0.0, 1.0)), axis=draw.axis(len(shape)))


@op(samples=_decaying, analytic=True, reference=_loop)
def recurrence(x: Array, decay: Array, axis: int = -1) -> Any:
    """Each entry plus what is left of the result before it: out_0 = x_0, out_i = x_i + decay_i * out_(i-1).

    x, decay : broadcastable, with at least one axis          out : broadcast shape
    With decay 1 it is a running sum; with a constant below 1, from the end, the discounted returns of a reward.
    Gradient: gx_i = g_i + decay_(i+1) * gx_(i+1), the same recurrence from the end; gx_i * out_(i-1) for decay_i.
    """
    out = _loop(raw(x), raw(decay), axis)
    shape = out.shape

    def to_x(g: Array) -> Array:
        later = np.flip(np.broadcast_to(decay, shape), axis)
        return np.flip(recurrence(np.flip(g, axis), delayed(later, axis, 0), axis), axis)

    return out, to_x, lambda g: to_x(g) * delayed(recurrence(x, decay, axis), axis, 0)


def _differences(draw: Any) -> Any:
    x = draw.array(draw.shape(ndim=(1, 3), side=(0, 4)), -1e3, 1e3)
    return call(x, draw.integer(0, 3), axis=draw.axis(x.ndim))


@op(numpy=np.diff, samples=_differences, analytic=True)
def diff(x: Array, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours, n times over: out_i = x_(i+1) - x_i.

    x : (...)          out : x's shape, n fewer along the axis (none below 0)
    Gradient: each time, g moved on by one, minus g.
    """
    edge = [(0, 0)] * x.ndim
    at = axis % x.ndim
    times = min(n, x.shape[at])

    def to_x(g: Array) -> Array:
        for _ in range(times):
            on, back = ([*edge[:at], width, *edge[at + 1 :]] for width in ((1, 0), (0, 1)))
            g = np.pad(g, on) - np.pad(g, back)
        return g

    out = np.diff(raw(x), n, axis)
    return (out if n else out.copy()), to_x


def peak(x: Array, axis: Any) -> Array:
    """The largest number over axes, which are kept; 0 where it is infinite. A constant to take off before an exp."""
    top = largest(raw(x), axis)
    return np.where(np.isfinite(top), top, 0)


@op(
    method="logcumsumexp",
    samples=lambda draw: _running(draw, -1e4, 1e4, special=(0.0, 1.0)),
    reference=lambda x, axis=None: np.logaddexp.accumulate(*row(x, axis)),
    kinks=[at([-np.inf, -np.inf], gives=[0.0, 0.0]), at([1e10, 1e10], gives=[1.5, 0.5])],  # to the last digits
)
def logcumsumexp(x: Array, axis: int | None = None) -> Any:
    """Running logarithm of the sum of exponentials, stable: out_i = log(exp(x_0) + ... + exp(x_i)).

    x : (...)          out : x's shape; (x.size,) for axis None, which takes x as one row
    Gradient: at j, the sum over i >= j of g_i * exp(x_j - out_i).  At the edge: 0 where out is -inf.
    """
    v, at = row(x, axis)

    def to_x(g: Array) -> Array:
        # sum_(i>=j) g_i exp(out_j - out_i) runs from the end with steps exp(out_j - out_(j+1)) <= 1: nothing overflows
        level = v - peak(v, at)
        total = logcumsumexp(level, at)
        divisor = np.where(raw(total) == -np.inf, 0, total)  # of an empty sum the parts come out as exp(-inf) = 0
        left = np.exp(np.flip(total, at) - delayed(np.flip(divisor, at), at, np.inf))
        weight = np.flip(recurrence(np.flip(g, at), left, at), at)
        return (weight * np.exp(level - divisor)).reshape(x.shape)

    return logaddexp_accumulate(raw(v), at), to_x
