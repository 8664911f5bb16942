"""How parameters start. Each function takes a shape and a Generator and returns an array.

Fans: a weight (in, out) has fan_in = in, fan_out = out; a kernel (out, in, *size) has each times the size's entries. The
variance that keeps signals from growing or dying through the layers is stated in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..engine import Array
from ..engine.errors import UnknownNameError
from .budget import counted

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = [
    "constant", "fans", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform",
    "normal", "ones", "orthogonal", "truncated_normal", "uniform", "zeros",
]  # fmt: skip

Init: TypeAlias = Callable[..., Array]
Shape: TypeAlias = tuple[int, ...]


def fans(shape: Shape) -> tuple[int, int]:
    """How many inputs each output sees, and how many outputs each input reaches."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    if len(shape) == 2:
        return shape[0], shape[1]
    size = math.prod(shape[2:])
    return shape[1] * size, shape[0] * size


@counted
def zeros(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> Array:
    """All 0."""
    return np.zeros(shape, dtype)


@counted
def ones(shape: Shape, rng: Any = None, dtype: Any = np.float32) -> Array:
    """All 1."""
    return np.ones(shape, dtype)


def constant(value: float) -> Init:
    """All ``value``."""
    return partial(_constant, value=value)


@counted
def _constant(shape: Shape, rng: Any = None, dtype: Any = np.float32, *, value: float) -> Array:
    return np.full(shape, value, dtype)


def uniform(low: float = -0.05, high: float = 0.05) -> Init:
    """Evenly between low and high."""
    return partial(_uniform, low=low, high=high)


@counted
def _uniform(shape: Shape, rng: Generator, dtype: Any = np.float32, *, low: float, high: float) -> Array:
    return rng.uniform(low, high, shape).astype(dtype)


def normal(mean: float = 0.0, std: float = 0.05) -> Init:
    """Normally distributed."""
    return partial(_normal, mean=mean, std=std)


@counted
def _normal(shape: Shape, rng: Generator, dtype: Any = np.float32, *, mean: float, std: float) -> Array:
    return rng.normal(mean, std, shape).astype(dtype)


def truncated_normal(mean: float = 0.0, std: float = 0.05) -> Init:
    """Normally distributed, drawn again beyond two standard deviations."""
    return partial(_truncated, mean=mean, std=std)


@counted
def _truncated(shape: Shape, rng: Generator, dtype: Any = np.float32, *, mean: float, std: float) -> Array:
    out = rng.standard_normal(shape)
    while (far := np.abs(out) > 2).any():
        out[far] = rng.standard_normal(int(far.sum()))
    return (mean + std * out).astype(dtype)


def glorot_uniform(shape: Shape, rng: Generator, dtype: Any = np.float32) -> Array:
    """Variance 2 / (fan_in + fan_out): as much signal forwards as backwards (Glorot and Bengio 2010)."""
    return _flat(shape, rng, dtype, 2 / max(sum(fans(shape)), 1))


def glorot_normal(shape: Shape, rng: Generator, dtype: Any = np.float32) -> Array:
    """Variance 2 / (fan_in + fan_out), normal (Glorot and Bengio 2010)."""
    return _bell(shape, rng, dtype, 2 / max(sum(fans(shape)), 1))


def he_uniform(shape: Shape, rng: Generator, dtype: Any = np.float32) -> Array:
    """Variance 2 / fan_in: relu passes half of the signal (He et al. 2015)."""
    return _flat(shape, rng, dtype, 2 / max(fans(shape)[0], 1))


def he_normal(shape: Shape, rng: Generator, dtype: Any = np.float32) -> Array:
    """Variance 2 / fan_in, normal (He et al. 2015)."""
    return _bell(shape, rng, dtype, 2 / max(fans(shape)[0], 1))


def lecun_uniform(shape: Shape, rng: Generator, dtype: Any = np.float32) -> Array:
    """Variance 1 / fan_in (LeCun et al. 1998)."""
    return _flat(shape, rng, dtype, 1 / max(fans(shape)[0], 1))


def lecun_normal(shape: Shape, rng: Generator, dtype: Any = np.float32) -> Array:
    """Variance 1 / fan_in, normal (LeCun et al. 1998)."""
    return _bell(shape, rng, dtype, 1 / max(fans(shape)[0], 1))


def _flat(shape: Shape, rng: Generator, dtype: Any, variance: float) -> Array:
    limit = math.sqrt(3 * variance)
    return _uniform(shape, rng, dtype, low=-limit, high=limit)


def _bell(shape: Shape, rng: Generator, dtype: Any, variance: float) -> Array:
    """Cut at two standard deviations, as in Keras; what is left of a normal there has 0.8796 of its spread."""
    return _truncated(shape, rng, dtype, mean=0.0, std=math.sqrt(variance) / 0.87962566103423978)


def orthogonal(gain: float = 1.0) -> Init:
    """A matrix (first axis, the others flattened) with orthonormal rows or columns, times gain (Saxe et al. 2013)."""
    return partial(_orthogonal, gain=gain)


@counted
def _orthogonal(shape: Shape, rng: Generator, dtype: Any = np.float32, *, gain: float) -> Array:
    if len(shape) < 2:
        raise ValueError(f"orthogonal: a matrix is needed, the shape is {shape}.")
    rows, cols = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.standard_normal((max(rows, cols), min(rows, cols))))
    q = q * np.sign(np.diagonal(r))  # otherwise not uniformly distributed
    return (gain * (q if rows >= cols else q.T)).reshape(shape).astype(dtype)


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
