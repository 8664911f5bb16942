"""Normalisation: values shifted to mean 0 and scaled to variance 1 over chosen axes, then scaled and shifted by weights.

Each is one op with few passes over the data, and for higher derivatives the textbook's composition. Sums are einsum's: a
sum of products needs no product array, and the data may lie in memory in any order (1.2 to 3 times as fast as np.add.reduce
over the axes of an image batch).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import Array, op
from ..engine.domain import call
from ..engine.errors import ShapeError

__all__ = ["group_norm", "instance_norm", "layer_norm", "rms_norm"]


class Plan(NamedTuple):
    """Which axes a normalisation sums over, and along which its weights vary.

    shape : x's, with the channels split in two axes where there are groups
    weights : the shape that weight and bias must have
    """

    name: str
    shape: tuple[int, ...]
    summed: tuple[int, ...]
    varying: tuple[int, ...]
    weights: tuple[int, ...]

    @property
    def size(self) -> float:
        """How many numbers each mean is of."""
        return math.prod(self.shape[a] for a in self.summed) or math.nan

    def sum(self, *arrays: Array) -> Array:
        """The sum of the product of one or two arrays over the summed axes, which stay with size 1."""
        kept = [a for a in range(len(self.shape)) if a not in self.summed]
        ones = [1 if a in self.summed else n for a, n in enumerate(self.shape)]
        return total(kept, *arrays).reshape(ones)

    def wide(self, weight: Array) -> Array:
        """A weight or bias, ready to broadcast against x."""
        if weight.shape != self.weights:
            raise ShapeError(
                f"{self.name}: weights {weight.shape} for an input {self.shape}. Give weight and bias of shape {self.weights}."
            )
        return weight.reshape([n if a in self.varying else 1 for a, n in enumerate(self.shape)])

    def narrow(self, *arrays: Array) -> Array:
        """The gradient of a weight: the sum of the product of the arrays over the axes along which it does not vary."""
        return total(self.varying, *(a.reshape(self.shape) for a in arrays)).reshape(self.weights)


def total(kept: Sequence[int], *arrays: Array) -> Array:
    """The sum of the product of one or two arrays over all axes but the kept ones."""
    axes = list(range(arrays[0].ndim))
    operands = [part for array in arrays for part in (array, axes)]
    return np.einsum(*operands, list(kept))


def composed(plan: Plan, x: Array, weight: Array, bias: Array, epsilon: float, centred: bool = True) -> Array:
    """The textbook's formula, for arrays and Tensors."""
    split = x.reshape(plan.shape)
    d = split - split.sum(axis=plan.summed, keepdims=True) / plan.size if centred else split
    out = d / np.sqrt((d * d).sum(axis=plan.summed, keepdims=True) / plan.size + epsilon)
    out = out if weight is None else out * plan.wide(weight)
    out = out if bias is None else out + plan.wide(bias)
    return out.reshape(x.shape)


def fused(plan: Plan, x: Array, weight: Array, bias: Array, epsilon: float, centred: bool = True) -> Any:
    """A rule: the same value, and the pullbacks of x, weight and bias."""
    split = x.reshape(plan.shape)
    d = split - plan.sum(split) / plan.size if centred else split
    scale = 1 / np.sqrt(plan.sum(d, d) / plan.size + epsilon)
    hat = np.multiply(d, scale, out=d if centred else None)
    w = None if weight is None else plan.wide(weight)
    out = hat if w is None else hat * w
    if bias is not None:
        out = np.add(out, plan.wide(bias), out=None if out is hat else out)

    def to_x(g: Array) -> Array:
        h = g.reshape(plan.shape) if w is None else g.reshape(plan.shape) * w
        gx = hat * (plan.sum(h, hat) / -plan.size)
        gx += h
        if centred:
            gx -= plan.sum(h) / plan.size
        gx *= scale
        return gx.reshape(x.shape)

    return out.reshape(x.shape), to_x, lambda g: plan.narrow(g, hat), lambda g: plan.narrow(g)


