"""Losses of numbers against numbers: how wrong a prediction is, entry by entry. Those of classes are in cross_entropy.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import at, call
from ._loss import REDUCTIONS, compared, reduced, same_shape
from .piecewise import relu

__all__ = ["huber", "log_cosh", "mae", "mape", "mse", "msle", "poisson", "smooth_l1"]


def _reference(entry: Any) -> Any:
    """A loss from its formula for one entry."""

    def loss(x: Array, t: Array, reduction: str = "mean", **options: Any) -> Array:
        with np.errstate(invalid="ignore"):
            values = entry(x, t, **options)
            return values.mean() if reduction == "mean" and values.size else reduced(values, reduction)[0]

    return loss


@op(samples=compared(), analytic=True, reference=_reference(lambda x, t: (x - t) ** 2))
def mse(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """Mean squared error: mean((prediction - target)^2).

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: 2 (prediction - target) g, over the count for 'mean'; its negative for the target.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("mse", prediction, target)
    d = prediction - target
    out, share = reduced(d * d, reduction)
    return out, lambda g: 2 * share(g) * d, lambda g: -2 * share(g) * d


@op(
    samples=compared(),
    reference=_reference(lambda x, t: abs(x - t)),
    kinks=[at([1.0, 2.0], [1.0, 0.0], reduction="sum", gives=([0.0, 1.0], [0.0, -1.0]))],
)
def mae(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """Mean absolute error: mean(|prediction - target|).

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: sign(prediction - target) g, over the count for 'mean'; its negative for the target.  At kinks: 0 where equal.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("mae", prediction, target)
    d = prediction - target
    out, share = reduced(abs(d), reduction)
    return out, lambda g: share(g) * np.sign(d), lambda g: share(g) * -np.sign(d)


def _huber(x: Array, t: Array, delta: float = 1.0) -> Array:
    d = abs(x - t)
    return np.where(d <= delta, d**2 / 2, delta * (d - delta / 2))


@op(samples=compared(delta=(1.0, 0.5, 2.0)), reference=_reference(_huber))
def huber(prediction: Array, target: Array, delta: float = 1.0, reduction: str = "mean") -> Any:
    """d^2 / 2 where |d| <= delta, delta * (|d| - delta / 2) beyond, with d = prediction - target.

    prediction, target : the same shape          delta : > 0          out : (), or that shape with reduction='none'
    Gradient: d clipped to -delta .. delta, times g, over the count for 'mean'; its negative for the target.
    Errors: ShapeError unless the shapes are equal.
    Reference: Huber, Robust Estimation of a Location Parameter (1964).
    """
    same_shape("huber", prediction, target)
    d = prediction - target
    slope = np.clip(d, -delta, delta)
    out, share = reduced(slope * (d - 0.5 * slope), reduction)  # both branches in one formula
    return out, lambda g: share(g) * slope, lambda g: share(g) * -slope


@op(samples=compared(beta=(1.0, 0.5, 2.0)), reference=_reference(lambda x, t, beta=1.0: _huber(x, t, beta) / beta))
def smooth_l1(prediction: Array, target: Array, beta: float = 1.0, reduction: str = "mean") -> Any:
    """huber(prediction, target, beta) / beta: |d|, rounded off within beta.

    prediction, target : the same shape          beta : > 0          out : (), or that shape with reduction='none'
    Gradient: d / beta clipped to -1 .. 1, times g, over the count for 'mean'; its negative for the target.
    Errors: ShapeError unless the shapes are equal.
    Reference: Girshick, Fast R-CNN (2015).
    """
    same_shape("smooth_l1", prediction, target)
    d = prediction - target
    slope = np.clip(d / beta, -1, 1)
    out, share = reduced(slope * (d - (0.5 * beta) * slope), reduction)
    return out, lambda g: share(g) * slope, lambda g: share(g) * -slope


@op(samples=compared(), reference=_reference(lambda x, t: np.logaddexp(x - t, t - x) - math.log(2)))
def log_cosh(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """log(cosh(d)) with d = prediction - target: d^2 / 2 near 0, |d| - log 2 far away, without overflow.

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: tanh(d) g, over the count for 'mean'; its negative for the target.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("log_cosh", prediction, target)
    d = prediction - target
    size = abs(d)
    out, share = reduced(size + np.log1p(np.exp(-2 * size)) - math.log(2), reduction)
    return out, lambda g: share(g) * np.tanh(d), lambda g: share(g) * -np.tanh(d)


@op(
    samples=compared(1e-3, 1e4, (0.0, 1e4)),
    reference=_reference(lambda x, t: x - t * np.log(x + 1e-7)),
    note="a rate, the prediction, is positive; below 1e-3 differences are steeper than they can measure",
)
def poisson(prediction: Array, target: Array, epsilon: float = 1e-7, reduction: str = "mean") -> Any:
    """The negative log-likelihood of counts at a predicted rate: prediction - target * log(prediction + epsilon).

    prediction, target : the same shape, >= 0          out : (), or that shape with reduction='none'
    Gradient: (1 - target / (prediction + epsilon)) g, over the count for 'mean'; -log(prediction + epsilon) g for the target.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("poisson", prediction, target)
    rate = prediction + epsilon
    out, share = reduced(prediction - target * np.log(rate), reduction)
    return out, lambda g: share(g) * (1 - target / rate), lambda g: share(g) * -np.log(rate)


def _fractions(draw: Any) -> Any:
    shape = draw.shape()
    t = draw.array(shape, -1e4, 1e4, special=(1.0, -1.0))
    return call(draw.array(shape, -1e4, 1e4), np.asarray(t + np.copysign(0.1, t)), reduction=draw.choice(REDUCTIONS))


@op(
    samples=_fractions,
    reference=_reference(lambda x, t: 100 * abs((x - t) / t)),
    note="a target of 0 has no percentage: the loss is then bounded by epsilon alone, and too steep for differences",
    kinks=[
        at(2.0, 2.0, gives=(0.0, 0.0)),
        at([1.0] * 3, [0.0, 1e-8, 1e-7], reduction="sum", gives=([1e9] * 3, [-1e9] * 3)),
    ],
)
def mape(prediction: Array, target: Array, epsilon: float = 1e-7, reduction: str = "mean") -> Any:
    """Mean absolute percentage error: 100 * mean(|prediction - target| / max(|target|, epsilon)).

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: 100 sign(prediction - target) / |target| g, over the count for 'mean'; and that of the quotient for the target.
    At kinks: 0 where the two are equal.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("mape", prediction, target)
    d = prediction - target
    size = np.maximum(abs(target), epsilon)
    out, share = reduced(100 * abs(d) / size, reduction)
    slope = 100 * np.sign(d) / size
    grows = np.sign(target) * (abs(target) > epsilon)
    return out, lambda g: share(g) * slope, lambda g: share(g) * -(slope * (1 + d * grows / size))


@op(
    samples=compared(),
    reference=_reference(lambda x, t: (np.log1p(np.maximum(x, 0)) - np.log1p(np.maximum(t, 0))) ** 2),
    kinks=[at(0.0, 1.0, gives=(0.0, math.log(2)))],
)
def msle(prediction: Array, target: Array, reduction: str = "mean") -> Any:
    """Mean squared logarithmic error: mean((log(1 + prediction) - log(1 + target))^2), negative numbers counting as 0.

    prediction, target : the same shape          out : (), or that shape with reduction='none'
    Gradient: 2 (log(1 + prediction) - log(1 + target)) / (1 + prediction) g where the prediction is positive, over the count
    for 'mean'; likewise for the target.  At kinks: 0 at 0.
    Errors: ShapeError unless the shapes are equal.
    """
    same_shape("msle", prediction, target)
    x, t = relu(prediction), relu(target)
    d = np.log1p(x) - np.log1p(t)
    out, share = reduced(d * d, reduction)
    to_x = lambda g: 2 * share(g) * d * ((x > 0) / (1 + x))
    return out, to_x, lambda g: -2 * share(g) * d * ((t > 0) / (1 + t))
