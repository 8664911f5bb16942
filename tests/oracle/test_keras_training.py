"""Every optimiser and every loss that we export, beside Keras's own: the same losses, metrics and weights after 20 steps.

Run: python -m pytest -m oracle tests/oracle/test_keras_training.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu.keras as ours

theirs = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

N, D, C = 40, 6, 4
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, D)).astype(np.float32)
CLASSES = X[:, :C].argmax(axis=1)
ONE_HOT = np.eye(C, dtype=np.float32)[CLASSES]
REALS = np.tanh(X @ RNG.normal(size=(D, C))).astype(np.float32)
SHARES = np.exp(REALS) / np.exp(REALS).sum(axis=1, keepdims=True)

TARGETS = {  # what each loss compares with, and what a model for it ends in
    "BinaryCrossentropy": (ONE_HOT, "sigmoid"),
    "BinaryFocalCrossentropy": (ONE_HOT, "sigmoid"),
    "CategoricalCrossentropy": (ONE_HOT, "softmax"),
    "CategoricalFocalCrossentropy": (ONE_HOT, "softmax"),
    "CategoricalHinge": (ONE_HOT, None),
    "CosineSimilarity": (REALS, None),
    "Dice": (ONE_HOT, "sigmoid"),
    "Hinge": (2 * ONE_HOT - 1, None),
    "Huber": (3 * REALS, None),
    "KLDivergence": (SHARES, "softmax"),
    "LogCosh": (REALS, None),
    "MeanAbsoluteError": (REALS, None),
    "MeanAbsolutePercentageError": (REALS + 30, None),
    "MeanSquaredError": (REALS, None),
    "MeanSquaredLogarithmicError": (abs(REALS), "softplus"),
    "Poisson": (np.round(3 * abs(REALS)), "softplus"),
    "SparseCategoricalCrossentropy": (CLASSES, "softmax"),
    "SquaredHinge": (2 * ONE_HOT - 1, None),
    "Tversky": (ONE_HOT, "sigmoid"),
}
LOGITS = [name for name in TARGETS if name.endswith("entropy")]
OPTIONS = [*((name, {}) for name in TARGETS), *((name, {"from_logits": True}) for name in LOGITS)]


def exported(room: Any, base: type) -> set[str]:
    """The concrete classes of a room."""
    classes = ((name, getattr(room, name)) for name in room.__all__)
    return {name for name, c in classes if isinstance(c, type) and issubclass(c, base) and c is not base}


def test_no_loss_is_forgotten() -> None:
    made_of_functions = {"FunctionLoss"}  # a loss made of any function, not one of its own
    assert exported(ours.losses, ours.losses.Loss) == {*TARGETS, *made_of_functions}


OPTIMIZERS = sorted(exported(ours.optimizers, ours.optimizers.Optimizer))


def close(mine: Any, reference: Any) -> None:
    """Within 1e-4 of the largest entry."""
    mine, reference = np.asarray(mine), np.asarray(reference)
    assert mine.shape == reference.shape
    np.testing.assert_allclose(mine, reference, rtol=0, atol=1e-4 * np.abs(reference).max())


def trained(
    k: Any, optimizer: Any, loss: Any, y: Any, end: str | None, metrics: list[str]
) -> tuple[Any, dict[str, Any]]:
    """A model after 20 steps from weights that are the same for all, and its history."""
    layers = [k.Input((D,)), k.layers.Dense(8, activation="tanh"), k.layers.Dense(C, activation=end)]
    model = k.Sequential(layers)
    rng = np.random.default_rng(1)
    model.set_weights([0.5 * rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    model.compile(optimizer, loss, metrics=metrics)
    return model, model.fit(X, y, batch_size=10, epochs=5, shuffle=False, verbose=0).history


def compare(optimizer: str, options: dict[str, Any], loss: str, loss_options: dict[str, Any]) -> None:
    y, end = TARGETS[loss]
    end = None if loss_options else end
    metrics = ["accuracy", "mse"] if loss in LOGITS[1:] and y.ndim == 2 else ["mae"] if y.ndim == 2 else ["accuracy"]
    results = [
        trained(
            k, getattr(k.optimizers, optimizer)(**options), getattr(k.losses, loss)(**loss_options), y, end, metrics
        )
        for k in (ours, theirs)
    ]
    (mine, my_history), (reference, history) = results
    assert set(my_history) == set(history)
    for name, numbers in history.items():
        close(my_history[name], numbers)
    for got, wanted in zip(mine.get_weights(), reference.get_weights(), strict=True):
        close(got, wanted)


@pytest.mark.parametrize(("loss", "options"), OPTIONS, ids=str)
def test_loss(loss: str, options: dict[str, Any]) -> None:
    compare("SGD", {"learning_rate": 0.05, "momentum": 0.5}, loss, options)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizer(optimizer: str) -> None:
    compare(optimizer, {"learning_rate": 0.01}, "MeanSquaredError", {})
