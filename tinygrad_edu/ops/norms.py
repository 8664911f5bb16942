"""Norms of vectors and matrices. At zero every norm has a kink, and the gradient there is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call
from ..engine.errors import ShapeError
from .arithmetic import over
from .reduction import all_axes, dropped, reduced, shared, spread
from .statistics import root

__all__ = ["matrix_norm", "norm", "vector_norm"]

# The two helpers return a norm with kept axes, and the pullback of a g with kept axes.


def _vector(x: Array, order: Any, axes: tuple[int, ...]) -> Any:
    """A vector norm over axes: sum(|x|^p)^(1/p), the largest or smallest |x| for p = inf or -inf, the count for p = 0."""
    if order in (np.inf, -np.inf):
        size = np.abs(raw(x))
        extreme = (np.max if order > 0 else np.min)(size, axis=axes, keepdims=True)
        return extreme, lambda g: shared(g, size, extreme, axes) * np.sign(raw(x))
    if order == 0:
        return (raw(x) != 0).astype(x.dtype).sum(axis=axes, keepdims=True), lambda g: np.zeros_like(x)
    if order == 1:
        return np.abs(raw(x)).sum(axis=axes, keepdims=True), lambda g: g * np.sign(raw(x))
    if order == 2:
        out = root((x * x).sum(axis=axes, keepdims=True))
        return out, lambda g: g * over(x, out)
    if isinstance(order, str):
        raise ValueError(f"norm: of a vector, ord is a number, inf or -inf, not {order!r}.")
    zero = raw(x) == 0
    size = np.where(zero, 1, np.abs(x))
    total = np.where(zero, 0 if order > 0 else np.inf, size**order).sum(axis=axes, keepdims=True)
    large = raw(total)
    regular = (large > 0) & (large < np.inf)
    total = np.where(regular, total, 1)
    out = np.where(regular, total ** (1 / order), np.where((large > 0) == (order > 0), np.inf, 0))

    def to_x(g: Array) -> Array:
        slope = np.sign(raw(x)) * size ** (order - 1) * total ** (1 / order - 1)
        return g * np.where(zero | ~regular, 0, slope)

    return out, to_x


def _matrix(x: Array, order: Any, axes: tuple[int, ...]) -> Any:
    """A norm of the matrices in two axes: Frobenius, the extreme sums of columns or rows, or of singular values."""
    if order in (None, "fro"):
        return _vector(x, 2, axes)
    if order in (1, -1, np.inf, -np.inf):
        along, among = axes if order in (1, -1) else axes[::-1]
        sums = np.abs(raw(x)).sum(axis=along, keepdims=True)
        extreme = (np.max if order > 0 else np.min)(sums, axis=among, keepdims=True)
        return extreme, lambda g: shared(g, sums, extreme, among) * np.sign(raw(x))
    if order not in (2, -2, "nuc"):
        raise ValueError(f"norm: of a matrix, ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, not {order!r}.")
    u, s, vh = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), full_matrices=False)
    values = raw(s)
    if order == "nuc":
        out, weight = values.sum(axis=-1), np.ones_like(values)
    else:
        out = (np.max if order > 0 else np.min)(values, axis=-1)
        weight = shared(np.ones_like(out)[..., None], values, out[..., None], -1)
    # a singular value that is 0 but for rounding has no direction
    weight = np.where(values > values.max(axis=-1, keepdims=True) * np.finfo(values.dtype).eps * 10, weight, 0)

    def to_x(g: Array) -> Array:
        return g * np.moveaxis((u * weight[..., None, :]) @ vh, (-2, -1), axes)

    return np.moveaxis(out[..., None, None], (-2, -1), axes), to_x


def _measured(draw: Any) -> Any:
    shape, keepdims = draw.shape(ndim=(1, 3), side=(1, 3)), draw.choice((False, True))
    if len(shape) > 1 and draw.choice((True, False)):
        first = draw.integer(0, len(shape) - 1)
        axes = (first, (first + draw.integer(1, len(shape) - 1)) % len(shape))
        x = draw.array(shape, -1e3, 1e3, apart=0.01)
        return call(x, draw.choice((None, "fro", 1, -1, np.inf, -np.inf)), axes, keepdims)
    x = draw.array(shape, -1e3, 1e3, special=(0.0, 1.0))
    return call(x, draw.choice((None, 2, 1, np.inf, -np.inf, 0, 3, 2.5)), draw.axis(x.ndim), keepdims)


TIES = "where sums tie and an entry is 0, a matrix norm has two kinks in one: partial derivatives of 0, shares that are not"


@op(
    numpy=np.linalg.norm,
    samples=_measured,
    note=TIES,
    kinks=[at([0.0, 0.0], gives=[0.0, 0.0]), at([2.0, -2.0, 1.0], np.inf, gives=[0.5, -0.5, 0.0])],
)
def norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length of vectors or the size of matrices, as ``np.linalg.norm``.

    x : (...)          out : x's shape without the axes (or with size 1)
    axis : one for vectors, two for matrices; None for x as one vector, or for the only matrix if ord is given.
    ord : of vectors 2 (also None), inf, -inf, 0 or any p; of matrices 'fro' (also None), 'nuc', 1, -1, 2, -2, inf, -inf.
    Gradient: of the 2-norm g * x / out.  At kinks: 0 at zero; shared equally among ties of inf and -inf.
    """
    axes = all_axes(axis, x.ndim)
    if len(axes) == 1 or (axis is None and ord is None):
        out, pullback = _vector(x, 2 if ord is None else ord, axes)
    elif len(axes) == 2:
        out, pullback = _matrix(x, ord, axes)
    else:
        raise ShapeError(
            f"norm: ord={ord!r} over axes {axes} of {x.shape}. Give one axis for vectors, or two for matrices."
        )
    return dropped(out, axes, keepdims), lambda g: pullback(spread(g, x, axes, keepdims))


def _vectors(draw: Any) -> Any:
    return call(*(sample := reduced(draw)).args, **sample.kwargs, ord=draw.choice((1, 2, 3, np.inf, 0)))


@op(numpy=np.linalg.vector_norm, samples=_vectors, kinks=[at([0.0, 0.0], gives=[0.0, 0.0])])
def vector_norm(x: Array, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The length of vectors that lie in any number of axes together.

    x : (...)          out : x's shape without the axes (or with size 1)
    ord : as for vectors in ``norm``.
    Gradient: as ``norm``.  At kinks: 0 at zero.
    """
    axes = all_axes(axis, x.ndim)
    out, pullback = _vector(x, ord, axes)
    return dropped(out, axes, keepdims), lambda g: pullback(spread(g, x, axes, keepdims))


def _matrices(draw: Any) -> Any:
    x = draw.array((*draw.shape(ndim=(0, 1)), draw.integer(1, 3), draw.integer(1, 3)), -100, 100, apart=0.01)
    return call(x, keepdims=draw.choice((False, True)), ord=draw.choice(("fro", 1, -1, np.inf, -np.inf)))


@op(numpy=np.linalg.matrix_norm, samples=_matrices, note=TIES, kinks=[at([[0.0, 0.0]], gives=[[0.0, 0.0]])])
def matrix_norm(x: Array, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The size of the matrices in the last two axes.

    x : (..., m, n)          out : (...), or (..., 1, 1)
    ord : as for matrices in ``norm``.
    Gradient: as ``norm``.  At kinks: 0 at zero.
    """
    axes = (x.ndim - 2, x.ndim - 1)
    out, pullback = _matrix(x, ord, axes)
    return dropped(out, axes, keepdims), lambda g: pullback(spread(g, x, axes, keepdims))