How = Callable[..., Any]  # composed or fused
STEEP = (
    "epsilon is 0.1: among nearly equal values a smaller one makes slopes too steep for differences to measure; beyond 10 a "
    "pair becomes -1 and 1 whatever it was, and differences measure rounding"
)


def _weighted(draw: Any, shape: tuple[int, ...], most: int = 2) -> list[Any]:
    """A weight and a bias of a shape, the weight alone, or neither."""
    return [draw.array(shape) for _ in range(draw.integer(0, most))]


# -- over the features of each sample ----------------------------------------------------------------------------------


def _featured(draw: Any, most: int = 2) -> Any:
    shape = draw.shape(ndim=(1, 3))
    axis = draw.choice((-1, 0, tuple(range(len(shape)))[-2:]))
    features = tuple(shape[a] for a in (axis if isinstance(axis, tuple) else (axis,)))
    return call(draw.array(shape, -10, 10), *_weighted(draw, features, most), axis=axis, epsilon=0.1)


def _over_features(how: How, name: str, x: Array, weight: Array, bias: Array, axis: Any, *rest: Any) -> Any:
    axes = tuple(range(x.ndim)[a] for a in (axis if isinstance(axis, tuple) else (axis,)))
    return how(Plan(name, x.shape, axes, axes, tuple(x.shape[a] for a in axes)), x, weight, bias, *rest)


def _layer_norm(x: Array, weight: Array = None, bias: Array = None, axis: Any = -1, epsilon: float = 1e-5) -> Array:
    return _over_features(composed, "layer_norm", x, weight, bias, axis, epsilon)


