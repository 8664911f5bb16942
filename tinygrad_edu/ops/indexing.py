"""Indexing: entries taken out by position, and written or added back. Taking and adding are each other's gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..engine import Array, Tensor, op, raw
from ..engine.domain import call
from ..engine.errors import DataError, ShapeError

__all__ = ["gather", "getitem", "index_add", "index_update", "one_hot", "scatter", "take"]


# -- what an index means -----------------------------------------------------------------------------------------------


def plain(index: Any) -> Any:
    """An index without Tensors, their arrays in their place; a tuple of one as that one."""
    if isinstance(index, tuple):
        return plain(index[0]) if len(index) == 1 else tuple(map(raw, index))
    return raw(index)


def once(index: Any) -> bool:
    """Whether an index takes no entry twice by its form alone: integers, slices, ..., None, booleans."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is ... or isinstance(p, (int, slice, np.integer)) or truths(p) for p in parts)


def truths(part: Any) -> bool:
    """Whether an array or list is one of booleans."""
    return bool((part if hasattr(part, "dtype") else np.asarray(part)).dtype == bool)


def places(x: Array, index: Any) -> tuple[Any, tuple[int, ...]]:
    """Where an index points in x: the numbers of the blocks it takes, and the shape of a block.

    numpy itself applies the index, to an array of numbers, so negative ones, booleans and every mixture mean what they
    mean to numpy. A block is what the axes behind the index span: a row, for an index of the first axis.
    """
    parts = index if isinstance(index, tuple) else (index,)
    lead = x.ndim
    if not any(p is ... for p in parts):  # an axis for each part, none for None, as many as it has for a mask
        lead = sum(0 if p is None else 1 if isinstance(p, slice) or not truths(p) else np.ndim(p) for p in parts)
    numbers = np.arange(math.prod(x.shape[:lead]), like=x).reshape(x.shape[:lead])
    return numbers[index], x.shape[lead:]


def fitted(op: str, y: Array, shape: tuple[int, ...]) -> Array:
    """y broadcast to the shape of x[index]."""
    try:
        return np.broadcast_to(y, shape)
    except ValueError:
        raise ShapeError(f"{op}: a value of shape {np.shape(y)} does not fit x[index], of shape {shape}.") from None


def add_at(op: str, out: Array, index: Any, y: Array) -> None:
    """out[index] += y in place, where every repetition of an entry counts; out is contiguous.

    np.add.at is slow on rows: 5.3 ms for 6,400 rows of 64 float32. On a single axis it has a fast loop: 0.7 to 1.1 ms with
    the numbers of the entries spelled out, as here. Sorting and np.add.reduceat took 1.0 to 4.2 ms, np.bincount 0.8 to
    8.9, a product with a one-hot matrix up to 140 (into 100 to 10,000 rows). And where every index is added, there is no
    shortcut for indices without repetition to get wrong.
    """
    if once(index):
        out[index] += fitted(op, y, out[index].shape)
        return
    block, inner = places(out, index)
    y = fitted(op, y, block.shape + inner)
    size = math.prod(inner)
    entries = block.reshape(-1, 1) * size + np.arange(size, like=out)  # (blocks, entries of a block)
    np.add.at(out.reshape(-1), entries.reshape(-1), y.reshape(-1).astype(out.dtype, copy=False))


# -- taking, and adding back -------------------------------------------------------------------------------------------


def some_index(draw: Any, shape: tuple[int, ...]) -> Any:
    """An index of any kind into an array of one axis or more."""
    if 0 in shape:
        return draw.choice((..., None, slice(None), slice(1, None), np.zeros((2, 0), dtype=int), (slice(None), None)))
    n, last = shape[0], shape[-1]
    rows = draw.integers(draw.shape(ndim=(1, 2)), -n, n - 1)
    return draw.choice((
        0, -1, slice(None, None, -1), slice(1, None, 2), ..., None, (None, ..., -1), (slice(None), None), rows, rows.tolist(),
        (rows, ...), (..., draw.integers((2,), -last, last - 1)), draw.integers((n,), 0, 1) == 1,
        (draw.integers((n,), 0, 1) == 1, ...), np.arange(math.prod(shape)).reshape(shape) % 2 == 0,
        *([(rows, slice(None, 1)), (rows, -1), (0, slice(None), None), (rows[..., None], [0, -1])] if len(shape) > 1 else []),
        *([([0, -1], slice(None), [-1, 0]), (None, rows, slice(None), 0)] if len(shape) > 2 else []),
    ))  # fmt: skip


