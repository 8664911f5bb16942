"""Focal, Dice and Tversky losses, IoU, R2 and correlations beside Keras's own.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_overlap.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu.keras import losses, metrics

keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(8)
YES = (RNG.random((6, 4)) > 0.5).astype("float32")
ONE_HOT = np.eye(4, dtype="float32")[[0, 1, 2, 3, 1, 2]]
P = RNG.random((6, 4)).astype("float32")
LOGITS = (3 * RNG.normal(size=(6, 4))).astype("float32")
WEIGHTS = RNG.random(6).astype("float32")
CLASSES, SAID = RNG.integers(0, 4, (2, 6, 5)), RNG.integers(0, 5, (2, 6, 5))
COUNTS = RNG.integers(0, 3, (2, 6, 5))  # Keras counts in whole numbers
HOT, SCORES = np.eye(4, dtype="float32")[CLASSES], RNG.random((2, 6, 5, 4)).astype("float32")
Y = RNG.normal(size=(2, 20, 3)).astype("float32")
NEAR = (Y + 0.3 * RNG.normal(size=Y.shape)).astype("float32")

LOSSES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("BinaryFocalCrossentropy", {}, YES, P),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5}, YES, P),
    ("BinaryFocalCrossentropy", {"label_smoothing": 0.2, "from_logits": True}, YES, LOGITS),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, P),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4], "gamma": 1.0}, ONE_HOT, P),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.2, "from_logits": True}, ONE_HOT, LOGITS),
    ("Dice", {"axis": 1}, YES, P),
    ("Tversky", {"alpha": 0.2, "beta": 0.9, "axis": [1]}, YES, P),
]
METRICS: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("MeanIoU", {"num_classes": 4}, CLASSES, SAID),
    ("MeanIoU", {"num_classes": 6, "ignore_class": 1}, CLASSES, SAID),
    ("MeanIoU", {"num_classes": 4, "sparse_y_true": False, "sparse_y_pred": False}, HOT, SCORES),
    ("IoU", {"num_classes": 5, "target_class_ids": [0, 4]}, CLASSES, SAID),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, CLASSES % 2, SCORES[..., 0]),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 2]}, HOT, SCORES),
    ("OneHotMeanIoU", {"num_classes": 4}, HOT, SCORES),
    *(("R2Score", {"class_aggregation": a}, Y, NEAR) for a in (None, "uniform_average", "variance_weighted_average")),
    ("R2Score", {"num_regressors": 2}, Y, NEAR),
    *(("PearsonCorrelation", {"axis": axis}, Y, NEAR) for axis in (-1, 0)),
    *(("ConcordanceCorrelation", {"axis": axis}, Y, NEAR) for axis in (-1, 0)),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options", "y", "p"), LOSSES)
def test_losses(name: str, options: dict[str, Any], y: Any, p: Any, weighted: bool) -> None:
    mine, theirs = getattr(losses, name)(**options), getattr(keras.losses, name)(**options)
    w = WEIGHTS if weighted else None
    np.testing.assert_allclose(mine(y, p, w).item(), float(theirs(y, p, w)), rtol=1e-5)
    assert mine.name == theirs.name


@pytest.mark.parametrize("name", ["dice", "tversky"])
def test_one_region_for_the_whole_batch(name: str) -> None:
    np.testing.assert_allclose(getattr(losses, name)(YES, P), float(getattr(keras.losses, name)(YES, P)), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options", "y", "p"), METRICS)
def test_metrics(name: str, options: dict[str, Any], y: Any, p: Any, weighted: bool) -> None:
    mine, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
    assert mine.name in (theirs.name, theirs.name.rpartition("_")[0])
    if weighted and name.endswith("Correlation"):
        pytest.skip("weights of a mean, as for every other function")
    for i in range(2):
        w = None if not weighted else COUNTS[i] if "IoU" in name else RNG.random(20).astype("float32")
        for metric in (mine, theirs):
            metric.update_state(y[i], p[i], w)
        np.testing.assert_allclose(mine.result(), np.asarray(theirs.result()), rtol=1e-4)
