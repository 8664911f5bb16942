"""Batch normalisation: each channel to mean 0 and variance 1 over the batch, or with statistics collected before.

The statistics are outputs in training and inputs in inference. Running averages of them are state, which a layer keeps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call
from .normalization import STEEP, Plan

__all__ = ["batch_norm", "batch_norm_inference"]


def _planned(name: str, x: Array, axis: int) -> Plan:
    axis = range(x.ndim)[axis]
    others = tuple(a for a in range(x.ndim) if a != axis)
    return Plan(name, x.shape, others, (axis,), (x.shape[axis],))


def _batched(draw: Any, given: int = 0) -> Any:
    """Samples: x, as many statistics as given, perhaps weight and bias, and any axis of channels."""
    shape = draw.shape(ndim=(2, 3))
    axis = draw.axis(len(shape))
    statistics = [draw.array(shape[axis : axis + 1 or None], 0.1, 3) for _ in range(given)]
    weights = [draw.array(shape[axis : axis + 1 or None]) for _ in range(draw.integer(0, 2))]
    return call(draw.array(shape, -10, 10), *statistics, *weights, axis=axis, epsilon=0.1)


def _composed(x: Array, weight: Array = None, bias: Array = None, axis: int = 1, epsilon: float = 1e-5) -> Any:
    plan = _planned("batch_norm", x, axis)
    mean = x.sum(axis=plan.summed, keepdims=True) / plan.size
    d = x - mean
    variance = (d * d).sum(axis=plan.summed, keepdims=True) / plan.size
    out = d / np.sqrt(variance + epsilon)
    out = out if weight is None else out * plan.wide(weight)
    out = out if bias is None else out + plan.wide(bias)
    return out, mean.reshape(plan.weights), variance.reshape(plan.weights)


@op(samples=_batched, reference=_composed, again=_composed, note=STEEP)
def batch_norm(x: Array, weight: Array = None, bias: Array = None, axis: int = 1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) of each channel over the batch, times weight, plus bias; and mean and variance.

    x : (N, C, ...), channels along ``axis``          weight, bias : (C,) or None
    out : x's shape          mean, variance : (C,), the variance divided by the count, not by one less
    Gradient: of out: weight / sqrt(variance + epsilon) (g - mean(g) - xhat mean(g xhat)), with xhat the normalised x; the
    sums of g xhat and of g for weight and bias.
    Errors: ShapeError for weights of another shape.
    Reference: Ioffe and Szegedy, Batch Normalization (2015).
    """
    plan = _planned("batch_norm", x, axis)
    n = plan.size
    mean = plan.sum(x) / n
    d = x - mean
    variance = plan.sum(d, d) / n
    root = 1 / np.sqrt(variance + epsilon)
    scale = root if weight is None else root * plan.wide(weight)
    out = d * scale
    if bias is not None:
        out += plan.wide(bias)
    kept: list[Any] = [None, None, None]

    def sums(g: Array) -> Any:
        """sum(g) and sum(g d), computed once for the pullbacks of x, weight and bias."""
        if kept[0] is not g:
            kept[:] = g, plan.sum(g), plan.sum(g, d)
        return kept[1:]

    def to_x(gs: tuple[Array, Array, Array]) -> Array:
        g, g_mean, g_variance = gs[0], plan.wide(gs[1]), plan.wide(gs[2])
        sum_g, sum_gd = sums(g)
        gx = g * scale
        gx += d * ((2 * g_variance - scale * root * root * sum_gd) / n)
        gx += (g_mean - scale * sum_g) / n
        return gx

    to_weight = lambda gs: (sums(gs[0])[1] * root).reshape(plan.weights)
    to_bias = lambda gs: sums(gs[0])[0].reshape(plan.weights)
    return (out, mean.reshape(plan.weights), variance.reshape(plan.weights)), to_x, to_weight, to_bias


def _reference(
    x: Array, mean: Array, variance: Array, weight: Any = None, bias: Any = None, axis: int = 1, epsilon: float = 1e-5
) -> Array:
    rows = np.moveaxis(x, axis, -1)
    out = (rows - mean) / np.sqrt(variance + epsilon) * (1 if weight is None else weight) + (
        0 if bias is None else bias
    )
    return np.moveaxis(out, -1, axis)


@op(samples=lambda draw: _batched(draw, 2), reference=_reference, note=STEEP)
def batch_norm_inference(
    x: Array,
    mean: Array,
    variance: Array,
    weight: Array = None,
    bias: Array = None,
    axis: int = 1,
    epsilon: float = 1e-5,
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) of each channel with given statistics, times weight, plus bias.

    x : (N, C, ...), channels along ``axis``          mean, variance : (C,)          weight, bias : (C,) or None
    out : x's shape
    Gradient: that of the formula, for all five.
    Errors: ShapeError for statistics or weights of another shape.
    Reference: Ioffe and Szegedy, Batch Normalization (2015).
    """
    plan = _planned("batch_norm_inference", x, axis)
    root = 1 / np.sqrt(plan.wide(variance) + epsilon)
    scale = root if weight is None else root * plan.wide(weight)
    d = x - plan.wide(mean)
    out = d * scale
    if bias is not None:
        out += plan.wide(bias)
    return (
        out,
        lambda g: g * scale,
        lambda g: (g * -scale).sum(axis=plan.summed),
        lambda g: (g * d * (-0.5 * scale * root * root)).sum(axis=plan.summed),
        lambda g: (g * d * root).sum(axis=plan.summed),
        lambda g: g.sum(axis=plan.summed),
    )
