"""Selection: where, select, maximum, minimum, clip, nan_to_num. Gradients are chosen, never multiplied by 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import NUMPY, Array, op, raw
from ..engine.domain import at, call, pairs, reals
from ..engine.errors import DTypeError, ShapeError
from ._portable import as_array

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num", "select", "where"]


def _chosen(draw: Any) -> Any:
    c, x, y = draw.shapes(3)
    return call(draw.integers(c, 0, 1) == 1, draw.array(x, -1e4, 1e4), draw.array(y, -1e4, 1e4))


@op(numpy=np.where, samples=_chosen, analytic=True)
def where(condition: Array, x: Array, y: Array) -> Any:
    """x where the condition holds, y elsewhere.

    condition : bool          x, y : broadcastable with it          out : broadcast shape
    Gradient: g selected, never multiplied, so an unchosen inf or NaN in g or x does not spread. An op *inside* an unchosen
    branch still has its own gradient times 0: sqrt(x) at x < 0 gives NaN; choose its input with ``where`` as well.
    """
    c = as_array(condition, x, y)
    return np.where(c, raw(x), raw(y)), None, lambda g: np.where(c, g, 0), lambda g: np.where(c, 0, g)


def _cases(draw: Any) -> Any:
    shape, n = draw.shape(), draw.integer(1, 3)
    conditions = [draw.integers(shape, 0, 1) == 1 for _ in range(n)]
    return call(conditions, [draw.array(shape) for _ in range(n)], draw.array(()))


@op(numpy=np.select, samples=_cases, analytic=True)
def select(conditions: Any, choices: Any, default: Array = 0) -> Any:
    """From the choice whose condition holds first, or else the default: ``where`` with several cases.

    conditions : list of bool          choices : as long a list          all broadcastable          out : broadcast shape
    Gradient: g to what was chosen.
    """
    if not conditions or len(conditions) != len(choices):
        raise ShapeError(
            f"select: {len(conditions)} conditions, {len(choices)} choices. Give as many of both, at least one."
        )
    first: Any = len(conditions)
    out = raw(default)
    for i in reversed(range(len(conditions))):
        c = as_array(conditions[i], *choices, default)
        if np.result_type(c).kind != "b":
            raise DTypeError(
                f"select: condition {i} is of {np.result_type(c)}, not bool. Compare it with something, such as x != 0."
            )
        first, out = np.where(c, i, first), np.where(c, raw(choices[i]), out)
    given = [lambda g, i=i: np.where(first == i, g, 0) for i in range(len(choices))]
    return out, None, given, lambda g: np.where(first == len(conditions), g, 0)


def _won(g: Array, loses: Any, ties: Any) -> Array:
    """What the winner of a comparison gets: all, half at a tie, nothing where it loses. NaN neither loses nor ties."""
    return np.where(loses, 0, np.where(ties, 0.5 * g, g))


@op(numpy=np.maximum, method="maximum", samples=pairs(), kinks=[at(1.0, 1.0, gives=(0.5, 0.5))])
def maximum(x: Array, y: Array) -> Any:
    """The larger of x and y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g to the larger.  At ties: half to each (a number is a constant, and takes its half with it).
    """
    x, y = raw(x), raw(y)
    return np.maximum(x, y), lambda g: _won(g, x < y, x == y), lambda g: _won(g, y < x, x == y)


@op(numpy=np.minimum, method="minimum", samples=pairs(), kinks=[at(1.0, 1.0, gives=(0.5, 0.5))])
def minimum(x: Array, y: Array) -> Any:
    """The smaller of x and y, elementwise.

    x, y : broadcastable          out : broadcast shape
    Gradient: g to the smaller.  At ties: half to each.
    """
    x, y = raw(x), raw(y)
    return np.minimum(x, y), lambda g: _won(g, x > y, x == y), lambda g: _won(g, y > x, x == y)


@op(
    numpy=np.fmax,
    samples=pairs(),
    kinks=[at(1.0, 1.0, gives=(0.5, 0.5)), at(np.nan, 1.0, gives=(0.0, 1.0)), at(1.0, np.nan, gives=(1.0, 0.0))],
)
def fmax(x: Array, y: Array) -> Any:
    """The larger of x and y, a number being larger than NaN.

    x, y : broadcastable          out : broadcast shape
    Gradient: g to the larger.  At ties: half to each.
    """
    x, y = raw(x), raw(y)
    return (
        np.fmax(x, y),
        lambda g: _won(g, (x < y) | np.isnan(x), x == y),
        lambda g: _won(g, (y < x) | np.isnan(y), x == y),
    )


@op(
    numpy=np.fmin,
    samples=pairs(),
    kinks=[at(1.0, 1.0, gives=(0.5, 0.5)), at(np.nan, 1.0, gives=(0.0, 1.0)), at(1.0, np.nan, gives=(1.0, 0.0))],
)
def fmin(x: Array, y: Array) -> Any:
    """The smaller of x and y, a number being smaller than NaN.

    x, y : broadcastable          out : broadcast shape
    Gradient: g to the smaller.  At ties: half to each.
    """
    x, y = raw(x), raw(y)
    return (
        np.fmin(x, y),
        lambda g: _won(g, (x > y) | np.isnan(x), x == y),
        lambda g: _won(g, (y > x) | np.isnan(y), x == y),
    )


def _clipped(draw: Any) -> Any:
    x = draw.array(draw.shape(), -1e4, 1e4, special=(0.0, -0.0, 1.0, -1.0))
    low, high = draw.choice(((-1.0, 1.0), (0.0, None), (None, 2.0), (draw.array(()), draw.array(x.shape))))
    return call(x, low, high)


@op(
    method="clip",
    samples=_clipped,
    reference=np.clip,
    kinks=[at([-1.0, 1.0], -1.0, 1.0, gives=[1.0, 1.0]), at(1.0, 1.0, 1.0, gives=0.0)],
)
def clip(x: Array, min: Array = None, max: Array = None) -> Any:
    """x kept between two bounds; None for no bound, and max where the bounds meet or cross.

    x : (...)          min, max : numbers or arrays, broadcastable with x          out : broadcast shape
    Gradient: g to x inside and at the bounds, else to the bound that x was moved to.
    """
    x, min, max = raw(x), raw(min), raw(max)
    under = False if min is None else x < min
    over = False if max is None else (x > max) | (min >= max if min is not None else False)
    none = min is None and max is None
    return (
        +x if none else np.clip(x, min, max),
        lambda g: np.where(under | over, 0, g),
        lambda g: np.where(under & np.logical_not(over), g, 0),
        lambda g: np.where(over, g, 0),
    )


def _numpy_clip(a: Array, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """numpy's spelling of ``clip``, which names its bounds in two ways."""
    return clip(a, a_min if min is None else min, a_max if max is None else max)


NUMPY[np.clip] = _numpy_clip


@op(numpy=np.nan_to_num, samples=reals(), kinks=[at([np.nan, np.inf, -np.inf, 1.0], gives=[0.0, 0.0, 0.0, 1.0])])
def nan_to_num(x: Array, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with numbers in place of NaN and infinities (by default the largest of the dtype).

    x : (...)          out : (...)
    Gradient: g where x is finite, else 0.
    """
    x = raw(x)
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf), lambda g: np.where(np.isfinite(x), g, 0)
