"""JAX with jit: one compiled function a step, its parameters donated, labels as integers, images channels last."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..common import LINKS, RATE, Work, batch, cnn_start, link, mlp_start

wait = jax.block_until_ready


def cross_entropy(logits: Any, y: Any) -> Any:
    chosen = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(logits, axis=1) - chosen).mean()


def descend(params: Any, grads: Any) -> Any:
    return jax.tree.map(lambda p, g: p - RATE * g, params, grads)


def mlp(size: int, hidden: int = 128) -> Work:
    params = [jnp.array(a) for a in mlp_start(hidden)]
    x, y = map(jnp.array, batch(size))

    def cost(params: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = params
        return cross_entropy(jax.nn.relu(x @ w1 + b1) @ w2 + b2, y)

    @partial(jax.jit, donate_argnums=0)
    def update(params: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(cost)(params, x, y)
        return descend(params, grads), loss

    def step() -> Any:
        nonlocal params
        params, loss = update(params, x, y)
        return loss

    return Work(step)


def conv(x: Any, kernel: Any, bias: Any) -> Any:
    """(N, H, W, C) images, relu after."""
    out = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return jax.nn.relu(out + bias)


def pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def cnn(size: int, dropout: float = 0.5) -> Work:
    k1, b1, k2, b2, w, b = cnn_start()
    w = w.reshape(64, 5, 5, 10).transpose(1, 2, 0, 3).reshape(1600, 10)
    start = (k1.transpose(2, 3, 1, 0), b1, k2.transpose(2, 3, 1, 0), b2, w, b)
    params, key = [jnp.array(a) for a in start], jax.random.key(0)
    x, y = map(jnp.array, batch(size, 28, 28, 1))

    def cost(params: Any, key: Any, x: Any, y: Any) -> Any:
        k1, b1, k2, b2, w, b = params
        h = pool(conv(pool(conv(x, k1, b1)), k2, b2)).reshape(len(x), -1)
        h = jnp.where(jax.random.bernoulli(key, 1.0 - dropout, h.shape), h / (1 - dropout), 0)
        return cross_entropy(h @ w + b, y)

    @partial(jax.jit, donate_argnums=0)
    def update(params: Any, key: Any, x: Any, y: Any) -> Any:
        key, now = jax.random.split(key)
        loss, grads = jax.value_and_grad(cost)(params, now, x, y)
        return descend(params, grads), key, loss

    def step() -> Any:
        nonlocal params, key
        params, key, loss = update(params, key, x, y)
        return loss

    return Work(step)


def chain() -> Work:
    x, w, b = map(jnp.array, link())

    def result(w: Any, b: Any) -> Any:
        h = x
        for _ in range(LINKS):
            h = jnp.tanh(h * w + b)
        return h.sum()

    gradients = jax.jit(jax.value_and_grad(result, argnums=(0, 1)))
    return Work(lambda: gradients(w, b)[0])
