"""Products of matrices: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import DTypeError, ShapeError


def leaf(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).normal(size=shape), requires_grad=True)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ((2, 3), (2, 3), r"matmul: \(2, 3\) @ \(2, 3\)\. The last axis of the left must equal the second-last axis of the right"),
        ((3,), (2,), r"matmul: \(3,\) @ \(2,\)\. .* must equal the axis of the right"),
        ((), (2, 2), r"matmul: \(\) @ \(2, 2\)"),
    ],
)  # fmt: skip
def test_matrices_that_do_not_fit_are_shown(left, right, message):
    with pytest.raises(ShapeError, match=message):
        leaf(*left) @ leaf(*right)


def test_a_number_is_no_matrix():
    with pytest.raises(ShapeError, match=r"matmul: \(2, 2\) @ \(\)"):
        leaf(2, 2) @ 3.0


def test_batches_broadcast_against_a_matrix_and_against_each_other():
    x, y = leaf(5, 1, 2, 3), leaf(4, 3, 2)
    out = x @ y
    out.sum().backward()
    assert out.shape == (5, 4, 2, 2)
    np.testing.assert_allclose(x.grad.numpy(), (np.ones(out.shape) @ y.numpy().swapaxes(-1, -2)).sum(1, keepdims=True))


@pytest.mark.parametrize(
    "shapes", [((3,), (3, 2), (2, 4)), ((2, 3), (3, 2), (2,)), ((3,), (3,)), ((1, 5), (5, 1), (1, 6), (6, 2))]
)
def test_a_chain_has_the_gradients_of_its_products_one_by_one(shapes):
    chain, plain = [leaf(*shape) for shape in shapes], [leaf(*shape) for shape in shapes]
    np.linalg.multi_dot(chain).sum().backward()
    product = plain[0]
    for x in plain[1:]:
        product = product @ x
    product.sum().backward()
    for x, y in zip(chain, plain, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12)


def test_linear_keeps_a_complex_bias():
    """Complex-step differentiation by the bias alone meets a real product."""
    out = ops.linear(np.ones((1, 2)), np.ones((2, 1)), np.array([1j]))
    assert out.tolist() == [[2 + 1j]]


def test_numbers_multiply_in_kron_and_outer():
    x = leaf(2, 2)
    np.testing.assert_allclose(np.kron(2.0, x).numpy(), 2 * x.numpy())
    np.testing.assert_allclose(np.outer(x, 3.0).numpy(), 3 * x.numpy().reshape(-1, 1))


def test_vectors_of_two_dimensions_have_no_vector_product():
    with pytest.raises(ShapeError, match=r"cross: \(2,\) and \(3,\) along axis -1\. Vectors of three dimensions"):
        ops.cross(leaf(2), leaf(3))


def test_vdot_of_complex_numbers_is_refused():
    with pytest.raises(DTypeError, match="vdot: complex numbers"):
        ops.vdot(np.array([1j]), np.array([1.0]))
