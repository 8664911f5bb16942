"""Smooth activations, elementwise. Those of straight pieces are in piecewise.py, those along an axis in softmax.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import at, call, optioned, reals
from ..engine.errors import ShapeError
from .special import ndtr

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "log_sigmoid",
    "mish",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "swish",
    "tanhshrink",
]

# -- the logistic family -----------------------------------------------------------------------------------------------


def _by_tanh(x: Array) -> Array:
    return 0.5 * np.tanh(0.5 * x) + 0.5


@op(method=True, samples=reals(), reference=lambda x: 1 / (1 + np.exp(-np.clip(x, -700, None))), again=_by_tanh)
def sigmoid(x: Array) -> Any:
    """Logistic function 1 / (1 + exp(-x)).

    x : (...) float          out : (...), with all its digits far below 0 too
    Gradient: g * out * (1 - out).
    Reference: Verhulst (1845); as an activation, Rumelhart, Hinton and Williams (1986).
    """
    # 1 / inf is the right 0. By tanh: 0.7 of the time in float32, 1.3 in float64, and sigmoid(-20) would be 0 in float32
    with np.errstate(over="ignore"):
        out = 1 / (1 + np.exp(-x))
    return out, lambda g: g * (out * (1 - out))


def _softplus(x: Array) -> Array:
    """log(1 + exp(x)) of a bare array; np.logaddexp takes ten times as long."""
    return np.clip(x, 0, math.inf) + np.log1p(np.exp(-abs(x)))


@op(samples=reals(), reference=lambda x: np.logaddexp(x, 0))
def softplus(x: Array) -> Any:
    """log(1 + exp(x)), a smooth relu, without overflow.

    x : (...) float          out : (...)
    Gradient: g * sigmoid(x).
    Reference: Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing (2001).
    """
    return _softplus(raw(x)), lambda g: g * sigmoid(x)


@op(samples=reals(), reference=lambda x: -np.logaddexp(-x, 0))
def log_sigmoid(x: Array) -> Any:
    """log(sigmoid(x)), without overflow.

    x : (...) float          out : (...)
    Gradient: g * sigmoid(-x).
    """
    return -_softplus(-raw(x)), lambda g: g * sigmoid(-x)


def _gated(x: Array) -> Array:
    return x / (1 + np.exp(np.minimum(-x, 700)))


@op(samples=reals(), reference=_gated)
def silu(x: Array) -> Any:
    """x * sigmoid(x), also called swish.

    x : (...) float          out : (...)
    Gradient: g * (s + out * (1 - s)) with s = sigmoid(x).
    Reference: Elfwing, Uchibe and Doya (2017); Ramachandran, Zoph and Le, Searching for Activation Functions (2017).
    """
    s = sigmoid(x)
    out = x * s
    return out, lambda g: g * (s + out * (1 - s))


swish = silu


@op(samples=reals(), reference=lambda x: x * np.tanh(np.logaddexp(x, 0)))
def mish(x: Array) -> Any:
    """x * tanh(softplus(x)).

    x : (...) float          out : (...)
    Gradient: g * (t + x * (1 - t^2) * sigmoid(x)) with t = tanh(softplus(x)).
    Reference: Misra, Mish: A Self Regularized Non-Monotonic Activation Function (2019).
    """
    t = np.tanh(softplus(x))
    return x * t, lambda g: g * (t + x * (1 - t * t) * sigmoid(x))


def _halved(draw: Any) -> Any:
    shape = list(draw.shape(ndim=(1, 3)))
    axis = draw.axis(len(shape))
    shape[axis] *= 2
    return call(draw.array(tuple(shape), -1e4, 1e4, special=(0.0,)), axis=axis)


def _first_by_second(x: Array, axis: int = -1) -> Array:
    a, b = np.split(x, 2, axis)
    return a * _by_tanh(b)


@op(samples=_halved, reference=_first_by_second)
def glu(x: Array, axis: int = -1) -> Any:
    """Gated linear unit: the first half along an axis times the sigmoid of the second.

    x : (..., 2n, ...) float          out : (..., n, ...)
    Gradient: with halves a and b and s = sigmoid(b): (g * s, g * a * s * (1 - s)).
    Errors: ShapeError for an odd axis.
    Reference: Dauphin et al., Language Modeling with Gated Convolutional Networks (2016).
    """
    if not x.ndim or x.shape[axis] % 2:
        raise ShapeError(f"glu: the axis {axis} of {x.shape} cannot be halved. Give it an even length.")
    n, lead = x.shape[axis] // 2, (slice(None),) * (axis % x.ndim)
    a, s = x[(*lead, slice(n))], sigmoid(x[(*lead, slice(n, None))])
    out = a * s
    return out, lambda g: np.concatenate([g * s, g * out * (1 - s)], axis)


# -- tanh and the error function ---------------------------------------------------------------------------------------


@op(samples=reals(), reference=lambda x: np.where(x > 0, x / (1 + x), x / (1 - x)))
def softsign(x: Array) -> Any:
    """x / (1 + |x|).

    x : (...) float          out : (...)
    Gradient: g / (1 + |x|)^2.
    Reference: Turian, Bergstra and Bengio, Quadratic Features and Deep Architectures for Chunking (2009).
    """
    size = 1 + abs(x)
    return x / size, lambda g: g / (size * size)


@op(samples=reals(), reference=lambda x: x - np.sinh(np.clip(x, -20, 20)) / np.cosh(np.clip(x, -20, 20)))
def tanhshrink(x: Array) -> Any:
    """x - tanh(x).

    x : (...) float          out : (...)
    Gradient: g * tanh(x)^2.
    """
    t = np.tanh(x)
    return x - t, lambda g: g * (t * t)


def _gelu(x: Array, approximate: str = "none") -> Array:
    if approximate == "none":
        return x * np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2, otypes=[float])(x)
    return x * _by_tanh(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))


@op(samples=optioned(reals(), approximate=("none", "tanh")), reference=_gelu)
def gelu(x: Array, approximate: str = "none") -> Any:
    """Gaussian error linear unit: x times the chance that a standard normal number is below x.

    x : (...) float          out : (...)
    approximate : "none" (exact, x * (1 + erf(x / sqrt 2)) / 2) or "tanh" (0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))).
    Gradient: g * (chance + x * density) for the exact one.
    Errors: ValueError for another approximation.
    Reference: Hendrycks and Gimpel, Gaussian Error Linear Units (2016).
    """
    if approximate == "none":
        chance = ndtr(x)
        return x * chance, lambda g: g * (chance + x * np.exp(-0.5 * (x * x)) * (1 / math.sqrt(2 * math.pi)))
    if approximate != "tanh":
        raise ValueError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}.")
    c, square = math.sqrt(2 / math.pi), x * x
    t = np.tanh(c * x * (1 + 0.044715 * square))
    rise = c * (1 + 3 * 0.044715 * square)
    return 0.5 * x * (1 + t), lambda g: g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * rise)


# -- exponential below 0, straight above -------------------------------------------------------------------------------


def _bent(x: Array, height: float, rate: float, scale: float) -> Any:
    """A rule: scale * x above 0, scale * height * (exp(x / rate) - 1) below."""
    below = height * np.expm1(np.clip(x, -math.inf, 0) / rate)
    above = x > 0
    # of each two terms one is 0, so the sums are exact; np.where takes 5 times as long
    pullback = lambda g: g * (scale * (above + ~above * ((below + height) / rate)))
    return scale * (np.clip(x, 0, math.inf) + below), pullback


def _bent_plainly(x: Array, height: float, rate: float, scale: float) -> Array:
    """The same as a formula, for derivatives of higher order."""
    return scale * np.where(x > 0, x, height * np.expm1(np.where(x > 0, 0, x) / rate))


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return _bent_plainly(x, alpha, 1, 1)


@op(samples=optioned(reals(), alpha=(1.0, 0.5)), reference=_elu, again=_elu, kinks=[at(0.0, 0.3, gives=0.3)])
def elu(x: Array, alpha: float = 1.0) -> Any:
    """Exponential linear unit: x above 0, alpha * (exp(x) - 1) below.

    x : (...) float          out : (...)
    Gradient: g where x > 0, else g * alpha * exp(x).  At kinks: alpha at x = 0.
    Reference: Clevert, Unterthiner and Hochreiter, Fast and Accurate Deep Network Learning by ELUs (2015).
    """
    return _bent(x, alpha, 1, 1)


def _celu(x: Array, alpha: float = 1.0) -> Array:
    return _bent_plainly(x, alpha, alpha, 1)


@op(samples=optioned(reals(), alpha=(1.0, 0.5, 2.0)), reference=_celu, again=_celu)
def celu(x: Array, alpha: float = 1.0) -> Any:
    """x above 0, alpha * (exp(x / alpha) - 1) below: an elu whose slope has no jump, whatever alpha.

    x : (...) float          alpha : > 0          out : (...)
    Gradient: g where x > 0, else g * exp(x / alpha).
    Reference: Barron, Continuously Differentiable Exponential Linear Units (2017).
    """
    return _bent(x, alpha, alpha, 1)


# The fixed point of mean 0 and variance 1: equation 14 of the paper.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _selu(x: Array) -> Array:
    return _bent_plainly(x, SELU_ALPHA, 1, SELU_SCALE)


@op(samples=reals(), reference=_selu, again=_selu, kinks=[at(0.0, gives=1.7580993408473766)])
def selu(x: Array) -> Any:
    """1.0507 * elu(x, 1.6733): activations that keep mean 0 and variance 1 from layer to layer.

    x : (...) float          out : (...)
    Gradient: g * 1.0507 where x > 0, else g * 1.7581 * exp(x).  At kinks: 1.7581 at x = 0.
    Reference: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    return _bent(x, SELU_ALPHA, 1, SELU_SCALE)