def _indexed(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    return call(draw.array(shape), some_index(draw, shape))


@op(method="__getitem__", samples=_indexed, reference=lambda x, index: x[index], analytic=True)
def getitem(x: Array, index: Any) -> Any:
    """x[index], with every index that numpy knows; Tensors of integers or booleans are indices too.

    x : (...)          out : as numpy
    Gradient: g, added into zeros at the index; an entry taken twice collects both.
    """
    return x[index], lambda g: scatter(g, index, x.shape), None


def _scattered(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    index = some_index(draw, shape)
    return call(draw.array(np.zeros(shape)[index].shape), index, shape)


def _onto_zeros(y: Array, index: Any, shape: Any) -> Array:
    out = np.zeros(shape)
    np.add.at(out, index, y)
    return out


@op(samples=_scattered, reference=_onto_zeros, analytic=True)
def scatter(y: Array, index: Any, shape: Any) -> Any:
    """Zeros with y added at an index, where an entry named twice gets both: what ``getitem`` does, backwards.

    y : broadcasts to x[index], for an x of this shape          out : shape
    Gradient: g[index].
    Errors: ShapeError if y does not fit.
    """
    index = plain(index)
    out = np.zeros_like(raw(y), shape=shape, order="C")  # not in y's order: add_at writes through a flat view
    add_at("scatter", out, index, raw(y))
    return out, lambda g: g[index], None, None


def _added(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    index = some_index(draw, shape)
    y = draw.choice(((), np.zeros(shape)[index].shape))
    return call(draw.array(shape), index, draw.array(y))


def _plus_at(x: Array, index: Any, y: Array) -> Array:
    return x + _onto_zeros(y, index, x.shape)


@op(samples=_added, reference=_plus_at, analytic=True)
def index_add(x: Array, index: Any, y: Array) -> Any:
    """A copy of x with y added at x[index]; where an index repeats, every addition counts.

    x : (...)          y : broadcasts to x[index]          out : x's shape
    Gradient: g, and g[index].
    Errors: ShapeError if y does not fit.
    """
    index = plain(index)
    out = raw(x).astype(np.result_type(raw(x), raw(y)), order="C")
    add_at("index_add", out, index, raw(y))
    return out, lambda g: g, None, lambda g: g[index]


def _updated(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    mask = draw.integers(shape[:1], 0, 1) == 1
    some = np.flatnonzero(mask) - shape[0]
    index = draw.choice(
        (slice(None, None, 2), ..., mask, some, (some, ...), *([0, -1, (..., [-1])] if 0 not in shape else []))
    )
    return call(draw.array(shape), index, draw.array(draw.choice(((), np.zeros(shape)[index].shape))))


def _written(x: Array, index: Any, y: Array) -> Array:
    out = x.copy()
    out[index] = y
    return out


@op(samples=_updated, reference=_written, analytic=True)
def index_update(x: Array, index: Any, y: Array) -> Any:
    """A copy of x with x[index] = y.

    x : (...)          y : broadcasts to x[index]          out : x's shape
    Gradient: g with zeros at the index, and g[index].
    Errors: ValueError if the index names an entry twice, ShapeError if y does not fit.
    """
    index = plain(index)
    value = raw(x)
    if not once(index):
        block = places(value, index)[0]
        if np.unique(block).size != block.size:
            raise ValueError(
                "index_update: the index names an entry twice, and which of the two values stays is left open, so neither has a "
                "right gradient. Use index_add to add both, or name each entry once."
            )
    out = value.astype(np.result_type(value, raw(y)), order="C")
    out[index] = raw(y) if np.ndim(raw(y)) == 0 else fitted("index_update", raw(y), out[index].shape)
    return out, lambda g: index_update(g, index, 0.0), None, lambda g: g[index]


# -- along an axis -----------------------------------------------------------------------------------------------------


def _taken(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    axis = draw.axis(len(shape), none=True)
    n = math.prod(shape) if axis is None else shape[axis]
    indices = draw.integers(draw.shape(ndim=(0, 2)), -n, n - 1) if n else np.zeros((2, 0), dtype=int)
    return call(draw.array(shape), indices, axis=axis)


@op(numpy=np.take, method=True, samples=_taken, analytic=True)
def take(x: Array, indices: Any, axis: int | None = None) -> Any:
    """Entries by their position along an axis; of the flattened x if axis is None.

    x : (...)          indices : integers of any shape          out : x's shape, with the axis replaced by indices' shape
    Gradient: g, added into zeros at the positions; an entry taken twice collects both.
    """
    source = x.reshape(-1) if axis is None else x
    along = 0 if axis is None else normalize_axis_index(axis, x.ndim)
    chosen = raw(indices)
    index = (slice(None),) * along + (chosen,)
    out = np.take(source, chosen, along)
    return out, lambda g: scatter(g, index, source.shape).reshape(x.shape), None


def _gathered(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    axis = draw.axis(len(shape))
    picked = [draw.integer(0, n) for n in shape]
    picked[axis] = draw.integer(0, 4) if shape[axis] else 0
    return call(draw.array(shape), axis, draw.integers(tuple(picked), 0, max(shape[axis], 1) - 1))


def _one_by_one(x: Array, axis: int, index: Array) -> Array:
    out = np.zeros(index.shape)
    for place in np.ndindex(index.shape):
        source = list(place)
        source[axis] = index[place]
        out[place] = x[tuple(source)]
    return out


@op(method=True, samples=_gathered, reference=_one_by_one, analytic=True)
def gather(x: Array, axis: int, index: Array) -> Any:
    """One entry for each entry of an index, along an axis: out[i, j] = x[index[i, j], j] for axis 0.

    x : (...)          index : integers, as many axes as x, none longer except ``axis``          out : index's shape
    Gradient: g, added into zeros at the index. As torch.gather; take_along_axis is numpy's, which also broadcasts.
    Errors: ShapeError if the index does not fit.
    """
    chosen, axis = raw(index), normalize_axis_index(axis, x.ndim)
    if chosen.ndim != x.ndim or any(m > n for i, (m, n) in enumerate(zip(chosen.shape, x.shape)) if i != axis):
        raise ShapeError(
            f"gather: index {chosen.shape} into {x.shape} along axis {axis}. It needs as many axes, no other one longer."
        )
    grid = list(np.ix_(*(np.arange(n, like=chosen) for n in chosen.shape)))
    grid[axis] = chosen
    everywhere = tuple(grid)
    return x[everywhere], lambda g: scatter(g, everywhere, x.shape), None, None


def one_hot(labels: Any, num_classes: int, dtype: Any = np.float32) -> Any:
    """A 1 at each label's class, else 0. Nothing to differentiate: a Tensor of labels gives a Tensor, others an array.

    labels : (...) integers from 0 to num_classes - 1          out : (..., num_classes)
    Errors: DataError for labels that are not integers or out of range.

    >>> one_hot([1, 0], 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    classes = raw(labels) if hasattr(labels, "dtype") else np.asarray(labels)
    if classes.dtype.kind not in "iu" and classes.size:
        raise DataError(f"one_hot: labels are integer classes, not {classes.dtype}.")
    if classes.size and not 0 <= classes.min() <= classes.max() < num_classes:
        raise DataError(
            f"one_hot: labels from {classes.min()} to {classes.max()}, but {num_classes} classes go from 0 to {num_classes - 1}."
        )
    out = (classes[..., None] == np.arange(num_classes, like=classes)).astype(dtype)
    return Tensor(out) if isinstance(labels, Tensor) else out
