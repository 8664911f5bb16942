"""Weights in Keras's layout, where Keras itself is not needed: ``tinygrad_edu.keras`` keeps them so."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import zoo

from tinygrad_edu import io, keras, nn
from tinygrad_edu.engine.errors import NotReadyError


@pytest.mark.parametrize("network", zoo.NETWORKS)
def test_arrays_go_there_and_back(network: type) -> None:
    model = zoo.subject(network).model
    other = io.from_keras(io.to_keras(model), zoo.subject(network, start=1).model)
    before = model.state_dict()
    assert all(np.array_equal(a, before[n]) for n, a in other.state_dict().items())


def test_the_same_network_in_both_vocabularies() -> None:
    model, x = zoo.subject(zoo.convnet)
    layers = keras.layers
    other = keras.Sequential(
        [
            keras.Input((12, 12, 2)), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(epsilon=1e-5),
            layers.ReLU(), layers.MaxPooling2D(), layers.Conv2D(6, 3, activation="relu"), layers.AveragePooling2D(2),
            layers.Flatten(), layers.Dense(5, activation="softmax"),
        ]
    )  # fmt: skip
    other.set_weights(io.to_keras(model))
    mine = other.predict(np.moveaxis(x, 1, -1), verbose=0)
    np.testing.assert_allclose(mine, zoo.predictions(model, x), rtol=0, atol=1e-6)


def test_a_flatten_that_saw_no_image_yet() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    with pytest.raises(NotReadyError, match="Call it once"):
        io.to_keras(model)


@pytest.mark.parametrize("first", [nn.Embedding(7, 4), nn.GRU(4, 3, return_sequences=True), nn.Linear(4, 3)])
def test_sequences_are_flattened_alike(first: nn.Module) -> None:
    """(T, F) here and there: only what convolutions give has its channels elsewhere."""
    model = nn.Sequential(first, nn.Flatten(), nn.Linear(None, 2))
    x = np.ones((2, 5) if isinstance(first, nn.Embedding) else (2, 5, 4), np.float32)
    model(x)
    assert np.array_equal(io.to_keras(model)[-2], model[2].weight.data)


def test_pixels_are_followed_through_all_that_has_weights() -> None:
    class Own(nn.Conv2d):
        pass

    model = nn.Sequential(
        Own(1, 2, 1), nn.PReLU(2), nn.LayerNorm((2, 2, 3)), nn.Flatten(), nn.Flatten(), nn.PReLU(12), nn.RMSNorm(12),
        nn.Linear(12, 2),
    )  # fmt: skip
    model(np.ones((1, 1, 2, 3), np.float32))
    for layer in model[5], model[6]:
        layer.weight.data[...] = np.arange(12)
    arrays = io.to_keras(model)
    assert [a.shape for a in arrays[2:5]] == [(1, 1, 2), (2, 3, 2), (2, 3, 2)]
    for a in arrays[5:7]:
        assert a.tolist() == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]
    after = io.from_keras(arrays, model).state_dict()
    assert all(np.array_equal(a, after[n]) for n, a in model.state_dict().items())
