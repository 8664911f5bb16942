"""Metrics of a yes or no, by hand; tests/oracle/test_keras_metrics.py compares them with Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import keras, nn
from tinygrad_edu.engine.errors import ShapeError
from tinygrad_edu.training import metrics

YES = np.array([1, 1, 1, 0, 0, 1])
SURE = np.array([0.9, 0.6, 0.4, 0.6, 0.1, 0.5])  # 0.5 is not above 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("true_positives", 2),
        ("false_positives", 1),
        ("false_negatives", 2),
        ("true_negatives", 1),
        ("precision", 2 / 3),
        ("recall", 1 / 2),
    ],
)
def test_by_hand(name: str, value: float) -> None:
    metric = metrics.get(name)
    metric.update_state(YES[:4], SURE[:4].reshape(-1, 1))
    metric.update_state(YES[4:], SURE[4:])
    assert metric.result() == pytest.approx(value)
    metric.reset_state()
    assert metric.result() == 0


@given(st.data())
def test_the_area_is_the_share_of_pairs_in_order(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 30))
    yes = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    sure = np.array(data.draw(st.lists(st.integers(0, 20), min_size=n, max_size=n))) / 20
    auc = metrics.AUC(thresholds=(np.arange(20) + 0.5) / 20)  # between all values that occur
    auc.update_state(yes, sure)
    above, below = sure[yes][:, None], sure[~yes][None]
    pairs = (above > below).mean() + 0.5 * (above == below).mean() if above.size and below.size else 0
    assert auc.result() == pytest.approx(pairs)


def test_batches_add_up() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, (40, 3)), rng.random((40, 3))
    for make in (
        metrics.AUC,
        lambda: metrics.AUC(multi_label=True),
        metrics.F1Score,
        lambda: metrics.Precision([0.2, 0.8]),
    ):
        whole, parts = make(), make()
        whole.update_state(y, p)
        for i in range(0, 40, 10):
            parts.update_state(y[i : i + 10], p[i : i + 10])
        np.testing.assert_allclose(parts.result(), whole.result(), rtol=1e-12)


def test_not_a_number_is_never_a_yes() -> None:
    metric = metrics.TruePositives()
    metric.update_state([1, 1], np.array([np.nan, 0.9]))
    assert metric.result() == 1


def test_states_go_on() -> None:
    first, second = metrics.AUC(), metrics.AUC()
    first.update_state(YES, SURE)
    second.load_state_dict(first.state_dict())
    for metric in (first, second):
        metric.update_state(YES[::-1], SURE)
    assert first.result() == second.result()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: metrics.AUC(curve="roc"), ValueError, "curve is 'ROC' or 'PR'"),
        (lambda: metrics.AUC(summation_method="x"), ValueError, "summation_method is"),
        (lambda: metrics.AUC(1), ValueError, "at least 2"),
        (lambda: metrics.Precision(1.5), ValueError, "thresholds are numbers from 0 to 1, not 1.5"),
        (lambda: metrics.PrecisionAtRecall(-1), ValueError, "a number from 0 to 1, not -1"),
        (lambda: metrics.F1Score("mean"), ValueError, "average is None"),
        (lambda: metrics.FBetaScore(beta=0.0), ValueError, "beta is above 0"),
        (lambda: metrics.F1Score().update_state(YES, SURE), ShapeError, "one-hot targets .*to_categorical"),
        (lambda: metrics.Precision(top_k=7).update_state(np.eye(3), np.eye(3)), ShapeError, "top_k=7 needs"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_several_of_a_kind_have_keys_of_their_own() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Softmax())
    x, y = np.random.default_rng(0).standard_normal((8, 2)).astype("float32"), np.eye(3)[np.arange(8) % 3]
    both = [metrics.Recall(class_id=0), metrics.Recall(class_id=1), metrics.F1Score()]
    model.compile("sgd", "categorical_crossentropy", metrics=both)
    history = model.fit(x, y, epochs=2, verbose=2).history
    assert set(history) == {"loss", "recall", "recall_1", "f1_score"}
    assert history["f1_score"][1].shape == (3,)


@pytest.mark.parametrize(
    "name", sorted(n for n in metrics.__all__ if n[0].isupper() and n not in ("Metric", "MeanMetric"))
)
def test_every_metric_is_made_again_from_its_configuration(name: str) -> None:
    cls = getattr(metrics, name)
    first = {"MeanMetricWrapper": [metrics.binary_accuracy], "SensitivityAtSpecificity": [0.5], "SpecificityAtSensitivity": [0.5],
             "PrecisionAtRecall": [0.5], "RecallAtPrecision": [0.5], "MeanIoU": [3], "OneHotMeanIoU": [3], "IoU": [3, [0, 2]],
             "OneHotIoU": [3, [0, 2]]}.get(name, [])  # fmt: skip
    metric = cls(*first, name="mine")
    config = metric.get_config()
    again = cls.from_config(config)
    assert again.name == "mine"
    assert again.get_config() == config
    assert keras.metrics.serialize(
        keras.metrics.deserialize(keras.metrics.serialize(metric))
    ) == keras.metrics.serialize(metric)
