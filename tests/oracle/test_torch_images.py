"""Convolution and pooling against PyTorch: value, first and second gradient."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.walk import walk

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle


def agree(ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: np.ndarray) -> None:
    """The same function in both: its value cubed and summed, its gradients, and the gradient of a random mix of those."""
    rng = np.random.default_rng(1)
    xs = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, t = ours(*xs), theirs(*ts)
    np.testing.assert_allclose(y.numpy(), t.detach().numpy(), rtol=1e-10, atol=1e-10)
    first = [g for _, g in walk((y**3).sum(), inputs=xs, create_graph=True)]
    first_theirs = torch.autograd.grad((t**3).sum(), ts, create_graph=True)
    mix, mix_theirs = 0.0, 0.0
    for g, h in zip(first, first_theirs, strict=True):
        np.testing.assert_allclose(g.numpy(), h.detach().numpy(), rtol=1e-9, atol=1e-9)
        v = rng.normal(size=g.shape)
        mix, mix_theirs = mix + (g * v).sum(), mix_theirs + (h * torch.tensor(v)).sum()
    second = {id(x): g for x, g in walk(mix, inputs=xs, create_graph=True)}
    for x, h in zip(xs, torch.autograd.grad(mix_theirs, ts), strict=True):
        np.testing.assert_allclose(second[id(x)].numpy(), h.numpy(), rtol=1e-9, atol=1e-8)


def draw(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


@pytest.mark.parametrize(("s", "p", "d", "groups"), list(itertools.product((1, 2), (0, 1), (1, 2), (1, 2))))
def test_conv2d_and_its_transpose(s, p, d, groups) -> None:
    f = torch.nn.functional
    agree(
        lambda x, w, b: ops.conv2d(x, w, b, s, p, d, groups),
        lambda x, w, b: f.conv2d(x, w, b, s, p, d, groups),
        draw(2, 4, 6, 7), draw(6, 4 // groups, 3, 2), draw(6),
    )  # fmt: skip
    agree(
        lambda x, w, b: ops.conv_transpose2d(x, w, b, s, p, d, groups, s - 1),
        lambda x, w, b: f.conv_transpose2d(x, w, b, s, p, s - 1, groups, d),
        draw(2, 4, 5, 4), draw(4, 3, 3, 2), draw(3 * groups),
    )  # fmt: skip


@pytest.mark.parametrize("rank", [1, 3])
def test_other_ranks(rank) -> None:
    f = torch.nn.functional
    x, w, b = draw(2, 2, *(5, 4, 4)[:rank]), draw(3, 2, *(3, 2, 2)[:rank]), draw(3)
    agree(
        lambda x, w, b: getattr(ops, f"conv{rank}d")(x, w, b, 2, 1),
        lambda x, w, b: getattr(f, f"conv{rank}d")(x, w, b, 2, 1),
        x, w, b,
    )  # fmt: skip
    for kind in ("max", "avg"):
        name = f"{kind}_pool{rank}d"
        agree(lambda x, n=name: getattr(ops, n)(x, 2, 1), lambda x, n=name: getattr(f, n)(x, 2, 1), x)


@pytest.mark.parametrize(("k", "s", "p"), [(1, 1, 0), (2, 2, 0), (2, 1, 1), (3, 2, 1), (3, 1, 1), (2, 3, 0)])
def test_pooling(k, s, p) -> None:
    f = torch.nn.functional
    ties = np.round(draw(2, 3, 7, 6))
    for x in (draw(2, 3, 7, 6), ties):
        agree(lambda x: ops.max_pool2d(x, k, s, p), lambda x: f.max_pool2d(x, k, s, p), x)
        for pad in (True, False):
            agree(
                lambda x, pad=pad: ops.avg_pool2d(x, k, s, p, pad),
                lambda x, pad=pad: f.avg_pool2d(x, k, s, p, count_include_pad=pad),
                x,
            )


@pytest.mark.parametrize("size", [1, 2, 3, (2, 5)])
def test_adaptive_pooling(size) -> None:
    f = torch.nn.functional
    x = draw(2, 3, 7, 6)
    agree(lambda x: ops.adaptive_avg_pool2d(x, size), lambda x: f.adaptive_avg_pool2d(x, size), x)
    agree(lambda x: ops.adaptive_max_pool2d(x, size), lambda x: f.adaptive_max_pool2d(x, size), x)
