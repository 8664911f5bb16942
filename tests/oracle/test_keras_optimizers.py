"""Optimisers beside Keras's own: options beyond the rule, 8 steps on the same gradients, in float32.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_optimizers.py
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import keras as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

NAMES = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Lion"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"use_ema": True, "ema_momentum": 0.7},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "weight_decay": 0.1},
    {"clipvalue": 0.1, "weight_decay": 0.01},
    {"global_clipnorm": 0.3},
]
RNG = np.random.default_rng(2)
X = RNG.standard_normal((80, 5)).astype("float32")
Y = (X @ RNG.standard_normal((5, 2))).astype("float32")


def trained(k: Any, name: str, options: dict[str, Any], weights: Any) -> tuple[Any, Any]:
    model = k.Sequential(
        [k.Input((5,)), k.layers.Dense(4, activation="tanh"), k.layers.Dense(2, kernel_constraint="max_norm")]
    )
    model.set_weights(weights)
    model.compile(getattr(k.optimizers, name)(0.05, **options), "mse")
    history = model.fit(X, Y, batch_size=10, shuffle=False, verbose=0)
    return history.history["loss"], model


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_fit_moves_the_weights_alike(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(s).astype("float32") * 0.5 for s in ((5, 4), (4,), (4, 2), (2,))]
    losses, mine = trained(ours, name, options, weights)
    expected, theirs = trained(keras, name, options, weights)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    for w, v in zip(mine.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(w, v, rtol=0, atol=1e-4 * abs(v).max())
    assert mine.optimizer.iterations == int(theirs.optimizer.iterations)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_by_place(name: str) -> None:
    given = [0.1, 0.2, 0.3][: 2 if name in ("Adagrad", "SGD") else 3]
    mine, theirs = getattr(ours.optimizers, name)(*given), getattr(keras.optimizers, name)(*given)
    config, expected = mine.get_config(), theirs.get_config()
    for key in set(expected) - {"name", "loss_scale_factor"}:
        assert config[key] == pytest.approx(expected[key]), key


SCHEDULES = [
    ("ExponentialDecay", (0.1, 5, 0.5), {"staircase": True}),
    ("ExponentialDecay", (0.1, 5, 0.5), {}),
    ("InverseTimeDecay", (0.1, 5, 0.5), {}),
    ("PolynomialDecay", (0.1, 6), {"power": 2.0, "cycle": True}),
    ("PiecewiseConstantDecay", ([3, 7], [0.1, 0.01, 0.001]), {}),
    ("CosineDecay", (0.1, 8), {"alpha": 0.1, "warmup_target": 0.5, "warmup_steps": 3}),
    ("CosineDecayRestarts", (0.1, 4), {"t_mul": 1.5, "m_mul": 0.8}),
]


@pytest.mark.parametrize(("name", "args", "options"), SCHEDULES)
def test_schedules(name: str, args: Any, options: dict[str, Any]) -> None:
    mine = getattr(ours.optimizers.schedules, name)(*args, **options)
    theirs = getattr(keras.optimizers.schedules, name)(*args, **options)
    rates = [float(theirs(step)) for step in range(15)]
    np.testing.assert_allclose([mine(step) for step in range(15)], rates, rtol=1e-4, atol=1e-8)
    config = theirs.get_config()
    assert {key: config[key] for key in mine.get_config()} == mine.get_config()
