"""Activations, softmax, losses, normalisation, dropout, embedding and attention against PyTorch, on the ops' own samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.engine import OPS

torch = pytest.importorskip("torch")
from helpers.pytorch import agree, sample_of  # noqa: E402 - needs torch

pytestmark = pytest.mark.oracle
F = torch.nn.functional

FAMILIES = {
    *(
        "activation",
        "piecewise",
        "softmax",
        "loss",
        "hinge",
        "cross_entropy",
        "likelihood",
        "batch_norm",
        "normalization",
    ),
    "neural",
}

# -- the same function in PyTorch --------------------------------------------------------------------------------------


def reduce(values: Any, reduction: str) -> Any:
    return values if reduction == "none" else getattr(values, reduction)()


def by_class(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loss of PyTorch, which has its classes along axis 1 (0 for a single sample)."""

    def call(x: Any, target: Any, axis: int, weight: Any = None, ignore_index: Any = None, **options: Any) -> Any:
        second = min(x.ndim - 1, 1)
        target = target.movedim(axis, second) if torch.is_tensor(target) else torch.as_tensor(target)
        options["weight"] = None if weight is None else torch.as_tensor(weight, dtype=torch.float64)
        options["ignore_index"] = -100 if ignore_index is None else ignore_index
        return function(x.movedim(axis, second), target, **options)

    return call


def kl_divergence(x: Any, target: Any, axis: int, reduction: str) -> Any:
    return reduce(F.kl_div(x, target, reduction="none").sum(axis), reduction)


def categorical_hinge(x: Any, target: Any, axis: int, reduction: str) -> Any:
    return reduce(F.relu(((1 - target) * x).amax(axis) - (target * x).sum(axis) + 1), reduction)


def from_probabilities(x: Any, target: Any, axis: int, **options: Any) -> Any:
    """Their cross-entropy of logarithms: none of the samples is clipped."""
    return by_class(F.cross_entropy)(torch.log(x / x.sum(axis, keepdim=True)), target, axis, **options)


def binary_from_probabilities(x: Any, target: Any, epsilon: float, reduction: str) -> Any:
    p = torch.clamp(x, epsilon, 1 - epsilon)
    return reduce(-(target * torch.log(p) + (1 - target) * torch.log1p(-p)), reduction)


def over_features(function: Callable[..., Any]) -> Callable[..., Any]:
    """layer_norm and rms_norm: PyTorch's features come last."""

    def call(x: Any, *weights: Any, axis: Any, epsilon: float) -> Any:
        axes = axis if isinstance(axis, tuple) else (axis,)
        last = tuple(range(-len(axes), 0))
        return function(x.movedim(axes, last), [x.shape[a] for a in axes], *weights, eps=epsilon).movedim(last, axes)

    return call


def batch_norm(x: Any, *weights: Any, axis: int, epsilon: float) -> Any:
    moved = x.movedim(axis, 1)
    others = [a for a in range(x.ndim) if a != 1]
    out = F.batch_norm(moved, None, None, *weights, training=True, eps=epsilon)
    return out.movedim(1, axis), moved.mean(others), moved.var(others, correction=0)


def batch_norm_inference(x: Any, mean: Any, variance: Any, *weights: Any, axis: int, epsilon: float) -> Any:
    """Written out: PyTorch does not differentiate by the statistics."""
    out = (x.movedim(axis, -1) - mean) / torch.sqrt(variance + epsilon)
    for w, apply in zip(weights, (torch.mul, torch.add), strict=False):
        out = apply(out, w)
    return out.movedim(-1, axis)


def group_norm(x: Any, groups: int, *weights: Any, axis: int, epsilon: float) -> Any:
    return F.group_norm(x.movedim(axis, 1), groups, *weights, eps=epsilon).movedim(1, axis)


def instance_norm(x: Any, *weights: Any, axis: int, epsilon: float) -> Any:
    named = dict(zip(("weight", "bias"), weights, strict=False))
    return F.instance_norm(x.movedim(axis, 1), **named, eps=epsilon).movedim(1, axis)


def attention(q: Any, k: Any, v: Any, mask: Any = None, *, causal: bool, scale: Any) -> Any:
    """With their reference kernel, the one that has second derivatives; it takes a mask or a causal one."""
    if isinstance(mask, np.ndarray):
        mask = torch.as_tensor(mask)
    if causal and mask is not None:
        seen = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        mask = mask & seen if mask.dtype == torch.bool else torch.where(seen, mask, -math.inf)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal and mask is None, scale=scale)


