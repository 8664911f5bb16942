"""Tensors from nothing: zeros, ranges and their like, under numpy's names; ``keras.ops`` has them too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...nn import SymbolicTensor
from ...nn.symbolic import Operation, connect

__all__ = [
    "arange", "empty", "empty_like", "eye", "full", "full_like", "geomspace", "identity", "linspace", "logspace", "ones",
    "ones_like", "tri", "zeros", "zeros_like",
]  # fmt: skip


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """All 0, float32 by default."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """All 1, float32 by default."""
    return full(shape, 1, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """All the same value, float32 by default."""
    return Tensor(np.full(shape, fill_value, dtype or "float32"))


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """All 0 in the shape of x, and its dtype by default."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """All 1 in the shape of x, and its dtype by default."""
    return full_like(x, 1, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """All the same value in the shape of x, and its dtype by default."""
    if isinstance(x, SymbolicTensor):
        return connect(Operation(full_like), (x, fill_value, dtype), {})
    return Tensor(np.full_like(x.data if isinstance(x, Tensor) else x, fill_value, dtype))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """start, start + step, ... below stop; 0, 1, ... below start if it is alone. int32 or float32 by default."""
    first, last = (0, start) if stop is None else (start, stop)
    values = np.arange(first, last, 1 if step is None else step)
    return Tensor(values, dtype=dtype or ("int32" if values.dtype.kind == "i" else "float32"))


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Num values evenly from start to stop; with retstep also their distance."""
    values, step = np.linspace(start, stop, num, endpoint, retstep=True, axis=axis)
    out = Tensor(values, dtype=dtype or "float32")
    return (out, step) if retstep else out


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Num values from base ** start to base ** stop, evenly in their logarithm."""
    return Tensor(np.logspace(start, stop, num, endpoint, base, axis=axis), dtype=dtype or "float32")


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Num values from start to stop, each the same multiple of the one before."""
    return Tensor(np.geomspace(start, stop, num, endpoint, axis=axis), dtype=dtype or "float32")


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """Room for values, which are 0 here."""
    return zeros(shape, dtype)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Room for values in the shape of x, which are 0 here."""
    return full_like(x, 0, dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones at and below the diagonal k of an (N, M) matrix."""
    return Tensor(np.tri(N, M, k, dtype or "float32"))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix (N, M) with 1 on the diagonal k."""
    return Tensor(np.eye(N, M, k, dtype or "float32"))


def identity(n: int, dtype: Any = None) -> Tensor:
    """A matrix (n, n) with 1 on the diagonal."""
    return eye(n, dtype=dtype)
