"""Elementwise functions, reductions, norms, running and ordered ops against PyTorch, on the ops' own samples."""

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

FAMILIES = {
    *("arithmetic", "powers", "rounding", "exponential", "trigonometric", "hyperbolic", "special", "selection"),
    *("reduction", "statistics", "norms", "cumulative", "sorting"),
}


# -- the same function in PyTorch --------------------------------------------------------------------------------------


def number(v: Any) -> Any:
    return torch.as_tensor(v, dtype=torch.float64)


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def over_axes(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction of PyTorch that takes one axis, over several: they are joined into the last one."""

    def call(x: Any, *args: Any, axis: Any = None, keepdims: bool = False, **kwargs: Any) -> Any:
        axes = sorted(a % x.ndim for a in axes_of(x, axis))
        rest = [a for a in range(x.ndim) if a not in axes]
        size = math.prod(x.shape[a] for a in axes)
        moved = x.permute(rest + axes).reshape([*(x.shape[a] for a in rest), size])
        out = function(moved, *args, -1, **kwargs)
        kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
        lead = out.shape[: out.ndim - len(rest)]  # several quantiles come first
        return out.reshape([*lead, *kept]) if keepdims else out

    return call


def flattened(function: Callable[..., Any]) -> Callable[..., Any]:
    """An op along an axis, with axis None for all entries in one row."""
    return lambda x, *args, axis: function(x.reshape(-1), *args, 0) if axis is None else function(x, *args, axis)


def clip(x: Any, low: Any, high: Any) -> Any:
    bounds = [None if b is None else number(b) for b in (low, high)]
    return torch.clamp(x, *bounds)


def select(conditions: Any, choices: Any, default: Any) -> Any:
    out = default
    for c, v in zip(conditions[::-1], choices[::-1], strict=True):
        out = torch.where(torch.as_tensor(c), v, out)
    return out + torch.zeros(np.broadcast_shapes(*(np.shape(c) for c in conditions)))


def flat_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A step function that PyTorch does not differentiate."""
    return lambda *xs: function(*(x.detach() for x in xs)) + sum(0 * x for x in xs)


def average(x: Any, axis: Any, weights: Any, *, keepdims: bool) -> Any:
    w = torch.ones_like(x) if weights is None else weights
    if w.ndim != x.ndim:
        w = w.reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    w = w.expand(x.shape)
    axes = axes_of(x, axis)
    return (w * x).sum(axes, keepdims) / w.sum(axes, keepdims)


def recurrence(x: Any, decay: Any, axis: int) -> Any:
    x, decay = (v.movedim(axis, 0) for v in torch.broadcast_tensors(x, decay))
    rows: list[Any] = []
    for b, a in zip(x, decay, strict=True):
        rows.append(b + a * rows[-1] if rows else b)
    return torch.stack(rows).movedim(0, axis) if rows else (x + decay).movedim(0, axis)


def norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:  # noqa: A002
    return torch.linalg.norm(x, ord, axis, keepdims) if x.ndim else torch.linalg.vector_norm(x, ord or 2)


def take_along(x: Any, indices: Any, axis: int) -> Any:
    return torch.take_along_dim(x, torch.from_numpy(indices % x.shape[axis]), axis)


def logcumsumexp(x: Any, axis: int) -> Any:
    """By logsumexp, for the second gradient of torch.logcumsumexp keeps 8 digits at +-1e4."""
    rows = [torch.logsumexp(x.narrow(axis, 0, i + 1), axis) for i in range(x.shape[axis])]
    return torch.stack(rows, axis) if rows else x + 0


SAME_NAME = [
    "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "ceil", "copysign", "cos",
    "cosh", "deg2rad", "erf", "erfc", "exp", "exp2", "expm1", "floor", "fmod", "hypot", "log", "log10", "log1p", "log2",
    "logaddexp", "logaddexp2", "maximum", "minimum", "multiply", "nan_to_num", "negative", "positive", "rad2deg",
    "reciprocal", "sign", "sin", "sinc", "sinh", "sqrt", "square", "subtract", "tan", "tanh", "trunc", "xlogy",
]  # fmt: skip
PYTORCH: dict[str, Callable[..., Any]] = {name: getattr(torch, name) for name in SAME_NAME} | {
    "average": average,
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "clip": clip,
    "cov": lambda x, ddof, rowvar: torch.cov(x if rowvar or x.ndim < 2 else x.mT, correction=ddof),
    "cumprod": flattened(torch.cumprod),
    "cumsum": flattened(torch.cumsum),
    "diff": lambda x, n, axis: torch.diff(x, n, axis),
    "divide": torch.true_divide,
    "float_power": torch.float_power,
    "floor_divide": flat_gradient(torch.floor_divide),
    "fmax": torch.fmax,
    "fmin": torch.fmin,
    "logcumsumexp": flattened(logcumsumexp),
    "logsumexp": over_axes(torch.logsumexp),
    "matrix_norm": lambda x, keepdims, **k: torch.linalg.matrix_norm(x, k["ord"], keepdim=keepdims),
    "max": over_axes(torch.amax),
    "mean": over_axes(torch.mean),
    "median": over_axes(lambda x, axis: torch.quantile(x, 0.5, axis)),
    "min": over_axes(torch.amin),
    "mod": torch.remainder,
    "nanmean": over_axes(torch.nanmean),
    "nansum": over_axes(torch.nansum),
    "ndtr": torch.special.ndtr,
    "norm": norm,
    "percentile": over_axes(lambda x, q, axis: torch.quantile(x, number(q) / 100, axis)),
    "power": torch.pow,
    "prod": over_axes(torch.prod),
    "ptp": over_axes(lambda x, axis: torch.amax(x, axis) - torch.amin(x, axis)),
    "quantile": over_axes(lambda x, q, axis: torch.quantile(x, number(q), axis)),
    "recurrence": recurrence,
    "rint": torch.round,
    "round": lambda x, decimals: torch.round(x, decimals=decimals),
    "select": select,
    "sort": lambda x, axis: torch.sort(x, dim=axis, stable=True).values,
    "std": over_axes(lambda x, axis, ddof: torch.std(x, axis, correction=ddof)),
    "sum": over_axes(torch.sum),
    "take_along_axis": take_along,
    "topk": lambda x, k, axis: tuple(torch.topk(x, k, axis)),
    "var": over_axes(lambda x, axis, ddof: torch.var(x, axis, correction=ddof)),
    "vector_norm": over_axes(lambda x, axis, **k: torch.linalg.vector_norm(x, k["ord"], axis)),
    "where": lambda c, x, y: torch.where(torch.as_tensor(c), x, y),
}
ABSENT = {"partition": "PyTorch has none, and which order the entries take around the kth is left open"}


def ties(x: Any, y: Any) -> bool:
    return bool((x == y).any())


def at_origin(x: Any, y: Any) -> bool:
    return bool(((x == 0) & (y == 0)).any())


def zeros(x: Any, *args: Any, **kwargs: Any) -> bool:
    return bool((x == 0).any())


def of_one(x: Any, axis: Any, weights: Any, keepdims: bool) -> bool:
    return (x.size if axis is None else x.shape[axis]) == 1


def meeting(x: Any, low: Any, high: Any) -> bool:
    return low is not None and high is not None and bool(np.any(np.equal(low, high)))


def far_apart(x: Any, y: Any) -> bool:
    return bool((np.abs(x - y) > 300).any())


# Where the two differ on purpose, or PyTorch has no derivative: other samples are drawn.
ELSEWHERE: dict[str, tuple[str, Callable[..., bool]]] = {
    "arctan2": ("the origin has no direction: gradient 0 of every order here, NaN there from the second", at_origin),
    "average": ("of one entry, its weight has the gradient 0 here, a rounding error there", of_one),
    "clip": ("where the bounds meet, x has no gradient here, 1 there", meeting),
    "copysign": ("the second derivative at x = 0: 0 here, NaN there", zeros),
    "float_power": ("d2/dxdy x^y at y = 0 is 1/x, 0 there", lambda x, y: np.ndim(y) > 0 and zeros(y)),
    "fmax": ("at a tie half to each, as maximum; there all to the first", ties),
    "fmin": ("at a tie half to each, as minimum; there all to the first", ties),
    "hypot": ("at the origin 0, as a norm; NaN there", at_origin),
    "logaddexp": ("a small second derivative is 0 or NaN there, where exp(y - x) overflows in between", far_apart),
    "logaddexp2": ("as logaddexp", far_apart),
    "norm": ("of zeros, or with zeros among the entries, the second derivative is 0 here, NaN there", zeros),
    "power": ("d2/dxdy x^y at y = 0 is 1/x, 0 there", lambda x, y: np.ndim(y) > 0 and zeros(y)),
    "sinc": ("d2/dx2 at 0 is -pi^2/3; there 0 or NaN", lambda x: zeros(np.abs(x) > 1e-3)),
    "std": ("of a constant 0; NaN there", lambda x, axis, keepdims, ddof: zeros(np.ptp(x, axis))),
    "vector_norm": ("as norm", zeros),
}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", sorted(PYTORCH))
def test_as_in_pytorch(name: str, seed: int) -> None:
    _, differs = ELSEWHERE.get(name, ("", lambda *args, **kwargs: False))
    samples = (sample_of(name, s) for s in itertools.count(seed, 1000))
    agree(name, PYTORCH[name], next(s for s in samples if not differs(*s.args, **s.kwargs)), seed)


def test_every_op_of_these_families_is_compared() -> None:
    ours = {name for name, op in OPS.items() if op.rule.__module__.rpartition(".")[2] in FAMILIES}
    assert ours == set(PYTORCH) | set(ABSENT)
