"""Products of matrices and vectors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import DTypeError, ShapeError
from .joining import listed

__all__ = ["cross", "kron", "linear", "matmul", "multi_dot", "outer", "vdot"]


def _products(draw: Any) -> Any:
    n, k, m = (draw.integer(0, 3) for _ in range(3))
    batch = draw.shapes(2, ndim=(0, 2), side=(1, 2))
    left, right = draw.choice((
        ((*batch[0], n, k), (*batch[1], k, m)), ((k,), (k,)), ((*batch[0], n, k), (k,)), ((k,), (*batch[1], k, m)),
    ))  # fmt: skip
    return call(draw.array(left), draw.array(right))


@op(numpy=(np.matmul, np.linalg.matmul), method="__matmul__", samples=_products, analytic=True)
def matmul(x: Array, y: Array) -> Any:
    """Matrix product x @ y; leading axes are a batch and broadcast.

    x : (..., n, k) or (k,)          y : (..., k, m) or (k,)          out : (..., n, m), without the axis of a vector
    Gradient: g @ y^T, x^T @ g.
    Errors: ShapeError if the k differ, or for a number.
    """
    try:
        fit = x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0]
    except (AttributeError, IndexError):  # a number
        fit = False
    if not fit:
        raise ShapeError(
            f"matmul: {np.shape(x)} @ {np.shape(y)}. The last axis of the left must equal the "
            f"{'second-last axis' if np.ndim(y) > 1 else 'axis'} of the right."
        )
    if x.ndim == 1 and y.ndim == 1:
        return x @ y, lambda g: g * y, lambda g: g * x
    if x.ndim == 1:
        return x @ y, lambda g: (y @ g[..., None])[..., 0], lambda g: x[:, None] * g[..., None, :]
    if y.ndim == 1:
        return x @ y, lambda g: g[..., None] * y, lambda g: (x.swapaxes(-1, -2) @ g[..., None])[..., 0]
    if y.ndim == 2 < x.ndim:  # one product of tall matrices, instead of one for each of the batch and their sum
        return x @ y, lambda g: g @ y.swapaxes(-1, -2), lambda g: rows(x).swapaxes(-1, -2) @ rows(g)
    return x @ y, lambda g: g @ y.swapaxes(-1, -2), lambda g: x.swapaxes(-1, -2) @ g


def rows(x: Array) -> Array:
    """The leading axes as one: (..., k) -> (n, k)."""
    return x if x.ndim == 2 else x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])


def _affine(draw: Any) -> Any:
    n, k, m = (draw.integer(0, 3) for _ in range(3))
    bias = (draw.array((m,)),) if draw.choice((True, False)) else ()
    return call(draw.array((*draw.shape(ndim=(0, 2), side=(1, 2)), n, k)), draw.array((k, m)), *bias)


@op(samples=_affine, analytic=True, reference=lambda x, w, b=0: x @ w + b)
def linear(x: Array, weight: Array, bias: Array = None) -> Any:
    """x @ weight + bias, in one op.

    x : (..., in)          weight : (in, out)          bias : (out,) or None          out : (..., out)
    Gradient: g @ weight^T; x^T @ g and g, both summed over the leading axes.
    """
    if x.ndim == 0 or weight.ndim != 2 or x.shape[-1] != weight.shape[0]:
        raise ShapeError(
            f"linear: input {x.shape} against weight {weight.shape}. The input's last axis must be the weight's first, "
            f"{weight.shape[0] if weight.ndim else '?'}."
        )
    out = x @ weight
    if bias is not None and bias.dtype == out.dtype:
        out += bias
    elif bias is not None:
        out = out + bias
    return out, lambda g: g @ weight.T, lambda g: rows(x).T @ rows(g), lambda g: rows(g).sum(axis=0)


def _chain(draw: Any) -> Any:
    sides = [draw.integer(0, 3) for _ in range(draw.integer(3, 5))]
    shapes = list(itertools.pairwise(sides))
    first, last = draw.choice((False, True)), draw.choice((False, True))
    ends: dict[int, tuple[int, ...]] = {}
    if first:
        ends[0] = shapes[0][1:]
    if last:
        ends[len(shapes) - 1] = shapes[-1][:1]
    matrices = [draw.array(ends.get(i, shape)) for i, shape in enumerate(shapes)]
    if matrices[1].size and draw.choice((False, True)):
        matrices[1] = matrices[1].tolist()  # lists will do
    return call(matrices)


@op(numpy=np.linalg.multi_dot, samples=_chain, analytic=True)
def multi_dot(xs: Sequence[Array]) -> Any:
    """The product of several matrices, multiplied in the cheapest order.

    xs : list of two matrices or more; the first and the last may be vectors          out : as x0 @ x1 @ ... @ xn
    Gradient: to each, (what stands left of it)^T @ g @ (what stands right of it)^T, in the cheapest order too.
    """
    first, *middle, last = listed("multi_dot", xs)
    chain = [first if first.ndim == 2 else first[None], *middle, last if last.ndim == 2 else last[:, None]]
    turned = [x.swapaxes(-1, -2) for x in chain]
    shape = (chain[0].shape[0], chain[-1].shape[1])

    def pullback(i: int) -> Any:
        left, right = turned[:i][::-1], turned[i + 1 :][::-1]  # (x0 @ x1)^T = x1^T @ x0^T
        return lambda g: multiplied([*left, g.reshape(shape), *right]).reshape(xs[i].shape)

    out = multiplied([raw(x) for x in chain]).reshape(first.shape[:-1] + last.shape[1:])
    return out, [pullback(i) for i in range(len(xs))]


def multiplied(chain: Sequence[Array]) -> Array:
    """The product of matrices in the cheapest order."""
    if len(chain) == 1:
        return chain[0]
    _, k = cheapest((chain[0].shape[0], *(x.shape[1] for x in chain)))
    return multiplied(chain[:k]) @ multiplied(chain[k:])


@lru_cache(maxsize=4096)
def cheapest(sides: tuple[int, ...]) -> tuple[int, int]:
    """Multiplications in a chain of matrices with these sides, and behind which one to cut it for the last product.

    Reference: Godbole, On Efficient Computation of Matrix Chain Products (1973).
    """
    if len(sides) == 2:
        return 0, 0
    ends = sides[0] * sides[-1]
    cuts = range(1, len(sides) - 1)
    return min((cheapest(sides[: k + 1])[0] + cheapest(sides[k:])[0] + ends * sides[k], k) for k in cuts)


@op(
    numpy=(np.outer, np.linalg.outer),
    samples=lambda draw: call(draw.array(draw.shape(ndim=(0, 2))), draw.array(draw.shape(ndim=(0, 2)))),
    analytic=True,
)
def outer(x: Array, y: Array) -> Any:
    """Every product of an entry of x and an entry of y: out_ij = x_i * y_j, both flattened.

    x : (...)          y : (...)          out : (x.size, y.size)
    Gradient: g @ y, x @ g.
    """
    a, b = np.ravel(x), np.ravel(y)
    return np.outer(a, b), lambda g: (g @ b).reshape(np.shape(x)), lambda g: (a @ g).reshape(np.shape(y))


def _same_size(draw: Any) -> Any:
    shape = draw.shape(ndim=(0, 2))
    return call(draw.array(shape), draw.array(draw.choice((shape, (int(np.prod(shape)),)))))


@op(numpy=np.vdot, samples=_same_size)
def vdot(x: Array, y: Array) -> Any:
    """The sum of x_i * y_i, both flattened.

    x, y : (...) of one size, real          out : ()
    Gradient: g * y, g * x.
    Errors: DTypeError for complex numbers: conj(x) has no complex derivative.
    """
    if np.iscomplexobj(x) or np.iscomplexobj(y):
        raise DTypeError("vdot: complex numbers. numpy conjugates the first, which has no complex derivative; use dot.")
    return np.vdot(x, y), lambda g: g * np.reshape(y, np.shape(x)), lambda g: g * np.reshape(x, np.shape(y))


def _blocks(draw: Any) -> Any:
    return call(draw.array(draw.shape(ndim=(0, 2), side=(0, 2))), draw.array(draw.shape(ndim=(0, 3), side=(0, 2))))


@op(numpy=np.kron, samples=_blocks, analytic=True)
def kron(x: Array, y: Array) -> Any:
    """Kronecker product: each entry of x, times the whole of y.

    x : (m, n), say          y : (p, q)          out : (m*p, n*q); any number of axes
    Gradient: each block of g times y, summed; the blocks of g summed, each times its entry of x.
    """
    ndim = max(np.ndim(x), np.ndim(y))
    tall = [(1,) * (ndim - np.ndim(v)) + np.shape(v) for v in (x, y)]
    mixed = tuple(n for pair in zip(*tall) for n in pair)
    order = (*range(0, 2 * ndim, 2), *range(1, 2 * ndim, 2))

    def table(g: Array) -> Array:
        """One row for each entry of x, one column for each of y: (m*p, n*q) -> (m, p, n, q) -> (m*n, p*q)."""
        return g.reshape(mixed).transpose(order).reshape(np.size(x), np.size(y))

    a, b = np.ravel(x), np.ravel(y)
    return (
        np.kron(x, y),
        lambda g: (table(g) @ b).reshape(np.shape(x)),
        lambda g: (a @ table(g)).reshape(np.shape(y)),
    )


def _vectors(draw: Any) -> Any:
    left, right = draw.shapes(2, ndim=(0, 2))
    axis = draw.choice((-1, 0)) if len(left) == len(right) else -1
    place: Any = lambda shape: (3, *shape) if axis == 0 else (*shape, 3)
    return call(draw.array(place(left)), draw.array(place(right)), axis=axis)


@op(
    numpy=(np.cross, np.linalg.cross),
    samples=_vectors,
    reference=lambda x, y, axis=-1: np.cross(x, y, axis=axis),
    analytic=True,
)
def cross(x: Array, y: Array, *, axis: int = -1) -> Any:
    """Vector product in three dimensions.

    x, y : broadcastable, of length 3 along the axis          out : broadcast shape
    Gradient: cross(y, g), cross(g, x).
    Errors: ShapeError for vectors of another length.
    """
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise ShapeError(f"cross: {x.shape} and {y.shape} along axis {axis}. Vectors of three dimensions are needed.")
    return np.cross(x, y, axis=axis), lambda g: np.cross(y, g, axis=axis), lambda g: np.cross(g, x, axis=axis)
