"""Metrics beside Keras's own: the same batches, the same results.

Run: KERAS_BACKEND=jax python -m pytest -m oracle tests/oracle/test_keras_metrics.py
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.keras import metrics as ours

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(5)
N = 60
YES = RNG.integers(0, 2, (2, N)).astype("float32")
SURE = np.clip(0.5 * YES + 0.6 * RNG.random((2, N)), 0, 1).astype("float32")
CLASSES = RNG.integers(0, 4, (2, N))
ONE_HOT = np.eye(4, dtype="float32")[CLASSES]
SCORES = RNG.dirichlet(np.ones(4), (2, N)).astype("float32")
LABELS = RNG.integers(0, 2, (2, N, 4)).astype("float32")
WEIGHTS = RNG.random((2, N)).astype("float32")

BINARY: list[tuple[str, dict[str, Any]]] = [
    *(
        (name, {})
        for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall", "AUC")
    ),
    *((name, {"thresholds": [0.7, 0.2, 0.5]}) for name in ("TruePositives", "FalseNegatives", "Precision", "Recall")),
    ("Precision", {"thresholds": 0.3}),
    *(
        ("AUC", {"curve": c, "summation_method": s})
        for c in ("ROC", "PR")
        for s in ("interpolation", "minoring", "majoring")
    ),
    ("AUC", {"num_thresholds": 7}),
    ("AUC", {"thresholds": [0.1, 0.35, 0.9]}),
    ("SensitivityAtSpecificity", {"specificity": 0.8}),
    ("SpecificityAtSensitivity", {"sensitivity": 0.8, "num_thresholds": 50}),
    ("PrecisionAtRecall", {"recall": 0.6}),
    ("RecallAtPrecision", {"precision": 0.9}),
    ("BinaryAccuracy", {"threshold": 0.7}),
]
SEVERAL: list[tuple[str, dict[str, Any], Any]] = [
    ("AUC", {}, LABELS),
    ("AUC", {"multi_label": True}, LABELS),
    ("AUC", {"multi_label": True, "curve": "PR"}, LABELS),
    ("AUC", {"label_weights": [0.1, 0.2, 0.3, 0.4], "multi_label": True, "num_labels": 4}, LABELS),
    ("Precision", {"top_k": 2}, ONE_HOT),
    ("Recall", {"top_k": 2}, ONE_HOT),
    ("Precision", {"class_id": 1, "thresholds": 0.3}, ONE_HOT),
    ("Recall", {"class_id": 2, "top_k": 3}, ONE_HOT),
    *(
        ("F1Score", {"average": a, "threshold": t}, ONE_HOT)
        for a in (None, "micro", "macro", "weighted")
        for t in (None, 0.4)
    ),
    ("FBetaScore", {"beta": 2.0, "average": "macro"}, ONE_HOT),
    ("KLDivergence", {}, RNG.dirichlet(np.ones(4), (2, N)).astype("float32")),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, CLASSES),
    ("CategoricalAccuracy", {}, ONE_HOT),
    ("SparseCategoricalAccuracy", {}, CLASSES),
    ("CosineSimilarity", {}, ONE_HOT),
    ("RootMeanSquaredError", {}, ONE_HOT),
    ("MeanAbsolutePercentageError", {}, LABELS + 1),
    ("LogCoshError", {}, LABELS),
    ("Hinge", {}, LABELS),
    ("CategoricalHinge", {}, ONE_HOT),
    ("Poisson", {}, LABELS),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT),
    ("BinaryCrossentropy", {}, LABELS),
    ("SparseCategoricalCrossentropy", {}, CLASSES),
]


def compared(name: str, options: dict[str, Any], targets: Any, predictions: Any, weighted: bool) -> None:
    mine, theirs = getattr(ours, name)(**options), getattr(keras.metrics, name)(**options)
    for i in range(2):
        for metric in (mine, theirs):
            metric.update_state(targets[i], predictions[i], WEIGHTS[i] if weighted else None)
        np.testing.assert_allclose(mine.result(), np.asarray(theirs.result()), rtol=1e-4, atol=1e-5)
    mine.reset_state()
    theirs.reset_state()
    np.testing.assert_allclose(np.ravel(mine.result())[0], np.ravel(theirs.result())[0], atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options"), BINARY)
def test_yes_or_no(name: str, options: dict[str, Any], weighted: bool) -> None:
    compared(name, options, YES, SURE, weighted)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "options", "targets"), SEVERAL)
def test_several_columns(name: str, options: dict[str, Any], targets: Any, weighted: bool) -> None:
    if weighted and name in ("AUC", "Precision", "Recall"):
        pytest.skip("Keras wants weights in the shape of the predictions here")
    compared(name, options, targets, SCORES, weighted)


def test_logits() -> None:
    logits = np.log(SURE + 1e-3) - np.log(1.001 - SURE)
    compared("AUC", {"from_logits": True}, YES, logits, False)