PYTORCH: dict[str, Callable[..., Any]] = {
    "batch_norm": batch_norm,
    "batch_norm_inference": batch_norm_inference,
    "bilinear": F.bilinear,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "binary_cross_entropy_from_probabilities": binary_from_probabilities,
    "categorical_cross_entropy": from_probabilities,
    "categorical_hinge": categorical_hinge,
    "celu": F.celu,
    "cross_entropy": by_class(F.cross_entropy),
    "dropout": lambda x, keep, rate: x * torch.as_tensor(keep) / (1 - rate),
    "elu": F.elu,
    "embedding": lambda weight, ids: F.embedding(torch.as_tensor(ids), weight),
    "gelu": F.gelu,
    "glu": lambda x, axis: F.glu(x, axis),
    "group_norm": group_norm,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,  # F.hardsigmoid has no second derivative
    "hard_swish": F.hardswish,
    "hard_tanh": lambda x, low, high: F.hardtanh(x, low, high),
    "hardshrink": lambda x, width: F.hardshrink(x, width),
    "hinge": lambda x, t, reduction: reduce(F.relu(1 - t * x), reduction),
    "huber": F.huber_loss,
    "instance_norm": instance_norm,
    "kl_divergence": kl_divergence,
    "layer_norm": over_features(F.layer_norm),
    "leaky_relu": lambda x, slope: F.leaky_relu(x, slope),
    "log_cosh": lambda x, t, reduction: reduce(
        (x - t) + F.softplus(-2 * (x - t), threshold=700) - math.log(2), reduction
    ),
    "log_sigmoid": F.logsigmoid,
    "log_softmax": lambda x, axis: F.log_softmax(x, axis),
    "mae": F.l1_loss,
    "mape": lambda x, t, reduction: reduce(100 * torch.abs(x - t) / torch.abs(t), reduction),
    "mish": F.mish,
    "mse": F.mse_loss,
    "msle": lambda x, t, reduction: reduce((torch.log1p(F.relu(x)) - torch.log1p(F.relu(t))) ** 2, reduction),
    "nll_loss": by_class(F.nll_loss),
    "poisson": lambda x, t, reduction: F.poisson_nll_loss(x, t, log_input=False, eps=1e-7, reduction=reduction),
    "prelu": lambda x, weight: torch.where(x > 0, x, weight * x),  # F.prelu takes one weight a channel
    "relu": F.relu,
    "relu6": F.relu6,
    "rms_norm": over_features(F.rms_norm),
    "scaled_dot_product_attention": attention,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "smooth_l1": F.smooth_l1_loss,
    "softmax": lambda x, axis: F.softmax(x, axis),
    "softmin": lambda x, axis: F.softmin(x, axis),
    "softplus": lambda x: F.softplus(x, threshold=700),
    "softshrink": lambda x, width: F.softshrink(x, width),
    "softsign": F.softsign,
    "squared_hinge": lambda x, t, reduction: reduce(F.relu(1 - t * x) ** 2, reduction),
    "tanhshrink": F.tanhshrink,
    "threshold": lambda x, bound, value: F.threshold(x, bound, value),
}


def at_zero(x: Any, **options: Any) -> bool:
    return bool((x == 0).any())


def empty(*arrays: Any, **options: Any) -> bool:
    return any(np.size(a) == 0 for a in arrays)


def ignored(x: Any, target: Any, reduction: str, ignore_index: Any = None, **options: Any) -> bool:
    """No label counts, or there is none."""
    return reduction == "mean" and (target.size == 0 or bool(np.all(target == ignore_index)))


def at_bend(x: Any, target: Any, delta: float = 0.0, beta: float = 0.0, **options: Any) -> bool:
    return bool((abs(x - target) == delta + beta).any())


def single(x: Any, *weights: Any, axis: int, **options: Any) -> bool:
    """One entry a mean, or none."""
    return x.size < 2 * x.shape[axis] or empty(x)


# Where the two differ on purpose, or PyTorch has no answer: other samples are drawn.
ELSEWHERE: dict[str, tuple[str, Callable[..., bool]]] = {
    "batch_norm": ("they refuse one value a channel", single),
    "bilinear": ("no answer for nothing there", empty),
    "categorical_cross_entropy": (
        "a single class has probability 1, which is clipped; and as cross_entropy",
        lambda x, t, axis, **k: x.shape[axis] < 2 or ignored(x, t, **k),
    ),
    "celu": ("the second derivative at 0 is the left one here, 0 there", at_zero),
    "cross_entropy": ("the mean over nothing is NaN, of which the comparison makes a NaN gradient here", ignored),
    "elu": ("the second derivative at 0 is the left one here, 0 there", at_zero),
    "embedding": ("no answer for nothing there", empty),
    "group_norm": ("they refuse one value a group", lambda x, groups, *w, axis, **k: empty(x) or x[0].size == groups),
    "huber": ("the second derivative at delta is that inside here, 0 there", at_bend),
    "instance_norm": (
        "they refuse one place; and the gradient of PyTorch 2.13 has its entries in the wrong order for moved axes of one image",
        lambda x, *w, axis, **k: empty(x) or x[0].size == x.shape[axis] or axis not in (1, 1 - x.ndim),
    ),
    "nll_loss": ("as cross_entropy", ignored),
    "selu": ("the second derivative at 0 is the left one here, 0 there", at_zero),
    "smooth_l1": ("as huber", at_bend),
    "mish": ("the second derivative above 350 is 0; NaN there", lambda x: bool((x > 300).any())),
}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", sorted(PYTORCH))
def test_as_in_pytorch(name: str, seed: int) -> None:
    _, differs = ELSEWHERE.get(name, ("", lambda *args, **kwargs: False))
    samples = (sample_of(name, s) for s in itertools.count(seed, 1000))
    agree(name, PYTORCH[name], next(s for s in samples if not differs(*s.args, **s.kwargs)), seed)


def test_every_op_of_these_families_is_compared() -> None:
    ours = {name for name, op in OPS.items() if op.rule.__module__.rpartition(".")[2] in FAMILIES}
    assert ours == set(PYTORCH)
