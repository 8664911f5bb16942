"""What every loss does: refuse shapes that would broadcast, and reduce one value an entry to one number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Array
from ..engine.domain import call
from ..engine.errors import ShapeError, UnknownNameError

REDUCTIONS = ("mean", "sum", "none")


def reduced(
    values: Array, reduction: str, count: float | None = None, lost: int | None = None
) -> tuple[Array, Callable[[Array], Array]]:
    """Losses as the reduction asks for them, and the function that gives each of them its share of g.

    count : what "mean" divides by, if not by the number of values.  Over nothing a mean is NaN, its gradient 0 or empty.
    lost : an axis that was summed to get the losses: their shares broadcast along it.
    """
    if reduction == "none":
        return values, lambda g: g if lost is None else np.expand_dims(g, lost)
    if reduction == "sum":
        return values.sum(), lambda g: g
    if reduction == "mean":
        n = values.size if count is None else count
        mean = values.sum() / (n or 1)  # .mean() takes three times as long for 128 values
        return mean if n else mean + math.nan, lambda g: g / (n or 1)
    raise UnknownNameError("reduction", reduction, REDUCTIONS)


def same_shape(loss: str, prediction: Array, target: Array) -> None:
    """Raise ShapeError unless the two have the same shape."""
    if np.shape(prediction) != np.shape(target):
        raise ShapeError(
            f"{loss}: prediction {np.shape(prediction)} against target {np.shape(target)}. Broadcasting would compare every pair. "
            f"Give targets of shape {np.shape(prediction)}."
        )


def compared(low: float = -1e4, high: float = 1e4, target: tuple[float, float] | None = None, **options: Any) -> Any:
    """Samples of a loss: prediction and target of one shape, any reduction, one of the values of every option."""

    def samples(draw: Any) -> Any:
        shape = draw.shape()
        p = draw.array(shape, low, high, special=(v for v in (0.0, 1.0, -1.0) if low <= v <= high))
        t = draw.array(shape, *(target or (low, high)), special=(0.0, 1.0))
        if draw.integer(0, 3) == 0 and target is None:
            t = p.copy()
        chosen = {name: draw.choice(values) for name, values in options.items()}
        return call(p, t, reduction=draw.choice(REDUCTIONS), **chosen)

    return samples
