"""Linear systems: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, ops
from tinygrad_edu.engine.errors import DTypeError

SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 5.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ops.inv(x), r"inv of \(3, 3\): Singular matrix\. A singular matrix has no inverse: use pinv"),
        (
            lambda x: np.linalg.solve(x, np.ones(3)),
            r"solve of \(3, 3\) and \(3,\): Singular matrix\..* no single solution",
        ),
        (lambda x: ops.matrix_power(x, -2), r"matrix_power of \(3, 3\): Singular matrix"),
    ],
)
def test_a_singular_matrix_is_numpys_error_with_the_op_named(call, message):
    with pytest.raises(np.linalg.LinAlgError, match=message):
        call(Tensor(SINGULAR, requires_grad=True))


@pytest.mark.parametrize("function", [ops.inv, ops.det, ops.slogdet, lambda x: ops.matrix_power(x, 2)])
@pytest.mark.parametrize("shape", [(2, 3), (3,)])
def test_matrices_must_be_square(function, shape):
    with pytest.raises(
        np.linalg.LinAlgError, match=r"(inv|det|slogdet|matrix_power) of \(.*\): .*(square|two-dimensional)"
    ):
        function(Tensor(np.ones(shape)))


# -- determinants ------------------------------------------------------------------------------------------------------


def test_a_singular_matrix_has_the_gradient_of_its_cofactors():
    """det is a polynomial. PyTorch 2.13 gives zeros here."""
    x = Tensor(SINGULAR, requires_grad=True)
    ops.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[14, -10, 2], [-7, 5, -1], [0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("nudge", [0.0, 1e-300, 1e-15, 1e-9, 1e-3])
def test_second_derivatives_are_exact_near_a_singular_matrix(nudge):
    """The Hessian of a 2 x 2 determinant is the same everywhere."""
    x = np.array([[3.85, -0.45], [3.85, -0.45 + nudge]])
    expected = [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]]
    np.testing.assert_allclose(hessian(ops.det)(x).numpy().reshape(4, 4), expected, atol=1e-6)


def test_a_third_derivative_of_a_matrix_of_rank_zero():
    """d^3 (x00 x11 x22) = 1, at x = 0."""
    along = lambda f, i: lambda x: grad(f)(x)[i, i]
    third = along(along(along(ops.det, 0), 1), 2)
    assert third(np.zeros((3, 3))).item() == 1


def test_a_batch_may_mix_singular_and_regular_matrices():
    x = Tensor(np.stack([SINGULAR, np.eye(3)]), requires_grad=True)
    ops.det(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy()[1], np.eye(3))
    np.testing.assert_allclose(x.grad.numpy()[0], [[14, -10, 2], [-7, 5, -1], [0, 0, 0]], atol=1e-12)


def test_slogdet_where_det_underflows():
    x = Tensor(np.eye(200) * 1e-3, requires_grad=True)
    sign, logdet = np.linalg.slogdet(x)
    assert ops.det(x).item() == 0
    assert sign.item() == 1
    logdet.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.eye(200) * 1e3)


def test_slogdet_of_a_singular_matrix_is_minus_infinity_and_has_no_way_back():
    x = Tensor(SINGULAR, requires_grad=True)
    sign, logdet = ops.slogdet(x)
    assert (sign.item(), logdet.item()) == (0, -np.inf)
    with pytest.raises(np.linalg.LinAlgError, match=r"slogdet of \(3, 3\): Singular matrix"):
        logdet.backward()


# -- the others --------------------------------------------------------------------------------------------------------


def test_a_vector_is_solved_for_every_matrix_of_a_batch():
    a = Tensor(np.stack([np.eye(2), 2 * np.eye(2)]), requires_grad=True)
    b = Tensor(np.array([2.0, 4.0]), requires_grad=True)
    out = np.linalg.solve(a, b)
    assert out.tolist() == [[2, 4], [1, 2]]
    out.sum().backward()
    assert b.grad.tolist() == [1.5, 1.5]
    assert a.grad.tolist() == [[[-2, -4], [-2, -4]], [[-0.5, -1], [-0.5, -1]]]


@pytest.mark.parametrize("n", [-3, 0, 1, 2, 13])
def test_the_gradient_of_a_power_is_that_of_the_product(n):
    y = np.random.default_rng(0).normal(size=(3, 3)) + 2 * np.eye(3)
    weights = np.arange(9.0).reshape(3, 3)
    x, one_by_one = Tensor(y, requires_grad=True), Tensor(y.copy(), requires_grad=True)
    (ops.matrix_power(x, n) * weights).sum().backward()
    product, factor = Tensor(np.eye(3)), one_by_one if n > 0 else ops.inv(one_by_one)
    for _ in range(abs(n)):
        product = product @ factor
    expected = grad_or_zeros((product * weights).sum(), one_by_one)
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-10, atol=1e-12)


def grad_or_zeros(loss: Tensor, x: Tensor) -> np.ndarray:
    if not loss.requires_grad:
        return np.zeros(x.shape)
    loss.backward()
    return x.grad.numpy()


def test_the_pseudoinverse_solves_what_has_no_solution():
    """The least-squares line through (0, 1), (1, 3), (2, 5.5): the derivative of its slope by the last height is 1/2."""
    points = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    heights = Tensor(np.array([1.0, 3.0, 5.5]), requires_grad=True)
    slope = (ops.pinv(points) @ heights)[0]
    slope.backward()
    np.testing.assert_allclose(slope.item(), 2.25)
    np.testing.assert_allclose(heights.grad.numpy(), [-0.5, 0, 0.5], atol=1e-12)


def test_the_pseudoinverse_of_lower_rank_cuts_off_where_it_is_told():
    x = Tensor(np.diag([1.0, 1e-6]), requires_grad=True)
    assert ops.pinv(x, rcond=1e-3).tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize(
    "function", [ops.slogdet, ops.pinv, ops.cholesky, ops.eigh, ops.eigvalsh, ops.svd, ops.svdvals, ops.qr]
)
def test_complex_matrices_are_refused_where_the_derivative_would_be_wrong(function):
    with pytest.raises(DTypeError, match=rf"{function.__name__}: complex numbers"):
        function(np.eye(2) + 0j)
