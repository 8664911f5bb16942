"""Activations: the nonlinear functions between layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Array, op
from ..engine.domain import call, reals

__all__ = ["log_softmax", "relu", "sigmoid", "softmax"]


@op(method="relu", samples=reals(), reference=lambda x: np.where(x > 0, x, 0))
def relu(x: Array) -> Any:
    """Rectified linear unit: out_i = max(x_i, 0).

    x : (...) float          out : (...) same dtype
    Gradient: g where x > 0.  At kinks: 0 at x = 0.
    """
    out = np.maximum(x, np.zeros_like(x, shape=()))
    return out, lambda g: g * (out > 0)


@op(method="sigmoid", samples=reals(), reference=lambda x: 1 / (1 + np.exp(-np.clip(x, -700, None))))
def sigmoid(x: Array) -> Any:
    """Logistic function 1 / (1 + exp(-x)), without overflow.

    x : (...) float          out : (...)
    Gradient: g * out * (1 - out).
    """
    # tanh saturates where exp would overflow, and is the faster of the two
    out = 0.5 * np.tanh(0.5 * x) + 0.5
    return out, lambda g: g * (out * (1 - out))


def _rows(draw: Any) -> Any:
    shape = draw.shape(ndim=(1, 3), side=(1, 3))
    return call(draw.array(shape, -20, 20), axis=draw.axis(len(shape)))


@op(method="softmax", samples=_rows, reference=lambda x, axis=-1: np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True))
def softmax(x: Array, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, stable.

    x : (...) float          out : (...), sums to 1 along the axis
    Gradient: out * (g - sum(g * out)).
    """
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    out = e / e.sum(axis=axis, keepdims=True)
    return out, lambda g: out * (g - (g * out).sum(axis=axis, keepdims=True))


@op(method="log_softmax", samples=_rows, reference=lambda x, axis=-1: x - np.log(np.exp(x).sum(axis=axis, keepdims=True)))
def log_softmax(x: Array, axis: int = -1) -> Any:
    """log(softmax(x)), without forming the quotient.

    x : (...) float          out : (...)
    Gradient: g - softmax(x) * sum(g).
    """
    shifted = x - x.max(axis=axis, keepdims=True)
    out = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return out, lambda g: g - np.exp(out) * g.sum(axis=axis, keepdims=True)
