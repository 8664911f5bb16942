"""Exponentials and logarithms, elementwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call, pairs, reals

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "logaddexp2", "xlogy"]

LN2, LN10 = math.log(2), math.log(10)
OVERFLOW = "exp overflows float64 above 709; beyond 50 its differences lose their digits"


@op(numpy=np.exp, method="exp", samples=reals(-50, 50), analytic=True, note=OVERFLOW)
def exp(x: Array) -> Any:
    """e to the power x.

    x : (...)          out : (...)
    Gradient: g * out.
    """
    out = np.exp(x)
    return out, lambda g: g * out


@op(numpy=np.exp2, method="exp2", samples=reals(-50, 50), analytic=True, note=OVERFLOW)
def exp2(x: Array) -> Any:
    """2 to the power x.

    x : (...)          out : (...)
    Gradient: g * out * log(2).
    """
    out = np.exp2(x)
    return out, lambda g: g * (LN2 * out)


@op(numpy=np.expm1, method="expm1", samples=reals(-50, 50), analytic=True, note=OVERFLOW)
def expm1(x: Array) -> Any:
    """exp(x) - 1, with all its digits near 0.

    x : (...)          out : (...)
    Gradient: g * exp(x).
    """
    return np.expm1(x), lambda g: g * np.exp(x)


_POSITIVE = reals(1e-3, 1e4, special=(1.0,))
EDGE = "at the edge the derivative is infinite, and NaN where it meets a g of 0"


@op(numpy=np.log, method="log", samples=_POSITIVE, analytic=True, note=EDGE, kinks=[at(0.0, gives=np.inf)])
def log(x: Array) -> Any:
    """Natural logarithm.

    x : (...) > 0          out : (...)
    Gradient: g / x.  At the edge: infinite at 0.
    """
    return np.log(x), lambda g: g / x


@op(numpy=np.log2, method="log2", samples=_POSITIVE, analytic=True, note=EDGE, kinks=[at(0.0, gives=np.inf)])
def log2(x: Array) -> Any:
    """Logarithm to base 2.

    x : (...) > 0          out : (...)
    Gradient: g / (x log(2)).  At the edge: infinite at 0.
    """
    return np.log2(x), lambda g: g / (x * LN2)


@op(numpy=np.log10, method="log10", samples=_POSITIVE, analytic=True, note=EDGE, kinks=[at(0.0, gives=np.inf)])
def log10(x: Array) -> Any:
    """Logarithm to base 10.

    x : (...) > 0          out : (...)
    Gradient: g / (x log(10)).  At the edge: infinite at 0.
    """
    return np.log10(x), lambda g: g / (x * LN10)


@op(numpy=np.log1p, method="log1p", samples=reals(-0.99, 1e4), analytic=True, note=EDGE, kinks=[at(-1.0, gives=np.inf)])
def log1p(x: Array) -> Any:
    """log(1 + x), with all its digits near 0.

    x : (...) > -1          out : (...)
    Gradient: g / (1 + x).  At the edge: infinite at -1.
    """
    return np.log1p(x), lambda g: g / (1 + x)


@op(
    numpy=np.logaddexp,
    samples=pairs(),
    kinks=[at(-np.inf, -np.inf, gives=(0.0, 0.0)), at(-np.inf, 1.0, gives=(0.0, 1.0))],
)
def logaddexp(x: Array, y: Array) -> Any:
    """log(exp(x) + exp(y)), stable.

    x, y : broadcastable          out : broadcast shape
    Gradient: g * exp(x - out), g * exp(y - out).  At the edge: 0, 0 where both are -inf.
    """
    out = np.logaddexp(x, y)
    return out, lambda g: g * _part(x, y, np.exp, np.logaddexp), lambda g: g * _part(y, x, np.exp, np.logaddexp)


@op(
    numpy=np.logaddexp2,
    samples=pairs(),
    kinks=[at(-np.inf, -np.inf, gives=(0.0, 0.0)), at(1.0, -np.inf, gives=(1.0, 0.0))],
)
def logaddexp2(x: Array, y: Array) -> Any:
    """log2(2^x + 2^y), stable.

    x, y : broadcastable          out : broadcast shape
    Gradient: g * 2^(x - out), g * 2^(y - out).  At the edge: 0, 0 where both are -inf.
    """
    out = np.logaddexp2(x, y)
    return out, lambda g: g * _part(x, y, np.exp2, np.logaddexp2), lambda g: g * _part(y, x, np.exp2, np.logaddexp2)


def _part(x: Array, y: Array, exp: Any, logaddexp: Any) -> Array:
    """exp(x) / (exp(x) + exp(y)), by the difference alone: exp(x - out) would lose the digits that x and out share."""
    nothing = raw(x) == -np.inf
    return np.where(nothing, 0, exp(-logaddexp(0, y - np.where(nothing, 0, x))))


def _weighted(draw: Any) -> Any:
    x, y = draw.shapes(2)
    return call(draw.array(x, -1e4, 1e4, special=(0.0, 1.0)), draw.array(y, 1e-3, 1e4, special=(1.0,)))


@op(
    samples=_weighted,
    analytic=True,
    reference=lambda x, y: x * np.log(y),
    note=EDGE,
    kinks=[at(0.0, y, gives=(0.0, 0.0)) for y in (0.0, -1.0, np.inf)],
)
def xlogy(x: Array, y: Array) -> Any:
    """x * log(y), and 0 where x = 0 and log(y) is not finite: the terms of an entropy, p log(p).

    x, y : broadcastable          out : broadcast shape
    Gradient: g * log(y), g * x / y.  At the edge: 0, 0 where x = 0 and y <= 0 or inf, so an entropy's gradient is finite at
    p = 0 (its limit is infinite: a probability of exactly 0 stays out of the sum).
    """
    empty = (raw(x) == 0) & ((raw(y) <= 0) | (raw(y) == np.inf))
    log_y = np.log(np.where(empty, 1, y))
    return x * log_y, lambda g: g * log_y, lambda g: g * np.where(empty, 0, x / np.where(empty, 1, y))
