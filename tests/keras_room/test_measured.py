"""Values that Keras 3.15 was seen to print, from the words that its users type."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tinygrad_edu import keras
from tinygrad_edu.keras import layers


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (keras.optimizers.SGD(0.1, momentum=0.9), [0.9049, 2.1902, 2.7147]),
        (keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), [0.85441, 2.29118, 2.56323]),
        (keras.optimizers.Adam(0.1), [0.70769, 2.29231, 2.70769]),
        (keras.optimizers.AdamW(0.1), [0.70661, 2.28980, 2.70421]),
        (keras.optimizers.RMSprop(0.1), [0.13901, 2.86100, 2.13900]),
    ],
    ids=["momentum", "nesterov", "adam", "adamw", "rmsprop"],
)
def test_three_steps(optimizer: keras.Optimizer, expected: list[float]) -> None:
    """v = [1, 2, 3] along g = [.1, -.2, .3] s for s = 1, 2, 3, in a fit whose loss is the sum of g v."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(3, use_bias=False)])
    model.set_weights([np.array([[1.0, 2.0, 3.0]])])
    model.compile(optimizer, lambda y, y_pred: (y * y_pred).sum(axis=-1))
    steps = np.array([[1.0], [2.0], [3.0]])
    model.fit(np.ones((3, 1)), steps * np.array([0.1, -0.2, 0.3]), batch_size=1, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0][0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", {"learning_rate": 0.01, "momentum": 0.0}),
        ("adam", {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}),
        ("rmsprop", {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7}),
        ("adamw", {"learning_rate": 0.001, "weight_decay": 0.004}),
        ("adagrad", {"learning_rate": 0.001, "initial_accumulator_value": 0.1}),
    ],
)
def test_defaults(name: str, expected: dict[str, float]) -> None:
    config = keras.optimizers.get(name).get_config()
    assert {key: config[key] for key in expected} == pytest.approx(expected)


def test_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    keras.backend.clear_session()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.summary()
    text = capsys.readouterr().out
    assert [layer.name for layer in model.layers] == [
        "conv2d",
        "batch_normalization",
        "max_pooling2d",
        "flatten",
        "dense",
    ]
    for part in ('Model: "sequential"', "(None, 26, 26, 32)", "54,090", " Total params: 54,538 (213.04 KB)\n"):
        assert part in text


def test_a_line_of_a_log_file(capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.ones((100, 4)), np.arange(100) % 3, verbose=2)
    line = capsys.readouterr().out
    keras_s = r"4/4 - 0s - \d+(ms|us)/step - accuracy: 0\.\d{4} - loss: \d\.\d{4}\n"
    assert re.fullmatch(keras_s, line), line
