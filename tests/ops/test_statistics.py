"""Statistics of constants, of too few numbers and of NaN; the cases of established libraries' failures that concern them.

pt = pytorch/pytorch; "run" = seen wrong by running the library.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.engine.errors import ShapeError


@pytest.mark.parametrize("value", [0.0, 0.1, -1.74412609, 1e8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", [ops.std, ops.var])
def test_case_17_a_constant_has_gradient_zero(op, dtype, value) -> None:
    """pt#4320; run: PyTorch, JAX and HIPS give NaN. Three times 0.1 is no exact sum, so the deviations must not show that."""
    x = Tensor(np.full((2, 3), value, dtype=dtype), requires_grad=True)
    y = op(x, axis=1)
    y.sum().backward()
    assert y.tolist() == [0, 0]
    assert x.grad.tolist() == [[0] * 3] * 2


@pytest.mark.parametrize("op", [ops.std, ops.var])
def test_case_17_too_few_numbers_give_nan_in_the_shape_of_x(op) -> None:
    """pt#94184."""
    x = Tensor(np.array([[1.0], [2.0]]), requires_grad=True)
    y = op(x, axis=1, ddof=1)
    y.sum().backward()
    assert np.isnan(y.numpy()).all()
    assert x.grad.shape == (2, 1)
    assert np.isnan(x.grad.numpy()).all()


def test_std_of_a_constant_does_not_spoil_its_neighbours() -> None:
    x = Tensor(np.array([[1.0, 1.0], [1.0, 3.0]]), requires_grad=True)
    x.std(axis=1).sum().backward()
    assert x.grad.tolist() == [[0, 0], [-0.5, 0.5]]


def test_variance_far_from_zero_keeps_its_digits() -> None:
    x = Tensor(np.array([1e8, 1e8 + 1, 1e8 + 2]))
    np.testing.assert_allclose(ops.var(x).item(), 2 / 3, rtol=1e-14)


@pytest.mark.parametrize(
    "weights", [[1.0, 3.0], [[1.0, 3.0], [1.0, 3.0]]], ids=["one an entry of the axis", "x's shape"]
)
def test_weighted_average(weights) -> None:
    x = Tensor(np.array([[0.0, 4.0], [1.0, 1.0]]), requires_grad=True)
    w = Tensor(np.array(weights), requires_grad=True)
    out = np.average(x, axis=1, weights=w)
    out.sum().backward()
    assert out.tolist() == [3, 1]
    assert x.grad.tolist() == [[0.25, 0.75]] * 2
    assert w.grad.shape == w.shape
    assert w.grad.numpy().reshape(-1, 2).sum(axis=0).tolist() == [-0.75, 0.25]


def test_weights_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"weights \(3,\) for x \(2, 2\), axis 1"):
        ops.average(np.ones((2, 2)), 1, np.ones(3))
    with pytest.raises(ShapeError, match="axis None"):
        ops.average(np.ones((2, 2)), None, np.ones(2))
    with pytest.raises(ZeroDivisionError, match="add up to 0"):
        ops.average(np.ones(2), 0, np.array([1.0, -1.0]))


def test_ties_share_the_gradient_of_a_quantile() -> None:
    """Any share between the one-sided derivatives would do where two tie; among three, the sum must stay 1."""
    assert grad(ops.median)(np.array([1.0, 2.0, 2.0, 3.0])).tolist() == [0, 0.5, 0.5, 0]
    np.testing.assert_allclose(grad(ops.median)(np.array([2.0, 2.0, 2.0])).tolist(), [1 / 3] * 3, rtol=1e-15)
    found = grad(lambda x: ops.quantile(x, 0.25))(np.array([1.0, 2.0, 2.0, 3.0]))
    np.testing.assert_allclose(found.tolist(), [0.25, 0.375, 0.375, 0], rtol=1e-15)


def test_several_quantiles_come_first_in_the_shape() -> None:
    x = Tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    out = np.quantile(x, [0.0, 0.5, 1.0], axis=1, keepdims=True)
    assert out.shape == (3, 3, 1)
    np.testing.assert_array_equal(out.numpy(), np.quantile(x.numpy(), [0.0, 0.5, 1.0], axis=1, keepdims=True))


def test_sums_that_skip_nan() -> None:
    x = Tensor(np.array([[1.0, np.nan], [np.nan, np.nan]]), requires_grad=True)
    assert np.nansum(x, axis=1).tolist() == [1, 0]
    out = np.nanmean(x, axis=1)
    assert np.isnan(out.numpy()).tolist() == [False, True]
    out[0].backward()
    assert x.grad.tolist()[0] == [1, 0]


def test_covariance_of_columns_and_of_one_variable() -> None:
    x = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(ops.cov(Tensor(x), rowvar=False).numpy(), np.cov(x, rowvar=False), rtol=1e-14)
    assert ops.cov(Tensor(x[:, 0])).shape == ()


def test_case_06_an_average_of_nothing_is_nan_as_its_mean_is() -> None:
    """It raised that the weights add up to 0, although there were none."""
    x = Tensor(np.zeros((0, 2), dtype=np.float32), requires_grad=True)
    y = ops.average(x, axis=0)
    y.sum().backward()
    assert (y.dtype, np.isnan(y.numpy()).tolist(), x.grad.shape) == (np.float32, [True, True], (0, 2))
    with pytest.raises(ZeroDivisionError, match="the weights add up to 0"):
        ops.average(x, 0, np.zeros(0))
