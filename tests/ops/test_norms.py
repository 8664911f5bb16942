"""Norms at zero, of every order; the case of established libraries' failures that concerns them.

pt = pytorch/pytorch; "run" = seen wrong by running the library.
"""

import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, ops
from tinygrad_edu.engine.errors import ShapeError

VECTOR = (None, 2, 1, 3, 0.5, 0, np.inf, -np.inf, -1)
MATRIX = (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)


@pytest.mark.parametrize("order", VECTOR)
def test_case_16_the_norm_of_zeros_has_gradient_zero(order) -> None:
    """pt#2775; run: JAX, HIPS and MyGrad give NaN."""
    x = Tensor(np.zeros(3), requires_grad=True)
    out = ops.norm(x, order)
    out.backward()
    assert out.item() == 0
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("order", MATRIX)
def test_case_16_the_norm_of_a_zero_matrix_has_gradient_zero(order) -> None:
    """pt#2775."""
    assert grad(lambda x: ops.norm(x, order))(np.zeros((2, 3))).tolist() == [[0] * 3] * 2


def test_case_16_a_row_of_zeros_does_not_spoil_its_neighbours_in_any_order() -> None:
    """pt#2775."""
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    f = lambda x: ops.norm(x, axis=1).sum()
    assert grad(f)(x).tolist() == [[0, 0], [0.6, 0.8]]
    curvature = hessian(f)(x).numpy()
    assert np.isfinite(curvature).all()
    np.testing.assert_allclose(curvature[1, :, 1, :], [[0.128, -0.096], [-0.096, 0.072]], rtol=1e-14)


@pytest.mark.parametrize("order", VECTOR)
def test_vector_norms_with_a_zero_among_the_entries(order) -> None:
    x = np.array([[3.0, 0.0, -4.0], [1.0, 2.0, 2.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's own, for 0 to a negative power
        expected = np.linalg.norm(x, order, axis=1)
    np.testing.assert_allclose(ops.norm(x, order, 1), expected, rtol=1e-15)
    assert np.isfinite(grad(lambda x: ops.norm(x, order, 1).sum())(x).numpy()).all()


@pytest.mark.parametrize("order", MATRIX)
@pytest.mark.parametrize("axes", [(0, 1), (2, 0), (-1, 1)])
def test_matrix_norms_and_their_gradients(order, axes) -> None:
    x = np.random.default_rng(3).normal(size=(3, 4, 3))
    np.testing.assert_allclose(ops.norm(x, order, axes), np.linalg.norm(x, order, axes), rtol=1e-14)
    f = lambda x: (np.linalg.norm(x, order, axes, keepdims=True) ** 2).sum()
    v = np.random.default_rng(4).normal(size=x.shape)
    slope = (grad(f)(x).numpy() * v).sum()
    np.testing.assert_allclose(slope, (f(x + 1e-6 * v) - f(x - 1e-6 * v)) / 2e-6, rtol=1e-7)
    bend = (grad(lambda x: (grad(f)(x) * v).sum())(x).numpy() * v).sum()
    np.testing.assert_allclose(
        bend, ((grad(f)(x + 1e-6 * v) - grad(f)(x - 1e-6 * v)).numpy() * v).sum() / 2e-6, rtol=1e-6
    )


def test_nuclear_norm_of_a_matrix_without_full_rank() -> None:
    """Singular values that are 0 but for rounding have no direction: the gradient of rank-1 u v^T is u v^T / |u||v|."""
    u, v = np.array([1.0, 2.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_allclose(
        grad(lambda x: ops.norm(x, "nuc"))(np.outer(u, v)).numpy(), np.outer(u, v) / 15, rtol=1e-14
    )


def test_orders_and_axes_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="ord is 'fro', 'nuc'"):
        ops.norm(np.ones((2, 2)), "max")
    with pytest.raises(ValueError, match="ord is a number"):
        ops.norm(np.ones(2), "fro")
    with pytest.raises(ShapeError, match="one axis for vectors, or two for matrices"):
        ops.norm(np.ones((2, 2, 2)), 1)
