"""PyTorch predicts what models in Keras's words, and models of symbolic tensors, predict here.

Run: python -m pytest -m oracle tests/oracle/test_exchange_torch_keras.py
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import zoo

import tinygrad_edu.keras as keras
from tinygrad_edu import nn
from tinygrad_edu.engine.errors import CheckpointError, ExchangeError
from tinygrad_edu.io import from_torch, to_torch

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle
L = keras.layers


def filled(model: Any, seed: int = 0) -> Any:
    """Weights that are not the initial ones."""
    rng = np.random.default_rng(seed)
    for p in model.weights:
        p.data[...] = (
            rng.uniform(0.5, 1.5, p.shape) if "variance" in (p.name or "") else rng.standard_normal(p.shape) * 0.5
        )
    return model


def data(shape: tuple[int, ...], words: int = 0) -> Any:
    rng = np.random.default_rng(1)
    return rng.integers(0, words, (3, *shape)) if words else rng.standard_normal((3, *shape)).astype(np.float32)


def theirs(net: Any, *x: Any) -> Any:
    with torch.no_grad():
        out = net(*map(torch.from_numpy, x))
    return [o.numpy() for o in out] if isinstance(out, list) else out.numpy()


VOLUME, IMAGE, SEQUENCE, ROW = (5, 4, 6, 2), (7, 6, 4), (6, 4), (4,)
LAYERS: list[tuple[Callable[[], Any], tuple[int, ...]]] = [
    (lambda: L.Dense(5, activation="gelu"), SEQUENCE),
    (lambda: L.Dense(5, use_bias=False, activation="exponential"), ROW),
    *((lambda name=name: L.Activation(name), ROW) for name in (
        "relu", "sigmoid", "tanh", "silu", "gelu", "elu", "selu", "celu", "mish", "relu6", "softplus", "softsign", "softmax",
        "log_softmax", "log_sigmoid", "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "tanh_shrink", "glu", "linear",
        "hard_shrink", "soft_shrink")),
    (lambda: L.Conv2D(6, (3, 2), groups=2, dilation_rate=2, padding="same", activation="relu"), IMAGE),
    (lambda: L.Conv2D(3, 3, strides=(2, 3), padding="same", use_bias=False), IMAGE),
    (lambda: L.Conv2D(3, 2, data_format="channels_first"), IMAGE),
    (lambda: L.Conv1D(3, 3, padding="causal", dilation_rate=2), SEQUENCE),
    (lambda: L.Conv1D(3, 2, strides=2, padding="same"), SEQUENCE),
    (lambda: L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="tanh"), IMAGE),
    (lambda: L.SeparableConv2D(5, 2, depth_multiplier=2, padding="same"), IMAGE),
    (lambda: L.SeparableConv2D(5, 2, use_bias=False, dilation_rate=2), IMAGE),
    (lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu"), IMAGE),
    (lambda: L.Conv2DTranspose(3, (2, 1), strides=3), IMAGE),
    (lambda: L.Conv1DTranspose(2, 4, strides=2, padding="same"), SEQUENCE),
    (lambda: L.Conv3D(4, (2, 3, 1), padding="same", strides=(1, 2, 1), groups=2), VOLUME),
    (lambda: L.Conv3DTranspose(2, 2, strides=2, padding="same"), VOLUME),
    (lambda: L.DepthwiseConv1D(3, strides=2, padding="same", depth_multiplier=2), SEQUENCE),
    (lambda: L.SeparableConv1D(5, 2, activation="relu"), SEQUENCE),
    (lambda: L.MaxPooling3D(2, padding="same"), VOLUME),
    (lambda: L.AveragePooling3D((2, 1, 3), padding="same"), VOLUME),
    (lambda: L.GlobalMaxPooling3D(), VOLUME),
    (lambda: L.UpSampling3D((1, 2, 2)), VOLUME),
    (lambda: L.ZeroPadding3D(((1, 0), (0, 2), (1, 1))), VOLUME),
    (lambda: L.Cropping3D(1), VOLUME),
    (lambda: L.SpatialDropout3D(0.5), VOLUME),
    (lambda: L.BatchNormalization(), IMAGE),
    (lambda: L.BatchNormalization(axis=1, scale=False), SEQUENCE),
    (lambda: L.BatchNormalization(center=False), ROW),
    (lambda: L.BatchNormalization(center=False, scale=False), ROW),
    (lambda: L.LayerNormalization(), IMAGE),
    (lambda: L.LayerNormalization(axis=[1, 2], center=False), SEQUENCE),
    (lambda: L.LayerNormalization(scale=False), ROW),
    (lambda: L.LayerNormalization(center=False, scale=False), ROW),
    (lambda: L.RMSNormalization(), IMAGE),
    (lambda: L.GroupNormalization(2), IMAGE),
    (lambda: L.GroupNormalization(-1, axis=1, center=False), SEQUENCE),
    (lambda: L.GroupNormalization(2, center=False, scale=False), ROW),
    (lambda: L.MaxPooling2D(3, strides=2, padding="same"), IMAGE),
    (lambda: L.MaxPooling1D(2), SEQUENCE),
    (lambda: L.AveragePooling2D((3, 2), padding="same"), IMAGE),
    (lambda: L.AveragePooling1D(2, strides=1), SEQUENCE),
    (lambda: L.GlobalAveragePooling2D(), IMAGE),
    (lambda: L.GlobalAveragePooling1D(keepdims=True), SEQUENCE),
    (lambda: L.GlobalMaxPooling2D(data_format="channels_first"), IMAGE),
    (lambda: L.GlobalMaxPooling1D(), SEQUENCE),
    (lambda: L.Flatten(), IMAGE),
    (lambda: L.Flatten(data_format="channels_first"), IMAGE),
    (lambda: L.Reshape((-1, 2)), SEQUENCE),
    (lambda: L.Permute((3, 1, 2)), IMAGE),
    (lambda: L.RepeatVector(3), ROW),
    (lambda: L.UpSampling1D(3), SEQUENCE),
    (lambda: L.UpSampling2D((2, 3), interpolation="bilinear"), IMAGE),
    (lambda: L.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    (lambda: L.ZeroPadding1D(2), SEQUENCE),
    (lambda: L.Cropping2D(((1, 2), (0, 1))), IMAGE),
    (lambda: L.Cropping1D(1), SEQUENCE),
    (lambda: L.Dropout(0.5), ROW),
    (lambda: L.SpatialDropout1D(0.5), SEQUENCE),
    (lambda: L.SpatialDropout2D(0.5), IMAGE),
    (lambda: L.Rescaling(0.5, 1.0), IMAGE),
    (lambda: L.ReLU(max_value=1.5, negative_slope=0.1), ROW),
    (lambda: L.ReLU(threshold=0.3), ROW),
    (lambda: L.LeakyReLU(), ROW),
    (lambda: L.ELU(0.5), ROW),
    (lambda: L.PReLU(shared_axes=[1, 2]), IMAGE),
    (lambda: L.Softmax(1), SEQUENCE),
    (lambda: L.Identity(), ROW),
    (lambda: L.SimpleRNN(3, activation="relu", return_sequences=True), SEQUENCE),
    (lambda: L.LSTM(3, go_backwards=True, dropout=0.2), SEQUENCE),
    (lambda: L.LSTM(3, use_bias=False, return_sequences=True, go_backwards=True), SEQUENCE),
    (lambda: L.GRU(3, return_sequences=True), SEQUENCE),
    *((lambda mode=mode: L.Bidirectional(L.LSTM(3, return_sequences=True), mode), SEQUENCE)
      for mode in ("concat", "sum", "mul", "ave", None)),
    (lambda: L.Bidirectional(L.GRU(3)), SEQUENCE),
    (lambda: L.TimeDistributed(L.Conv1D(2, 2)), IMAGE),
]  # fmt: skip


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=zoo.title)
def test_every_layer(make: Callable[[], Any], shape: tuple[int, ...]) -> None:
    x = keras.Input(shape)
    model, values = filled(keras.Model(x, make()(x))), data(shape)
    expected = model.predict(values, verbose=0)
    out = theirs(to_torch(model), values)
    for mine, other in zip(
        expected if isinstance(expected, list) else [expected], out if isinstance(out, list) else [out]
    ):
        np.testing.assert_allclose(other, mine, rtol=0, atol=2e-6)


def network() -> Any:
    """Images; dense layers behind a Flatten, which has its pixels in the order of channels last."""
    return keras.Sequential(
        [keras.Input(IMAGE), L.Conv2D(5, 3, padding="same", activation="relu"), L.BatchNormalization(), L.MaxPooling2D(2),
         L.Conv2D(4, 2), L.Flatten(), L.LayerNormalization(), L.Dense(6, activation="tanh"), L.Dropout(0.3), L.Dense(3)]
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_come_back(dtype: Any) -> None:
    model, x = filled(network()).astype(dtype), data(IMAGE).astype(dtype)
    net = to_torch(model)
    np.testing.assert_allclose(theirs(net, x), zoo.predictions(model, x), rtol=0, atol=1e-6)
    for p in net.parameters():
        p.data += 0.01
    other = from_torch(net, network().astype(dtype))
    np.testing.assert_allclose(theirs(net, x), zoo.predictions(other, x), rtol=0, atol=1e-6)


def test_a_network_written_in_pytorch() -> None:
    model = filled(keras.Sequential([keras.Input((6,), dtype="int32"), L.Embedding(9, 4), L.GRU(5), L.Dense(2)]))

    class Net(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.words, self.gru = torch.nn.Embedding(9, 4), torch.nn.GRU(4, 5, batch_first=True)
            self.head = torch.nn.Linear(5, 2)

        def forward(self, ids: Any) -> Any:
            return self.head(self.gru(self.words(ids))[1][0])

    x = data((6,), 9)
    np.testing.assert_allclose(theirs(to_torch(model, Net()), x), model.predict(x, verbose=0), rtol=0, atol=1e-6)


def test_models_of_symbolic_tensors() -> None:
    """Two inputs, a layer that is used twice, a model inside, all ways to merge, operators and activations."""
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = L.Dense(4, activation="relu")
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4), L.LayerNormalization()])
    a, b = shared(left), inner(shared(right))
    joined = [
        L.Add()([a, b, a]),
        L.Subtract()([a, b]),
        L.Multiply()([a, b]),
        L.Average()([a, b]),
        L.Maximum()([a, b]),
        L.Minimum()([a, b]),
    ]
    x = L.Concatenate()(joined)
    y = keras.ops.tanh(-x[:, :8] * 2.0 + x[:, 8:16] / 3.0) ** 2 - abs(x[:, 16:]) + np.arange(8, dtype=np.float32)
    model = filled(keras.Model([left, right], [L.Dense(2)(y), y]))
    given = [data((4,)), data((4,))[::-1].copy()]
    for mine, other in zip(model.predict(given, verbose=0), theirs(to_torch(model), *given)):
        np.testing.assert_allclose(other, mine, rtol=0, atol=2e-6)


def test_symbolic_tensors_and_layers_of_nn() -> None:
    x = nn.Input((2, 8, 8), name="pictures")
    hidden = nn.ReLU()(nn.Conv2d(2, 3, 3, padding=1)(x))
    hidden = nn.Flatten()(nn.MaxPool2d(2)(hidden + nn.Conv2d(3, 3, 1)(hidden)))
    model, values = filled(nn.Model({"pictures": x}, {"classes": nn.Linear(2)(hidden)})), data((2, 8, 8))
    with torch.no_grad():
        out = to_torch(model)({"pictures": torch.from_numpy(values)})["classes"].numpy()
    np.testing.assert_allclose(out, model.predict({"pictures": values}, verbose=0)["classes"], rtol=0, atol=2e-6)


def test_a_made_network_can_be_trained_and_stored(tmp_path: Any) -> None:
    net = to_torch(filled(network()))
    x = torch.from_numpy(data(IMAGE))
    before = net(x)
    torch.save(net, tmp_path / "net.pt")
    assert torch.equal(torch.load(tmp_path / "net.pt", weights_only=False)(x), before)
    net.train()
    torch.nn.functional.mse_loss(net(x), torch.zeros(3, 3)).backward()
    assert all(p.grad is not None for p in net.parameters())


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: L.GaussianNoise(0.1)(x), "GaussianNoise.* cannot be made in PyTorch: it has no counterpart"),
    (lambda x: L.LSTM(2)(L.Masking()(x)), "Masking.*masks travel beside the data"),
    (lambda x: L.LSTM(2, activation="relu")(x), "LSTM.*activation='relu'"),
    (lambda x: L.GRU(2, reset_after=False)(x), "GRU.*reset_after=False"),
    (lambda x: L.LSTM(2, recurrent_activation="hard_sigmoid")(x), "recurrent_activation='hard_sigmoid'"),
    (lambda x: L.LayerNormalization(axis=1)(x), "axis=1; PyTorch normalises over the last axes"),
    (lambda x: L.Dense(2, activation=operator.neg)(x), "its activation is 'neg'"),
    (lambda x: L.ReLU(threshold=0.1, negative_slope=0.1)(x), "a threshold and a slope"),
    (lambda x: L.Softmax((1, 2))(x), r"axis=\(1, 2\) names several"),
    (lambda x: keras.ops.cumsum(x, axis=1), "the operation 'cumsum' between layers has no counterpart"),
    (lambda x: L.Lambda(lambda v: v * 2)(x), "Lambda.*it has no counterpart"),
]


@pytest.mark.parametrize(("layer", "message"), REFUSED)
def test_what_pytorch_does_not_have(layer: Callable[[Any], Any], message: str) -> None:
    x = keras.Input(SEQUENCE)
    with pytest.raises(ExchangeError, match=message):
        to_torch(keras.Model(x, layer(x)))


def test_other_sizes_change_nothing() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(4, 3))
    before = net[0].weight.clone()
    with pytest.raises(CheckpointError, match=r"0\.weight is \(3, 4\) .* \(2, 4\)"):
        to_torch(keras.Sequential([keras.Input((4,)), L.Dense(2)]), net)
    assert torch.equal(net[0].weight, before)
