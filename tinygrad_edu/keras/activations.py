"""Activations as functions of a Tensor, under Keras's names and with its defaults."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import Tensor
from ..io.objects import serialize
from ._registry import find, reader

__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "serialize", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus", "swish", "tanh",
    "tanh_shrink", "threshold",
]  # fmt: skip

sigmoid, silu, mish, softplus, softsign, selu, relu6, log_sigmoid, tanh = (
    ops.sigmoid, ops.silu, ops.mish, ops.softplus, ops.softsign, ops.selu, ops.relu6, ops.log_sigmoid, ops.tanh,
)  # fmt: skip
elu, celu, glu, softmax, log_softmax = ops.elu, ops.celu, ops.glu, ops.softmax, ops.log_softmax
hard_sigmoid, hard_swish, exponential, tanh_shrink = ops.hard_sigmoid, ops.hard_swish, ops.exp, ops.tanhshrink
swish, hard_silu = silu, hard_swish


def linear(x: Tensor) -> Tensor:
    """x."""
    return x


def relu(x: Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """max(x, 0); or 0 only below a threshold, with a slope there, and never above max_value."""
    if threshold:
        above = ops.where(x.data > threshold, x, 0.0)
        out = (
            above
            if not negative_slope
            else above + ops.where(x.data > threshold, 0.0, negative_slope * (x - threshold))
        )
    else:
        out = ops.leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    return out if max_value is None else ops.minimum(out, max_value)


def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """x above 0, negative_slope * x below."""
    return ops.leaky_relu(x, negative_slope)


def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """x times the normal distribution function; approximately, by tanh."""
    return ops.gelu(x, "tanh" if approximate else "none")


def hard_tanh(x: Tensor) -> Tensor:
    """x held to -1 ... 1."""
    return ops.hard_tanh(x)


def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x, but 0 between -threshold and threshold."""
    return ops.hardshrink(x, threshold)


def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by threshold."""
    return ops.softshrink(x, threshold)


def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """x above the threshold, default_value elsewhere."""
    return ops.threshold(x, threshold, default_value)


def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """(x + sqrt(x^2 + b)) / 2, a smooth relu."""
    return (x + ops.sqrt(x * x + b)) / 2


def sparse_plus(x: Tensor) -> Tensor:
    """0 up to -1, x from 1 on, and (x + 1)^2 / 4 between."""
    held = ops.clip(x, -1.0, 1.0)
    return ops.square(held + 1) / 4 + ops.relu(x - 1)


def sparse_sigmoid(x: Tensor) -> Tensor:
    """0 up to -1, 1 from 1 on, and (x + 1) / 2 between."""
    return (ops.clip(x, -1.0, 1.0) + 1) / 2


KNOWN = {name: globals()[name] for name in __all__ if name not in ("deserialize", "get", "serialize")}


def get(identifier: Any) -> Any:
    """An activation by name or itself; None is ``linear``.

    Errors: UnknownNameError with the nearest name.
    """
    return linear if identifier is None else find("activation", identifier, KNOWN)


deserialize = reader("activation", KNOWN)
