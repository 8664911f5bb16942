"""Activations that have options or weights, as layers."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...engine import Tensor
from .. import activations
from .base import Layer

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


class ReLU(Layer):
    """max(x, 0); or 0 only below a threshold, with a slope there, and never above max_value."""

    supports_masking = True

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        for what, value in (
            ("max_value", max_value or 0),
            ("negative_slope", negative_slope),
            ("threshold", threshold),
        ):
            if not value >= 0:
                raise ValueError(f"{self.name}: {what} is a number >= 0, not {value!r}.")
        self.keep(locals())

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x above 0, negative_slope * x below."""

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:  # the name in older versions, which many scripts still have
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return ops.leaky_relu(inputs, self.negative_slope)


class PReLU(Layer):
    """x above 0, alpha * x below, with an alpha that is learned.

    shared_axes : axes along which alpha has size 1, counted with the batch as axis 0.
    alpha : the input's shape without the batch, 0 at first
    """

    supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes or ())

    def build(self, input_shape: Any) -> None:
        """Make the slopes."""
        shape = [1 if axis in self.shared_axes else n for axis, n in enumerate(input_shape)][1:]
        self.alpha = self.weight_for("alpha", tuple(shape))

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return ops.prelu(inputs, self.alpha)


class ELU(Layer):
    """x above 0, alpha * (exp(x) - 1) below."""

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        """(...) -> (...)."""
        return ops.elu(inputs, self.alpha)


class Softmax(Layer):
    """exp(x) over its sum along an axis, or several; masked entries get 0."""

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Tensor, mask: Any = None) -> Tensor:
        """(...) -> (...)."""
        x = inputs
        if mask is not None and mask.shape == x.shape:
            x = ops.where(mask, x, x - 1e9)
        if isinstance(self.axis, int):
            return ops.softmax(x, self.axis)
        return ops.exp(x - ops.logsumexp(x, axis=tuple(self.axis), keepdims=True))
