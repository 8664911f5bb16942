"""Arithmetic: + - * / % and their relatives, elementwise with broadcasting.

Rules return gradients in the broadcast shape; the engine sums them back to each input's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call, pairs, reals

__all__ = ["abs", "absolute", "add", "copysign", "divide", "fmod", "mod", "multiply", "negative"]
__all__ += ["positive", "remainder", "sign", "subtract"]


@op(numpy=np.add, method="__add__", samples=pairs(), analytic=True)
def add(x: Array, y: Array) -> Any:
    """x + y.

    x, y : broadcastable          out : broadcast shape
    Gradient: g, g.
    """
    return x + y, lambda g: g, lambda g: g


@op(numpy=np.subtract, method="__sub__", samples=pairs(), analytic=True)
def subtract(x: Array, y: Array) -> Any:
    """x - y.

    x, y : broadcastable          out : broadcast shape
    Gradient: g, -g.
    """
    return x - y, lambda g: g, lambda g: -g


@op(numpy=np.multiply, method="__mul__", samples=pairs(), analytic=True)
def multiply(x: Array, y: Array) -> Any:
    """x * y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g * y, g * x.
    """
    return x * y, lambda g: g * y, lambda g: g * x


def off_zero(x: Array, by: float = 0.1) -> Array:
    """Numbers moved away from 0, for samples of functions that have no derivative there."""
    return np.where(np.abs(x) < by, x + np.copysign(by, x), x)


def over(x: Array, y: Array) -> Array:
    """x / y, and 0 where y is 0: a part of a rule, for any order of derivative."""
    zero = raw(y) == 0
    return np.where(zero, 0, x / np.where(zero, 1, y))


def _quotients(draw: Any) -> Any:
    x, y = (draw.array(shape, -100, 100, special=(0.0, 1.0, -1.0)) for shape in draw.shapes(2))
    return call(x, off_zero(y))


@op(
    numpy=(np.divide, np.true_divide),
    method="__truediv__",
    samples=_quotients,
    analytic=True,
    note="x / 0 has no derivative",
)
def divide(x: Array, y: Array) -> Any:
    """x / y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g / y, -g * x / y^2.
    """
    out = x / y
    return out, lambda g: g / y, lambda g: -g * out / y


@op(numpy=np.negative, method="__neg__", samples=reals(), analytic=True)
def negative(x: Array) -> Any:
    """-x.

    x : (...)          out : (...)
    Gradient: -g.
    """
    return -x, lambda g: -g


@op(numpy=np.positive, method="__pos__", samples=reals(), analytic=True)
def positive(x: Array) -> Any:
    """+x, a new value.

    x : (...)          out : (...)
    Gradient: g.
    """
    return +x, lambda g: g


@op(numpy=(np.absolute, np.fabs), method="__abs__", samples=reals())
def absolute(x: Array) -> Any:
    """The distance from 0: |x|.

    x : (...)          out : (...)
    Gradient: g * sign(x).  At kinks: 0 at x = 0.
    """
    return np.abs(x), lambda g: g * np.sign(raw(x))


@op(
    numpy=np.sign,
    samples=lambda draw: call(off_zero(draw.array(draw.shape(), -1e4, 1e4))),
    note="no derivative at 0, where it jumps",
)
def sign(x: Array) -> Any:
    """-1, 0 or 1.

    x : (...)          out : (...)
    Gradient: 0, at the jump too.
    """
    return np.sign(x), np.zeros_like


def _signed(draw: Any) -> Any:
    x, y = draw.shapes(2)
    return call(draw.array(x, -1e4, 1e4, special=(0.0, -0.0)), off_zero(draw.array(y)))


@op(numpy=np.copysign, samples=_signed, note="no derivative at y = 0, where it jumps")
def copysign(x: Array, y: Array) -> Any:
    """The size of x with the sign of y; -0.0 counts as negative.

    x, y : broadcastable          out : broadcast shape
    Gradient: g where the sign is kept, -g where it is changed; 0 for y.  At kinks: 0 at x = 0.
    """
    out = np.copysign(raw(x), raw(y))
    return out, lambda g: g * (np.sign(raw(x)) * np.sign(out)), lambda g: np.zeros_like(g)


def _divisions(draw: Any) -> Any:
    """Dividends between the multiples of their divisors."""
    shape = draw.shape()
    divisor = off_zero(draw.array(draw.choice((shape, ())), -10, 10))
    return call((np.floor(draw.array(shape, -100, 100)) + draw.array(shape, 0.1, 0.9)) * divisor, divisor)


_JUMPS = "no derivative where x / y is whole, for there it jumps"


@op(numpy=np.remainder, method="__mod__", samples=_divisions, note=_JUMPS)
def mod(x: Array, y: Array) -> Any:
    """x % y, what is left of x after whole steps of y, with the sign of y: x - y * floor(x / y).

    x, y : broadcastable          out : broadcast shape
    Gradient: g, -g * floor(x / y).
    """
    return np.mod(raw(x), raw(y)), lambda g: g, lambda g: -g * np.floor_divide(raw(x), raw(y))


@op(numpy=np.fmod, samples=_divisions, note=_JUMPS)
def fmod(x: Array, y: Array) -> Any:
    """What is left of x after whole steps of y, with the sign of x (as in C): x - y * trunc(x / y).

    x, y : broadcastable          out : broadcast shape
    Gradient: g, -g * trunc(x / y).
    """
    return np.fmod(raw(x), raw(y)), lambda g: g, lambda g: -g * np.trunc(raw(x) / raw(y))


abs, remainder = absolute, mod  # numpy's other names
