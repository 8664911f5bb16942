"""An op beside the same function in PyTorch, on the op's own samples: value, first and second gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tinygrad_edu import Tensor
from tinygrad_edu.engine import OPS
from tinygrad_edu.engine.domain import Sample
from tinygrad_edu.engine.walk import walk
from tinygrad_edu.verify.draws import RandomDraw


def sample_of(name: str, seed: int) -> Sample:
    """The op's sample of this number, always the same."""
    return OPS[name].samples(RandomDraw(seed))


def agree(ours: str | Callable[..., Any], theirs: Callable[..., Any], sample: Sample, seed: int = 0) -> None:
    """Raise unless an op, by its name, or a function of Tensors agrees with PyTorch's.

    Compared are the value, the gradient, and the derivative of a mix of that gradient.
    """
    call = OPS[ours].call if isinstance(ours, str) else ours
    xs: list[Tensor] = []
    ts: list[Any] = []
    y = listed(call(*inputs(sample, xs, lambda a: Tensor(a.copy(), requires_grad=True)), **sample.kwargs))
    t = listed(theirs(*inputs(sample, ts, lambda a: torch.tensor(a, requires_grad=True)), **sample.kwargs))
    for a, b in zip(y, t, strict=True):
        close(a, b)
    floats = [(a, b) for a, b in zip(y, t, strict=True) if a.dtype.kind == "f"]
    rng = np.random.default_rng(seed)
    first, first_t = gradients([weighed(a, b, rng) for a, b in floats], xs, ts)
    mixes = []
    for x, g, h in zip(xs, first, first_t, strict=True):
        close(np.zeros(x.shape) if g is None else g, h)
        if g is not None and h is not None:
            mixes.append(weighed(g, h, rng))
    for x, g, h in zip(xs, *gradients(mixes, xs, ts), strict=True):
        close(np.zeros(x.shape) if g is None else g, h)


def inputs(sample: Sample, made: list[Any], make: Callable[[Any], Any]) -> list[Any]:
    """The arguments with float arrays, also in a list, made into something else."""

    def replaced(v: Any) -> Any:
        if isinstance(v, np.ndarray) and v.dtype.kind == "f":
            made.append(make(v))
            return made[-1]
        return [replaced(u) for u in v] if isinstance(v, list) else v

    return [replaced(v) for v in sample.args]


def weighed(a: Tensor, b: Any, rng: np.random.Generator) -> tuple[Tensor, Any]:
    """The sum of the entries with random weights, and of half their squares: ours and theirs."""
    w = rng.uniform(0.5, 1.5, a.shape) * rng.choice([-1, 1], a.shape)
    return (a * (w + 0.5 * a)).sum(), (b * (torch.as_tensor(w) + 0.5 * b)).sum()


def gradients(losses: list[tuple[Tensor, Any]], xs: list[Tensor], ts: list[Any]) -> tuple[list[Any], list[Any]]:
    """The gradients of the sum of the losses, None where there is none: ours and theirs."""
    ours, theirs = Tensor(np.zeros(())), torch.zeros((), dtype=torch.float64)
    for a, b in losses:
        ours, theirs = ours + a, theirs + b
    found = {id(x): g for x, g in walk(ours, inputs=xs, create_graph=True)} if ours.requires_grad else {}
    given = (
        torch.autograd.grad(theirs, ts, create_graph=True, allow_unused=True)
        if theirs.requires_grad
        else [None] * len(ts)
    )
    return [found.get(id(x)) for x in xs], list(given)


def listed(outs: Any) -> list[Any]:
    return list(outs) if isinstance(outs, (tuple, list)) else [outs]


def close(ours: Any, theirs: Any) -> None:
    a = ours.data if isinstance(ours, Tensor) else ours
    b = np.zeros(a.shape) if theirs is None else theirs.detach().numpy()
    scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * max(scale, 1.0))
