"""Linear systems: inverse, solution, determinant, powers; slogdet and the pseudoinverse for real matrices only."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ._matrices import batch, lapack, orthogonal, real, regular, spaced, turned
from .arithmetic import off_zero

__all__ = ["det", "inv", "matrix_power", "pinv", "slogdet", "solve"]

SINGULAR = "a singular matrix has no inverse, and near one differences lose their digits"


def _regular(draw: Any) -> Any:
    return call(regular(draw, *batch(draw), n=draw.integer(0, 3)))


@op(numpy=np.linalg.inv, samples=_regular, analytic=True, note=SINGULAR)
def inv(x: Array) -> Any:
    """The inverse of each matrix.

    x : (..., n, n)          out : (..., n, n)
    Gradient: -out^T @ g @ out^T.
    Errors: LinAlgError for a singular matrix.  solve(a, b) is faster and more accurate than inv(a) @ b.
    """
    out = lapack("inv", np.linalg.inv, x)
    return out, lambda g: -turned(out) @ g @ turned(out)


def _systems(draw: Any) -> Any:
    n, k = draw.integer(0, 3), draw.integer(0, 2)
    a, b = draw.shapes(2, ndim=(0, 2), side=(0, 2))
    return call(regular(draw, *a, n=n), draw.array(draw.choice(((n,), (*b, n, k)))))


@op(numpy=np.linalg.solve, samples=_systems, analytic=True, note=SINGULAR)
def solve(a: Array, b: Array) -> Any:
    """The x for which a @ x = b.

    a : (..., n, n)          b : (n,) or (..., n, k)          out : (..., n) or (..., n, k); batches broadcast
    Gradient: to b, h = solve(a^T, g); to a, -h @ out^T.
    Errors: LinAlgError for a singular matrix.
    """
    out = lapack("solve", np.linalg.solve, a, b)
    columns: Any = (lambda v: v[..., None]) if b.ndim == 1 else lambda v: v  # (..., n, k), also of vectors

    def back(g: Array) -> Array:
        return lapack("solve", np.linalg.solve, turned(a), columns(g))

    return out, lambda g: -back(g) @ turned(columns(out)), lambda g: back(g).reshape(g.shape)


def _any_matrix(draw: Any) -> Any:
    n = draw.integer(0, 3)
    x = draw.choice((draw.array((*batch(draw), n, n)), regular(draw, *batch(draw), n=n)))
    if n and draw.choice((False, True)):  # a singular one has a gradient too
        row = x[..., 0, :] if n > 1 else 0.0
        x[..., -1, :] = draw.choice((0.0, row))
    return call(x)


def _nearly_singular(draw: Any) -> Any:
    """2 x 2; the cofactors of larger ones may cancel to so little that differences see no digit of them."""
    row, other = (off_zero(draw.array((2,)), 1.0) for _ in range(2))
    return call(draw.choice((1.0, 1e4)) * np.stack([row, row + 1e-9 * other]))


@op(numpy=np.linalg.det, samples=lambda draw: draw.choice((_any_matrix, _nearly_singular))(draw), analytic=True)
def det(x: Array) -> Any:
    """The determinant of each matrix.

    x : (..., n, n)          out : (...)
    Gradient: g times the cofactors of x: out * inv(x)^T, or the n^2 smaller determinants for a singular matrix (at higher
    orders also near one), where the inverse would cost the digits. All orders are exact there too, but slow for large n.
    """
    out = lapack("det", np.linalg.det, x)
    return out, lambda g: g[..., None, None] * _cofactors(x, out)


def _cofactors(x: Array, value: Array) -> Array:
    """The derivative of the determinant by each entry."""
    bare, n = raw(x), x.shape[-1]
    try:
        inverse = np.linalg.inv(x)
        # at first order the small pivot in the value cancels that in the inverse; in their derivatives it does not
        if bare is x or np.all(_condition(bare, raw(inverse)) < np.finfo(x.dtype).eps ** -0.5):
            return value[..., None, None] * turned(inverse)
    except np.linalg.LinAlgError:
        pass
    others = np.array([[k for k in range(n) if k != i] for i in range(n)], dtype=int, like=bare)  # (n, n - 1)
    minors = [np.linalg.det(x[..., rest[:, None], others[:, None, :]]) for rest in others]  # (..., n) for each row
    odd = np.asarray(np.indices((n, n)).sum(axis=0) % 2, dtype=bool, like=bare)
    unsigned = np.stack(minors, -2)
    return np.where(odd, -unsigned, unsigned)


def _condition(x: Array, inverse: Array) -> Array:
    """How near to singular each matrix is: at least |x| |1/x|."""
    return abs(x).sum(axis=(-2, -1)) * abs(inverse).sum(axis=(-2, -1))


@op(numpy=np.linalg.slogdet, samples=_regular, note=SINGULAR)
def slogdet(x: Array) -> Any:
    """Sign and logarithm of the determinant, which itself over- or underflows for large matrices.

    x : (..., n, n), real          out : sign (...), which is -1, 0 or 1, and logabsdet (...)
    Gradient: inv(x)^T times g of the logarithm; the sign has none.
    Errors: LinAlgError, on the way back, for a singular matrix (whose logarithm is -inf).
    """
    real("slogdet", x)
    return lapack(
        "slogdet", np.linalg.slogdet, x
    ), lambda gs: gs[1][..., None, None] * turned(lapack("slogdet", np.linalg.inv, x))


def _powered(draw: Any) -> Any:
    return call(regular(draw, *batch(draw), n=draw.integer(0, 3)) / 3, draw.integer(-2, 5))


@op(numpy=np.linalg.matrix_power, samples=_powered, analytic=True, note=SINGULAR)
def matrix_power(x: Array, n: int) -> Any:
    """Each matrix multiplied by itself, n factors; for n = 0 the identity, for n < 0 powers of the inverse.

    x : (..., k, k)          n : a whole number          out : (..., k, k)
    Gradient: the sum of (x^T)^i @ g @ (x^T)^(n-1-i) over i, as a block of the power of one larger matrix.
    Errors: LinAlgError for a singular matrix and n < 0.

    The larger matrix: [[y, g], [0, y]]^n = [[y^n, the sum], [0, y^n]] for y = x^T (R. Mathias, 1996).
    """

    def pullback(g: Array) -> Array:
        y, k = turned(x), x.shape[-1]
        larger = np.concatenate([np.concatenate([y, g], -1), np.concatenate([np.zeros_like(y), y], -1)], -2)
        return lapack("matrix_power", np.linalg.matrix_power, larger, n)[..., :k, k:]

    return lapack("matrix_power", np.linalg.matrix_power, x, n), pullback, None


def _full_rank(draw: Any) -> Any:
    lead, m, n = batch(draw), draw.integer(0, 3), draw.integer(0, 3)
    k = min(m, n)
    left, right = orthogonal(draw, *lead, n=m)[..., :k], orthogonal(draw, *lead, n=n)[..., :k, :]
    return call((left * spaced(draw, *lead, n=k)[..., None, :]) @ right)


@op(numpy=np.linalg.pinv, samples=_full_rank, note="where the rank changes, the pseudoinverse jumps")
def pinv(x: Array, rcond: Any = None) -> Any:
    """The pseudoinverse of each matrix: out @ b is the shortest x for which x @ out @ b comes nearest to b.

    x : (..., m, n), real          rcond : singular values below rcond times the largest count as 0          out : (..., n, m)
    Gradient: -p^T g p^T + (1 - x p) g^T p p^T + p^T p g^T (1 - p x), with p = out, while the rank stays
    (G. Golub and V. Pereyra, 1973).
    """
    real("pinv", x)
    p = lapack("pinv", np.linalg.pinv, x, rcond)

    def pullback(g: Array) -> Array:
        pt, gt = turned(p), turned(g)
        left, right = gt @ p @ pt, pt @ p @ gt
        return -pt @ g @ pt + left - x @ (p @ left) + right - (right @ p) @ x

    return p, pullback
