"""Arithmetic: + - * / ** and their relatives, elementwise with broadcasting.

Rules return gradients in the broadcast shape; the engine sums them back to each input's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call, pairs, reals

__all__ = ["add", "divide", "multiply", "negative", "positive", "power", "square", "subtract"]


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


def _quotients(draw: Any) -> Any:
    x, y = (draw.array(shape, -100, 100, special=(0.0, 1.0, -1.0)) for shape in draw.shapes(2))
    return call(x, np.where(abs(y) < 0.1, y + np.copysign(0.1, y), y))


@op(numpy=(np.divide, np.true_divide), method="__truediv__", samples=_quotients, analytic=True, note="x / 0 has no derivative")
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


@op(numpy=np.square, method="square", samples=reals(), analytic=True)
def square(x: Array) -> Any:
    """x * x.

    x : (...)          out : (...)
    Gradient: 2 * g * x.
    """
    return x * x, lambda g: 2 * g * x


def _powers(draw: Any) -> Any:
    if draw.choice((True, False)):  # a constant exponent takes any base that numpy does
        return call(draw.array(draw.shape(), special=(0.0, 1.0, -1.0)), draw.choice((0, 1, 2, 3, 2.0)))
    x, y = draw.shapes(2)
    return call(draw.array(x, 0.1, 3), draw.array(y, -3, 3, special=(0.0, 1.0, 2.0)))


@op(numpy=np.power, method="__pow__", samples=_powers, analytic=True, note="a negative base has no real power in between")
def power(x: Array, y: Array) -> Any:
    """x ** y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g * y * x^(y-1), g * log(x) * x^y.
    At kinks: x^0 has gradient 0 everywhere, x at 0 included; 0^y has gradient 0 with respect to y > 0. A constant
    exponent never takes the logarithm of its base, so (-3)^2 has gradient -6.
    """
    return x**y, lambda g: g * _slope(x, y), lambda g: g * (x**y * _log_base(x))


def _slope(x: Array, y: Array) -> Array:
    """y * x^(y-1), and 0 for y = 0."""
    if np.ndim(y) == 0 and not hasattr(y, "requires_grad"):
        return np.zeros_like(x) if y == 0 else y * x ** (y - 1)
    return y * x ** np.where(y == 0, 1, y - 1)


def _log_base(x: Array) -> Array:
    """log(x), and 0 where x = 0 (there x^y is 0 for y > 0, and so is its gradient)."""
    return np.log(np.where(x == 0, 1, x))
