"""Powers and roots at 0; the cases of established libraries' failures that concern them.

pt = pytorch/pytorch, tg = tinygrad/tinygrad.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, elementwise_grad, grad, ops


def test_case_15_the_slope_of_sqrt_at_zero_is_infinite() -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        assert grad(ops.sqrt)(0.0).item() == np.inf
        assert np.isnan(grad(lambda x: ops.sqrt(x * x))(0.0).item())
    assert grad(ops.norm)(np.array([0.0])).tolist() == [0]  # the remedy that sqrt's docstring names


def test_case_19_a_constant_exponent_never_takes_the_logarithm_of_its_base() -> None:
    """tg#9075."""
    x = np.array([-3.0, 0.0, 2.0])
    assert elementwise_grad(lambda x: x**2)(x).tolist() == [-6, 0, 4]
    assert elementwise_grad(lambda x: x ** np.array([2.0, 2, 2]))(x).tolist() == [-6, 0, 4]
    assert elementwise_grad(lambda x: x**3)(x).tolist() == [27, 0, 12]


@pytest.mark.parametrize("zero", [0, 0.0, np.zeros(3)], ids=["int", "float", "array"])
def test_case_19_the_power_zero_has_slope_zero_at_zero_too(zero) -> None:
    """tg#9075."""
    f = elementwise_grad(lambda x: x**zero)
    assert f(np.array([0.0, -0.0, 2.0])).tolist() == [0, 0, 0]


def test_case_19_a_root_has_an_infinite_slope_at_zero() -> None:
    with np.errstate(divide="ignore"):
        assert grad(lambda x: x**0.5)(0.0).item() == np.inf


def test_case_19_powers_of_zero_do_not_change_with_the_exponent() -> None:
    assert grad(ops.power, 1)(0.0, 2.0).item() == 0


def test_the_mixed_derivative_of_a_power_at_exponent_zero() -> None:
    """d2/dxdy x^y = 1/x at y = 0; PyTorch 2.13 gives 0."""
    first = grad(ops.power, 0)
    assert grad(first, 1)(4.0, 0.0).item() == 0.25
    assert grad(grad(ops.power, 1), 0)(4.0, 0.0).item() == 0.25


def test_powers_of_zero_to_second_order() -> None:
    square = grad(grad(lambda x: x**2))
    cube = grad(grad(lambda x: x**3))
    assert (square(0.0).item(), cube(0.0).item(), cube(2.0).item()) == (2, 0, 12)


def test_float_power_takes_integers_to_negative_powers() -> None:
    assert ops.float_power(Tensor(np.array([2, 4])), -1).tolist() == [0.5, 0.25]


def test_cbrt_of_a_negative_number() -> None:
    x = np.array([-8.0, 27.0])
    assert ops.cbrt(x).tolist() == [-2, 3]
    np.testing.assert_allclose(elementwise_grad(ops.cbrt)(x).tolist(), [1 / 12, 1 / 27], rtol=1e-15)


def test_the_gradient_of_hypot_at_the_origin_is_zero() -> None:
    """As for norm; PyTorch gives NaN."""
    gx, gy = grad(ops.hypot, (0, 1))(0.0, 0.0)
    assert (gx.item(), gy.item()) == (0, 0)


def test_hypot_of_numbers_whose_squares_overflow_or_vanish() -> None:
    for size in (1e300, 1e-300):
        gx, gy = grad(ops.hypot, (0, 1))(np.float64(3 * size), np.float64(4 * size))
        np.testing.assert_allclose([gx.item(), gy.item()], [0.6, 0.8], rtol=1e-15)
