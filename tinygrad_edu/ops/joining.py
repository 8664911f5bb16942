"""Joining and splitting: several arrays to one, and one to several. Each is the other's gradient."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import ShapeError

__all__ = [
    "array_split",
    "column_stack",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]


# -- several to one ----------------------------------------------------------------------------------------------------


def listed(name: str, xs: Any) -> list[Array]:
    """A list's arrays (numbers in it as arrays), or the error for something that is not a list."""
    if not isinstance(xs, (list, tuple)):
        raise TypeError(
            f"{name}: give a list of arrays, [a, b], not {type(xs).__name__}. To use the rows of one, list(x)."
        )
    like = next((raw(x) for x in xs if hasattr(x, "__array_function__")), None)
    return [x if hasattr(x, "shape") else np.asarray(x, like=like) for x in xs]


def _joined(name: str, xs: Any, shape: Callable[[Array], Any], axis: int) -> Any:
    """The arrays, each first brought to a shape, in a row along an axis; the pullback of each cuts out its part of g."""
    arrays = listed(name, xs)
    parts = [shape(x) for x in arrays]
    out = np.concatenate(parts, axis)
    ends = list(itertools.accumulate((part.shape[axis] for part in parts), initial=0))
    lead = (slice(None),) * (axis % out.ndim)

    def cut(i: int) -> Any:
        part = (*lead, slice(ends[i], ends[i + 1]))
        return lambda g: g[part].reshape(arrays[i].shape)

    return out, [cut(i) for i in range(len(arrays))]


