"""Exponentials and logarithms, elementwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import reals

__all__ = ["exp", "log", "sqrt", "tanh"]

OVERFLOW = "exp overflows float64 above 709; beyond 50 its differences lose their digits"


@op(numpy=np.exp, method="exp", samples=reals(-50, 50), analytic=True, note=OVERFLOW)
def exp(x: Array) -> Any:
    """e to the power x.

    x : (...)          out : (...)
    Gradient: g * out.
    """
    out = np.exp(x)
    return out, lambda g: g * out


@op(numpy=np.log, method="log", samples=reals(1e-3, 1e4, special=(1.0,)), analytic=True, note="defined for x > 0")
def log(x: Array) -> Any:
    """Natural logarithm.

    x : (...) > 0          out : (...)
    Gradient: g / x.  At the edge: infinite at 0.
    """
    return np.log(x), lambda g: g / x


@op(numpy=np.sqrt, method="sqrt", samples=reals(1e-3, 1e4, special=(1.0,)), analytic=True, note="defined for x >= 0, derivative infinite at 0")
def sqrt(x: Array) -> Any:
    """Square root.

    x : (...) >= 0          out : (...)
    Gradient: g / (2 * out).  At kinks: inf at 0. So sqrt(x*x) at 0 gives NaN (0 * inf): use ``norm``, which gives 0.
    """
    out = np.sqrt(x)
    return out, lambda g: g * 0.5 / out


@op(numpy=np.tanh, method="tanh", samples=reals(), analytic=True)
def tanh(x: Array) -> Any:
    """Hyperbolic tangent.

    x : (...)          out : (...)
    Gradient: g * (1 - out^2).
    """
    out = np.tanh(x)
    return out, lambda g: g * (1 - out * out)
