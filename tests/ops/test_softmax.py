"""Softmax at extremes, and that the memory order it chooses changes nothing."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.ops.softmax import MANY, SHORT


@pytest.mark.parametrize("classes", [1, 10, SHORT, SHORT + 1, 50, MANY // 20])
def test_short_and_long_rows_agree_with_the_formula(classes):
    x, g = np.random.default_rng(classes).normal(size=(2, 7, 3, classes))
    e = np.exp(x)
    p = e / e.sum(axis=-1, keepdims=True)
    t = Tensor(x, requires_grad=True)
    out = ops.softmax(t)
    np.testing.assert_allclose(out.data, p, rtol=1e-14)
    out.backward(g)
    np.testing.assert_allclose(t.grad.data, p * (g - (g * p).sum(axis=-1, keepdims=True)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("f", [ops.softmax, ops.log_softmax, ops.softmin])
@pytest.mark.parametrize("repeats", [1, SHORT])
def test_stable_at_the_extremes_of_float32(f, repeats):
    rows = np.array([[1e4, -1e4], [1e4, 1e4], [-1e4, -1e4]], dtype=np.float32)
    x = Tensor(np.tile(rows, (1, repeats)), requires_grad=True)
    out = f(x)
    out.sum().backward()
    assert np.isfinite(out.data).all()
    assert np.isfinite(x.grad.data).all()
    assert out.dtype == x.grad.dtype == np.float32


def test_a_large_common_shift_changes_nothing():
    x = np.random.default_rng(0).integers(-5, 5, (4, 3)).astype(float)
    np.testing.assert_array_equal(ops.softmax(x), ops.softmax(x + 2.0**40))


def test_a_class_of_minus_infinity_gets_nothing():
    x = Tensor(np.array([0.0, -np.inf, 0.0]), requires_grad=True)
    out = ops.softmax(x)
    assert out.tolist() == [0.5, 0, 0.5]
    out[0].backward()
    assert x.grad.tolist() == [0.25, 0, -0.25]


@pytest.mark.parametrize("f", [ops.softmax, ops.log_softmax, ops.softmin])
def test_nothing_to_choose_from(f):
    x = Tensor(np.zeros((3, 0)), requires_grad=True)
    out = f(x)
    out.sum().backward()
    assert out.shape == x.grad.shape == (3, 0)


def test_whole_numbers_give_floating_chances():
    np.testing.assert_allclose(ops.softmax(np.array([0, 0])), [0.5, 0.5])


@pytest.mark.parametrize("axis", [0, 1])
def test_many_logarithms_agree_with_the_formula(axis):
    x, g = np.random.default_rng(0).normal(size=(2, 70, 80))
    e = np.exp(x)
    p = e / e.sum(axis=axis, keepdims=True)
    t = Tensor(x, requires_grad=True)
    ops.log_softmax(t, axis).backward(g)
    np.testing.assert_allclose(ops.log_softmax(t, axis).data, np.log(p), rtol=1e-13)
    np.testing.assert_allclose(t.grad.data, g - p * g.sum(axis=axis, keepdims=True), rtol=1e-12, atol=1e-14)
