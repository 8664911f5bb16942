"""MyGrad, with its memory guard off, as its manual recommends for speed."""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from ..common import LINKS, RATE, Work, batch, cnn_start, link, mlp_start

mg.turn_memory_guarding_off()


def descend(loss: Any, params: Any) -> Any:
    loss.backward()
    for p in params:
        p.data -= RATE * p.grad
    return loss


def mlp(size: int, hidden: int = 128) -> Work:
    params = w1, b1, w2, b2 = [mg.tensor(a) for a in mlp_start(hidden)]
    x, y = batch(size)
    forward = lambda: softmax_crossentropy(relu(x @ w1 + b1) @ w2 + b2, y)
    return Work(lambda: descend(forward(), params))


def cnn(size: int, dropout: float = 0.5) -> Work:
    start = [a.reshape(1, -1, 1, 1) if i in (1, 3) else a for i, a in enumerate(cnn_start())]
    params = k1, b1, k2, b2, w, b = [mg.tensor(a) for a in start]
    x, y = batch(size, 1, 28, 28)
    rng = np.random.default_rng(0)

    def forward() -> Any:
        h = max_pool(relu(conv_nd(x, k1, stride=1) + b1), (2, 2), 2)
        h = relu(conv_nd(h, k2, stride=1) + b2)[:, :, :10, :10]  # its pooling refuses 11 pixels
        h = max_pool(h, (2, 2), 2).reshape(size, -1)
        keep = (rng.random(h.shape, dtype=np.float32) >= dropout) * np.float32(1 / (1 - dropout))
        return softmax_crossentropy((h * keep) @ w + b, y)

    return Work(lambda: descend(forward(), params))


def chain() -> Work:
    x, w, b = (mg.tensor(a, constant=i == 0) for i, a in enumerate(link()))

    def step() -> Any:
        h = x
        for _ in range(LINKS):
            h = mg.tanh(h * w + b)
        total = h.sum()
        total.backward()
        return total

    return Work(step)
