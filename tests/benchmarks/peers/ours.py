"""tinygrad_edu, as its README writes it."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_edu as tg

from ..common import EPOCHS, GOAL, LINKS, RATE, Work, batch, cnn_start, link, mlp_start


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


def adam(parameters: int) -> Work:
    """One step of Adam over ten arrays, their gradients given."""
    arrays = [tg.tensor(np.ones(parameters // 10, np.float32), requires_grad=True) for _ in range(10)]
    for a in arrays:
        a.grad = tg.tensor(np.full_like(a.data, 0.01))
    optimizer = tg.optim.Adam(arrays, lr=1e-3)
    return Work(optimizer.step)


SAMPLES, PASSES = 16384, 3


def fit(size: int) -> Work:
    """Epochs of `fit`, shared out over their steps."""
    model = dense()
    model.compile(tg.optim.SGD(lr=RATE), tg.nn.CrossEntropyLoss())
    x, y = batch(SAMPLES)
    step = lambda: model.fit(x, y, batch_size=size, epochs=PASSES, verbose=0).history["loss"][-1]
    return Work(step, PASSES * SAMPLES // size)


def loop(size: int) -> Work:
    """The same epochs by hand: a new order, batches, steps, the mean loss."""
    model = dense()
    x, y = batch(SAMPLES)
    rng = np.random.default_rng(0)
    optimizer = tg.optim.SGD(model.parameters(), lr=RATE)
    loss_of = tg.nn.CrossEntropyLoss()

    def step() -> Any:
        total = 0.0
        for _ in range(PASSES):
            order, total = rng.permutation(SAMPLES), 0.0
            for start in range(0, SAMPLES, size):
                rows = order[start : start + size]
                optimizer.zero_grad()
                loss = loss_of(model(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
        return total / SAMPLES

    return Work(step, PASSES * SAMPLES // size)


def learn(seed: int) -> int:
    """Train on MNIST until the goal is reached; the number of epochs."""
    from tinygrad_edu.training.callbacks import Callback

    class Reached(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = logs["val_accuracy"] >= GOAL

    tg.set_random_seed(seed)
    train, test = (
        (x.reshape(-1, 784).astype(np.float32) / 255, y.astype(np.int64)) for x, y in tg.datasets.mnist.load_data()
    )
    model = tg.nn.Sequential([tg.nn.Linear(784, 128), tg.nn.ReLU(), tg.nn.Linear(128, 10)])
    model.compile("adam", tg.nn.CrossEntropyLoss(), metrics=["accuracy"])
    options: Any = {"batch_size": 128, "epochs": EPOCHS, "verbose": 0, "callbacks": [Reached()]}
    return len(model.fit(*train, validation_data=test, **options).epoch)
