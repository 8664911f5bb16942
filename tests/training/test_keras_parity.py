"""Against Keras itself: same predictions in, same losses and metrics out; same weights in, same training."""

import itertools
import os
from typing import Any

import numpy as np
import pytest
from helpers.net import Net

from tinygrad_edu.training import Callback, callbacks, losses, metrics
from tinygrad_edu.training.callbacks.base import HOOKS

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(3)
N, C = 16, 5


def probabilities() -> np.ndarray:
    e = np.exp(RNG.normal(size=(N, C)))
    return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)


PREDICTIONS = probabilities()
CLASSES = RNG.integers(0, C, N)
ONE_HOT = np.eye(C, dtype=np.float32)[CLASSES]
REALS = RNG.normal(size=(N, C)).astype(np.float32)
WEIGHTS = RNG.random(N).astype(np.float32)

CASES = {
    "mean_squared_error": (REALS, PREDICTIONS),
    "mean_absolute_error": (REALS, PREDICTIONS),
    "mean_absolute_percentage_error": (REALS, PREDICTIONS),
    "mean_squared_logarithmic_error": (abs(REALS), PREDICTIONS),
    "huber": (3 * REALS, PREDICTIONS),
    "log_cosh": (REALS, PREDICTIONS),
    "poisson": (CLASSES[:, None] * np.ones((1, C), np.float32), PREDICTIONS),
    "cosine_similarity": (REALS, PREDICTIONS),
    "hinge": (ONE_HOT, REALS),
    "squared_hinge": (2 * ONE_HOT - 1, REALS),
    "categorical_hinge": (ONE_HOT, REALS),
    "kl_divergence": (probabilities(), PREDICTIONS),
    "binary_crossentropy": (ONE_HOT, PREDICTIONS),
    "categorical_crossentropy": (ONE_HOT, PREDICTIONS * 1.7),
    "sparse_categorical_crossentropy": (CLASSES, PREDICTIONS * 1.7),
}


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_losses(name: str, weighted: bool, reduction: str) -> None:
    y, p = CASES[name]
    ours = losses.get(name)
    theirs = getattr(keras.losses, type(ours).__name__)(reduction=reduction)
    ours.reduction = reduction
    w = WEIGHTS if weighted else None
    expected = np.asarray(theirs(y, p, sample_weight=w))
    np.testing.assert_allclose(ours(y, p, sample_weight=w).numpy(), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("options", [{"from_logits": True}, {"label_smoothing": 0.1}])
@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy"])
def test_options_of_crossentropies(name: str, options: dict) -> None:
    p = REALS if "from_logits" in options else PREDICTIONS
    expected = np.asarray(getattr(keras.losses, name)(**options)(ONE_HOT, p))
    np.testing.assert_allclose(getattr(losses, name)(**options)(ONE_HOT, p).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("from_logits", [False, True])
def test_ignored_class(from_logits: bool) -> None:
    p = REALS if from_logits else PREDICTIONS
    options = {"from_logits": from_logits, "ignore_class": 2}
    expected = np.asarray(keras.losses.SparseCategoricalCrossentropy(**options)(CLASSES, p))
    got = losses.SparseCategoricalCrossentropy(**options)(CLASSES, p).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5)


METRICS = {
    "mean_squared_error": (REALS, PREDICTIONS),
    "root_mean_squared_error": (REALS, PREDICTIONS),
    "mean_absolute_error": (REALS, PREDICTIONS),
    "cosine_similarity": (REALS, PREDICTIONS),
    "logcosh": (REALS, PREDICTIONS),
    "binary_accuracy": (ONE_HOT, PREDICTIONS),
    "categorical_accuracy": (ONE_HOT, PREDICTIONS),
    "sparse_categorical_accuracy": (CLASSES, PREDICTIONS),
    "top_k_categorical_accuracy": (ONE_HOT, PREDICTIONS),
    "sparse_top_k_categorical_accuracy": (CLASSES, PREDICTIONS),
    "kl_divergence": (probabilities(), PREDICTIONS),
    "binary_crossentropy": (ONE_HOT, PREDICTIONS),
    "categorical_crossentropy": (ONE_HOT, PREDICTIONS),
    "sparse_categorical_crossentropy": (CLASSES, PREDICTIONS),
    "hinge": (ONE_HOT, REALS),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_metrics(name: str, weighted: bool) -> None:
    y, p = METRICS[name]
    ours = metrics.get(name)
    theirs = getattr(keras.metrics, type(ours).__name__)()
    for part in (slice(0, 7), slice(7, N)):
        w = WEIGHTS[part] if weighted else None
        ours.update_state(y[part], p[part], w)
        theirs.update_state(y[part], p[part], w)
    assert ours.result() == pytest.approx(float(theirs.result()), rel=2e-5)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k(k: int) -> None:
    theirs = keras.metrics.SparseTopKCategoricalAccuracy(k=k)
    ours = metrics.SparseTopKCategoricalAccuracy(k=k)
    for metric in (ours, theirs):
        metric.update_state(CLASSES, PREDICTIONS)
    assert ours.result() == pytest.approx(float(theirs.result()))


def pair(*sizes: int, out: str = "softmax") -> tuple[Net, "keras.Model"]:
    """The same network with the same weights, ours and theirs."""
    ours = Net(*sizes, out=out)
    for name, p in ours.named_parameters():
        if name.endswith("bias"):  # at zero, Adam's first steps leave logits tied, and rounding decides the accuracy
            p.data[...] = np.linspace(-0.3, 0.4, p.size)
    theirs = keras.Sequential([keras.layers.Input(sizes[:1])])
    for i, units in enumerate(sizes[1:]):
        theirs.add(keras.layers.Dense(units, activation="relu" if i < len(sizes) - 2 else out or None))
    theirs.set_weights([p.numpy() for _, p in ours.named_parameters()])
    return ours, theirs


def data(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 6)).astype(np.float32)
    return x, (x[:, :3].argmax(axis=1)).astype(np.int64)


FITS = {
    "plain": {},
    "validation split": {"validation_split": 0.25},
    "class weight": {"class_weight": {0: 2.0, 2: 0.5}},
    "sample weight": {"sample_weight": np.linspace(0.1, 2, 200).astype(np.float32)},
    "sample weight and split": {"sample_weight": np.linspace(0.1, 2, 200).astype(np.float32), "validation_split": 0.2},
    "steps": {"steps_per_epoch": 3},
    "steps of a size": {"steps_per_epoch": 2, "batch_size": 30},
    "batches": {"batch_size": 17},
    "validation data": {"validation_data": data(50), "validation_freq": 2, "validation_batch_size": 9},
    "initial epoch": {"initial_epoch": 1},
}


@pytest.mark.parametrize(
    ("case", "optimizer"), list(zip(FITS, itertools.cycle(["sgd", "adam", "rmsprop"]), strict=False))
)
def test_fit(case: str, optimizer: str) -> None:
    ours, theirs = pair(6, 8, 3)
    x, y = data()
    histories = []
    for model in (ours, theirs):
        model.compile(
            optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"]
        )
        histories.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0, **FITS[case]))
    assert list(histories[0].history) == list(histories[1].history)
    assert histories[0].epoch == histories[1].epoch
    for name, values in histories[1].history.items():
        np.testing.assert_allclose(histories[0].history[name], values, rtol=1e-4, err_msg=name)
    for (name, p), w in zip(ours.named_parameters(), theirs.get_weights()):
        assert abs(p.numpy() - w).max() <= 1e-4 * abs(w).max(), name
    ends = [model.evaluate(x, y, verbose=0, return_dict=True) for model in (ours, theirs)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-4)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-3, atol=1e-6)


