"""Losses as modules: their op, the warning before a second squashing, shapes that do not fit."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops
from tinygrad_edu.engine.errors import DataError, ShapeError, TinygradEduWarning

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(4, 3)).astype(np.float32)
LABELS = np.array([0, 2, 1, 1])
TARGETS = RNG.random((4, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("loss", "op", "target"),
    [
        (nn.CrossEntropyLoss, ops.cross_entropy, LABELS),
        (nn.CrossEntropyLoss, ops.cross_entropy, np.eye(3, dtype=np.float32)[LABELS]),
        (nn.BCEWithLogitsLoss, ops.binary_cross_entropy, TARGETS),
        (nn.MSELoss, ops.mse, TARGETS),
        (nn.L1Loss, ops.mae, TARGETS),
        (nn.HuberLoss, ops.huber, TARGETS),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_loss_is_its_op(loss, op, target, reduction):
    x = Tensor(LOGITS, requires_grad=True)
    out = loss(reduction=reduction)(x, target)
    np.testing.assert_allclose(out.data, op(LOGITS, target, reduction=reduction), rtol=1e-6)
    out.sum().backward()
    assert x.grad.dtype == np.float32


def test_options_reach_the_op():
    loss = nn.CrossEntropyLoss(weight=np.array([1.0, 2.0, 3.0], np.float32), ignore_index=1, label_smoothing=0.1)
    expected = ops.cross_entropy(LOGITS, LABELS, label_smoothing=0.1, ignore_index=1, weight=loss.weight)
    np.testing.assert_allclose(loss(Tensor(LOGITS), LABELS).data, expected, rtol=1e-6)


def test_targets_may_be_a_list():
    assert nn.CrossEntropyLoss()(Tensor(LOGITS), LABELS.tolist()).item() == pytest.approx(
        float(ops.cross_entropy(LOGITS, LABELS)), rel=1e-6
    )
    assert nn.MSELoss()(Tensor([1.0, 2.0]), [1.0, 4.0]).item() == 2


@pytest.mark.parametrize(
    ("loss", "squash"), [(nn.CrossEntropyLoss(), "softmax"), (nn.BCEWithLogitsLoss(), "sigmoid")], ids=str
)
def test_probabilities_in_place_of_logits_are_warned_of_at_the_callers_line(loss, squash):
    x = Tensor(LOGITS, requires_grad=True)
    target = LABELS if squash == "softmax" else TARGETS
    with pytest.warns(nn.LogitsWarning, match=f"Leave the {squash} out") as caught:
        loss(getattr(ops, squash)(x), target)
    assert caught[0].filename == __file__
    assert issubclass(nn.LogitsWarning, TinygradEduWarning)


def test_logits_are_taken_without_a_word():
    x = Tensor(LOGITS, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.CrossEntropyLoss()(x * 2, LABELS)
        nn.CrossEntropyLoss()(ops.softmax(x) @ Tensor(np.eye(3, dtype=np.float32)), LABELS)
        nn.MSELoss()(ops.softmax(x), TARGETS)


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(), nn.BCEWithLogitsLoss()], ids=repr)
def test_a_column_against_a_row_is_refused(loss):
    """ADVERSARIAL 29 (pytorch#16045)."""
    with pytest.raises(ShapeError, match=r"\(4, 1\).*\(4,\)"):
        loss(Tensor(np.ones((4, 1), np.float32)), np.ones(4, np.float32))


def test_a_label_out_of_range_is_refused():
    with pytest.raises(DataError, match="3"):
        nn.CrossEntropyLoss()(Tensor(LOGITS), np.array([0, 1, 2, 3]))


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="'mean', 'sum' or 'none'"):
        nn.MSELoss(reduction="average")
    assert repr(nn.MSELoss(reduction="sum")) == "MSELoss(reduction='sum')"
