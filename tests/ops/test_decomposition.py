"""Decompositions: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, ops
from tinygrad_edu.engine.errors import ShapeError


def leaf(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).normal(size=shape), requires_grad=True)


@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_the_factors_multiply_to_the_matrix_and_so_do_their_gradients(shape, batch):
    """f(x) = x, by whatever factors: its gradient is g."""
    seed = np.random.default_rng(7).normal(size=(*batch, *shape))
    for product in (lambda x: np.matmul(*ops.qr(x)), by_svd):
        x = leaf(*batch, *shape)
        out = product(x)
        np.testing.assert_allclose(out.numpy(), x.numpy(), atol=1e-12)
        out.backward(seed)
        np.testing.assert_allclose(x.grad.numpy(), seed, atol=1e-9)


def by_svd(x: Tensor) -> Tensor:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return (u * s[..., None, :]) @ vh


def test_numpys_names_of_the_factors():
    x = leaf(2, 2)
    assert ops.svd(x).S.shape == (2,)
    assert ops.qr(x).R.shape == (2, 2)
    assert ops.eigh(x).eigenvectors.shape == (2, 2)


# -- symmetric matrices ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [ops.cholesky, ops.eigvalsh, lambda x: ops.eigh(x)[0]])
def test_the_gradient_of_a_symmetric_matrix_is_symmetric(function):
    x = Tensor(np.array([[2.0, 0.5], [0.5, 1.0]]), requires_grad=True)
    (function(x) ** 2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), x.grad.numpy().T)


def test_of_another_matrix_the_mean_with_its_transpose_counts():
    x = np.array([[2.0, 0.9], [0.1, 1.0]])
    symmetric = (x + x.T) / 2
    np.testing.assert_array_equal(ops.cholesky(x), np.linalg.cholesky(symmetric))
    np.testing.assert_array_equal(ops.eigvalsh(x), ops.eigvalsh(symmetric))


def test_a_matrix_that_is_not_positive_has_no_cholesky_factor():
    with pytest.raises(
        np.linalg.LinAlgError, match=r"cholesky of \(2, 2\): .*not positive definite.*Every eigenvalue must be positive"
    ):
        ops.cholesky(-Tensor(np.eye(2)))


def test_equal_eigenvalues_have_the_gradient_of_their_sum():
    """The sum of w^2 is that of x^2, whatever basis LAPACK chose."""
    x = 2 * np.eye(3)
    for values in (ops.eigvalsh, lambda x: ops.eigh(x)[0], ops.svdvals, lambda x: ops.svd(x)[1]):
        np.testing.assert_allclose(grad(lambda x, values=values: (values(x) ** 2).sum())(x).numpy(), 4 * np.eye(3))


@pytest.mark.parametrize("vectors", [lambda x: ops.eigh(x)[1], lambda x: ops.svd(x)[0], lambda x: ops.svd(x)[2]])
def test_vectors_of_equal_eigenvalues_have_no_gradient_and_say_so(vectors):
    """A finite number would be wrong for some loss, and the walk cannot know for which."""
    x = Tensor(2 * np.eye(2), requires_grad=True)
    vectors(x).backward([[1, 2], [3, 4]])
    assert np.isnan(x.grad.numpy()).all()


def test_second_derivatives_at_equal_eigenvalues_say_so_too():
    assert np.isnan(hessian(lambda x: (ops.eigvalsh(x) ** 2).sum())(2 * np.eye(2)).numpy()).any()


# -- singular values, qr -----------------------------------------------------------------------------------------------


def test_the_singular_values_of_zeros_have_a_finite_gradient():
    x = Tensor(np.zeros((3, 2)), requires_grad=True)
    ops.svd(x, full_matrices=False)[1].sum().backward()
    np.testing.assert_allclose(np.linalg.svd(x.grad.numpy(), compute_uv=False), [1, 1])


def test_vectors_beyond_the_rank_are_refused():
    with pytest.raises(ShapeError, match=r"svd of \(3, 2\): pass full_matrices=False"):
        np.linalg.svd(leaf(3, 2))


@pytest.mark.parametrize("function", [ops.svd, ops.svdvals, ops.qr, ops.pinv])
def test_a_vector_is_no_matrix(function):
    with pytest.raises(np.linalg.LinAlgError, match=rf"{function.__name__} of \(3,\): 1-dimensional array given"):
        function(leaf(3))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 2, 1)])
@pytest.mark.parametrize("function", [ops.eigh, ops.eigvalsh, ops.cholesky])
def test_symmetric_matrices_are_square(function, shape):
    with pytest.raises(np.linalg.LinAlgError, match=rf"{function.__name__} of \(.*\): .* square matrices"):
        function(leaf(*shape))


def test_qr_has_one_mode():
    with pytest.raises(ValueError, match=r"qr: mode 'complete'\. Only 'reduced'"):
        np.linalg.qr(leaf(3, 2), mode="complete")


def test_dependent_columns_stop_qr_on_its_way_back():
    x = Tensor(np.ones((2, 2)) * [1.0, 0.0], requires_grad=True)
    q, r = ops.qr(x)
    with pytest.raises(np.linalg.LinAlgError, match=r"qr of .*: Singular matrix"):
        (q.sum() + r.sum()).backward()
