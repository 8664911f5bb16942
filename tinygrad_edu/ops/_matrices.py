"""What the ops of linear algebra share: LAPACK's errors with the op's name on them, and matrices to verify with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Array
from ..engine.errors import DTypeError
from ._portable import eye

ADVICE = {
    "inv": " A singular matrix has no inverse: use pinv, or add a small multiple of the identity.",
    "solve": " With a singular matrix there is no single solution: use pinv(a) @ b, or add a small multiple of the identity.",
    "cholesky": " Every eigenvalue must be positive: add a small multiple of the identity.",
}


def lapack(op: str, function: Callable[..., Any], *args: Any) -> Any:
    """A function of np.linalg, whose LinAlgError names the op and the shapes."""
    try:
        return function(*args)
    except np.linalg.LinAlgError as error:
        shapes = " and ".join(str(np.shape(v)) for v in args if np.ndim(v))
        raise np.linalg.LinAlgError(f"{op} of {shapes}: {error}.{ADVICE.get(op, '')}") from None


def real(op: str, x: Array) -> None:
    """Refuse complex numbers, where the derivative would need their conjugates."""
    if np.iscomplexobj(x):
        raise DTypeError(f"{op}: complex numbers. Its derivative is implemented for real matrices only.")


def turned(x: Array) -> Array:
    """Each matrix transposed."""
    return x.swapaxes(-1, -2)


def symmetric(x: Array) -> Array:
    """The mean of each matrix and its transpose."""
    return 0.5 * (x + turned(x))


def symmetrized(op: str, x: Array) -> Array:
    """An op's argument as real symmetric matrices."""
    real(op, x)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise np.linalg.LinAlgError(f"{op} of {x.shape}: the last two axes must be equally long, square matrices.")
    return symmetric(x)


def identity(x: Array) -> Array:
    """Where the diagonal is, in matrices with x's last axis."""
    return eye(x, x.shape[-1], x.shape[-1])


def on_diagonal(v: Array) -> Array:
    """Matrices with v on their diagonals: (..., n) -> (..., n, n)."""
    return np.where(identity(v), v[..., None, :], 0)


# -- samples -----------------------------------------------------------------------------------------------------------


def batch(draw: Any) -> tuple[int, ...]:
    """No batch, or one of 0 to 2 matrices."""
    return draw.shape(ndim=(0, 1), side=(0, 2))  # type: ignore[no-any-return]


def regular(draw: Any, *lead: int, n: int) -> Any:
    """Matrices with a determinant of either sign, far from singular: each diagonal entry outweighs its row."""
    x = draw.array((*lead, n, n), -1, 1) + (n + 1) * np.eye(n)
    return draw.choice((x, x[..., ::-1, :].copy()))


def orthogonal(draw: Any, *lead: int, n: int) -> Any:
    """Orthogonal matrices."""
    noise = np.random.default_rng(draw.integer(0, 10**6))
    return np.linalg.qr(noise.standard_normal((*lead, n, n)))[0]


def spaced(draw: Any, *lead: int, n: int) -> Any:
    """Positive numbers in falling order, at least 0.5 apart."""
    return np.arange(n, 0, -1) + draw.array((*lead, n), 0, 0.5)
