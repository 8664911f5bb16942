"""Hinge losses: right by a margin costs nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import at, call
from ._loss import REDUCTIONS, compared, reduced, same_shape
from .piecewise import relu

__all__ = ["categorical_hinge", "hinge", "squared_hinge"]


def _hinge(x: Array, t: Array, reduction: str = "mean") -> Array:
    return reduced(np.maximum(1 - t * x, 0), reduction)[0]


@op(samples=compared(), reference=_hinge, kinks=[at(1.0, 1.0, gives=(0.0, 0.0))])
def hinge(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """max(1 - target * prediction, 0), for targets -1 and 1.

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: -target g where the margin is missed, over the count for 'mean'; likewise -prediction g for the target.
    At kinks: 0 where the margin is just met.
    Errors: ShapeError unless the shapes are equal.
    Reference: Cortes and Vapnik, Support-Vector Networks (1995).
    """
    same_shape("hinge", prediction, target)
    missed = relu(1 - target * prediction)
    out, share = reduced(missed, reduction)
    return out, lambda g: -share(g) * ((missed > 0) * target), lambda g: -share(g) * ((missed > 0) * prediction)


@op(samples=compared(), reference=lambda x, t, reduction: reduced(np.maximum(1 - t * x, 0) ** 2, reduction)[0])
def squared_hinge(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """max(1 - target * prediction, 0)^2, for targets -1 and 1.

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: -2 max(1 - target * prediction, 0) target g, over the count for 'mean'; likewise for the target.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("squared_hinge", prediction, target)
    missed = relu(1 - target * prediction)
    out, share = reduced(missed * missed, reduction)
    return out, lambda g: -2 * share(g) * (missed * target), lambda g: -2 * share(g) * (missed * prediction)


def _scored(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3), side=(1, 3))
    axis = draw.axis(len(shape))
    hot = np.moveaxis(np.eye(shape[axis])[draw.integers(tuple(np.delete(shape, axis)), 0, shape[axis] - 1)], -1, axis)
    return call(draw.array(shape, -1e4, 1e4, special=(0.0,)), hot, axis=axis, reduction=draw.choice(REDUCTIONS))


def _margin(x: Array, t: Array, axis: int = -1, reduction: str = "mean") -> Array:
    right, wrong = (t * x).sum(axis=axis), np.where(t > 0, 0, x).max(axis=axis)
    return reduced(np.maximum(wrong - right + 1, 0), reduction)[0]


@op(
    samples=_scored,
    reference=_margin,
    kinks=[
        at([2.0, 2.0, 1.0], [0.0, 0.0, 1.0], gives=([0.5, 0.5, -1.0], [-3.0, -3.0, -1.0])),
        at([0.0, 1.0], [0.0, 1.0], gives=([0.0, 0.0], [0.0, 0.0])),
    ],
)
def categorical_hinge(prediction: Array, target: Array, axis: int = -1, reduction: str = "mean") -> Any:
    """max(largest wrong score - right score + 1, 0), where the right class takes part in the maximum with score 0.

    prediction : (..., C) scores          target : (..., C) one-hot          out : (), or (...) with reduction='none'
    Gradient: g to the largest wrong score and -g to the right one where the margin is missed, over the count for 'mean'.
    At kinks: 0 where the margin is just met; shared equally among tied wrong scores.
    Errors: ShapeError unless the shapes are equal.
    Reference: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines (2001).
    """
    same_shape("categorical_hinge", prediction, target)
    wrong = (1 - target) * prediction
    largest = wrong.max(axis=axis, keepdims=True)
    missed = relu(largest - (target * prediction).sum(axis=axis, keepdims=True) + 1)
    out, share = reduced(missed.squeeze(axis), reduction, lost=axis)
    ties = wrong == largest
    chosen = (missed > 0) * ties / ties.sum(axis=axis, keepdims=True)  # each tied score's part of the margin
    return (
        out,
        lambda g: share(g) * (chosen * (1 - target) - (missed > 0) * target),
        lambda g: -share(g) * ((chosen + (missed > 0)) * prediction),
    )