def _along(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    axis = draw.axis(len(shape))
    sides = (
        [draw.integer(0, 3) if i == axis % len(shape) else n for i, n in enumerate(shape)]
        for _ in range(draw.integer(1, 3))
    )
    return call([draw.array(tuple(side)) for side in sides], axis=draw.choice((axis, axis, None)))


@op(numpy=np.concatenate, samples=_along, analytic=True)
def concatenate(xs: Any, axis: int | None = 0) -> Any:
    """Arrays in a row along an axis that they have; flattened first if axis is None.

    xs : list of arrays, equal in shape but for the axis          out : their lengths added along the axis
    Gradient: to each, its part of g.
    """
    if axis is None:
        return _joined("concatenate", xs, np.ravel, 0)
    return _joined("concatenate", xs, lambda x: x, axis)


def _equal(draw: Any) -> Any:
    shape = draw.shape()
    return [draw.array(shape) for _ in range(draw.integer(1, 3))]


@op(numpy=np.stack, samples=lambda draw: call(xs := _equal(draw), axis=draw.axis(xs[0].ndim + 1)), analytic=True)
def stack(xs: Any, axis: int = 0) -> Any:
    """Arrays in a row along a new axis, which stands at ``axis`` of the result.

    xs : list of arrays of one shape          out : that shape, with their number at the axis
    Gradient: to each, its layer of g.
    Errors: ShapeError if the shapes differ.
    """
    if isinstance(xs, (list, tuple)) and len({np.shape(x) for x in xs}) > 1:
        raise ShapeError(f"stack: shapes {', '.join(str(np.shape(x)) for x in xs)} differ. Give arrays of one shape.")
    return _joined("stack", xs, lambda x: np.expand_dims(x, axis), axis)


@op(numpy=np.vstack, samples=lambda draw: call(_equal(draw)), analytic=True)
def vstack(xs: Any) -> Any:
    """Arrays below each other: along axis 0, vectors as rows.

    xs : list of (m, ...) or of (n,)          out : (sum of m, ...) or (their number, n)
    Gradient: to each, its rows of g.
    """
    return _joined("vstack", xs, np.atleast_2d, 0)


@op(numpy=np.hstack, samples=lambda draw: call(_equal(draw)), analytic=True)
def hstack(xs: Any) -> Any:
    """Arrays beside each other: along axis 1, or vectors in a row.

    xs : list of (m, n, ...) or of (n,)          out : (m, sum of n, ...) or (sum of n,)
    Gradient: to each, its part of g.
    """
    return _joined("hstack", xs, np.atleast_1d, 1 if any(np.ndim(x) > 1 for x in xs) else 0)


@op(numpy=np.dstack, samples=lambda draw: call(_equal(draw)), analytic=True)
def dstack(xs: Any) -> Any:
    """Arrays behind each other: along axis 2, after (m, n) became (m, n, 1) and (n,) became (1, n, 1).

    xs : list of arrays          out : (m, n, sum of layers, ...)
    Gradient: to each, its layers of g.
    """
    return _joined("dstack", xs, np.atleast_3d, 2)


def _columns(draw: Any) -> Any:
    n = draw.integer(0, 3)
    return call([draw.array(draw.choice(((n,), (n, draw.integer(0, 2))))) for _ in range(draw.integer(1, 3))])


@op(numpy=np.column_stack, samples=_columns, analytic=True)
def column_stack(xs: Any) -> Any:
    """Vectors as the columns of a matrix; matrices beside them.

    xs : list of (n,) or (n, k)          out : (n, number of columns)
    Gradient: to each, its columns of g.
    """
    return _joined("column_stack", xs, lambda x: x if x.ndim > 1 else x.reshape(-1, 1), 1)


# -- one to several ----------------------------------------------------------------------------------------------------


def _cut(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    axis = draw.axis(len(shape))
    even = [k for k in (1, 2, 3) if shape[axis] % k == 0]
    return call(draw.array(shape), draw.choice((draw.choice(even), [1, 2], (0,))), axis=axis)


@op(numpy=np.split, samples=_cut, analytic=True)
def split(x: Array, indices_or_sections: Any, axis: int = 0) -> Any:
    """x cut along an axis into parts: so many equal ones, or at the given positions.

    x : (...)          out : a tuple of arrays
    Gradient: the parts' gradients joined.
    Errors: ValueError if the parts cannot be equal; array_split allows that.
    """
    return tuple(np.split(x, indices_or_sections, axis)), lambda gs: np.concatenate(gs, axis), None


def _cut_anyhow(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    return call(draw.array(shape), draw.choice((draw.integer(1, 4), [1, 2])), axis=draw.axis(len(shape)))


@op(numpy=np.array_split, samples=_cut_anyhow, analytic=True)
def array_split(x: Array, indices_or_sections: Any, axis: int = 0) -> Any:
    """As ``split``, where the first parts may be one longer than the others.

    x : (...)          out : a tuple of arrays
    Gradient: the parts' gradients joined.
    """
    return tuple(np.array_split(x, indices_or_sections, axis)), lambda gs: np.concatenate(gs, axis), None


def _halves(ndim: int) -> Any:
    return lambda draw: call(draw.array(draw.shape(ndim=(ndim, 3))), draw.choice((1, [1], [1, 2])))


@op(numpy=np.vsplit, samples=_halves(2), analytic=True)
def vsplit(x: Array, indices_or_sections: Any) -> Any:
    """x cut into parts below each other, along axis 0.

    x : (m, ...) of two axes or more          out : a tuple of arrays
    Gradient: the parts' gradients joined.
    """
    return tuple(np.vsplit(x, indices_or_sections)), lambda gs: np.concatenate(gs, 0), None


@op(numpy=np.hsplit, samples=_halves(1), analytic=True)
def hsplit(x: Array, indices_or_sections: Any) -> Any:
    """x cut into parts beside each other, along axis 1 (a vector along its only axis).

    x : (m, n, ...) or (n,)          out : a tuple of arrays
    Gradient: the parts' gradients joined.
    """
    return tuple(np.hsplit(x, indices_or_sections)), lambda gs: np.concatenate(gs, 1 if x.ndim > 1 else 0), None


@op(numpy=np.dsplit, samples=_halves(3), analytic=True)
def dsplit(x: Array, indices_or_sections: Any) -> Any:
    """x cut into parts behind each other, along axis 2.

    x : (m, n, k, ...)          out : a tuple of arrays
    Gradient: the parts' gradients joined.
    """
    return tuple(np.dsplit(x, indices_or_sections)), lambda gs: np.concatenate(gs, 2), None


def _layers(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3), side=(1, 3))
    return call(draw.array(shape), axis=draw.axis(len(shape)))


@op(
    numpy=getattr(np, "unstack", ()),  # since numpy 2.1
    samples=_layers,
    reference=lambda x, axis=0: tuple(x.take(i, axis) for i in range(x.shape[axis])),
    analytic=True,
    note="an axis of length 0 has no layers, so nothing to compare",
)
def unstack(x: Array, axis: int = 0) -> Any:
    """The layers of x along an axis, which goes.

    x : (...)          out : a tuple of arrays, x.shape[axis] of them
    Gradient: the layers' gradients stacked.
    """
    return tuple(np.moveaxis(x, axis, 0)), lambda gs: np.stack(gs, axis)
