"""Keras itself takes our weights and gives its own: six networks predict the same on both sides.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_exchange_keras.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import zoo

import tinygrad_edu.keras as ours
from tinygrad_edu import nn
from tinygrad_edu.engine.errors import CheckpointError
from tinygrad_edu.io import ExchangeWarning, from_keras, to_keras

keras = pytest.importorskip("keras")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]  # Keras's own


def seed(k: Any) -> Any:
    return [k.Input((784,)), k.layers.Dense(10, activation="relu"), k.layers.Dense(10, activation="softmax")]


def deep(k: Any) -> Any:
    norm = lambda: k.layers.BatchNormalization(epsilon=1e-5)
    return [
        k.Input((20,)), k.layers.Dense(16), norm(), k.layers.ReLU(), k.layers.Dropout(0.3), k.layers.Dense(12), norm(),
        k.layers.Activation("tanh"), k.layers.Dense(3, activation="log_softmax"),
    ]  # fmt: skip


def convnet(k: Any) -> Any:
    return [
        k.Input((12, 12, 2)), k.layers.Conv2D(4, 3, padding="same"), k.layers.BatchNormalization(epsilon=1e-5), k.layers.ReLU(),
        k.layers.MaxPooling2D(), k.layers.Conv2D(6, 3, activation="relu"), k.layers.AveragePooling2D(2), k.layers.Flatten(),
        k.layers.Dense(5, activation="softmax"),
    ]  # fmt: skip


def lstm(k: Any) -> Any:
    return [k.Input((7, 3)), k.layers.LSTM(6, return_sequences=True), k.layers.LSTM(5), k.layers.Dense(2)]


def gru(k: Any) -> Any:
    return [
        k.Input((6,), dtype="int32"),
        k.layers.Embedding(12, 4),
        k.layers.GRU(6),
        k.layers.Dense(3, activation="softmax"),
    ]


def block(k: Any) -> Any:
    ids = k.Input((5,), dtype="int32")
    x = k.layers.Embedding(20, 8)(ids)
    x = k.layers.LayerNormalization(epsilon=1e-5)(x + k.layers.MultiHeadAttention(2, 4)(x, x))
    wide = k.layers.Dense(16, activation="gelu")(x)
    x = k.layers.LayerNormalization(epsilon=1e-5)(x + k.layers.Dense(8)(wide))
    return k.Model(ids, k.layers.Dense(2)(k.layers.GlobalAveragePooling1D()(x)))


PAIRS = {zoo.seed: seed, zoo.deep: deep, zoo.convnet: convnet, zoo.lstm: lstm, zoo.gru: gru, zoo.Block: block}


def made(k: Any, network: Callable[[], Any]) -> Any:
    layers = PAIRS[network](k)
    return k.Sequential(layers) if isinstance(layers, list) else layers


def for_keras(network: Callable[[], Any], x: Any) -> Any:
    """Images with channels last."""
    return np.moveaxis(x, 1, -1) if network is zoo.convnet else x


def theirs(net: Any, x: Any) -> Any:
    return np.asarray(net.predict(x, verbose=0))


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_there_and_back(network: Callable[[], Any]) -> None:
    model, x = zoo.subject(network)
    net = to_keras(model, made(keras, network))
    expected = zoo.predictions(model, x)
    np.testing.assert_allclose(theirs(net, for_keras(network, x)), expected, rtol=0, atol=1e-6)

    net.set_weights([w + 0.01 for w in net.get_weights()])
    for source in (net, net.get_weights()):
        other = zoo.subject(network, start=1).model
        back = zoo.predictions(from_keras(source, other), x)
        np.testing.assert_allclose(back, theirs(net, for_keras(network, x)), rtol=0, atol=1e-6)
    assert not np.allclose(back, expected, atol=1e-6)


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_the_list_is_that_of_set_weights(network: Callable[[], Any]) -> None:
    model, x = zoo.subject(network)
    net = made(keras, network)
    net.set_weights(to_keras(model))
    np.testing.assert_allclose(theirs(net, for_keras(network, x)), zoo.predictions(model, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_models_in_keras_s_words(network: Callable[[], Any]) -> None:
    x = for_keras(network, zoo.subject(network).x)
    mine, net = made(ours, network), made(keras, network)
    net.set_weights([w + 0.1 for w in net.get_weights()])
    from_keras(net, mine)
    np.testing.assert_allclose(mine.predict(x, verbose=0), theirs(net, x), rtol=0, atol=1e-6)
    mine.set_weights([w * 0.9 for w in mine.get_weights()])
    to_keras(mine, net)
    np.testing.assert_allclose(mine.predict(x, verbose=0), theirs(net, x), rtol=0, atol=1e-6)


def test_norms_between_flatten_and_dense_follow_the_pixels() -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten(), nn.BatchNorm1d(12), nn.Linear(12, 4), nn.BatchNorm1d(4))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 1, 3, 3)).astype(np.float32)
    zoo.predictions(model, x)
    for name, p in model.named_variables():
        p.data[...] = rng.uniform(0.5, 2, p.shape) if "variance" in name else rng.standard_normal(p.shape)
    layers, norm = keras.layers, lambda: keras.layers.BatchNormalization(epsilon=1e-5)
    net = keras.Sequential(
        [keras.Input((3, 3, 1)), layers.Conv2D(3, 2), layers.Flatten(), norm(), layers.Dense(4), norm()]
    )
    expected = zoo.predictions(model, x)
    np.testing.assert_allclose(theirs(to_keras(model, net), np.moveaxis(x, 1, -1)), expected, rtol=0, atol=1e-5)
    before = model.state_dict()
    after = from_keras(net, model).state_dict()
    assert all(np.array_equal(after[n], before[n]) for n in before)


def pixels(k: Any) -> list[Any]:
    layers = [k.Conv2D(2, 1), k.PReLU(shared_axes=[1, 2]), k.LayerNormalization(axis=[1, 2, 3], epsilon=1e-5)]
    return [*layers, k.Flatten(), k.PReLU(), k.RMSNormalization(epsilon=1e-6), k.Dense(2)]


PLACES: dict[str, tuple[Callable[[], list[nn.Module]], Callable[[Any], list[Any]], tuple[int, ...]]] = {
    "words": (
        lambda: [nn.Embedding(7, 4), nn.Flatten(), nn.Linear(20, 2)],
        lambda k: [k.Embedding(7, 4), k.Flatten(), k.Dense(2)],
        (5,),
    ),
    "a sequence": (
        lambda: [nn.LSTM(4, 3, return_sequences=True), nn.Flatten(), nn.Linear(15, 2)],
        lambda k: [k.LSTM(3, return_sequences=True), k.Flatten(), k.Dense(2)],
        (5, 4),
    ),
    "rows": (lambda: [nn.Flatten(), nn.Linear(20, 2)], lambda k: [k.Flatten(), k.Dense(2)], (5, 4)),
    "images": (lambda: [nn.Flatten(), nn.Linear(40, 2)], lambda k: [k.Flatten(), k.Dense(2)], (2, 5, 4)),
    "pixels": (
        lambda: [nn.Conv2d(2, 2, 1), nn.PReLU(2), nn.LayerNorm((2, 5, 4)), nn.Flatten(), nn.PReLU(40), nn.RMSNorm(40),
                 nn.Linear(40, 2)],
        pixels,
        (2, 5, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_features_are_in_keras_s_order(name: str) -> None:
    mine, layers, shape = PLACES[name]
    rng = np.random.default_rng(0)
    x = (
        rng.integers(0, 7, (3, *shape), dtype=np.int32)
        if name == "words"
        else rng.standard_normal((3, *shape)).astype(np.float32)
    )
    model = nn.Sequential(*mine())
    zoo.predictions(model, x)
    for _, p in model.named_variables():
        p.data[...] = rng.standard_normal(p.shape) * 0.5
    there = np.moveaxis(x, 1, -1) if len(shape) == 3 else x
    net = to_keras(model, keras.Sequential([keras.Input(there.shape[1:], dtype=str(x.dtype)), *layers(keras.layers)]))
    np.testing.assert_allclose(theirs(net, there), zoo.predictions(model, x), rtol=0, atol=2e-6)
    before = model.state_dict()
    after = from_keras(net, model).state_dict()
    assert all(np.array_equal(after[n], before[n]) for n in before)


@pytest.mark.parametrize("transposed", [False, True])
def test_convolutions_in_groups_and_transposed(transposed: bool) -> None:
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 5)).astype(np.float32)
    layer = nn.ConvTranspose2d(4, 6, 3, stride=2) if transposed else nn.Conv2d(4, 6, 3, groups=2)
    theirs_layer = keras.layers.Conv2DTranspose(6, 3, strides=2) if transposed else keras.layers.Conv2D(6, 3, groups=2)
    model = nn.Sequential(layer)
    net = to_keras(model, keras.Sequential([keras.Input((5, 5, 4)), theirs_layer]))
    mine = np.moveaxis(zoo.predictions(model, x), 1, -1)
    np.testing.assert_allclose(theirs(net, np.moveaxis(x, 1, -1)), mine, rtol=0, atol=2e-6)


def test_other_shapes_change_nothing() -> None:
    net = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10), keras.layers.Dense(9)])
    before = net.get_weights()
    model = zoo.seed()
    with pytest.raises(CheckpointError, match=r"Layer '2' has weights of shapes \[\(10, 10\), \(10,\)\]"):
        to_keras(model, net)
    assert all(np.array_equal(a, b) for a, b in zip(net.get_weights(), before))
    own = model.state_dict()
    with pytest.raises(CheckpointError, match="Nothing was changed"):
        from_keras(net, model)
    assert all(np.array_equal(own[n], a) for n, a in model.state_dict().items())
    with pytest.raises(CheckpointError, match="The model has 4 weights, the list has 3"):
        from_keras(net.get_weights()[:3], model)


def test_another_epsilon_is_said() -> None:
    net = keras.Sequential([keras.Input((3,)), keras.layers.LayerNormalization()])
    with pytest.warns(ExchangeWarning, match=r"epsilon=1e-05 here and 0\.001 there"):
        to_keras(nn.Sequential(nn.LayerNorm(3)), net)
