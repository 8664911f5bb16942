"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import ShapeError
from ._portable import eye
from .indexing import scatter

__all__ = ["diag", "diagonal", "trace", "tril", "triu"]


def _planes(draw: Any) -> Any:
    shape = draw.shape(ndim=(2, 3))
    axis1 = draw.integer(0, len(shape) - 1)
    axis2 = (axis1 + draw.integer(1, len(shape) - 1)) % len(shape)
    return call(draw.array(shape), offset=draw.integer(-2, 2), axis1=axis1, axis2=axis2 - len(shape))


def _diagonal(x: Array, offset: int, axis1: int, axis2: int) -> Any:
    """A diagonal, and its pullback: g written onto the diagonal of zeros."""
    out = x.diagonal(offset, axis1, axis2)
    lead = [n for i, n in enumerate(x.shape) if i not in (axis1 % x.ndim, axis2 % x.ndim)]
    shape = (*lead, x.shape[axis1], x.shape[axis2])
    along = np.arange(out.shape[-1], like=raw(out))
    index = (..., along + max(-offset, 0), along + max(offset, 0))
    put: Any = lambda g: scatter(g, index, shape)
    return out, lambda g: np.moveaxis(put(g), (-2, -1), (axis1, axis2))


@op(numpy=np.diagonal, method=True, samples=_planes, analytic=True)
def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of the plane of two axes, as the last axis of the result.

    x : (...) of two axes or more          offset : above (positive) or below the main diagonal
    Gradient: g on the diagonal, else 0.
    """
    return _diagonal(x, offset, axis1, axis2)


@op(numpy=np.diag, samples=lambda draw: call(draw.array(draw.shape(ndim=(1, 2))), draw.integer(-2, 2)), analytic=True)
def diag(x: Array, k: int = 0) -> Any:
    """The matrix with x on its k-th diagonal, or the k-th diagonal of the matrix x.

    x : (n,) or (m, n)          out : (n + |k|, n + |k|), or the diagonal
    Gradient: g's diagonal, or g on the diagonal.
    Errors: ShapeError for other shapes.
    """
    if x.ndim == 2:
        return _diagonal(x, k, 0, 1)
    if x.ndim != 1:
        raise ShapeError(f"diag: x has shape {x.shape}. Give a vector or a matrix; diagonal takes more axes.")
    return np.diag(x, k), lambda g: g.diagonal(k)


@op(numpy=np.trace, method=True, samples=_planes, analytic=True)
def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal of the plane of two axes.

    x : (...) of two axes or more          out : x's shape without the two
    Gradient: g on the diagonal, else 0.
    """
    rows, columns = x.shape[axis1], x.shape[axis2]
    on = eye(x, rows, columns, offset)
    out = x.trace(offset, axis1, axis2)
    return out, lambda g: np.moveaxis(np.where(on, g[..., None, None], 0), (-2, -1), (axis1, axis2))


def _matrices(draw: Any) -> Any:
    return call(draw.array(draw.shape(ndim=(1, 3))), draw.integer(-2, 2))


@op(numpy=np.tril, samples=_matrices, analytic=True)
def tril(x: Array, k: int = 0) -> Any:
    """The lower triangle: 0 above the k-th diagonal.

    x : (..., m, n)          out : (..., m, n); for a vector (n,), the triangle of n copies of it
    Gradient: g's lower triangle.
    """
    return np.tril(x, k), lambda g: np.tril(g, k)


@op(numpy=np.triu, samples=_matrices, analytic=True)
def triu(x: Array, k: int = 0) -> Any:
    """The upper triangle: 0 below the k-th diagonal.

    x : (..., m, n)          out : (..., m, n); for a vector (n,), the triangle of n copies of it
    Gradient: g's upper triangle.
    """
    return np.triu(x, k), lambda g: np.triu(g, k)
