"""Every layer, network, optimiser, loss and metric on a device, against the host: on the stand-in, and under ``-m gpu`` on CuPy."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import zoo
from helpers.device import DEVICES, needed, standing_in

import tinygrad_edu as tg
from tinygrad_edu import keras, nn, optim
from tinygrad_edu.engine.device import host, moved
from tinygrad_edu.training import losses, metrics
from tinygrad_edu.training.run import generators

RNG = np.random.default_rng(0)
SHAPES = ((4, 6), (2, 5, 6), (2, 6, 6, 2), (2, 4, 5, 6, 2))
FLAT, STEPS, IMAGES, VOLUMES = (RNG.standard_normal(shape).astype(np.float32) for shape in SHAPES)
WORDS = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0], [1, 1, 1, 1, 1]])
layers = keras.layers


@pytest.fixture(autouse=True, scope="module")
def standin() -> Any:
    with standing_in("standin"):
        yield


@pytest.fixture(params=DEVICES)
def where(request: pytest.FixtureRequest) -> str:
    """A device that this machine has."""
    needed(request.param)
    return str(request.param)


def computed(model: Any, x: Any, device: str) -> list[Any]:
    """What comes out in training, and every gradient, on the host."""
    for _, generator in generators(model):
        generator.bit_generator.state = np.random.default_rng(5).bit_generator.state
    given = tg.Tensor(moved(x, device), requires_grad=x.dtype.kind == "f")
    out = model(given, training=True)
    outputs = out if isinstance(out, (list, tuple)) else [out]
    total = sum((o * o).sum() for o in outputs)
    if total.requires_grad:
        total.backward()
    leaves = [given, *(p for _, p in model.named_parameters())]
    return [host(o.data) for o in outputs] + [host(p.grad.data) for p in leaves if p.grad is not None]


def same_there(make: Callable[[], Any], x: Any, where: str) -> None:
    """A model computes on the device what it computes on the host."""
    found: list[Any] = []
    state: Any = None
    for device in ("cpu", where):
        keras.backend.clear_session()
        tg.set_random_seed(0)
        model = make()
        model(tg.Tensor(x), training=False)  # builds it
        state = state or model.state_dict()
        model.load_state_dict(state)
        model.to(device)
        found.append(computed(model, x, device))
    assert len(found[0]) == len(found[1])
    for here, there in zip(*found):
        np.testing.assert_allclose(there, here, rtol=2e-4, atol=1e-4 * max(1, abs(here).max(initial=0)))


@pytest.mark.parametrize(("make", "shape"), zoo.LAYERS, ids=zoo.title)
def test_layers(make: Any, shape: tuple[int, ...], where: str) -> None:
    same_there(lambda: nn.Sequential(make()), RNG.standard_normal(shape).astype(np.float32), where)


KERAS = [
    (lambda: layers.Dense(3, activation="relu", kernel_regularizer="l2"), FLAT),
    (lambda: layers.BatchNormalization(), FLAT),
    (lambda: layers.Dropout(0.4), FLAT),
    (lambda: layers.GaussianNoise(0.4), FLAT),
    (lambda: layers.PReLU(), FLAT),
    (lambda: layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.1), FLAT),
    (lambda: layers.LSTM(3, return_sequences=True, dropout=0.3, recurrent_dropout=0.2), STEPS),
    (lambda: layers.SimpleRNN(3, go_backwards=True), STEPS),
    (lambda: layers.Bidirectional(layers.GRU(3)), STEPS),
    (lambda: layers.TimeDistributed(layers.Dense(2)), STEPS),
    (lambda: layers.Conv1D(4, 3, padding="causal"), STEPS),
    (lambda: layers.RNN([layers.GRUCell(3, dropout=0.3), layers.LSTMCell(3, recurrent_dropout=0.2)]), STEPS),
    (lambda: layers.SpatialDropout1D(0.4), STEPS),
    (lambda: layers.Masking(), STEPS),
    (lambda: layers.Conv2D(4, 3, padding="same", strides=2), IMAGES),
    (lambda: layers.SeparableConv2D(4, 3), IMAGES),
    (lambda: layers.DepthwiseConv2D(3), IMAGES),
    (lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same"), IMAGES),
    (lambda: layers.MaxPooling2D(padding="same"), IMAGES),
    (lambda: layers.AveragePooling2D(padding="same"), IMAGES),
    (lambda: layers.UpSampling2D(2, interpolation="bilinear"), IMAGES),
    (lambda: layers.Cropping2D(1), IMAGES),
    (lambda: layers.ZeroPadding2D(2), IMAGES),
    (lambda: layers.RandomFlip(), IMAGES),
    (lambda: layers.RandomRotation(0.2), IMAGES),
    (lambda: layers.RandomTranslation(0.2, 0.2), IMAGES),
    (lambda: layers.RandomZoom(0.2), IMAGES),
    (lambda: layers.RandomBrightness(0.2, (-2, 2)), IMAGES),
    (lambda: layers.RandomContrast(0.2, (-2, 2)), IMAGES),
    (lambda: layers.RandomCrop(4, 3), IMAGES),
    (lambda: layers.Conv3D(3, 2, strides=2, padding="same"), VOLUMES),
    (lambda: layers.Conv3DTranspose(3, 2, strides=2), VOLUMES),
    (lambda: layers.MaxPooling3D(padding="same"), VOLUMES),
    (lambda: layers.AveragePooling3D(padding="same"), VOLUMES),
    (lambda: layers.GlobalAveragePooling3D(), VOLUMES),
    (lambda: layers.GlobalMaxPooling3D(), VOLUMES),
    (lambda: layers.UpSampling3D(), VOLUMES),
    (lambda: layers.ZeroPadding3D(), VOLUMES),
    (lambda: layers.Cropping3D(), VOLUMES),
    (lambda: layers.SpatialDropout3D(0.4), VOLUMES),
    (lambda: layers.DepthwiseConv1D(3), STEPS),
    (lambda: layers.SeparableConv1D(4, 3), STEPS),
    (lambda: layers.GroupNormalization(2), IMAGES),
    (lambda: layers.RMSNormalization(), STEPS),
    (lambda: layers.UnitNormalization(), STEPS),
    (lambda: layers.SpectralNormalization(layers.Dense(3)), FLAT),
    (lambda: layers.EinsumDense("abc,cde->adbe", (3, None, 2), bias_axes="e"), STEPS),
    (lambda: layers.ActivityRegularization(0.1, 0.2), FLAT),
    (lambda: layers.AlphaDropout(0.4), FLAT),
]


@pytest.mark.parametrize(("make", "x"), KERAS, ids=lambda v: type(v()).__name__ if callable(v) else "")
def test_layers_of_keras(make: Any, x: Any, where: str) -> None:
    same_there(lambda: keras.Sequential([make()]), x, where)


def masked() -> Any:
    words = [layers.Embedding(10, 4, mask_zero=True), layers.Bidirectional(layers.GRU(3, return_sequences=True))]
    return keras.Sequential([*words, layers.LSTM(4), layers.Dense(2)])


def attention() -> Any:
    x = keras.Input((5, 6))
    return keras.Model(x, layers.Add()([x, layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)]))


def additive_attention() -> Any:
    ids = keras.Input((5,), dtype="int64")
    words = layers.Embedding(10, 4, mask_zero=True)(ids)
    for kind in (layers.Attention(True, "concat", dropout=0.2), layers.Attention(), layers.AdditiveAttention()):
        words = kind([words, words], use_causal_mask=True)
    return keras.Model(ids, words)


def merging() -> Any:
    x = keras.Input((6,))
    pair = [layers.Dense(3)(x), layers.Dense(3)(x)]
    kinds = (layers.Multiply(), layers.Maximum(), layers.Average(), layers.Subtract(), layers.Minimum(), layers.Dot(1))
    return keras.Model(x, layers.Concatenate()([kind(pair) for kind in kinds]))


@pytest.mark.parametrize(
    ("make", "x"), [(masked, WORDS), (attention, STEPS), (additive_attention, WORDS), (merging, FLAT)]
)
def test_models_of_keras(make: Any, x: Any, where: str) -> None:
    same_there(make, x, where)


# -- training ----------------------------------------------------------------------------------------------------------

RULES = [getattr(optim, name) for name in optim.__all__ if inspect.isclass(getattr(optim, name))]
RULES = [rule for rule in RULES if issubclass(rule, optim.Optimizer) and rule is not optim.Optimizer]
OPTIONS: list[dict[str, Any]] = [
    {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"clipvalue": 0.01}, {"use_ema": True},
    {"gradient_accumulation_steps": 2}, {"weight_decay": 0.1},
]  # fmt: skip


def fitted(rule: Any, device: str) -> list[Any]:
    tg.set_random_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3), nn.Softmax()).to(device)
    model.compile(rule(), "sparse_categorical_crossentropy", metrics=["accuracy", "sparse_top_k_categorical_accuracy"])
    y = np.arange(4) % 3
    history = model.fit(FLAT, y, epochs=3, verbose=0, batch_size=2, validation_data=(FLAT, y)).history
    return [*model.state_dict().values(), *history.values()]


@pytest.mark.parametrize(
    "rule",
    [*RULES, *(lambda o=o: optim.Adam(lr=0.01, **o) for o in OPTIONS)],
    ids=[*(r.__name__ for r in RULES), *(next(iter(o)) for o in OPTIONS)],
)
def test_optimisers(rule: Any, where: str) -> None:
    for here, there in zip(fitted(rule, "cpu"), fitted(rule, where), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-6)


def classes(module: Any, base: type) -> list[Any]:
    """Those of a module that need no arguments."""
    found = [
        kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, base) and kind is not base
    ]
    needed = lambda kind: [p for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    return [kind for kind in found if not inspect.isabstract(kind) and not needed(kind)]


PREDICTED = np.float32([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1], [0.3, 0.4, 0.3]])
TARGETS = np.eye(3, dtype=np.float32)[[1, 2, 1, 0]]


@pytest.mark.parametrize("kind", classes(losses, losses.Loss))
def test_losses(kind: Any, where: str) -> None:
    targets = TARGETS.argmax(-1) if "Sparse" in kind.__name__ else TARGETS
    found = []
    for device in ("cpu", where):
        y = tg.Tensor(PREDICTED, requires_grad=True)
        loss = kind()(moved(targets, device), y.to(device))
        loss.backward()
        found.append((loss.item(), y.grad.data))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-5)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-4, atol=1e-6)


MEASURES = [kind for kind in classes(metrics, metrics.Metric) if kind not in (metrics.Mean, metrics.Sum)]


@pytest.mark.parametrize("kind", MEASURES)
def test_metrics(kind: Any, where: str) -> None:
    targets = TARGETS.argmax(-1) if "Sparse" in kind.__name__ else TARGETS
    found = []
    for device in ("cpu", where):
        metric = kind()
        for weight in (None, np.float32([1, 0, 2, 1])):
            weights = () if weight is None else (moved(weight, device),)
            metric.update_state(moved(targets, device), tg.Tensor(moved(PREDICTED, device)), *weights)
        found.append(metric.result())
    np.testing.assert_allclose(*map(np.asarray, found), rtol=1e-6)
