"""Softmax and its logarithm: scores along an axis become probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ._portable import largest, vecdot

__all__ = ["log_softmax", "softmax", "softmin"]

SHORT = 16
MANY = 4096  # entries from which a product is worth its call


def lowered(x: Array, axis: int) -> Array:
    """x - max(x) along an axis, a new bare array: exp cannot overflow then, and one term of the sum is 1.

    A short last axis (10 classes) is laid out outermost in memory, same shape, so that all that follows runs along the
    samples in long loops: softmax of (128, 10) takes 7 us instead of 14, of (1024, 10) 20 instead of 84. From 32 on, the
    mixture of two layouts in the gradient costs more than it gains, and argmax is what saves time: it finds the maxima of
    (1024, 128) in 29 us, where maximum takes 71.
    """
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    if not x.size:
        return x.copy()
    if x.ndim > 1 and axis in (-1, x.ndim - 1):
        if x.shape[-1] > SHORT:
            rows = x.reshape(-1, x.shape[-1])
            return x - rows[np.arange(len(rows), like=rows), rows.argmax(-1)].reshape((*x.shape[:-1], 1))
        x = np.asfortranarray(x, like=x)
    return x - x.max(axis=axis, keepdims=True)


def total(x: Array, axis: int, y: Array = None) -> Array:
    """The sum of x, or of x * y, along an axis, which stays with size 1.

    Along the last axis, of many numbers, as a product with ones or of vectors: of 16384 rows of 64 float32 in 0.06 and 0.15 ms,
    where add.reduce takes 0.43 and the product before it 0.17.
    """
    if x.size > MANY and axis in (-1, x.ndim - 1) and x.flags.c_contiguous:
        sums = x @ np.ones_like(x, shape=x.shape[-1]) if y is None else vecdot(x, y)
        return sums[..., None]
    return np.add.reduce(x if y is None else x * y, axis, keepdims=True)


def _rows(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    return call(draw.array(shape, -1e4, 1e4, special=(0.0,)), axis=draw.axis(len(shape)))


def _ratio(x: Array, axis: int = -1) -> Array:
    """The textbook's formula; the shift, a constant, changes neither value nor derivative."""
    e = np.exp(x - largest(raw(x), axis))
    return e / e.sum(axis=axis, keepdims=True)


@op(method=True, samples=_rows, reference=_ratio, again=_ratio)
def softmax(x: Array, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, stable.

    x : (...) float          out : (...), sums to 1 along the axis
    Gradient: out * (g - sum(g * out)).
    Reference: Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs (1990).
    """
    out = lowered(x, axis)
    np.exp(out, out=out)
    out /= total(out, axis)

    def pullback(g: Array) -> Array:
        gx = g - total(out, axis, g)
        gx *= out
        return gx

    return out, pullback


@op(samples=_rows, reference=lambda x, axis=-1: _ratio(-x, axis))
def softmin(x: Array, axis: int = -1) -> Any:
    """softmax(-x): the smallest gets the most.

    x : (...) float          out : (...), sums to 1 along the axis
    Gradient: -out * (g - sum(g * out)).
    """
    out = softmax(-x, axis)
    return out, lambda g: out * ((g * out).sum(axis=axis, keepdims=True) - g)


def _logarithm(x: Array, axis: int = -1) -> Array:
    shifted = x - largest(raw(x), axis)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)) if shifted.size else shifted


@op(method=True, samples=_rows, reference=_logarithm, again=_logarithm)
def log_softmax(x: Array, axis: int = -1) -> Any:
    """log(softmax(x)), without forming the quotient.

    x : (...) float          out : (...)
    Gradient: g - softmax(x) * sum(g).
    """
    out = lowered(x, axis)
    e = np.exp(out)
    sums = total(e, axis)
    if not out.size:
        sums += 1  # no classes: nothing to divide, and no reason to warn
    out -= np.log(sums)

    def pullback(g: Array) -> Array:
        gx = e * (-total(g, axis) / sums)
        gx += g
        return gx

    return out, pullback
