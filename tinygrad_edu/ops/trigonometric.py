"""Trigonometric functions and their inverses, elementwise; angles in radians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call, reals
from .arithmetic import off_zero, over
from .exponential import EDGE
from .powers import polynomial

__all__ = ["arccos", "arcsin", "arctan", "arctan2", "cos", "deg2rad", "rad2deg", "sin", "sinc", "tan"]


@op(numpy=np.sin, method="sin", samples=reals(), analytic=True)
def sin(x: Array) -> Any:
    """Sine.

    x : (...) in radians          out : (...)
    Gradient: g * cos(x).
    """
    return np.sin(x), lambda g: g * np.cos(x)


@op(numpy=np.cos, method="cos", samples=reals(), analytic=True)
def cos(x: Array) -> Any:
    """Cosine.

    x : (...) in radians          out : (...)
    Gradient: -g * sin(x).
    """
    return np.cos(x), lambda g: -g * np.sin(x)


@op(numpy=np.tan, method="tan", samples=reals(), analytic=True)
def tan(x: Array) -> Any:
    """Tangent.

    x : (...) in radians          out : (...)
    Gradient: g * (1 + out^2).
    """
    out = np.tan(x)
    return out, lambda g: g * (1 + out * out)


@op(
    numpy=np.arcsin,
    method="arcsin",
    samples=reals(-0.99, 0.99),
    analytic=True,
    note=EDGE,
    kinks=[at([-1.0, 1.0], gives=[np.inf, np.inf])],
)
def arcsin(x: Array) -> Any:
    """The angle from -pi/2 to pi/2 whose sine is x.

    x : (...) from -1 to 1          out : (...)
    Gradient: g / sqrt(1 - x^2).  At the edge: inf at -1 and 1.
    """
    return np.arcsin(x), lambda g: g / np.sqrt((1 - x) * (1 + x))


@op(
    numpy=np.arccos,
    method="arccos",
    samples=reals(-0.99, 0.99),
    analytic=True,
    note=EDGE,
    kinks=[at([-1.0, 1.0], gives=[-np.inf, -np.inf])],
)
def arccos(x: Array) -> Any:
    """The angle from 0 to pi whose cosine is x.

    x : (...) from -1 to 1          out : (...)
    Gradient: -g / sqrt(1 - x^2).  At the edge: -inf at -1 and 1.
    """
    return np.arccos(x), lambda g: -g / np.sqrt((1 - x) * (1 + x))


@op(numpy=np.arctan, method="arctan", samples=reals(), analytic=True)
def arctan(x: Array) -> Any:
    """The angle between -pi/2 and pi/2 whose tangent is x.

    x : (...)          out : (...)
    Gradient: g / (1 + x^2).
    """
    return np.arctan(x), lambda g: g / (1 + x * x)


def _directions(draw: Any) -> Any:
    y, x = (draw.array(shape, -1e4, 1e4, special=(0.0, -0.0, 1.0, -1.0)) for shape in draw.shapes(2))
    return draw.choice((call(off_zero(y), x), call(y, off_zero(x))))


@op(
    numpy=np.arctan2,
    samples=_directions,
    note="nearer to the origin than 0.1, it turns faster than differences can tell",
    kinks=[at(0.0, 0.0, gives=(0.0, 0.0))],
)
def arctan2(y: Array, x: Array) -> Any:
    """The angle from -pi to pi of the point (x, y); y comes first, as in y / x.

    y, x : broadcastable          out : broadcast shape
    Gradient: g * x / (x^2 + y^2), -g * y / (x^2 + y^2).  At kinks: 0, 0 at the origin, which has no direction.
    """

    def turn(v: Array) -> Array:  # divided twice, for the square of a small length underflows
        length = np.hypot(x, y)
        return over(over(v, length), length)

    return np.arctan2(y, x), lambda g: g * turn(x), lambda g: -g * turn(y)


@op(
    numpy=np.sinc,
    method="sinc",
    samples=reals(),
    kinks=[at(0.95, gives=-1.0948460502244421)],  # where the power series would have lost digits
)
def sinc(x: Array) -> Any:
    """sin(pi x) / (pi x), and 1 at 0.

    x : (...)          out : (...)
    Gradient: g * (cos(pi x) - out) / x; near 0 by its power series, which has no difference of equal numbers.
    """
    out = np.sinc(x)

    def slope(x: Array) -> Array:
        near = np.abs(raw(x)) < 1 / math.pi
        small = np.where(near, x, 0)
        far = (np.cos(math.pi * x) - out) / np.where(near, 1, x)
        return np.where(near, small * polynomial(SINC_SLOPE, (math.pi * small) ** 2), far)

    return out, lambda g: g * slope(x)


# d/dx sinc(x) = x * sum_k (-1)^k 2k pi^2 u^(k-1) / (2k+1)!,  u = (pi x)^2 < 1; the term after these is below 1e-17
SINC_SLOPE = [(-1) ** k * 2 * k * math.pi**2 / math.factorial(2 * k + 1) for k in range(1, 11)]


@op(numpy=(np.deg2rad, np.radians), samples=reals())
def deg2rad(x: Array) -> Any:
    """Degrees to radians.

    x : (...)          out : (...)
    Gradient: g * pi / 180.
    """
    return x * (math.pi / 180), lambda g: g * (math.pi / 180)


@op(numpy=(np.rad2deg, np.degrees), samples=reals())
def rad2deg(x: Array) -> Any:
    """Radians to degrees.

    x : (...)          out : (...)
    Gradient: g * 180 / pi.
    """
    return x * (180 / math.pi), lambda g: g * (180 / math.pi)
