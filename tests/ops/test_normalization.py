"""Normalisation: what it is for, its special cases in each other's terms, and what it refuses."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import ShapeError

X = np.random.default_rng(0).normal(3, 2, (8, 6, 5, 4))
W, B = np.random.default_rng(1).normal(size=(2, 6))


def gradients(f, *arrays):
    ts = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    out = f(*ts)
    out.backward(np.random.default_rng(2).normal(size=out.shape))
    return [out.data, *(t.grad.data for t in ts)]


def same(a, b, rtol=1e-11):
    for u, v in zip(a, b, strict=True):
        np.testing.assert_allclose(u, v, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(
    ("f", "over"),
    [
        (lambda x: ops.batch_norm(x, epsilon=1e-12)[0], (0, 2, 3)),
        (lambda x: ops.layer_norm(x, epsilon=1e-12), -1),
        (lambda x: ops.layer_norm(x, axis=(1, 2, 3), epsilon=1e-12), (1, 2, 3)),
        (lambda x: ops.instance_norm(x, epsilon=1e-12), (2, 3)),
    ],
)
def test_mean_0_and_variance_1(f, over):
    out = f(X)
    np.testing.assert_allclose(out.mean(axis=over), 0, atol=1e-12)
    np.testing.assert_allclose(out.var(axis=over), 1, rtol=1e-6)


def test_one_group_is_a_layer_and_a_group_a_channel_an_instance():
    same(gradients(lambda x: ops.group_norm(x, 1), X), gradients(lambda x: ops.layer_norm(x, axis=(1, 2, 3)), X))
    same(gradients(lambda x, w, b: ops.group_norm(x, 6, w, b), X, W, B), gradients(ops.instance_norm, X, W, B))


def test_channels_last_is_channels_first_moved():
    last = np.moveaxis(X, 1, -1)
    for f in (
        lambda x, w, b, **k: ops.batch_norm(x, w, b, **k)[0],
        lambda x, w, b, **k: ops.group_norm(x, 3, w, b, **k),
    ):
        out, gx, gw, gb = gradients(f, X, W, B)
        back = lambda x, w, b, f=f: np.moveaxis(f(x, w, b, axis=-1), -1, 1)
        found = gradients(back, last, W, B)
        same((found[0], np.moveaxis(found[1], -1, 1), *found[2:]), (out, gx, gw, gb))


def test_batch_norm_gives_the_statistics_and_inference_takes_them():
    out, mean, variance = ops.batch_norm(X, W, B)
    np.testing.assert_allclose(mean, X.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(variance, X.var(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(ops.batch_norm_inference(X, mean, variance, W, B), out, rtol=1e-11, atol=1e-13)


def test_the_statistics_have_gradients_too():
    x = Tensor(X.copy(), requires_grad=True)
    _, mean, variance = ops.batch_norm(x)
    (mean.sum() + variance.sum()).backward()
    n = X.size // 6
    expected = 1 / n + 2 * (X - X.mean(axis=(0, 2, 3), keepdims=True)) / n
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-10, atol=1e-14)


def test_batch_norms_gradient_does_not_change_with_a_second_walk():
    """The sums that its pullbacks share are kept for the gradient that they were made from, and no other."""
    x, w = Tensor(X.copy(), requires_grad=True), Tensor(W.copy(), requires_grad=True)
    out = ops.batch_norm(x, w)[0]
    found = []
    for factor in (1.0, 3.0):
        x.grad = w.grad = None
        out.backward(factor * X**2, retain_graph=True)
        found.append([x.grad.data / factor, w.grad.data / factor])
    same(*found)


@pytest.mark.parametrize("f", [lambda x: ops.batch_norm(x, axis=-1)[0], ops.layer_norm, ops.rms_norm])
def test_equal_values_give_no_nan(f):
    x = Tensor(np.zeros((4, 3), np.float32), requires_grad=True)
    out = f(x)
    out.sum().backward()
    assert not out.data.any()
    assert np.isfinite(x.grad.data).all()


@pytest.mark.parametrize("f", [lambda x: ops.batch_norm(x, axis=-1)[0], ops.layer_norm, ops.rms_norm])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_nothing_or_a_single_value_gives_no_warning(f, shape):
    x = Tensor(np.ones(shape), requires_grad=True)
    f(x).sum().backward()
    assert x.grad.shape == shape


def test_float32_keeps_its_digits_far_from_zero():
    """E[x^2] - E[x]^2 would lose all of them: the variance is that of the differences from the mean."""
    x = (1000 + np.random.default_rng(0).normal(size=(256, 3))).astype(np.float32)
    expected = (x - x.mean(axis=0, dtype=float)) / x.std(axis=0, dtype=float)
    np.testing.assert_allclose(ops.batch_norm(x)[0], expected, atol=5e-4)


def test_a_weight_of_zero_still_learns():
    _, gx, gw, _ = gradients(lambda x, w, b: ops.batch_norm(x, w, b)[0], X, np.zeros(6), B)
    assert not gx.any()
    assert gw.all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.layer_norm(X, W), r"weights \(6,\) for an input \(8, 6, 5, 4\).* of shape \(4,\)"),
        (lambda: ops.batch_norm(X, W[:5]), r"of shape \(6,\)"),
        (lambda: ops.batch_norm(X, W, axis=-1), r"of shape \(4,\)"),
        (lambda: ops.batch_norm_inference(X, W[:1], W**2), r"of shape \(6,\)"),
        (lambda: ops.group_norm(X, 4), "must divide"),
        (lambda: ops.group_norm(X, 0), "must divide"),
        (lambda: ops.group_norm(X, 2, axis=0), "axis 0 is the samples'"),
        (lambda: ops.instance_norm(X[:, :, 0, 0]), "at least one more axis"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call()
