"""tinygrad_edu, as its README writes it."""

from __future__ import annotations

from typing import Any

import tinygrad_edu as tg

from ..common import LINKS, RATE, Work, batch, cnn_start, link, mlp_start


def starting(model: Any, start: Any) -> Any:
    """The model with these weights."""
    for p, value in zip(model.parameters(), start, strict=True):
        p.data[...] = value
    return model


def training(model: Any, x: Any, y: Any) -> Work:
    """One step of SGD on one batch."""
    optimizer = tg.optim.SGD(model.parameters(), lr=RATE)
    loss_of = tg.nn.CrossEntropyLoss()

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return Work(step)


def dense(hidden: int = 128) -> Any:
    model = tg.nn.Sequential([tg.nn.Linear(784, hidden), tg.nn.ReLU(), tg.nn.Linear(hidden, 10)])
    return starting(model, mlp_start(hidden))


def mlp(size: int, hidden: int = 128) -> Work:
    return training(dense(hidden), *batch(size))


def cnn(size: int, dropout: float = 0.5) -> Work:
    model = tg.nn.Sequential(
        [
            tg.nn.Conv2d(1, 32, 3),
            tg.nn.ReLU(),
            tg.nn.MaxPool2d(2),
            tg.nn.Conv2d(32, 64, 3),
            tg.nn.ReLU(),
            tg.nn.MaxPool2d(2),
            tg.nn.Flatten(),
            tg.nn.Dropout(dropout),
            tg.nn.Linear(1600, 10),
        ]
    )
    return training(starting(model, cnn_start()), *batch(size, 1, 28, 28))


def chain() -> Work:
    x, w, b = (tg.Tensor(a, requires_grad=i > 0) for i, a in enumerate(link()))

    def step() -> Any:
        w.grad = b.grad = None
        h = x
        for _ in range(LINKS):
            h = tg.ops.tanh(h * w + b)
        total = h.sum()
        total.backward()
        return total

    return Work(step)


def depth(ops: int) -> Work:
    x, w, _ = (tg.Tensor(a, requires_grad=i == 1) for i, a in enumerate(link()))

    def step() -> Any:
        w.grad = None
        h = x
        for _ in range(ops):
            h = h + w
        h.sum().backward()
        return w.grad

    return Work(step, ops)
