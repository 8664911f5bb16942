"""Shape: the same numbers in another arrangement. Gradients are the arrangement undone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call

__all__ = ["broadcast_to", "getitem", "index_add", "reshape", "swapaxes", "transpose"]


def _reshaped(draw: Any) -> Any:
    shape = draw.shape(side=(0, 3))
    size = int(np.prod(shape))
    return call(draw.array(shape), draw.choice([(size,), (1, size), shape[::-1], *([(-1, 1)] if size else [])]))


@op(numpy=np.reshape, samples=_reshaped, analytic=True)
def reshape(x: Array, shape: Any) -> Any:
    """The same entries in another shape, in row-major order.

    x : (...)          out : shape (one entry may be -1: what is left)
    Gradient: g, in x's shape.
    """
    return x.reshape(shape), lambda g: g.reshape(x.shape), None


@op(numpy=np.transpose, samples=lambda draw: call(draw.array(shape := draw.shape()), _permutation(draw, len(shape))), analytic=True)
def transpose(x: Array, axes: Any = None) -> Any:
    """The axes in another order; reversed if None.

    x : (...)          out : x.shape[axes]
    Gradient: g, its axes put back.
    """
    back = None if axes is None else tuple(int(i) for i in np.argsort([a % x.ndim for a in axes]))
    return x.transpose(axes), lambda g: g.transpose(back)


def _permutation(draw: Any, ndim: int) -> Any:
    order = list(range(ndim))
    for i in range(ndim):
        j = draw.integer(i, ndim - 1)
        order[i], order[j] = order[j], order[i]
    return draw.choice((None, tuple(order)))


@op(numpy=np.swapaxes, method="swapaxes", samples=lambda draw: call(draw.array(shape := draw.shape(ndim=(1, 3))), draw.axis(len(shape)), draw.axis(len(shape))), analytic=True)
def swapaxes(x: Array, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    x : (...)          out : x's shape with two entries exchanged
    Gradient: g, exchanged back.
    """
    return x.swapaxes(axis1, axis2), lambda g: g.swapaxes(axis1, axis2), None, None


@op(numpy=np.broadcast_to, samples=lambda draw: call(draw.array(draw.choice(shapes := draw.shapes(2))), np.broadcast_shapes(*shapes)), analytic=True)
def broadcast_to(x: Array, shape: Any) -> Any:
    """x repeated, without a copy, to a larger shape that it broadcasts to.

    x : (...)          out : shape, read-only
    Gradient: g, summed over what was repeated (by the engine).
    """
    return np.broadcast_to(x, shape), lambda g: g, None


def _indexed(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3), side=(1, 3))
    n = shape[0]
    index = draw.choice((
        0, -1, slice(None, None, -1), slice(1, None), ..., None, (None, ..., 0), ([0, -1, 0],), np.arange(n) % 2 == 0,
        np.array([[0, n - 1], [-1, 0]]), (slice(None), None), (np.array([0, 0]), ...),
    ))  # fmt: skip
    return call(draw.array(shape), index[0] if isinstance(index, tuple) and len(index) == 1 else index)


@op(method="__getitem__", samples=_indexed, analytic=True)
def getitem(x: Array, index: Any) -> Any:
    """x[index], with every index that numpy knows.

    x : (...)          out : as numpy
    Gradient: g, added into zeros at the index; an entry taken twice collects both.
    """
    return x[index], lambda g: index_add(np.zeros_like(x), index, g), None


@op(samples=lambda draw: call(draw.array((3, 2)), draw.choice((0, [0, 0, 2], slice(0, 2), [True, False, True])), draw.array(())), analytic=True)
def index_add(x: Array, index: Any, y: Array) -> Any:
    """A copy of x with y added at x[index]; where an index repeats, every addition counts.

    x : (...)          y : broadcasts to x[index]          out : x's shape
    Gradient: g, and g[index].
    """
    out = raw(x).copy()
    if basic(index):
        out[index] += raw(y)
    else:
        np.add.at(out, index, raw(y))
    return out, lambda g: g, None, lambda g: g[index]


def basic(index: Any) -> bool:
    """Whether an index takes no entry twice by its form alone: integers, slices, ..., None, booleans."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        p is None or p is Ellipsis or isinstance(p, (int, slice, np.integer)) or np.asarray(p).dtype == bool for p in parts
    )
