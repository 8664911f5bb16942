"""How parameters start. Each function takes a shape and a Generator and returns an array.

Fans: a weight (in, out) has fan_in = in, fan_out = out; a kernel (out, in, *size) has each times the size's entries. The
variance that keeps signals from growing or dying through the layers is stated in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Array
from ..engine.errors import UnknownNameError

__all__ = [
    "constant", "fans", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform",
    "normal", "ones", "orthogonal", "truncated_normal", "uniform", "zeros",
]  # fmt: skip

Init = Callable[..., Array]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs each output sees, and how many outputs each input reaches."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    if len(shape) == 2:
        return shape[0], shape[1]
    size = math.prod(shape[2:])
    return shape[1] * size, shape[0] * size


def zeros(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float32) -> Array:
    """All 0."""
    return np.zeros(shape, dtype)


def ones(shape: tuple[int, ...], rng: Any = None, dtype: Any = np.float32) -> Array:
    """All 1."""
    return np.ones(shape, dtype)


def constant(value: float) -> Init:
    """All ``value``."""
    return lambda shape, rng=None, dtype=np.float32: np.full(shape, value, dtype)


def uniform(low: float = -0.05, high: float = 0.05) -> Init:
    """Evenly between low and high."""
    return lambda shape, rng, dtype=np.float32: rng.uniform(low, high, shape).astype(dtype)


def normal(mean: float = 0.0, std: float = 0.05) -> Init:
    """Normally distributed."""
    return lambda shape, rng, dtype=np.float32: rng.normal(mean, std, shape).astype(dtype)


def truncated_normal(mean: float = 0.0, std: float = 0.05) -> Init:
    """Normally distributed, drawn again beyond two standard deviations."""

    def init(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float32) -> Array:
        out = rng.standard_normal(shape)
        while (far := np.abs(out) > 2).any():
            out[far] = rng.standard_normal(int(far.sum()))
        return (mean + std * out).astype(dtype)

    return init


def _uniform_of(variance: Callable[[int, int], float]) -> Init:
    def init(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float32) -> Array:
        limit = math.sqrt(3 * variance(*fans(shape)))
        return rng.uniform(-limit, limit, shape).astype(dtype)

    return init


def _normal_of(variance: Callable[[int, int], float]) -> Init:
    def init(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float32) -> Array:
        # a normal cut at two standard deviations has 0.8796 of its spread
        return truncated_normal(0.0, math.sqrt(variance(*fans(shape))) / 0.87962566103423978)(shape, rng, dtype)

    return init


def _described(init: Init, name: str, doc: str) -> Init:
    init.__name__, init.__doc__ = name, doc
    return init


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2 / max(fan_in + fan_out, 1)


def _he(fan_in: int, fan_out: int) -> float:
    return 2 / max(fan_in, 1)


def _lecun(fan_in: int, fan_out: int) -> float:
    return 1 / max(fan_in, 1)


glorot_uniform = _described(
    _uniform_of(_glorot), "glorot_uniform", "Variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."
)
glorot_normal = _described(
    _normal_of(_glorot), "glorot_normal", "Variance 2 / (fan_in + fan_out), normal (Glorot and Bengio, 2010)."
)
he_uniform = _described(_uniform_of(_he), "he_uniform", "Variance 2 / fan_in, for relu (He et al., 2015).")
he_normal = _described(_normal_of(_he), "he_normal", "Variance 2 / fan_in, for relu, normal (He et al., 2015).")
lecun_uniform = _described(_uniform_of(_lecun), "lecun_uniform", "Variance 1 / fan_in (LeCun et al., 1998).")
lecun_normal = _described(_normal_of(_lecun), "lecun_normal", "Variance 1 / fan_in, normal (LeCun et al., 1998).")


def orthogonal(gain: float = 1.0) -> Init:
    """A matrix (first axes flattened, last) with orthonormal rows or columns, times gain (Saxe et al., 2013)."""

    def init(shape: tuple[int, ...], rng: np.random.Generator, dtype: Any = np.float32) -> Array:
        if len(shape) < 2:
            raise ValueError(f"orthogonal: a matrix is needed, the shape is {shape}.")
        rows, cols = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, cols), min(rows, cols))))
        q = q * np.sign(np.diagonal(r))  # otherwise not uniformly distributed
        return (gain * (q if rows >= cols else q.T)).reshape(shape).astype(dtype)

    return init


NAMED: dict[str, Init] = {
    "zeros": zeros,
    "ones": ones,
    "uniform": uniform(),
    "normal": normal(),
    "truncated_normal": truncated_normal(),
    "orthogonal": orthogonal(),
    **{f.__name__: f for f in (glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal)},
}


def get(init: str | float | Init) -> Init:
    """An initialiser by name; a number is a constant, a function itself.

    Errors: UnknownNameError with the nearest name.
    """
    if callable(init):
        return init
    if isinstance(init, (int, float)):
        return constant(init)
    if init not in NAMED:
        raise UnknownNameError("initializer", init, NAMED)
    return NAMED[init]
