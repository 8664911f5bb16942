"""Rounding: step functions, whose gradient is 0, at their jumps too.

The gradient of zeros is a gradient: what is rounded stays on the graph, and nothing is learnt through it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from .arithmetic import off_zero

__all__ = ["ceil", "floor", "floor_divide", "rint", "round", "trunc"]

_JUMPS = "no derivative where it jumps"


def _off_steps(draw: Any) -> Any:
    """Numbers that are neither whole nor half."""
    shape = draw.shape()
    whole = np.floor(draw.array(shape, -1e4, 1e4, special=(0.0, -1.0)))
    return call(whole + draw.array(shape, 0.1, 0.4) + draw.choice((0.0, 0.5)))


@op(numpy=np.floor, samples=_off_steps, note=_JUMPS)
def floor(x: Array) -> Any:
    """The whole number at or below x.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.floor(raw(x)), np.zeros_like


@op(numpy=np.ceil, samples=_off_steps, note=_JUMPS)
def ceil(x: Array) -> Any:
    """The whole number at or above x.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.ceil(raw(x)), np.zeros_like


@op(numpy=np.trunc, samples=_off_steps, note=_JUMPS)
def trunc(x: Array) -> Any:
    """x without its fraction: the whole number next to it on the side of 0.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.trunc(raw(x)), np.zeros_like


@op(numpy=np.rint, samples=_off_steps, note=_JUMPS)
def rint(x: Array) -> Any:
    """The nearest whole number; of two as near, the even one.

    x : (...)          out : (...)
    Gradient: 0.
    """
    return np.rint(raw(x)), np.zeros_like


def _off_decimals(draw: Any) -> Any:
    x = _off_steps(draw).args[0]
    decimals = draw.choice((0, 1, -1))
    return call(x / 10.0**decimals, decimals)


@op(numpy=(np.round, np.around), method="round", samples=_off_decimals, note=_JUMPS)
def round(x: Array, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; of two as near, the one whose last digit is even.

    x : (...)          decimals : may be negative: -1 rounds to tens          out : (...)
    Gradient: 0.
    """
    return np.round(raw(x), decimals), np.zeros_like


def _off_multiples(draw: Any) -> Any:
    x = _off_steps(draw).args[0]
    y = off_zero(draw.array(draw.choice((x.shape, ())), -10, 10))
    return call(x * y, y)


@op(numpy=np.floor_divide, method="__floordiv__", samples=_off_multiples, note=_JUMPS)
def floor_divide(x: Array, y: Array) -> Any:
    """x // y, how many whole steps of y are in x: floor(x / y).

    x, y : broadcastable          out : broadcast shape
    Gradient: 0, 0.
    """
    return np.floor_divide(raw(x), raw(y)), np.zeros_like, np.zeros_like
