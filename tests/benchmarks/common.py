"""What every contestant computes: the same sizes, starting weights and batches."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "tinygrad_edu" / "datasets" / "_mnist"
RATE = 0.01  # the learning rate of every training step
LINKS = 33  # h = tanh(h * w + b), so many times: 99 small ops
GOAL, EPOCHS = 0.97, 20  # the accuracy to reach on MNIST's test set, and when to give up
Arrays = list[Any]


class Work(NamedTuple):
    """Something to be timed: `step` does it once, which is `steps` steps (a whole epoch, a chain of so many ops)."""

    step: Callable[[], Any]
    steps: int = 1


def glorot(rng: np.random.Generator, *shape: int, fan: int) -> Any:
    """Uniform in +-sqrt(6 / fan), float32."""
    limit = (6 / fan) ** 0.5
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def mlp_start(hidden: int = 128) -> Arrays:
    """Weights (in, out) and biases of 784-hidden-10."""
    rng = np.random.default_rng(0)
    first, second = glorot(rng, 784, hidden, fan=784 + hidden), glorot(rng, hidden, 10, fan=hidden + 10)
    return [first, np.zeros(hidden, np.float32), second, np.zeros(10, np.float32)]


def cnn_start() -> Arrays:
    """Kernels (out, in, 3, 3), the dense weights (64 * 5 * 5, 10) for maps flattened as (C, H, W), and biases."""
    rng = np.random.default_rng(0)
    return [
        glorot(rng, 32, 1, 3, 3, fan=9 + 288),
        np.zeros(32, np.float32),
        glorot(rng, 64, 32, 3, 3, fan=288 + 576),
        np.zeros(64, np.float32),
        glorot(rng, 1600, 10, fan=1610),
        np.zeros(10, np.float32),
    ]


def batch(n: int, *image: int) -> tuple[Any, Any]:
    """`n` images of uniform noise, each of shape `image` (flat: 784), and their int64 labels."""
    rng = np.random.default_rng(1)
    return rng.random((n, *(image or (784,))), dtype=np.float32), rng.integers(0, 10, n)


def link() -> tuple[Any, Any, Any]:
    """x, w and b of the chain of small ops: 10 floats each."""
    rng = np.random.default_rng(2)
    x, w, b = rng.uniform(-1, 1, (3, 10)).astype(np.float32)
    return x, w, b


def mnist() -> tuple[Any, Any, Any, Any]:
    """x_train, y_train, x_test, y_test: images flat in 0..1, float32, labels int64. Read without our package."""

    def read(name: str, header: int) -> Any:
        with gzip.open(IMAGES / f"{name}-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    def images(name: str) -> Any:
        return read(f"{name}-images-idx3", 16).reshape(-1, 784).astype(np.float32) / 255

    def labels(name: str) -> Any:
        return read(f"{name}-labels-idx1", 8).astype(np.int64)

    return images("train"), labels("train"), images("t10k"), labels("t10k")
