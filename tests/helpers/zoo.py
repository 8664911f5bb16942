"""Six networks, and a batch for each, for what has to work with every kind: dense, convolutional, recurrent, attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import Tensor, nn, no_grad, ops, set_random_seed


class Subject(NamedTuple):
    """A network with weights that are not the initial ones, and a batch of its inputs."""

    model: Any
    x: Any


class Block(nn.Module):
    """A transformer's block, with a table of words in front and two classes at the end."""

    def __init__(self, words: int = 20, width: int = 8, heads: int = 2) -> None:
        self.embedding = nn.Embedding(words, width)
        self.attention = nn.MultiheadAttention(width, heads)
        self.first_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 16)
        self.down = nn.Linear(16, width)
        self.second_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2)

    def forward(self, ids: Any) -> Tensor:
        """(N, T) -> (N, 2)."""
        x = self.embedding(ids)
        x = self.first_norm(x + self.attention(x))
        x = self.second_norm(x + self.down(ops.gelu(self.up(x))))
        return self.head(x.mean(axis=1))


def seed() -> nn.Sequential:
    return nn.Sequential(nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 10), nn.Softmax())


def deep() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(20, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 12), nn.BatchNorm1d(12, momentum=0.8),
        nn.Tanh(), nn.Linear(12, 3), nn.LogSoftmax(),
    )  # fmt: skip


def convnet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(24, 5), nn.Softmax(),
    )  # fmt: skip


def lstm() -> nn.Sequential:
    return nn.Sequential(nn.LSTM(3, 6, return_sequences=True), nn.LSTM(6, 5), nn.Linear(5, 2))


def gru() -> nn.Sequential:
    return nn.Sequential(nn.Embedding(12, 4), nn.GRU(4, 6), nn.Linear(6, 3), nn.Softmax())


SHAPES: dict[Callable[[], Any], tuple[int, ...]] = {
    seed: (784,),
    deep: (20,),
    convnet: (2, 12, 12),
    lstm: (7, 3),
    gru: (6,),
    Block: (5,),
}
WORDS = {gru: 12, Block: 20}
NETWORKS = list(SHAPES)


def subject(network: Callable[[], Any], n: int = 4, dtype: Any = np.float32, start: int = 0) -> Subject:
    """A network with random weights, running statistics included, in evaluation mode, and n samples."""
    set_random_seed(start)
    rng = np.random.default_rng(start)
    model = network()
    shape = (n, *SHAPES[network])
    x = rng.integers(0, WORDS[network], shape) if network in WORDS else rng.standard_normal(shape).astype(dtype)
    with no_grad():
        model(Tensor(x))
    for name, p in model.named_variables():
        noise = rng.standard_normal(p.shape) * 0.2
        p.data[...] = 1 + abs(noise) if name.endswith("variance") else p.data + noise
    return Subject(model.astype(dtype).eval(), x)


def predictions(model: Any, x: Any) -> Any:
    """What comes out, as an array."""
    with no_grad():
        return model(Tensor(x), training=False).numpy()
