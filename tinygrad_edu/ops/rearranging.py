"""Rearrangement: the same numbers in another order. Gradients are the rearrangement undone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call

__all__ = ["flip", "fliplr", "flipud", "matrix_transpose", "moveaxis", "roll", "rot90", "swapaxes", "transpose"]


def shuffled(draw: Any, ndim: int) -> tuple[int, ...]:
    """A random order of the axes."""
    order = list(range(ndim))
    for i in range(ndim):
        j = draw.integer(i, ndim - 1)
        order[i], order[j] = order[j], order[i]
    return tuple(order)


def _permuted(draw: Any) -> Any:
    shape = draw.shape()
    order = shuffled(draw, len(shape))
    return call(draw.array(shape), draw.choice((None, order, tuple(i - len(shape) for i in order))))


@op(numpy=np.transpose, samples=_permuted, analytic=True)
def transpose(x: Array, axes: Any = None) -> Any:
    """The axes in another order; reversed if None.

    x : (...)          out : axis i of the result is axis axes[i] of x
    Gradient: g, its axes put back.
    """
    back = None if axes is None else tuple(int(i) for i in np.argsort([a % x.ndim for a in axes]))
    return x.transpose(axes), lambda g: g.transpose(back)


def _two_axes(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    return call(draw.array(shape), draw.axis(len(shape)), draw.axis(len(shape)))


@op(numpy=np.swapaxes, method=True, samples=_two_axes, analytic=True)
def swapaxes(x: Array, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    x : (...)          out : x's shape with two entries exchanged
    Gradient: g, exchanged back.
    """
    return x.swapaxes(axis1, axis2), lambda g: g.swapaxes(axis1, axis2), None, None


def _stacked(draw: Any) -> Any:
    return call(draw.array(draw.shape(ndim=(2, 3))))


@op(numpy=(np.matrix_transpose, np.linalg.matrix_transpose), samples=_stacked, analytic=True)
def matrix_transpose(x: Array) -> Any:
    """The last two axes exchanged: each matrix of a batch transposed.

    x : (..., m, n)          out : (..., n, m)
    Gradient: g, transposed.
    """
    return np.matrix_transpose(x), lambda g: np.matrix_transpose(g)


def _moved(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    n = len(shape)
    count = draw.integer(1, n)
    source, destination = (shuffled(draw, n)[:count] for _ in range(2))
    if draw.choice((False, True)):
        return call(draw.array(shape), source[0] - n, destination[0])
    return call(draw.array(shape), source, destination)


@op(numpy=np.moveaxis, samples=_moved, analytic=True)
def moveaxis(x: Array, source: Any, destination: Any) -> Any:
    """Axes moved to other places; the others keep their order.

    x : (...)          source, destination : one axis each, or as many
    Gradient: g, moved back.
    """
    return np.moveaxis(x, source, destination), lambda g: np.moveaxis(g, destination, source), None, None


def _flipped(draw: Any) -> Any:
    shape = draw.shape()
    return call(draw.array(shape), axis=draw.axes(len(shape)))


@op(numpy=np.flip, samples=_flipped, analytic=True)
def flip(x: Array, axis: Any = None) -> Any:
    """The entries in reverse order along axes; along all if None.

    x : (...)          out : (...)
    Gradient: g, reversed back.
    """
    return np.flip(x, axis), lambda g: np.flip(g, axis)


@op(numpy=np.fliplr, samples=_stacked, analytic=True)
def fliplr(x: Array) -> Any:
    """The columns (axis 1) in reverse order.

    x : (m, n, ...)          out : (m, n, ...)
    Gradient: g, reversed back.
    """
    return np.fliplr(x), lambda g: np.fliplr(g)


@op(numpy=np.flipud, samples=_stacked, analytic=True)
def flipud(x: Array) -> Any:
    """The rows (axis 0) in reverse order.

    x : (m, ...)          out : (m, ...)
    Gradient: g, reversed back.
    """
    return np.flipud(x), lambda g: np.flipud(g)


def _turned(draw: Any) -> Any:
    shape = draw.shape(ndim=(2, 3))
    return call(draw.array(shape), k=draw.integer(-1, 4), axes=shuffled(draw, len(shape))[:2])


@op(numpy=np.rot90, samples=_turned, analytic=True)
def rot90(x: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """A plane of axes turned by k quarter turns, from the first axis towards the second.

    x : (...) of two axes or more          out : x's shape, the two axes exchanged if k is odd
    Gradient: g, turned back.
    """
    return np.rot90(x, k, axes), lambda g: np.rot90(g, -k, axes)


def _rolled(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3))
    shift = draw.integer(-4, 4)
    return draw.choice(
        (
            call(draw.array(shape), shift, axis=draw.axis(len(shape), none=True)),
            call(draw.array(shape), (shift, 1), axis=(0, -1)),
        )
    )


@op(numpy=np.roll, samples=_rolled, analytic=True)
def roll(x: Array, shift: Any, axis: Any = None) -> Any:
    """Entries shifted along axes; what leaves at one end comes in at the other. Over the flattened x if axis is None.

    x : (...)          shift, axis : one integer each, or as many          out : (...)
    Gradient: g, shifted back.
    """
    back = tuple(-n for n in shift) if np.ndim(shift) else -shift
    return np.roll(x, shift, axis), lambda g: np.roll(g, back, axis), None
