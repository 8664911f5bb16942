"""Small sets in the plane, for pictures and for networks that learn in a second.

Each function gives x : (n, 2) float32 and y : (n,) int64, the same for the same arguments. Labels go round (0, 1, 0, 1,
...), so that any part cut from the set is balanced, `validation_split` included. More noise moves every point further
along its own direction: the same seed at another noise shows the same set, blurred.
"""

from __future__ import annotations

import math
import operator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["blobs", "moons", "spirals", "xor"]

_Set: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
_Floats: TypeAlias = npt.NDArray[np.float64]

_TURNS = 1.5  # of each spiral arm about the origin


def xor(n: int = 200, noise: float = 0.1, seed: int = 0) -> _Set:
    """Exclusive or: the corners of the unit square, labelled 1 where the coordinates differ. No line separates them.

    Parameters
    ----------
    n : number of points, shared evenly among the corners (0, 0), (0, 1), (1, 0), (1, 1)
    noise : standard deviation about the corner
    seed : of the random draw

    Returns
    -------
    x : (n, 2) float32
    y : (n,) int64, 0 or 1

    Raises
    ------
    TypeError, ValueError
        `n` is not a whole number or is negative; `noise` is negative or not finite.

    Examples
    --------
    >>> x, y = xor(4, noise=0)
    >>> x.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    _check(n, noise)
    corner = np.arange(n) % 4
    first, second = corner // 2, corner % 2
    return _blurred(np.stack([first, second], axis=1), first ^ second, noise, np.random.default_rng(seed))


def spirals(n: int = 300, noise: float = 0.02, seed: int = 0, classes: int = 2) -> _Set:
    """Arms of a spiral that wind about the origin, one to a class, within the unit circle.

    A point at radius r of arm k has the angle 2 pi (1.5 r + k / classes).

    Parameters
    ----------
    n : number of points, shared evenly among the arms
    noise : standard deviation about the arm; neighbouring arms are 1 / (1.5 classes) apart
    seed : of the random draw
    classes : number of arms

    Returns
    -------
    x : (n, 2) float32
    y : (n,) int64, 0 to classes - 1

    Raises
    ------
    TypeError, ValueError
        `n` or `classes` is not a whole number, or out of range; `noise` is negative or not finite.

    Examples
    --------
    >>> x, y = spirals(300, classes=3)
    >>> x.shape, y[:6].tolist()
    ((300, 2), [0, 1, 2, 0, 1, 2])
    """
    _check(n, noise, classes)
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    radius = np.sqrt(rng.random(n))  # evenly dense over the disc; a plain uniform draw crowds the middle
    return _blurred(radius[:, None] * _circle(_TURNS * radius + y / classes), y, noise, rng)


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> _Set:
    """Two half circles that reach into each other, the upper one labelled 0 and the lower one 1.

    The upper one has radius 1 about (0, 0), the lower one radius 1 about (1, 1/2).

    Parameters
    ----------
    n : number of points, shared evenly between the moons
    noise : standard deviation about the half circle
    seed : of the random draw

    Returns
    -------
    x : (n, 2) float32
    y : (n,) int64, 0 or 1

    Raises
    ------
    TypeError, ValueError
        `n` is not a whole number or is negative; `noise` is negative or not finite.

    Examples
    --------
    >>> x, y = moons(100)
    >>> x.shape, x.dtype, y[:4].tolist()
    ((100, 2), dtype('float32'), [0, 1, 0, 1])
    """
    _check(n, noise)
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    lower = y[:, None] == 1
    upper_arc = _circle(rng.random(n) / 2)
    return _blurred(np.where(lower, [1.0, 0.5] - upper_arc, upper_arc), y, noise, rng)


def blobs(n: int = 300, noise: float = 0.2, seed: int = 0, classes: int = 3) -> _Set:
    """Round clouds, one to a class, about centres spaced evenly on the unit circle.

    Parameters
    ----------
    n : number of points, shared evenly among the clouds
    noise : standard deviation about the centre
    seed : of the random draw
    classes : number of clouds; the first centre is (1, 0), the others follow counter-clockwise

    Returns
    -------
    x : (n, 2) float32
    y : (n,) int64, 0 to classes - 1

    Raises
    ------
    TypeError, ValueError
        `n` or `classes` is not a whole number, or out of range; `noise` is negative or not finite.

    Examples
    --------
    >>> x, y = blobs(4, noise=0, classes=4)
    >>> x.round().astype(int).tolist(), y.tolist()
    ([[1, 0], [0, 1], [-1, 0], [0, -1]], [0, 1, 2, 3])
    """
    _check(n, noise, classes)
    y = np.arange(n) % classes
    return _blurred(_circle(y / classes), y, noise, np.random.default_rng(seed))


def _check(n: int, noise: float, classes: int = 1) -> None:
    """Refuse arguments that make no set; operator.index raises TypeError where a whole number is needed."""
    if operator.index(n) < 0:
        raise ValueError(f"n: expected a number of points, 0 or more, got {n}.")
    if operator.index(classes) < 1:
        raise ValueError(f"classes: expected 1 or more, got {classes}.")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise: expected a finite standard deviation, 0 or more, got {noise}. Give 0 for no noise.")


def _circle(turns: _Floats) -> _Floats:
    """Points of the unit circle at an angle counted in turns: (n,) -> (n, 2)."""
    angle = 2 * np.pi * turns
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _blurred(
    x: _Floats | npt.NDArray[np.int64], y: npt.NDArray[np.int64], noise: float, rng: np.random.Generator
) -> _Set:
    """Add the noise, drawn last so that its amount leaves the points' places alone; float32 and int64 come out."""
    return (x + noise * rng.standard_normal(x.shape)).astype(np.float32), y.astype(np.int64)