@op(samples=_featured, reference=_layer_norm, again=_layer_norm, note=STEEP)
def layer_norm(x: Array, weight: Array = None, bias: Array = None, axis: Any = -1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) over the features of each sample, times weight, plus bias.

    x : (..., D)          weight, bias : (D,) or None          out : x's shape
    axis : that of the features, or a tuple of them in increasing order; weight and bias have their shape
    Gradient: (h - mean(h) - xhat mean(h xhat)) / sqrt(variance + epsilon), with h = g weight and xhat the normalised x; for
    weight and bias the sums of g xhat and g over the samples.
    Errors: ShapeError for weights of another shape.
    Reference: Ba, Kiros and Hinton, Layer Normalization (2016).
    """
    return _over_features(fused, "layer_norm", x, weight, bias, axis, epsilon)


def _rms_norm(x: Array, weight: Array = None, axis: Any = -1, epsilon: float = 1e-6) -> Array:
    return _over_features(composed, "rms_norm", x, weight, None, axis, epsilon, False)


@op(samples=lambda draw: _featured(draw, 1), reference=_rms_norm, again=_rms_norm, note=STEEP)
def rms_norm(x: Array, weight: Array = None, axis: Any = -1, epsilon: float = 1e-6) -> Any:
    """x / sqrt(mean(x^2) + epsilon) over the features of each sample, times weight.

    x : (..., D)          weight : (D,) or None          out : x's shape
    axis : that of the features, or a tuple of them in increasing order; weight has their shape
    Gradient: (h - xhat mean(h xhat)) / sqrt(mean(x^2) + epsilon), with h = g weight and xhat the normalised x; for the weight
    the sum of g xhat over the samples.
    Errors: ShapeError for a weight of another shape.
    Reference: Zhang and Sennrich, Root Mean Square Layer Normalization (2019).
    """
    return _over_features(fused, "rms_norm", x, weight, None, axis, epsilon, False)[:3]


# -- over the places of each image, channel by channel or in groups of channels ----------------------------------------


def _image(draw: Any) -> tuple[tuple[int, ...], int, int]:
    """A shape with samples first and an even number of channels, and their axis, as it may be written."""
    samples, channels, places = draw.integer(0, 2), 2 * draw.integer(1, 2), draw.shape(ndim=(1, 2), side=(1, 3))
    axis = draw.choice((1, len(places) + 1))
    shape = (samples, channels, *places) if axis == 1 else (samples, *places, channels)
    return shape, channels, draw.choice((axis, axis - len(shape)))


def _groups(draw: Any) -> Any:
    shape, channels, axis = _image(draw)
    groups = draw.choice((1, 2, channels))
    return call(draw.array(shape, -10, 10), groups, *_weighted(draw, (channels,)), axis=axis, epsilon=0.1)


def _over_group(how: How, x: Array, groups: int, weight: Array, bias: Array, axis: int, epsilon: float) -> Any:
    axis = range(x.ndim)[axis]
    channels = x.shape[axis]
    if axis == 0 or groups < 1 or channels % groups:
        raise ShapeError(
            f"group_norm: {channels} channels along axis {axis} of {x.shape} in {groups} groups. The number of groups must divide "
            "the number of channels, and axis 0 is the samples'."
        )
    shape = (*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :])
    inside = tuple(a for a in range(1, len(shape)) if a != axis)
    return how(Plan("group_norm", shape, inside, (axis, axis + 1), (channels,)), x, weight, bias, epsilon)


def _group_norm(
    x: Array, groups: int, weight: Array = None, bias: Array = None, axis: int = 1, epsilon: float = 1e-5
) -> Array:
    return _over_group(composed, x, groups, weight, bias, axis, epsilon)


@op(samples=_groups, reference=_group_norm, again=_group_norm, note=STEEP)
def group_norm(
    x: Array, groups: int, weight: Array = None, bias: Array = None, axis: int = 1, epsilon: float = 1e-5
) -> Any:
    """Mean 0 and variance 1 over the places and channels of each group of each sample, times weight, plus bias.

    x : (N, C, ...), channels along ``axis``          weight, bias : (C,) or None          out : x's shape
    groups : how many groups of neighbouring channels: 1 normalises each sample whole, C each channel by itself
    Gradient: as for ``layer_norm``, over the groups.
    Errors: ShapeError unless the groups divide the channels, and for weights of another shape.
    Reference: Wu and He, Group Normalization (2018).
    """
    out, to_x, to_weight, to_bias = _over_group(fused, x, groups, weight, bias, axis, epsilon)
    return out, to_x, None, to_weight, to_bias


def _instances(draw: Any) -> Any:
    shape, channels, axis = _image(draw)
    return call(draw.array(shape, -10, 10), *_weighted(draw, (channels,)), axis=axis, epsilon=0.1)


def _over_places(how: How, x: Array, weight: Array, bias: Array, axis: int, epsilon: float) -> Any:
    axis = range(x.ndim)[axis]
    places = tuple(a for a in range(1, x.ndim) if a != axis)
    if axis == 0 or not places:
        raise ShapeError(
            f"instance_norm: channels along axis {axis} of {x.shape}. It needs samples first, channels, and at least one more axis "
            "to normalise over."
        )
    return how(Plan("instance_norm", x.shape, places, (axis,), (x.shape[axis],)), x, weight, bias, epsilon)


def _instance_norm(x: Array, weight: Array = None, bias: Array = None, axis: int = 1, epsilon: float = 1e-5) -> Array:
    return _over_places(composed, x, weight, bias, axis, epsilon)


@op(samples=_instances, reference=_instance_norm, again=_instance_norm, note=STEEP)
def instance_norm(x: Array, weight: Array = None, bias: Array = None, axis: int = 1, epsilon: float = 1e-5) -> Any:
    """Mean 0 and variance 1 over the places of each channel of each sample, times weight, plus bias.

    x : (N, C, ...), channels along ``axis``          weight, bias : (C,) or None          out : x's shape
    Gradient: as for ``layer_norm``, over the places.
    Errors: ShapeError without places, and for weights of another shape.
    Reference: Ulyanov, Vedaldi and Lempitsky, Instance Normalization (2016).
    """
    return _over_places(fused, x, weight, bias, axis, epsilon)
