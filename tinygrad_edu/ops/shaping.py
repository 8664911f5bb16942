"""Shape: the same numbers in the same order, under another shape. Gradients take the shape back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.device import HOST, device_of, moved
from ..engine.domain import call, reals

__all__ = [
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_to",
    "copy",
    "expand_dims",
    "flatten",
    "ravel",
    "reshape",
    "squeeze",
    "to",
]


def _reshaped(draw: Any) -> Any:
    shape = draw.shape(side=(0, 3))
    size = int(np.prod(shape))
    return call(
        draw.array(shape), draw.choice([(size,), size, (1, size), shape[::-1], *([(-1, 1), -1] if size else [])])
    )


@op(numpy=np.reshape, samples=_reshaped, analytic=True)
def reshape(x: Array, shape: Any) -> Any:
    """The same entries in another shape, in row-major order.

    x : (...)          out : shape (one entry may be -1: what is left)
    Gradient: g, in x's shape.
    """
    return x.reshape(shape), lambda g: g.reshape(x.shape), None


@op(numpy=np.ravel, method=True, samples=reals(), analytic=True)
def ravel(x: Array) -> Any:
    """All entries on one axis, in row-major order; shares x's memory where it can.

    x : (...)          out : (x.size,)
    Gradient: g, in x's shape.
    """
    return x.reshape(-1), lambda g: g.reshape(x.shape)


@op(method=True, samples=reals(), reference=lambda x: x.flatten(), analytic=True)
def flatten(x: Array) -> Any:
    """All entries on one axis, in row-major order; always a copy.

    x : (...)          out : (x.size,)
    Gradient: g, in x's shape.
    """
    return x.flatten(), lambda g: g.reshape(x.shape)


def _squeezable(draw: Any) -> Any:
    shape = draw.shape(ndim=(0, 4), side=(0, 2))
    single = [i for i, n in enumerate(shape) if n == 1]
    return call(draw.array(shape), axis=draw.choice([None, tuple(single), *single, *(i - len(shape) for i in single)]))


@op(numpy=np.squeeze, method=True, samples=_squeezable, analytic=True)
def squeeze(x: Array, axis: Any = None) -> Any:
    """x without its axes of length 1: all of them, or those named.

    x : (...)          out : the same entries in a shorter shape
    Gradient: g, in x's shape.
    """
    return x.squeeze(axis), lambda g: g.reshape(x.shape)


def _expanded(draw: Any) -> Any:
    shape = draw.shape(ndim=(0, 2))
    return call(draw.array(shape), draw.choice((0, -1, (0, 1), (0, -1), len(shape))))


@op(numpy=np.expand_dims, samples=_expanded, analytic=True)
def expand_dims(x: Array, axis: Any) -> Any:
    """x with new axes of length 1, which stand at ``axis`` of the result.

    x : (...)          out : the same entries in a longer shape
    Gradient: g, in x's shape.
    """
    return np.expand_dims(x, axis), lambda g: g.reshape(x.shape), None


@op(numpy=np.atleast_1d, samples=reals(), analytic=True)
def atleast_1d(x: Array) -> Any:
    """x with at least one axis: () becomes (1,).

    x : (...)          out : (...), or (1,)
    Gradient: g, in x's shape.
    """
    return np.atleast_1d(x), lambda g: g.reshape(x.shape)


@op(numpy=np.atleast_2d, samples=reals(), analytic=True)
def atleast_2d(x: Array) -> Any:
    """x with at least two axes: (n,) becomes the row (1, n).

    x : (...)          out : (...), (1, n) or (1, 1)
    Gradient: g, in x's shape.
    """
    return np.atleast_2d(x), lambda g: g.reshape(x.shape)


@op(numpy=np.atleast_3d, samples=reals(), analytic=True)
def atleast_3d(x: Array) -> Any:
    """x with at least three axes: (m, n) becomes (m, n, 1), and (n,) becomes (1, n, 1).

    x : (...)          out : (...), (m, n, 1), (1, n, 1) or (1, 1, 1)
    Gradient: g, in x's shape.
    """
    return np.atleast_3d(x), lambda g: g.reshape(x.shape)


def _broadcast(draw: Any) -> Any:
    shapes = draw.shapes(2)
    return call(draw.array(draw.choice(shapes)), np.broadcast_shapes(*shapes))


@op(numpy=np.broadcast_to, samples=_broadcast, analytic=True)
def broadcast_to(x: Array, shape: Any) -> Any:
    """x repeated, without a copy, to a larger shape that it broadcasts to.

    x : (...)          out : shape, read-only
    Gradient: g, summed over what was repeated (by the engine).
    """
    return np.broadcast_to(x, shape), lambda g: g, None


@op(numpy=np.copy, method=True, samples=reals(), analytic=True)
def copy(x: Array) -> Any:
    """The same entries in memory of their own.

    x : (...)          out : (...)
    Gradient: g.
    """
    return x.copy(), lambda g: g


def _cast(draw: Any) -> Any:
    return call(draw.array(draw.shape()), draw.choice((np.float64, "float64", np.dtype(np.float64))))


@op(
    numpy=getattr(np, "astype", ()),  # since numpy 2.1
    method=True,
    samples=_cast,
    reference=lambda x, dtype: x.astype(dtype),
    note="to float64 only: a narrower type rounds, so its differences are steps",
)
def astype(x: Array, dtype: Any) -> Any:
    """x in another dtype.

    x : (...)          out : (...) of the dtype
    Gradient: g in x's dtype (its real part, from complex).  A dtype that is not floating ends the graph.
    """
    return x.astype(dtype), lambda g: g, None


@op(
    method=True, samples=lambda draw: call(draw.array(draw.shape()), HOST), reference=lambda x, device: x, analytic=True
)
def to(x: Array, device: str) -> Any:
    """x on another device; x itself if it lives there.

    x : (...)          device : "cpu", "cuda", "cuda:1", ...          out : (...)
    Gradient: g, brought back.
    Errors: MissingExtraError without CuPy, DeviceError for a device that is not there.
    """
    here = device_of(raw(x))
    return moved(raw(x), device), lambda g: to(g, here), None
