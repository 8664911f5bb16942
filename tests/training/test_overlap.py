"""Focal, Dice and Tversky losses, IoU, R2 and correlations: by hand, and their gradients. Beside Keras: tests/oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import ShapeError
from tinygrad_edu.training import losses, metrics
from tinygrad_edu.verify import gradcheck

RNG = np.random.default_rng(4)
YES = (RNG.random((5, 3)) > 0.5).astype(float)
ONE_HOT = np.eye(3)[[0, 2, 1, 1, 0]]
P = RNG.uniform(0.05, 0.95, (5, 3))
LOGITS = RNG.normal(size=(5, 3))
CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("BinaryFocalCrossentropy", {}, YES, P),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1.5}, YES, P),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, YES, LOGITS),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, P),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "alpha": [0.1, 0.5, 0.4]}, ONE_HOT, LOGITS),
    ("Dice", {"axis": 1}, YES, P),
    ("Tversky", {"alpha": 0.3, "beta": 0.7}, YES, P),
]


@pytest.mark.parametrize(("name", "options", "y", "p"), CASES)
def test_gradients(name: str, options: dict[str, Any], y: Any, p: Any) -> None:
    loss = getattr(losses, name)(**options)
    assert gradcheck(lambda x: loss(Tensor(y), x), p)


def test_without_focus_it_is_the_cross_entropy() -> None:
    binary = losses.BinaryFocalCrossentropy(gamma=0.0)(YES, P).item()
    assert binary == pytest.approx(losses.BinaryCrossentropy()(YES, P).item())
    several = losses.CategoricalFocalCrossentropy(gamma=0.0, alpha=1.0)(ONE_HOT, P).item()
    assert several == pytest.approx(losses.CategoricalCrossentropy()(ONE_HOT, P).item())


@pytest.mark.parametrize("kind", ["binary", "categorical"])
def test_certain_mistakes_keep_their_gradient(kind: str) -> None:
    logits = Tensor(np.array([[90.0, -90.0]], np.float32), requires_grad=True)
    squash = ops.sigmoid if kind == "binary" else ops.softmax
    loss = losses.get(f"{kind}_focal_crossentropy")
    loss(np.array([[0.0, 1.0]]), squash(logits)).backward()
    assert logits.grad.numpy()[0, 0] > 0.1


def test_dice_and_tversky_by_hand() -> None:
    y, p = np.array([[1.0, 1.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 1.0, 0.0]])
    assert losses.Dice()(y, p).item() == pytest.approx(0.5)
    assert losses.Tversky()(y, p).item() == pytest.approx(0.5)
    y, p = np.array([[1.0, 1.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0, 1.0]])  # two missed, one imagined
    assert losses.Tversky(alpha=2.0, beta=0.5)(y, p).item() == pytest.approx(1 - 1 / (1 + 4 + 0.5))
    assert losses.get("dice")(y, y).item() == pytest.approx(0.0, abs=1e-6)


def test_iou_by_hand() -> None:
    y, p = np.array([0, 0, 1, 1, 7]), np.array([0, 1, 1, 1, 0])  # of 0: 1 of 2, of 1: 2 of 3; 7 is no class
    both = metrics.MeanIoU(num_classes=3)  # class 2 never occurs, and does not count
    both.update_state(y, p)
    assert both.result() == pytest.approx((1 / 2 + 2 / 3) / 2)
    both.reset_state()
    assert both.result() == 0
    one = metrics.IoU(num_classes=2, target_class_ids=[1], ignore_class=0)
    one.update_state(y[:4].reshape(2, 2), p[:4].reshape(2, 2), np.array([1.0, 0.5]))
    assert one.result() == 1.0


def test_iou_of_probabilities_says_so() -> None:
    with pytest.raises(ShapeError, match="sparse_y_pred=False"):
        metrics.MeanIoU(num_classes=3).update_state(np.zeros((2, 4), int), np.zeros((2, 4, 3)))
    with pytest.raises(ValueError, match=r"\[3\] are not among the 3"):
        metrics.IoU(num_classes=3, target_class_ids=[0, 3])


def test_weights_of_samples_reach_every_place() -> None:
    y, p = RNG.integers(0, 3, (4, 5)), RNG.integers(0, 3, (4, 5))
    twice, repeated = metrics.MeanIoU(3), metrics.MeanIoU(3)
    twice.update_state(y, p, np.array([1, 2, 1, 0]))
    repeated.update_state(y[[0, 1, 1, 2]], p[[0, 1, 1, 2]])
    assert twice.result() == repeated.result()


def test_r2_by_hand() -> None:
    score = metrics.get("r2_score")
    score.update_state(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
    score.update_state(np.array([3.0]), np.array([3.0]))
    assert score.result() == pytest.approx(1 - 0.25 / 2)
    flat = metrics.R2Score(class_aggregation=None)
    flat.update_state(np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]]), np.ones((3, 2)))
    np.testing.assert_allclose(flat.result(), [0, 1 - 5 / 2])  # equal targets have nothing to explain
    with pytest.raises(ValueError, match="class_aggregation"):
        metrics.R2Score("mean")


def test_correlations_by_hand() -> None:
    x = np.array([[1.0, 2.0, 3.0]])
    for kind, same, shifted in (("pearson_correlation", 1, 1), ("concordance_correlation", 1, 4 / 3 / (4 / 3 + 1))):
        metric = metrics.get(kind)
        metric.update_state(x, x)
        assert metric.result() == pytest.approx(same, rel=1e-5)
        metric.reset_state()
        metric.update_state(x, x + 1)
        assert metric.result() == pytest.approx(shifted, rel=1e-5)
