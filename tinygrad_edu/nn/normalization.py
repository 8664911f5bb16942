"""Normalising layers: batch, layer, group and RMS norm."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import Tensor, mutation
from ..engine.errors import ShapeError
from . import init as start
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "LayerNorm", "RMSNorm", "follow"]


class BatchNorm(Module):
    """Each channel to mean 0 and variance 1 over the batch, times weight, plus bias.

    x : (N, C, ...), channels along ``axis``          out : x's shape
    num_features : the number of channels; None to take it from the first input.
    momentum : how much of the running statistics stays at each step, as Keras counts it (PyTorch's is 1 - momentum).
    epsilon : added to the variance.  affine : False to leave out weight and bias.
    weight, bias : (C,)          running_mean, running_variance : (C,), not trained, followed in training

    In training the statistics are the batch's; otherwise those that were followed. The variance is divided by the count.
    Source: Ioffe and Szegedy, 2015.
    """

    def __init__(
        self,
        num_features: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        affine: bool = True,
        axis: int = 1,
    ) -> None:
        if not 0 <= momentum <= 1:
            raise ValueError(f"{type(self).__name__}: momentum is a share from 0 to 1, not {momentum!r}.")
        self.momentum, self.epsilon, self.affine, self.axis = momentum, epsilon, affine, axis
        self.weight: Any = None
        self.bias: Any = None
        self.running_mean: Any = None
        self.running_variance: Any = None
        if num_features is not None:
            self.make(num_features)

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make weights and statistics for inputs of this shape."""
        if len(input_shape) < 2:
            raise ShapeError(f"{type(self).__name__}: (batch, channels, ...) is needed, not {input_shape}.")
        self.make(input_shape[self.axis])

    def make(self, channels: int) -> None:
        """The parameters, in the order in which Keras lists them."""
        if self.affine:
            self.weight, self.bias = Parameter(start.ones((channels,))), Parameter(start.zeros((channels,)))
        self.running_mean = Parameter(start.zeros((channels,)), trainable=False)
        self.running_variance = Parameter(start.ones((channels,)), trainable=False)
        self.built = True

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        if not self.training:
            return ops.batch_norm_inference(
                x, self.running_mean, self.running_variance, self.weight, self.bias, self.axis, self.epsilon
            )
        out: Tensor
        out, mean, variance = ops.batch_norm(x, self.weight, self.bias, self.axis, self.epsilon)
        follow(self.running_mean, mean, self.momentum)
        follow(self.running_variance, variance, self.momentum)
        return out

    def extra_repr(self) -> str:
        """The number of channels."""
        return "" if self.running_mean is None else str(self.running_mean.size)


class BatchNorm1d(BatchNorm):
    """``BatchNorm`` for (N, C) or (N, C, L)."""


class BatchNorm2d(BatchNorm):
    """``BatchNorm`` for (N, C, H, W)."""


class BatchNorm3d(BatchNorm):
    """``BatchNorm`` for (N, C, D, H, W)."""


def follow(running: Parameter, value: Tensor, momentum: float) -> None:
    """running = momentum * running + (1 - momentum) * value, in place and unrecorded."""
    running.data += (1 - momentum) * (value.data - running.data)
    mutation.stamp(running.data)


class _OverFeatures(Module):
    """A norm over the last axes, whose sizes are given or taken from the first input."""

    def __init__(self, normalized_shape: int | tuple[int, ...] | None, epsilon: float, affine: bool) -> None:
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.epsilon, self.affine = epsilon, affine
        self.weight: Any = None
        if self.normalized_shape is not None:
            self.build(tuple(self.normalized_shape))

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weights for inputs of this shape."""
        if not input_shape:
            raise ShapeError(f"{type(self).__name__}: the input is a single number; a last axis of features is needed.")
        self.normalized_shape = tuple(self.normalized_shape or input_shape[-1:])
        if self.affine:
            self.make(self.normalized_shape)
        self.built = True

    def make(self, shape: tuple[int, ...]) -> None:
        """The parameters."""
        self.weight = Parameter(start.ones(shape))

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of the features, from the end."""
        return tuple(range(-len(self.normalized_shape or ()), 0))

    def extra_repr(self) -> str:
        """The sizes of the features."""
        return str(self.normalized_shape or "")


class LayerNorm(_OverFeatures):
    """The features of each sample to mean 0 and variance 1, times weight, plus bias.

    x : (..., *normalized_shape)          out : x's shape          weight, bias : normalized_shape
    normalized_shape : the sizes of the last axes, one number for one axis; None for the last axis of the first input.
    epsilon : added to the variance.  affine : False to leave out weight and bias.
    Source: Ba, Kiros and Hinton, 2016.
    """

    def __init__(
        self, normalized_shape: int | tuple[int, ...] | None = None, epsilon: float = 1e-5, affine: bool = True
    ) -> None:
        self.bias: Any = None
        super().__init__(normalized_shape, epsilon, affine)

    def make(self, shape: tuple[int, ...]) -> None:
        """The parameters."""
        self.weight, self.bias = Parameter(start.ones(shape)), Parameter(start.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        return ops.layer_norm(x, self.weight, self.bias, self.axes, self.epsilon)


class RMSNorm(_OverFeatures):
    """The features of each sample divided by the root of their mean square, times weight.

    x : (..., *normalized_shape)          out : x's shape          weight : normalized_shape
    The arguments are those of ``LayerNorm``.
    Source: Zhang and Sennrich, 2019.
    """

    def __init__(
        self, normalized_shape: int | tuple[int, ...] | None = None, epsilon: float = 1e-6, affine: bool = True
    ) -> None:
        super().__init__(normalized_shape, epsilon, affine)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        return ops.rms_norm(x, self.weight, self.axes, self.epsilon)


class GroupNorm(Module):
    """The places and channels of each group of each sample to mean 0 and variance 1, times weight, plus bias.

    x : (N, C, ...)          out : x's shape          weight, bias : (C,)
    num_groups : how many groups of neighbouring channels; it divides their number.
    num_channels : None to take it from the first input.  epsilon : added to the variance.
    affine : False to leave out weight and bias.
    Source: Wu and He, 2018.
    """

    def __init__(
        self, num_groups: int, num_channels: int | None = None, epsilon: float = 1e-5, affine: bool = True
    ) -> None:
        self.num_groups, self.num_channels, self.epsilon, self.affine = num_groups, num_channels, epsilon, affine
        self.weight: Any = None
        self.bias: Any = None
        if num_channels is not None:
            self.build((1, num_channels))

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weights for inputs (N, C, ...)."""
        if len(input_shape) < 2:
            raise ShapeError(f"GroupNorm: (batch, channels, ...) is needed, not {input_shape}.")
        if self.num_groups < 1 or input_shape[1] % self.num_groups:
            raise ShapeError(
                f"GroupNorm: {input_shape[1]} channels do not fall into {self.num_groups} groups of one size."
            )
        self.num_channels = input_shape[1]
        if self.affine:
            shape = (self.num_channels,)
            self.weight, self.bias = Parameter(start.ones(shape)), Parameter(start.zeros(shape))
        self.built = True

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, epsilon=self.epsilon)

    def extra_repr(self) -> str:
        """The number of groups."""
        return str(self.num_groups)
