"""Special functions: the error function and its complement."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial.chebyshev import cheb2poly

from ..engine import Array, op, raw
from ..engine.domain import reals
from .powers import polynomial

__all__ = ["erf", "erfc", "ndtr"]

# (1 + 2x) exp(x^2) erfc(x) on [0, inf) as Chebyshev polynomials of (x - 3.75) / (x + 3.75).
# M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf,
# Mathematics of Computation 36 (1981), 249-253. A test computes the coefficients again.
CHEBYSHEV = [
    1.1775789345674018, -4.590054580646477e-03, -8.424913336651792e-02, 5.920993999819189e-02, -2.665866843530575e-02,
    9.074997670705265e-03, -2.413163540417608e-03, 4.907758365258086e-04, -6.916973302501207e-05, 4.139027986073010e-06,
    7.740383066198491e-07, -2.188640104923440e-07, 1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10,
    -6.318088340886684e-11, 2.868795010930670e-11, 1.945586854577735e-13, -9.654696748433439e-13, 3.252548148148740e-14,
    3.347811948286805e-14, -1.864562880419313e-15, -1.250795053068865e-15, 7.418235256624043e-17,
]  # fmt: skip
TAIL = cheb2poly(CHEBYSHEV).tolist()
TAIL32 = cheb2poly(CHEBYSHEV[:13]).tolist()  # to 1e-8
# erf(x) / x as a power series of x^2; for |x| < 1 the next term is below 1e-17
NEAR = [2 / math.sqrt(math.pi) * (-1) ** k / (math.factorial(k) * (2 * k + 1)) for k in range(18)]


STRETCH = 2**14  # entries: what a formula of twenty steps reads and writes then stays in the processor's cache


def _stretchwise(function: Any, x: Array) -> Array:
    """An elementwise function of a bare array, one stretch after the other: gelu of 2^20 float32 takes 0.6 of the time."""
    if not isinstance(x, np.ndarray) or x.size <= STRETCH:
        return function(x)
    flat = x.reshape(-1)
    return np.concatenate([function(flat[i : i + STRETCH]) for i in range(0, x.size, STRETCH)]).reshape(x.shape)


def _rounded(function: Any, x: Array) -> Array:
    """A function of a bare array, computed in float64 and rounded once, to x's own precision."""
    dtype = np.result_type(getattr(x, "dtype", np.float64), np.float16)
    return _stretchwise(lambda part: function(np.float64(1) * part).astype(dtype), x)


def _erfc(x: Array) -> Array:
    size = np.minimum(np.abs(x), 30)  # from 28 on, erfc is 0
    tail = polynomial(TAIL, (size - 3.75) / (size + 3.75)) * np.exp(-size * size) / (1 + 2 * size)
    return np.where(x < 0, 2 - tail, tail)


def _erf(x: Array) -> Array:
    size = np.abs(x)
    near = np.minimum(size, 1)
    return np.where(near < 1, x * polynomial(NEAR, near * near), np.copysign(1 - _erfc(size), x))


def _bell(x: Array) -> Array:
    """The slope of erf."""
    return 2 / math.sqrt(math.pi) * np.exp(-x * x)


@op(samples=reals(), reference=np.vectorize(math.erf, otypes=[float]))
def erf(x: Array) -> Any:
    """Error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    x : (...)          out : (...), to 1e-15 in float64 and correctly rounded, but for ties, in float32
    Gradient: g * 2 / sqrt(pi) * exp(-x^2).
    Reference: Shepherd and Laframboise, Math. Comp. 36 (1981); within 1, the power series.
    """
    return _rounded(_erf, raw(x)), lambda g: g * _bell(x)


@op(samples=reals(), reference=np.vectorize(math.erfc, otypes=[float]))
def erfc(x: Array) -> Any:
    """1 - erf(x), with all its digits where erf is near 1.

    x : (...)          out : (...), to a relative 1e-13 in float64 and 1e-7 in float32
    Gradient: -g * 2 / sqrt(pi) * exp(-x^2).
    Reference: Shepherd and Laframboise, Math. Comp. 36 (1981).
    """
    return _rounded(_erfc, raw(x)), lambda g: -g * _bell(x)


def _ndtr(x: Array) -> Array:
    size = np.clip(abs(x) * math.sqrt(0.5), 0, 40)  # beyond, the tail is 0
    # in float32 throughout, unlike erf: a tenth of the time, for gelu
    tail = polynomial(TAIL32 if size.dtype == np.float32 else TAIL, (size - 3.75) / (size + 3.75))
    tail *= np.exp(-size * size) / (2 + 4 * size)
    return abs((x > 0) - tail)


@op(samples=reals(), reference=np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2, otypes=[float]))
def ndtr(x: Array) -> Any:
    """The chance that a standard normal number is below x: (1 + erf(x / sqrt 2)) / 2, with all its digits far below 0 too.

    x : (...)          out : (...), to 5e-16 in float64 and 2e-7 in float32
    Gradient: g * exp(-x^2 / 2) / sqrt(2 pi).
    Reference: Shepherd and Laframboise, Math. Comp. 36 (1981).
    """
    return _stretchwise(_ndtr, raw(x)), lambda g: g * (np.exp(-0.5 * (x * x)) * (1 / math.sqrt(2 * math.pi)))
