"""What numpy says in one call and other array libraries do not, said so that all of them understand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, raw

__all__ = ["as_array", "eye", "largest", "logaddexp_accumulate", "vecdot"]


def largest(x: Array, axis: Any) -> Array:
    """The largest entries of a bare array over axes, which are kept; 0 of nothing."""
    return (x.max if x.size else x.sum)(axis=axis, keepdims=True)


def eye(x: Array, rows: int, columns: int, k: int = 0) -> Array:
    """Where the k-th diagonal is in a matrix of so many rows and columns: bools, beside the Tensor or array x."""
    return np.arange(k, rows + k, like=raw(x))[:, None] == np.arange(columns, like=raw(x))


def as_array(c: Any, *choices: Any) -> Any:
    """A condition as a bare array beside the arrays among the choices, even if it is a Python bool."""
    c = raw(c)
    like = [raw(v) for v in choices if hasattr(v, "dtype")]
    return np.full_like(like[0], c, bool, shape=()) if like and isinstance(c, (bool, np.bool_)) else c


def vecdot(x: Array, y: Array) -> Array:
    """The products of vectors along the last axis: (..., n), (..., n) -> (...)."""
    return (x[..., None, :] @ y[..., None])[..., 0, 0]


def logaddexp_accumulate(x: Array, axis: int) -> Array:
    """log(exp(x_0) + ... + exp(x_i)) of a bare array, for each i along an axis."""
    if isinstance(x, np.ndarray):
        return np.logaddexp.accumulate(x, axis)
    out = np.moveaxis(x.copy(), axis, 0)
    reach = 1  # entries that each sum goes back already
    while reach < len(out):
        out[reach:] = np.logaddexp(out[reach:], out[:-reach])
        reach *= 2
    return np.moveaxis(out, 0, axis)
