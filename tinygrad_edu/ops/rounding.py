"""Rounding: step functions, whose gradient is 0, at their jumps too.

The gradient of zeros is a gradient: what is rounded stays on the graph, and nothing is learnt through it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call, reals
from .arithmetic import JUMPS, steps

__all__ = ["ceil", "floor", "floor_divide", "rint", "round", "trunc"]

_JUMPS = (0.0, -0.0, 0.5, 1.0, -1.0, -1.5)


@op(numpy=np.floor, samples=reals(special=_JUMPS))
def floor(x: Array) -> Any:
    """The whole number at or below x.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.floor(raw(x)), np.zeros_like


@op(numpy=np.ceil, samples=reals(special=_JUMPS))
def ceil(x: Array) -> Any:
    """The whole number at or above x.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.ceil(raw(x)), np.zeros_like


@op(numpy=np.trunc, samples=reals(special=_JUMPS))
def trunc(x: Array) -> Any:
    """x without its fraction: the whole number next to it on the side of 0.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.trunc(raw(x)), np.zeros_like


@op(numpy=np.rint, samples=reals(special=_JUMPS))
def rint(x: Array) -> Any:
    """The nearest whole number; of two as near, the even one.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.rint(raw(x)), np.zeros_like


def _decimals(draw: Any) -> Any:
    return call(draw.array(draw.shape(), -1e4, 1e4, special=(0.0, -0.0, 0.5, 15.0)), draw.choice((0, 1, -1)))


@op(numpy=(np.round, np.around), method="round", samples=_decimals)
def round(x: Array, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; of two as near, the one whose last digit is even.

    x : (...)          decimals : may be negative: -1 rounds to tens          out : (...)
    Gradient: 0.
    """
    return np.round(raw(x), decimals), np.zeros_like


@op(numpy=np.floor_divide, method="__floordiv__", samples=steps, note=JUMPS)
def floor_divide(x: Array, y: Array) -> Any:
    """x // y, how many whole steps of y are in x: floor(x / y).

    x, y : broadcastable          out : broadcast shape
    Gradient: 0, 0.
    """
    return np.floor_divide(raw(x), raw(y)), np.zeros_like, np.zeros_like
