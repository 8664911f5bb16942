"""HIPS autograd: numpy code, differentiated by `value_and_grad`."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
from autograd import value_and_grad
from autograd.scipy.special import logsumexp

from ..common import LINKS, RATE, Work, batch, link, mlp_start


def mlp(size: int, hidden: int = 128) -> Work:
    params = mlp_start(hidden)
    x, y = batch(size)
    rows = np.arange(size)

    def cost(params: Any) -> Any:
        w1, b1, w2, b2 = params
        logits = np.dot(np.maximum(np.dot(x, w1) + b1, 0), w2) + b2
        return np.mean(logsumexp(logits, axis=1) - logits[rows, y])

    slope = value_and_grad(cost)

    def step() -> Any:
        nonlocal params
        loss, grads = slope(params)
        params = [w - np.float32(RATE) * g for w, g in zip(params, grads)]
        return loss

    return Work(step)


def chain() -> Work:
    x, w, b = link()

    def result(wb: Any) -> Any:
        w, b = wb
        h = x
        for _ in range(LINKS):
            h = np.tanh(h * w + b)
        return np.sum(h)

    slope = value_and_grad(result)
    return Work(lambda: slope((w, b))[0])
