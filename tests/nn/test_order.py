"""Sequential trains a ReLU after the max pooling that follows it: nothing but the time may tell."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.nn.sequential import pooled_first


def network() -> nn.Sequential:
    tg.set_random_seed(3)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(None, 2))


def by_hand(model: nn.Sequential, x: tg.Tensor) -> tg.Tensor:
    for layer in model:
        x = layer(x)
    return x


def test_values_and_gradients_are_those_of_the_written_order() -> None:
    x = tg.Tensor(np.round(np.random.default_rng(0).normal(size=(6, 1, 9, 9)), 1).astype(np.float32))
    results = []
    for run in (lambda m: m(x), lambda m: by_hand(m, x)):
        model = network()
        model(x)  # builds it
        out = run(model)
        (out * out).sum().backward()
        results.append([out.numpy(), *(p.grad.numpy() for p in model.parameters())])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_this_pair_changes_places() -> None:
    relu, pool, padded, average = nn.ReLU(), nn.MaxPool2d(2), nn.MaxPool2d(2, padding=1), nn.AvgPool2d(2)
    assert pooled_first([relu, pool]) == [pool, relu]
    for other in ([relu, average], [nn.LeakyReLU(), pool], [relu, padded], [pool, relu], [relu]):
        assert pooled_first(other) == other


def test_what_a_summary_shows_is_the_written_order() -> None:
    model = network()
    model(np.zeros((1, 1, 9, 9), np.float32))
    assert "(None, 4, 7, 7)" in nn.summary(model, (None, 1, 9, 9)).split("re_lu")[1].split("\n")[0]


def test_an_error_tells_the_written_order() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(9))
    model.built = True
    with pytest.raises(ValueError, match="2 MaxPool2d"):
        model(np.zeros((1, 1, 5, 5), np.float32))
