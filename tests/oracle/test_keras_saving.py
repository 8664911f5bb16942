"""Files beside Keras's own: the same weights under the same path names.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_saving.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu.keras as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
theirs = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def convnet(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((8, 8, 2)),
            layers.Conv2D(3, 3),
            layers.BatchNormalization(),
            layers.SeparableConv2D(2, 2),
            layers.DepthwiseConv2D(2),
            layers.Flatten(),
            layers.PReLU(),
            layers.Dense(3),
            layers.Dense(2),
        ]
    )


def recurrent(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((7,)),
            layers.Embedding(9, 4),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(2)),
            layers.GRU(2, return_sequences=True),
            layers.SimpleRNN(2),
        ]
    )


def cells(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((7, 4)),
            layers.RNN(layers.LSTMCell(3), return_sequences=True),
            layers.Bidirectional(layers.RNN([layers.GRUCell(2), layers.SimpleRNNCell(3)], return_sequences=True)),
            layers.EinsumDense("abc,cde->abde", (None, 2, 2), bias_axes="de"),
            layers.RMSNormalization(),
            layers.Conv2DTranspose(2, 2),
            layers.GroupNormalization(2),
        ]
    )


def volumes(k: Any) -> Any:
    layers = k.layers
    three = [layers.Conv3D(2, 2), layers.Conv3DTranspose(2, 2), layers.MaxPooling3D(), layers.GlobalMaxPooling3D()]
    return k.Sequential([k.Input((4, 4, 4, 2)), *three, layers.Dense(3)])


def looking(k: Any) -> Any:
    x = k.Input((6, 4))
    found = k.layers.Attention(True, "concat")([x, k.layers.SeparableConv1D(4, 2)(x)])
    return k.Model(x, k.layers.AdditiveAttention()([x, k.layers.DepthwiseConv1D(2)(found)]))


def attention(k: Any) -> Any:
    x = k.Input((6, 4))
    return k.Model(x, k.layers.LayerNormalization()(k.layers.MultiHeadAttention(2, 3)(x, x)))


def nested(k: Any) -> Any:
    x = k.Input((4,))
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(3)])
    return k.Model(x, k.layers.Add()([inner(x), k.layers.Dense(3)(x)]))


def subclass(k: Any) -> Any:
    layers = k.layers

    class Net(k.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(2)
            self.blocks = [layers.Dense(3), layers.LayerNormalization(), layers.Dense(4)]
            self.heads = {"a": layers.Dense(1)}

        def call(self, inputs: Any) -> Any:
            x = self.first(inputs)
            for block in self.blocks:
                x = block(x)
            return self.heads["a"](x)

    net = Net()
    net(np.ones((1, 4), "float32"))
    return net


@pytest.mark.parametrize("build", [convnet, recurrent, cells, volumes, looking, attention, nested, subclass])
def test_weights_lie_under_the_same_names(build: Callable[[Any], Any], tmp_path: Path) -> None:
    mine, reference = build(ours), build(theirs)
    reference.save_weights(tmp_path / "theirs.weights.h5")
    expected: dict[str, Any] = {}
    with h5py.File(tmp_path / "theirs.weights.h5") as file:
        file.visititems(lambda name, o: expected.update({name: o[()]}) if isinstance(o, h5py.Dataset) else None)
    mine.set_weights(reference.get_weights())
    mine.save_weights(tmp_path / "mine.weights.npz")
    with np.load(tmp_path / "mine.weights.npz") as arrays:
        found = {name: arrays[name] for name in arrays if name != "metadata.json"}
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert np.array_equal(found[name], array), name
