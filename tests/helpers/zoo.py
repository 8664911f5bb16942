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


# -- single layers -----------------------------------------------------------------------------------------------------

LAYERS: list[tuple[Callable[[], nn.Module], tuple[int, ...]]] = [
    (lambda: nn.Linear(3, 2, bias=False), (4, 3)),
    (lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), (2, 2, 9)),
    (lambda: nn.Conv2d(2, 4, (3, 2), padding="same", dilation=2), (2, 2, 7, 6)),
    (lambda: nn.Conv3d(1, 2, 2, bias=False), (2, 1, 4, 4, 4)),
    (lambda: nn.ConvTranspose1d(4, 2, 3, stride=2, padding=1, output_padding=1), (2, 4, 5)),
    (lambda: nn.ConvTranspose2d(2, 4, 3, stride=2, groups=2), (2, 2, 4, 4)),
    (lambda: nn.ConvTranspose3d(2, 1, 2, dilation=2), (1, 2, 3, 3, 3)),
    (lambda: nn.BatchNorm3d(2), (2, 2, 3, 3, 3)),
    (lambda: nn.LayerNorm((3, 4), epsilon=1e-3), (2, 3, 4)),
    (lambda: nn.LayerNorm(4, affine=False), (2, 4)),
    (lambda: nn.RMSNorm(4), (2, 4)),
    (lambda: nn.GroupNorm(2, 4), (2, 4, 3)),
    (lambda: nn.RNN(3, 4, return_sequences=True), (2, 5, 3)),
    (lambda: nn.LSTM(3, 4, bias=False), (2, 5, 3)),
    (lambda: nn.GRU(3, 4, bias=False, return_sequences=True), (2, 5, 3)),
    (lambda: nn.MultiheadAttention(6, 3), (2, 4, 6)),
    (lambda: nn.MultiheadAttention(6, 2, bias=False), (2, 4, 6)),
    (lambda: nn.MaxPool1d(2), (2, 3, 6)),
    (lambda: nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 7, 7)),
    (lambda: nn.MaxPool3d(2), (1, 1, 4, 4, 4)),
    (lambda: nn.AvgPool1d(2, padding=1, count_include_pad=False), (2, 3, 6)),
    (lambda: nn.AvgPool2d(2, stride=1), (2, 3, 5, 5)),
    (lambda: nn.AvgPool3d(2), (1, 1, 4, 4, 4)),
    (lambda: nn.AdaptiveAvgPool2d((2, 3)), (1, 2, 7, 7)),
    (lambda: nn.AdaptiveMaxPool2d(2), (1, 2, 5, 5)),
    (lambda: nn.GlobalAvgPool(), (2, 3, 4, 4)),
    (lambda: nn.GlobalMaxPool(keepdims=True), (2, 3, 4)),
    (lambda: nn.Upsample(2), (1, 2, 3, 3)),
    (lambda: nn.Upsample(3, mode="bilinear"), (1, 2, 3, 3)),
    (lambda: nn.ZeroPad2d((1, 2, 3, 4)), (1, 1, 2, 2)),
    (lambda: nn.PReLU(3), (2, 3, 2)),
    (lambda: nn.LeakyReLU(0.3), (5,)),
    (lambda: nn.ELU(0.5), (5,)),
    (lambda: nn.CELU(2.0), (5,)),
    (lambda: nn.GELU("tanh"), (5,)),
    (lambda: nn.GELU(), (5,)),
    (lambda: nn.GLU(), (2, 4)),
    (lambda: nn.Hardtanh(-0.5, 0.7), (5,)),
    (lambda: nn.Softmax(axis=0), (3, 2)),
    (lambda: nn.Softplus(), (5,)),
    (lambda: nn.Hardsigmoid(), (9,)),
    (lambda: nn.Hardswish(), (9,)),
    (lambda: nn.Identity(), (3,)),
    (lambda: nn.LogSigmoid(), (5,)),
    (lambda: nn.Mish(), (5,)),
    (lambda: nn.ReLU6(), (5,)),
    (lambda: nn.SELU(), (5,)),
    (lambda: nn.SiLU(), (5,)),
    (lambda: nn.Sigmoid(), (5,)),
    (lambda: nn.Softsign(), (5,)),
]


def title(value: Any) -> str:
    """The name of a layer's test."""
    return type(value()).__name__ if callable(value) else "x".join(map(str, value))


def around(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> Subject:
    """A layer with random weights, as a model, and a batch."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(make())
    for name, p in model.named_variables():
        p.data[...] = rng.uniform(0.5, 1.5, p.shape) if "variance" in name else rng.standard_normal(p.shape) * 0.5
    return Subject(model, 2 * rng.standard_normal(shape).astype(np.float32))
