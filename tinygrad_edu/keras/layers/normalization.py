"""Normalising layers."""

from __future__ import annotations

from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from ...nn.normalization import follow
from .base import Layer

__all__ = [
    "BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization",
]  # fmt: skip


class BatchNormalization(Layer):
    """Each channel to mean 0 and variance 1 over the batch, times gamma, plus beta.

    axis : of the channels.  momentum : how much of the moving statistics stays at each step.  epsilon : added to the
        variance.  center, scale : False to leave out beta, gamma.
    weights : gamma, beta, moving_mean, moving_variance, (C,) each

    In training the statistics are the batch's, otherwise the moving ones; these too while ``trainable`` is False.
    """

    refused: ClassVar = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99, "synchronized": False}
    supports_masking = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        (axis,) = places(self.name, self.axis, input_shape)
        shape = (input_shape[axis],)
        self.gamma = self.weight_for("gamma", shape) if self.scale else None
        self.beta = self.weight_for("beta", shape) if self.center else None
        self.moving_mean = self.weight_for("moving_mean", shape, trainable=False)
        self.moving_variance = self.weight_for("moving_variance", shape, trainable=False)

    def call(self, inputs: Tensor, mask: Any = None) -> Tensor:
        """(...) -> (...)."""
        mean, variance = self.moving_mean, self.moving_variance
        if not (self.training and self.trainable):
            return ops.batch_norm_inference(inputs, mean, variance, self.gamma, self.beta, self.axis, self.epsilon)
        if mask is not None:
            return self.masked(inputs, mask)
        out: Tensor
        out, now, spread = ops.batch_norm(inputs, self.gamma, self.beta, self.axis, self.epsilon)
        follow(mean, now, self.momentum)
        follow(variance, spread, self.momentum)
        return out

    def masked(self, inputs: Tensor, mask: Any) -> Tensor:
        """With the statistics of the steps that are not masked."""
        own = range(inputs.ndim)[self.axis]
        others = tuple(a for a in range(inputs.ndim) if a != own)
        keep = mask.reshape(*mask.shape, *(1,) * (inputs.ndim - mask.ndim)).astype(inputs.dtype)
        count = float(mask.sum()) * inputs.size / (mask.size * inputs.shape[own]) or 1.0
        now = (inputs * keep).sum(axis=others, keepdims=True) / count
        spread = (ops.square(inputs - now) * keep).sum(axis=others, keepdims=True) / count
        now, spread = now.reshape(-1), spread.reshape(-1)
        follow(self.moving_mean, now, self.momentum)
        follow(self.moving_variance, spread, self.momentum)
        return ops.batch_norm_inference(inputs, now, spread, self.gamma, self.beta, self.axis, self.epsilon)


class LayerNormalization(Layer):
    """The features of each sample to mean 0 and variance 1, times gamma, plus beta.

    axis : of the features, one or several.  epsilon : added to the variance.  center, scale : False to leave out beta, gamma.
    """

    supports_masking = True

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        self._axes = places(self.name, self.axis, input_shape)
        shape = tuple(input_shape[a] for a in self._axes)
        self.gamma = self.weight_for("gamma", shape) if self.scale else None
        self.beta = self.weight_for("beta", shape) if self.center else None

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return ops.layer_norm(inputs, self.gamma, self.beta, self._axes, self.epsilon)


class GroupNormalization(Layer):
    """The places and channels of each group of each sample to mean 0 and variance 1, times gamma, plus beta.

    groups : how many groups of neighbouring channels; -1 for one each, which is instance normalisation.
    axis : of the channels.  epsilon : added to the variance.  center, scale : False to leave out beta, gamma.
    Source: Wu and He, 2018.
    """

    supports_masking = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        (axis,) = places(self.name, self.axis, input_shape)
        channels = input_shape[axis]
        self._groups = channels if self.groups == -1 else self.groups
        if self._groups < 1 or channels % self._groups:
            raise ShapeError(f"{self.name}: {channels} channels do not fall into {self.groups} groups of one size.")
        self.gamma = self.weight_for("gamma", (channels,)) if self.scale else None
        self.beta = self.weight_for("beta", (channels,)) if self.center else None

    def call(self, inputs: Tensor) -> Tensor:
        """(N, ..., C) -> (N, ..., C)."""
        return ops.group_norm(inputs, self._groups, self.gamma, self.beta, self.axis, self.epsilon)


class RMSNormalization(Layer):
    """The features of each sample divided by the root of their mean square, times scale (Zhang and Sennrich, 2019).

    axis : of the features, one or several.  epsilon : added to the mean square.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())

    def build(self, input_shape: Any) -> None:
        """Make the weight."""
        self._axes = places(self.name, self.axis, input_shape)
        self.scale = self.add_weight(tuple(input_shape[a] for a in self._axes), "ones", name="scale")

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return ops.rms_norm(inputs, self.scale, self._axes, self.epsilon)


class UnitNormalization(Layer):
    """Each vector to length 1; one of length 0 stays. axis : of the vectors, one or several."""

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        squares = (inputs * inputs).sum(axis=places(self.name, self.axis, inputs.shape), keepdims=True)
        return inputs / ops.sqrt(ops.maximum(squares, 1e-24))


def places(name: str, axis: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """One axis or several, counted from the first on, in increasing order."""
    given = axis if isinstance(axis, (list, tuple)) else [axis]
    if not all(-len(shape) <= a < len(shape) for a in given):
        raise ShapeError(f"{name}: axis {axis} is not an axis of {tuple(shape)}.")
    return tuple(sorted(range(len(shape))[a] for a in given))
