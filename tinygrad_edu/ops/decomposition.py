"""Decompositions of real matrices: cholesky, qr, eigh, svd.

Their factors are fixed only up to signs, and for equal eigenvalues up to rotations. A loss should not depend on what is
not fixed; a function of v @ v^T, for one, does not depend on the signs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call
from ..engine.errors import ShapeError
from ._matrices import batch, identity, lapack, on_diagonal, orthogonal, real, spaced, symmetric, symmetrized, turned

__all__ = ["cholesky", "eigh", "eigvalsh", "qr", "svd", "svdvals"]

APART = "vectors of equal or vanishing values have no derivative; a random rotation keeps LAPACK's signs from changing"


def _symmetric(draw: Any, sign: float) -> Any:
    lead, n = batch(draw), draw.integer(0, 3)
    v, w = orthogonal(draw, *lead, n=n), spaced(draw, *lead, n=n) + sign * n / 2
    return call(symmetric((v * w[..., None, :]) @ turned(v)))


def _lower(x: Array) -> Array:
    """The lower triangle, its diagonal halved."""
    return 0.5 * (np.tril(x) + np.tril(x, -1))


@op(numpy=np.linalg.cholesky, samples=lambda draw: _symmetric(draw, 0), note="defined for symmetric positive matrices")
def cholesky(x: Array) -> Any:
    """The lower triangle l with a positive diagonal for which l @ l^T = x.

    x : (..., n, n), real, symmetric (of another matrix, the mean with its transpose counts), every eigenvalue positive
    out : (..., n, n)
    Gradient: symmetric; l^-T @ lower(l^T @ g) @ l^-1, lower halving the diagonal (I. Murray, 2016).
    Errors: LinAlgError unless positive.
    """
    out = lapack("cholesky", np.linalg.cholesky, symmetrized("cholesky", x))

    def pullback(g: Array) -> Array:
        lt = turned(out)
        half = np.linalg.solve(lt, _lower(lt @ g))
        return symmetric(np.linalg.solve(lt, turned(half)))

    return out, pullback


def _triangular(draw: Any) -> Any:
    lead, m, n = batch(draw), draw.integer(0, 3), draw.integer(0, 3)
    k = min(m, n)
    r = np.triu(draw.array((*lead, k, n), -1, 1), 1) + np.eye(k, n) * draw.array((*lead, k, 1), 1, 2)
    return call(orthogonal(draw, *lead, n=m)[..., :k] @ r)


@op(numpy=np.linalg.qr, samples=_triangular, note="defined, with its derivative, for full rank")
def qr(x: Array, mode: str = "reduced") -> Any:
    """Orthonormal columns q and an upper triangle r for which q @ r = x.

    x : (..., m, n), real          out : q (..., m, k) and r (..., k, n), with k = min(m, n)
    Gradient: (gq + q @ sym(r gr^T - gq^T q)) @ r^-T, sym mirroring the lower triangle; the columns of a wide x beyond
    the first m are q times those of r (S. Walter and L. Lehmann, 2010; M. Seeger et al., 2017).
    Errors: ValueError for another mode; LinAlgError, on the way back, if the first k columns are dependent.
    """
    real("qr", x)
    if mode != "reduced":
        raise ValueError(f"qr: mode {mode!r}. Only 'reduced' is unique enough for a derivative.")
    out = lapack("qr", np.linalg.qr, x)
    q, r = out
    k = q.shape[-1]
    square, wide = r[..., :k], x[..., k:]  # of a wide x = [y, z], r = [square, q^T z]

    def pullback(gs: Any) -> Array:
        gq, gr = gs
        g_square, g_wide = gr[..., :k], gr[..., k:]
        gq = gq + wide @ turned(g_wide)
        low = _lower(square @ turned(g_square) - turned(gq) @ q)
        g_first = turned(lapack("qr", np.linalg.solve, square, turned(gq + q @ (low + turned(low)))))
        return np.concatenate([g_first, q @ g_wide], -1)

    return out, pullback


def _over(x: Array, y: Array) -> Array:
    """x / y; where y is 0, 0 for an x of 0, and NaN for another: there is no derivative, or none that can be known."""
    hole = raw(y) == 0
    return np.where(hole, np.where(raw(x) == 0, raw(x), np.nan), x / np.where(hole, 1, y))


def _over_gaps(x: Array, w: Array) -> Array:
    """x_ij / (w_j - w_i), 0 on the diagonal."""
    same = identity(w)
    return _over(np.where(same, 0, x), np.where(same, 1, w[..., None, :] - w[..., :, None]))


@op(
    numpy=np.linalg.eigh,
    samples=lambda draw: _symmetric(draw, -1),
    kinks=[at([[1.0, 0.0], [0.0, 1.0]], gives=[[np.nan, np.nan], [np.nan, np.nan]])],
    note=APART,
)
def eigh(x: Array) -> Any:
    """Eigenvalues in rising order and eigenvectors of symmetric matrices: x @ v = v * w.

    x : (..., n, n), real, symmetric (of another matrix, the mean with its transpose counts)
    out : w (..., n) and v (..., n, n), whose columns are the vectors
    Gradient: symmetric; v @ (diag(gw) + (v^T @ gv) / (w_j - w_i)) @ v^T (M. Giles, 2008).
    At equal eigenvalues: right for a loss of the values alone; NaN for one of their vectors, which are any basis, and at
    higher orders. Near-equal ones lose digits.
    """
    out = lapack("eigh", np.linalg.eigh, symmetrized("eigh", x))
    w, v = out

    def pullback(gs: Any) -> Array:
        gw, gv = gs
        return symmetric(v @ (on_diagonal(gw) + _over_gaps(turned(v) @ gv, w)) @ turned(v))

    return out, pullback


@op(numpy=np.linalg.eigvalsh, samples=lambda draw: _symmetric(draw, -1), note="higher orders need distinct eigenvalues")
def eigvalsh(x: Array) -> Any:
    """Eigenvalues of symmetric matrices in rising order, as ``eigh``.

    x : (..., n, n), real, symmetric (of another matrix, the mean with its transpose counts)          out : (..., n)
    Gradient: v @ diag(g) @ v^T.
    """
    w, v = lapack("eigvalsh", np.linalg.eigh, symmetrized("eigvalsh", x))
    return w, lambda g: (v * g[..., None, :]) @ turned(v)


def _values_apart(draw: Any) -> Any:
    lead, m, n = batch(draw), draw.integer(0, 3), draw.integer(0, 3)
    k = min(m, n)
    u, v = orthogonal(draw, *lead, n=m)[..., :k], orthogonal(draw, *lead, n=n)[..., :k, :]
    return (u * spaced(draw, *lead, n=k)[..., None, :]) @ v


@op(numpy=np.linalg.svd, samples=lambda draw: call(_values_apart(draw), full_matrices=False), note=APART)
def svd(x: Array, full_matrices: bool = True) -> Any:
    """Singular values s in falling order, and orthonormal u and vh for which (u * s) @ vh = x.

    x : (..., m, n), real          out : u (..., m, k), s (..., k), vh (..., k, n), with k = min(m, n)
    full_matrices : numpy's default asks for square u and vh, which only a square x has without arbitrary rows: pass False.
    Gradient: u @ (diag(gs) + (skew(u^T gu) s_j + s_i skew(v^T gv)) / (s_j^2 - s_i^2)) @ vh, and for an x that is not square
    what gu and gv have outside the spaces of u and v, over s (J. Townsend, 2016).
    At equal or vanishing values: right for a loss of the values alone; NaN for one of their vectors, and at higher orders.
    Errors: ShapeError for full_matrices unless square.
    """
    real("svd", x)
    out = lapack("svd", np.linalg.svd, x, False)
    m, n = x.shape[-2:]
    if full_matrices and m != n:
        raise ShapeError(
            f"svd of {x.shape}: pass full_matrices=False. The further vectors are arbitrary, so without derivative."
        )
    u, s, vh = out
    v, ut = turned(vh), turned(u)

    def pullback(parts: Any) -> Array:
        gu, gs, gvh = parts
        gv = turned(gvh)
        row, column = s[..., None, :], s[..., :, None]
        of_u, of_v = ut @ gu, vh @ gv
        inner = _over_gaps(of_u - turned(of_u), s * s) * row + column * _over_gaps(of_v - turned(of_v), s * s)
        gx = u @ (inner + on_diagonal(gs)) @ vh
        if m > n:
            gx = gx + _over(gu - u @ of_u, row) @ vh
        if n > m:
            gx = gx + u @ turned(_over(gv - v @ of_v, row))
        return gx

    return out, pullback


@op(
    numpy=np.linalg.svdvals,
    samples=lambda draw: call(_values_apart(draw)),
    note="higher orders need distinct singular values",
)
def svdvals(x: Array) -> Any:
    """Singular values in falling order, as ``svd``.

    x : (..., m, n), real          out : (..., min(m, n))
    Gradient: u @ diag(g) @ vh.
    """
    real("svdvals", x)
    u, s, vh = lapack("svdvals", np.linalg.svd, x, False)
    return s, lambda g: (u * g[..., None, :]) @ vh