def test_batches_by_hand() -> None:
    ours, theirs = pair(6, 8, 3)
    x, y = data(40)
    results = []
    for model in (ours, theirs):
        model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        results.append(
            [
                model.train_on_batch(x[:20], y[:20]),
                model.train_on_batch(x[20:], y[20:], class_weight={1: 3.0}),
                model.test_on_batch(x, y),
                [model.train_on_batch(x, y, return_dict=True)[k] for k in ("loss", "accuracy")],
            ]
        )
    np.testing.assert_allclose(results[0], np.asarray(results[1], dtype=float), rtol=1e-4)


@pytest.mark.parametrize("out", ["sigmoid", None])
def test_one_column(out: str | None) -> None:
    ours, theirs = pair(6, 4, 1, out=out)
    x, y = data()
    y = (y == 1).astype(np.int64)
    histories = []
    for model in (ours, theirs):
        model.compile("adam", loss="binary_crossentropy" if out else "mse", metrics=["accuracy" if out else "mae"])
        histories.append(model.fit(x, y, epochs=2, shuffle=False, verbose=0).history)
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=1e-4, err_msg=name)


def test_order_of_what_callbacks_see() -> None:
    """Every station of a fit with validation, an evaluate and a predict, in Keras's order, with the names of its logs."""
    ours, theirs = pair(6, 8, 3)
    x, y = data(40)
    hooks = [h for h in HOOKS if h not in ("on_batch_begin", "on_batch_end")]
    seen: list[list] = [[], []]
    for model, base, calls in zip((ours, theirs), (Callback, keras.callbacks.Callback), seen):
        note = base()
        for hook in hooks:

            def station(*args: object, logs: dict | None = None, hook: str = hook, calls: list = calls) -> None:
                given = logs if logs is not None else args[-1] if args and isinstance(args[-1], dict) else None
                calls.append((hook, *(a for a in args if isinstance(a, int)), list(given or ())))

            setattr(note, hook, station)
        model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, epochs=2, batch_size=20, verbose=0, validation_data=(x, y), callbacks=[note])
        model.evaluate(x, y, batch_size=20, verbose=0, callbacks=[note])
        model.predict(x, batch_size=20, verbose=0, callbacks=[note])
    assert seen[0] == seen[1]


def played(callback: Any, numbers: list[float]) -> Any:
    """A callback that puts given numbers into the logs, one an epoch."""
    callback.on_epoch_end = lambda epoch, logs: logs.update(val_loss=numbers[epoch])
    return callback


PLAYED = [3.0, 2.0, 2.0, 2.00005, 1.9, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("EarlyStopping", {"patience": 3}),
        ("EarlyStopping", {"patience": 1, "min_delta": 0.2}),
        ("EarlyStopping", {"patience": 2, "baseline": 1.95}),
        ("EarlyStopping", {"patience": 2, "start_from_epoch": 4}),
        ("ReduceLROnPlateau", {"patience": 2}),
        ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 1}),
        ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 3, "min_lr": 0.004}),
    ],
)
def test_watching_callbacks(name: str, options: dict) -> None:
    x, y = data(20)
    histories = []
    for model, base, words in zip(pair(6, 8, 3), (Callback, keras.callbacks.Callback), (callbacks, keras.callbacks)):
        model.compile("sgd", loss="sparse_categorical_crossentropy")
        stations = [played(base(), PLAYED), getattr(words, name)(**options)]
        histories.append(model.fit(x, y, epochs=len(PLAYED), batch_size=20, verbose=0, callbacks=stations))
    assert histories[0].epoch == histories[1].epoch
    for key in histories[1].history:
        np.testing.assert_allclose(histories[0].history[key], histories[1].history[key], rtol=1e-4, err_msg=key)
