"""Losses of classes: labels that are wrong, labels that do not count, and agreement of their several forms."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import DataError, ShapeError

RNG = np.random.default_rng(3)
LOGITS, LABELS = RNG.normal(size=(6, 4)), np.array([0, 3, 1, 1, 2, 0])


def value_and_gradient(loss, x, *args, **options):
    t = Tensor(x.copy(), requires_grad=True)
    out = loss(t, *args, **options)
    out.sum().backward()
    return out.data, t.grad.data


def same(a, b, rtol=1e-12):
    for u, v in zip(a, b, strict=True):
        np.testing.assert_allclose(u, v, rtol=rtol, atol=1e-14)


def hot(labels, n=4):
    return np.eye(n)[labels]


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [ops.cross_entropy, ops.nll_loss, ops.categorical_cross_entropy])
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.array([0, 1, 2, 3, 4, 0]), DataError, r"classes from 0 to 4, but there are scores for 4 classes, 0 to 3"),
        (np.array([0, 1, 2, 3, -1, 0]), DataError, r"classes from -1 to 3"),
        (np.array([0, 1, 2, 3, -1, 0], dtype=np.int8), DataError, r"classes from -1 to 3"),
        (LABELS.astype(float), DataError, "must be integer classes, not float64"),
        (LABELS[:, None], ShapeError, r"against targets \(6, 1\)"),
        (LABELS[:5], ShapeError, r"against targets \(5,\)"),
        (hot(LABELS)[:, :3], ShapeError, r"against targets \(6, 3\)"),
        (np.array(0), ShapeError, r"against targets \(\)"),
    ],
)
def test_labels_that_do_not_fit_are_refused(loss, labels, error, message):
    with pytest.raises(error, match=message):
        loss(np.abs(LOGITS), labels)


def test_no_classes_and_no_axes_are_refused():
    for logits, targets in ((np.zeros((2, 0)), np.zeros(2, int)), (np.zeros(()), np.zeros((), int))):
        with pytest.raises(ShapeError):
            ops.cross_entropy(logits, targets)


def test_options_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"weight \(3,\), but there are 4 classes"):
        ops.cross_entropy(LOGITS, LABELS, weight=[1, 2, 3])
    with pytest.raises(ValueError, match="ignore_index needs integer classes"):
        ops.cross_entropy(LOGITS, hot(LABELS), ignore_index=0)
    with pytest.raises(DataError, match="integer classes needed"):
        ops.nll_loss(LOGITS, hot(LABELS))


# -- the forms agree ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_labels_one_hot_and_composition_agree(reduction):
    expected = value_and_gradient(ops.cross_entropy, LOGITS, LABELS, reduction=reduction)
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    share = 1 / 6 if reduction == "mean" else 1
    same(expected, (-share * np.log(p[range(6), LABELS]).sum() if reduction != "none" else -np.log(p[range(6), LABELS]),
                    share * (p - hot(LABELS))))  # fmt: skip
    same(expected, value_and_gradient(ops.cross_entropy, LOGITS, hot(LABELS), reduction=reduction))
    composed = lambda x, t, **k: ops.nll_loss(ops.log_softmax(x), t, **k)
    same(expected, value_and_gradient(composed, LOGITS, LABELS, reduction=reduction))
    composed = lambda x, t, **k: ops.categorical_cross_entropy(ops.softmax(x), t, **k)
    same(expected, value_and_gradient(composed, LOGITS, LABELS, reduction=reduction))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.uint64])
def test_labels_of_any_integer_type(dtype):
    same([ops.cross_entropy(LOGITS, LABELS.astype(dtype))], [ops.cross_entropy(LOGITS, LABELS)])


def test_labels_in_a_list_and_a_single_sample():
    same([ops.cross_entropy(LOGITS, LABELS.tolist())], [ops.cross_entropy(LOGITS, LABELS)])
    same([ops.cross_entropy(LOGITS[0], 3)], [ops.cross_entropy(LOGITS[:1], np.array([3]))])


@pytest.mark.parametrize("loss", [ops.cross_entropy, ops.categorical_cross_entropy])
@pytest.mark.parametrize("targets", ["labels", "probabilities"])
def test_classes_along_any_axis(loss, targets):
    x, q = RNG.uniform(0.1, 1, (2, 2, 3, 5, 4))  # scores and probabilities (2, 3, 5, 4), classes last
    t = q if targets == "probabilities" else q.argmax(axis=-1)
    out, grad = value_and_gradient(loss, x, t, label_smoothing=0.1)
    for axis in (0, 1, -2):
        moved = t if targets == "labels" else np.moveaxis(t, -1, axis)
        a, g = value_and_gradient(loss, np.moveaxis(x, -1, axis), moved, axis=axis, label_smoothing=0.1)
        same((a, np.moveaxis(g, axis, -1)), (out, grad))


def test_smoothing_is_a_mixture_with_the_uniform_distribution():
    smoothed = value_and_gradient(ops.cross_entropy, LOGITS, LABELS, label_smoothing=0.2)
    same(smoothed, value_and_gradient(ops.cross_entropy, LOGITS, 0.8 * hot(LABELS) + 0.05))
    same(smoothed, value_and_gradient(ops.cross_entropy, LOGITS, hot(LABELS), label_smoothing=0.2))


def test_a_class_weight_of_two_is_the_sample_twice():
    weighted = ops.cross_entropy(LOGITS, LABELS, weight=[1, 2, 1, 1])
    again = np.concatenate([np.arange(6), np.flatnonzero(LABELS == 1)])
    same([weighted], [ops.cross_entropy(LOGITS[again], LABELS[again])])


# -- labels that do not count ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [ops.cross_entropy, ops.nll_loss, ops.categorical_cross_entropy])
@pytest.mark.parametrize("options", [{}, {"weight": [1, 2, 3, 4]}])
def test_ignored_samples_are_as_if_absent(loss, options):
    x, labels = np.abs(LOGITS), np.where(LABELS == 1, -100, LABELS)
    out, grad = value_and_gradient(loss, x, labels, ignore_index=-100, **options)
    kept = LABELS != 1
    expected, rows = value_and_gradient(loss, x[kept], LABELS[kept], **options)
    np.testing.assert_allclose(out, expected, rtol=1e-13)
    np.testing.assert_allclose(grad[kept], rows, rtol=1e-12)
    assert not grad[~kept].any()


@pytest.mark.parametrize("loss", [ops.cross_entropy, ops.nll_loss, ops.categorical_cross_entropy])
def test_if_every_sample_is_ignored_the_mean_is_nan_and_its_gradient_zero(loss):
    out, grad = value_and_gradient(loss, np.abs(LOGITS), np.full(6, -1), ignore_index=-1)
    assert np.isnan(out)
    assert not grad.any()
    out, grad = value_and_gradient(loss, np.zeros((0, 4)), np.zeros(0, int))
    assert np.isnan(out)
    assert grad.shape == (0, 4)


# -- extremes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [np.array([0, 1]), np.eye(2)])
def test_cross_entropy_is_stable_at_the_extremes_of_float32(targets):
    x = np.array([[1e4, -1e4], [1e4, -1e4]], dtype=np.float32)
    out, grad = value_and_gradient(ops.cross_entropy, x, targets, reduction="none")
    assert out.tolist() == [0, 2e4]
    assert grad.tolist() == [[0, 0], [1, -1]]
    assert grad.dtype == np.float32


def test_a_forbidden_class_may_have_a_logit_of_minus_infinity():
    out, grad = value_and_gradient(ops.cross_entropy, np.array([[0.0, -np.inf, 0.0]]), np.array([0]))
    same((out, grad), (np.log(2), [[-0.5, 0, 0.5]]))


def test_binary_cross_entropy_is_stable_at_the_extremes_of_float32():
    x = np.array([1e4, 1e4, -1e4, -1e4], dtype=np.float32)
    out, grad = value_and_gradient(ops.binary_cross_entropy, x, np.array([1, 0, 1, 0]), reduction="none")
    assert out.tolist() == [0, 1e4, 1e4, 0]
    assert grad.tolist() == [0, 1, -1, 0]


def test_probabilities_of_zero_and_one_are_clipped():
    out, grad = value_and_gradient(ops.categorical_cross_entropy, np.array([[0.0, 1.0]]), np.array([0]))
    assert out == pytest.approx(-np.log(1e-7))
    assert grad.tolist() == [[0, 0]]
    out, grad = value_and_gradient(ops.binary_cross_entropy_from_probabilities, np.array([0.0, 1.0]), np.array([1, 0]))
    assert out == pytest.approx(-np.log(1e-7))
    assert grad.tolist() == [0, 0]


def test_the_divergence_of_a_distribution_from_itself_is_zero_also_with_zeros_in_it():
    t = Tensor(np.array([0.5, 0.0, 0.5]), requires_grad=True)
    out = ops.kl_divergence(np.log([0.5, 0.25, 0.5]), t)
    out.backward()
    assert out.item() == 0
    np.testing.assert_allclose(t.grad.data, [1, np.log(4), 1])
