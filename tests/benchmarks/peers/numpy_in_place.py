"""numpy by hand in place, float32: the least that numpy can do. Every result goes to a buffer kept between steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common import RATE, Work, batch, mlp_start


def mlp(size: int, hidden: int = 128) -> Work:
    start = mlp_start(hidden)
    flat = np.concatenate([a.ravel() for a in start])
    slopes = np.empty_like(flat)
    w1, b1, w2, b2 = cut(flat, start)
    gw1, gb1, gw2, gb2 = cut(slopes, start)
    x, y = batch(size)
    h, gz, p = (np.empty((size, n), np.float32) for n in (hidden, hidden, 10))
    column, on = np.empty((size, 1), np.float32), np.empty((size, hidden), bool)
    zeros, picked = np.zeros(hidden, np.float32), np.arange(size) * 10 + y

    def step() -> Any:
        np.matmul(x, w1, out=h)
        np.add(h, b1, out=h)
        np.maximum(h, zeros, out=h)
        np.matmul(h, w2, out=p)
        np.add(p, b2, out=p)
        np.subtract(p, np.maximum.reduce(p, axis=1, keepdims=True, out=column), out=p)
        chosen = p.take(picked)
        np.exp(p, out=p)
        np.add.reduce(p, axis=1, keepdims=True, out=column)
        loss = (np.add.reduce(np.log(column), axis=None) - np.add.reduce(chosen)) / size
        np.divide(p, column, out=p)
        p.ravel()[picked] -= 1
        np.multiply(p, RATE / size, out=p)  # the learning rate goes in where the array is smallest
        np.matmul(h.T, p, out=gw2)
        np.add.reduce(p, axis=0, out=gb2)
        np.matmul(p, w2.T, out=gz)
        np.multiply(gz, np.greater(h, 0, out=on), out=gz)
        np.matmul(x.T, gz, out=gw1)
        np.add.reduce(gz, axis=0, out=gb1)
        np.subtract(flat, slopes, out=flat)
        return loss

    return Work(step)


def cut(flat: Any, like: Any) -> list[Any]:
    """Views of `flat` in the shapes of `like`, one after the other."""
    ends = np.cumsum([a.size for a in like])
    return [part.reshape(a.shape) for part, a in zip(np.split(flat, ends[:-1]), like)]
