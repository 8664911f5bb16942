"""Order along an axis: sort, partition, topk, and entries taken by their place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import ShapeError
from .indexing import scatter

__all__ = ["partition", "sort", "take_along_axis", "topk"]


def lanes(order: Array, shape: tuple[int, ...], axis: int) -> tuple[Array, ...]:
    """Places along one axis as an index into an array of this shape; along the others, each stays in its own lane."""
    ndim = len(shape)
    index = [np.arange(n, like=order).reshape([-1 if i == a else 1 for i in range(ndim)]) for a, n in enumerate(shape)]
    index[axis] = order
    return tuple(index)


TIES = "among three that tie, the middle one has the partial derivative 0 although the three together have 1"


def _distinct(draw: Any, side: tuple[int, int] = (0, 3)) -> Any:
    x = draw.array(draw.shape(ndim=(1, 3), side=side), -1e4, 1e4, apart=0.01)
    return x, draw.axis(x.ndim)


def _arranged(x: Array, order: Array, axis: int) -> Any:
    """x in another order along an axis, and the pullback that puts g back in the old one."""
    there, back = (lanes(o, x.shape, axis) for o in (order, np.argsort(order, axis=axis)))
    return raw(x)[there], lambda g: g[back]


@op(numpy=np.sort, samples=lambda draw: call(*_distinct(draw)), note=TIES)
def sort(x: Array, axis: int | None = -1) -> Any:
    """Entries in ascending order along an axis; of all of x in one row if axis is None. A new value, x stays as it is.

    x : (...)          out : x's shape, or (x.size,)
    Gradient: g, to where each entry was.  At ties: entries that are equal keep their order.
    """
    v, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    out, pullback = _arranged(v, np.argsort(raw(v), axis=axis, kind="stable"), axis)
    return out, lambda g: pullback(g).reshape(x.shape)


def _parted(draw: Any) -> Any:
    x, axis = _distinct(draw, side=(1, 3))
    return call(x, draw.integer(0, x.shape[axis] - 1), axis=axis)


@op(numpy=np.partition, samples=_parted, note=TIES)
def partition(x: Array, kth: Any, axis: int | None = -1) -> Any:
    """The kth smallest entry at its place along an axis, smaller ones before it and larger ones after it in any order.

    x : (...)          kth : place, or several          out : x's shape, or (x.size,) for axis None
    Gradient: g, to where each entry was.
    """
    v, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    out, pullback = _arranged(v, np.argpartition(raw(v), kth, axis=axis), axis)
    return out, lambda g: pullback(g).reshape(x.shape), None


def _best(draw: Any) -> Any:
    sample = _parted(draw)
    x, last = sample.args
    return call(x, last + 1, **sample.kwargs)


def _descending(x: Array, k: int, axis: int = -1) -> Any:
    values = np.take(np.flip(np.sort(x, axis=axis), axis), range(k), axis=axis)
    return values, np.take(np.argsort(-x, axis=axis, kind="stable"), range(k), axis=axis)


@op(samples=_best, reference=_descending, note=TIES)
def topk(x: Array, k: int, axis: int = -1) -> Any:
    """The k largest entries along an axis, the largest first, and their places.

    x : (...)          out : (values, places), each x's shape with k along the axis; places are integers
    Gradient: g of the values, to where each entry was.  At ties: the entry that comes first is taken first.
    Errors: ShapeError for more entries than there are.
    """
    if not 0 <= k <= x.shape[axis]:
        raise ShapeError(f"topk: {k} entries along axis {axis} of {x.shape}, which has {x.shape[axis]}.")
    order = np.take(np.argsort(-raw(x), axis=axis, kind="stable"), range(k), axis=axis)
    index = lanes(order, x.shape, axis)
    return (raw(x)[index], order), lambda g: scatter(g[0], index, x.shape), None


def _picked(draw: Any) -> Any:
    x = draw.array(draw.shape(ndim=(1, 3), side=(1, 3)), -1e4, 1e4)
    axis = draw.integer(0, x.ndim - 1)
    shape = [draw.choice((n, 1)) for n in x.shape]
    shape[axis] = draw.integer(0, 4)
    return call(x, draw.integers(tuple(shape), -x.shape[axis], x.shape[axis] - 1), axis)


@op(numpy=np.take_along_axis, samples=_picked, analytic=True)
def take_along_axis(x: Array, indices: Array, axis: int | None = -1) -> Any:
    """Entries by their places along an axis, what argsort and argmax (keepdims=True) give: out[i, j] = x[i, indices[i, j]].

    x : (...)          indices : integers, x's shape but for the axis, or 1 to be repeated          out : their broadcast shape
    Gradient: g, added into zeros at the places; an entry taken twice collects both.
    Errors: ShapeError if indices has not as many axes as x.
    """
    v, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    places = raw(indices)
    if places.ndim != v.ndim:
        raise ShapeError(
            f"take_along_axis: indices {places.shape} into {v.shape}. Give as many axes; keepdims=True keeps them."
        )
    index = lanes(places, v.shape, axis)
    return v[index], lambda g: scatter(g, index, v.shape).reshape(x.shape), None
