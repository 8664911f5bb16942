"""Hyperbolic functions and their inverses, elementwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import at, reals
from .exponential import EDGE, OVERFLOW

__all__ = ["arccosh", "arcsinh", "arctanh", "cosh", "sinh", "tanh"]


@op(numpy=np.sinh, method="sinh", samples=reals(-50, 50), analytic=True, note=OVERFLOW)
def sinh(x: Array) -> Any:
    """Hyperbolic sine, (exp(x) - exp(-x)) / 2.

    x : (...)          out : (...)
    Gradient: g * cosh(x).
    """
    return np.sinh(x), lambda g: g * np.cosh(x)


@op(numpy=np.cosh, method="cosh", samples=reals(-50, 50), analytic=True, note=OVERFLOW)
def cosh(x: Array) -> Any:
    """Hyperbolic cosine, (exp(x) + exp(-x)) / 2.

    x : (...)          out : (...)
    Gradient: g * sinh(x).
    """
    return np.cosh(x), lambda g: g * np.sinh(x)


@op(numpy=np.tanh, method="tanh", samples=reals(), analytic=True)
def tanh(x: Array) -> Any:
    """Hyperbolic tangent, sinh(x) / cosh(x), from -1 to 1.

    x : (...)          out : (...)
    Gradient: g * (1 - out^2).
    """
    out = np.tanh(x)
    # not g * (1 - out * out): a Python number among small arrays costs as much as two products
    return out, lambda g: g - g * (out * out)


@op(numpy=np.arcsinh, method="arcsinh", samples=reals(), analytic=True)
def arcsinh(x: Array) -> Any:
    """The number whose hyperbolic sine is x.

    x : (...)          out : (...)
    Gradient: g / sqrt(x^2 + 1).
    """
    out = np.arcsinh(x)
    return out, lambda g: g / np.cosh(out)  # the same as sqrt(x^2 + 1), where x^2 overflows


@op(
    numpy=np.arccosh,
    method="arccosh",
    samples=reals(1.01, 1e4),
    analytic=True,
    note=EDGE,
    kinks=[at(1.0, gives=np.inf)],
)
def arccosh(x: Array) -> Any:
    """The number at or above 0 whose hyperbolic cosine is x.

    x : (...) >= 1          out : (...)
    Gradient: g / sqrt(x^2 - 1).  At the edge: inf at 1.
    """
    return np.arccosh(
        x
    ), lambda g: g / (np.sqrt(x - 1) * np.sqrt(x + 1))  # the product of what is under the roots overflows


@op(
    numpy=np.arctanh,
    method="arctanh",
    samples=reals(-0.99, 0.99),
    analytic=True,
    note=EDGE,
    kinks=[at([-1.0, 1.0], gives=[np.inf, np.inf])],
)
def arctanh(x: Array) -> Any:
    """The number whose hyperbolic tangent is x.

    x : (...) between -1 and 1          out : (...)
    Gradient: g / (1 - x^2).  At the edge: inf at -1 and 1.
    """
    return np.arctanh(x), lambda g: g / ((1 - x) * (1 + x))
