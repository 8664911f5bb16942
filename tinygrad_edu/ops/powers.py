"""Powers and roots, elementwise with broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import at, call, pairs, reals
from .arithmetic import off_zero, over

__all__ = ["cbrt", "float_power", "hypot", "power", "reciprocal", "sqrt", "square"]


def _powers(draw: Any) -> Any:
    if draw.choice((True, False)):  # a constant exponent takes any base that numpy does
        return call(draw.array(draw.shape(), special=(0.0, 1.0, -1.0)), draw.choice((0, 1, 2, 3, 2.0)))
    x, y = draw.shapes(2)
    return call(draw.array(x, 0.1, 3), draw.array(y, -3, 3, special=(0.0, 1.0, 2.0)))


_BASES = "a negative base has no real power in between"


@op(
    numpy=np.power,
    method="__pow__",
    samples=_powers,
    analytic=True,
    note=_BASES,
    kinks=[
        at(0.0, 0, gives=0.0),
        at(0.0, 2.0, gives=(0.0, 0.0)),
        at(-3.0, 2, gives=-6.0),
        at(0.0, 0.5, gives=(np.inf, 0.0)),
        at(0.0, 1.0, gives=(1.0, 0.0)),
        at(0.0, 0.0, gives=(0.0, 0.0)),
    ],
)
def power(x: Array, y: Array) -> Any:
    """x ** y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g * y * x^(y-1), g * log(x) * x^y.
    At kinks: x^0 has gradient 0 everywhere, x at 0 included; 0^y has gradient 0 with respect to y > 0. A constant
    exponent never takes the logarithm of its base, so (-3)^2 has gradient -6.
    """
    out = x**y
    return out, lambda g: g * _slope(x, y), lambda g: g * (out * _log_base(x))


@op(
    numpy=np.float_power,
    samples=_powers,
    analytic=True,
    note=_BASES,
    kinks=[at(0.0, 0, gives=0.0), at(0.0, 1.0, gives=(1.0, 0.0)), at(0.0, 2.0, gives=(0.0, 0.0))],
)
def float_power(x: Array, y: Array) -> Any:
    """x ** y in floating numbers, so that integers have negative powers too; otherwise as ``power``.

    x, y : broadcastable          out : broadcast shape
    Gradient: as ``power``.
    """
    out = np.float_power(x, y)
    return out, lambda g: g * _slope(x, y), lambda g: g * (out * _log_base(x))


def _slope(x: Array, y: Array) -> Array:
    """y * x^(y-1), and 0 for 0^0."""
    if isinstance(y, (int, float)):
        return np.zeros_like(x) if y == 0 else y * x ** (y - 1)
    return y * x ** np.where((x == 0) & (y == 0), 1, y - 1)


def _log_base(x: Array) -> Array:
    """log(x), and 0 where x = 0 (there x^y is 0 for y > 0, and so is its gradient)."""
    return np.log(np.where(x == 0, 1, x))


def polynomial(coefficients: list[float], x: Array) -> Array:
    """c0 + c1 x + c2 x^2 + ..., by Horner's rule: a part of a rule, for any order of derivative."""
    total = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        total += c
        total *= x
    total += coefficients[0]
    return total


@op(numpy=np.square, method="square", samples=reals(), analytic=True)
def square(x: Array) -> Any:
    """x * x.

    x : (...)          out : (...)
    Gradient: 2 * g * x.
    """
    return x * x, lambda g: 2 * g * x


def _off_zero(draw: Any) -> Any:
    return call(off_zero(draw.array(draw.shape(), -1e4, 1e4, special=(1.0, -1.0)), 0.01))


@op(numpy=np.reciprocal, samples=_off_zero, analytic=True, note="nearer to 0, differences see both sides of the pole")
def reciprocal(x: Array) -> Any:
    """1 / x.

    x : (...)          out : (...)
    Gradient: -g / x^2.
    """
    out = 1 / x
    return out, lambda g: -g * (out * out)


_INFINITE = "at 0 the derivative is infinite, and NaN where it meets a g of 0"


@op(
    numpy=np.sqrt,
    method="sqrt",
    samples=reals(1e-3, 1e4, special=(1.0,)),
    analytic=True,
    note=_INFINITE,
    kinks=[at(0.0, gives=np.inf)],
)
def sqrt(x: Array) -> Any:
    """Square root.

    x : (...) >= 0          out : (...)
    Gradient: g / (2 * out).  At kinks: inf at 0. So sqrt(x*x) at 0 gives NaN (0 * inf): use ``norm``, which gives 0.
    """
    out = np.sqrt(x)
    return out, lambda g: g * 0.5 / out


@op(numpy=np.cbrt, samples=_off_zero, note=_INFINITE, kinks=[at(0.0, gives=np.inf)])
def cbrt(x: Array) -> Any:
    """Cube root, of negative numbers too.

    x : (...)          out : (...)
    Gradient: g / (3 * out^2).  At kinks: inf at 0.
    """
    out = np.cbrt(x)
    return out, lambda g: g / (3 * out * out)


@op(numpy=np.hypot, samples=pairs(), kinks=[at(0.0, 0.0, gives=(0.0, 0.0))])
def hypot(x: Array, y: Array) -> Any:
    """The length of (x, y), sqrt(x^2 + y^2), without overflow.

    x, y : broadcastable          out : broadcast shape
    Gradient: g * x / out, g * y / out.  At kinks: 0, 0 at the origin, as for ``norm``.
    """
    out = np.hypot(x, y)
    return out, lambda g: g * over(x, out), lambda g: g * over(y, out)
