"""Arithmetic: + - * / % and their relatives, elementwise with broadcasting.

Rules return gradients in the broadcast shape; the engine sums them back to each input's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call, pairs, reals

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


def over(x: Array, y: Array) -> Array:
    """x / y, and 0 where y is 0: a part of a rule, for any order of derivative."""
    zero = raw(y) == 0
    return np.where(zero, 0, x / np.where(zero, 1, y))


def off_zero(x: Array, by: float = 0.1) -> Array:
    """Numbers moved away from 0, for the samples of functions with a pole or a jump there."""
    return np.where(np.abs(x) < by, x + np.copysign(by, x), x)


def quotients(draw: Any) -> Any:
    """Two arrays that broadcast together, the second without zeros."""
    x, y = (draw.array(shape, -1e3, 1e3, special=(0.0, -0.0, 1.0, -1.0)) for shape in draw.shapes(2))
    return call(x, off_zero(y))


POLE = "nearer to y = 0 than 0.1, differences see both sides of the pole"


@op(numpy=(np.divide, np.true_divide), method="__truediv__", samples=quotients, analytic=True, note=POLE)
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


@op(numpy=(np.absolute, np.fabs), method="__abs__", samples=reals(), kinks=[at([0.0, -0.0], gives=[0.0, 0.0])])
def absolute(x: Array) -> Any:
    """The distance from 0: |x|.

    x : (...)          out : (...)
    Gradient: g * sign(x).  At kinks: 0 at x = 0.
    """
    return np.abs(x), lambda g: g * np.sign(raw(x))


@op(numpy=np.sign, samples=reals())
def sign(x: Array) -> Any:
    """-1, 0 or 1.

    x : (...)          out : (...)
    Gradient: 0, at the jump too.
    """
    return np.sign(x), np.zeros_like


@op(
    numpy=np.copysign,
    samples=quotients,
    note="no derivative at y = 0, where it jumps",
    kinks=[at(0.0, 1.0, gives=(0.0, 0.0))],
)
def copysign(x: Array, y: Array) -> Any:
    """The size of x with the sign of y; -0.0 counts as negative.

    x, y : broadcastable          out : broadcast shape
    Gradient: g where the sign is kept, -g where it is changed; 0 for y.  At kinks: 0 at x = 0.
    """
    out = np.copysign(raw(x), raw(y))
    return out, lambda g: g * (np.sign(raw(x)) * np.sign(out)), lambda g: np.zeros_like(g)


def steps(draw: Any) -> Any:
    """Two arrays that broadcast together, the second not so small beside the first that the quotient only jumps."""
    x, y = (draw.array(shape, -10, 10, special=(0.0, -0.0, 1.0, -1.0)) for shape in draw.shapes(2))
    return call(x, off_zero(y, 0.5))


JUMPS = "of a large quotient, differences see the jumps instead of the slope between them"


@op(numpy=np.remainder, method="__mod__", samples=steps, note=JUMPS)
def mod(x: Array, y: Array) -> Any:
    """x % y, what is left of x after whole steps of y, with the sign of y: x - y * floor(x / y).

    x, y : broadcastable          out : broadcast shape
    Gradient: g, -g * floor(x / y).
    """
    return np.mod(raw(x), raw(y)), lambda g: g, lambda g: -g * np.floor_divide(raw(x), raw(y))


@op(numpy=np.fmod, samples=steps, note=JUMPS)
def fmod(x: Array, y: Array) -> Any:
    """What is left of x after whole steps of y, with the sign of x (as in C): x - y * trunc(x / y).

    x, y : broadcastable          out : broadcast shape
    Gradient: g, -g * trunc(x / y).
    """
    return np.fmod(raw(x), raw(y)), lambda g: g, lambda g: -g * np.trunc(raw(x) / raw(y))


abs, remainder = absolute, mod  # numpy's other names
