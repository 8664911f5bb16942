"""Arithmetic and rounding at their kinks and jumps; the cases of established libraries' failures that concern them.

pt = pytorch/pytorch, tg = tinygrad/tinygrad; "run" = seen wrong by running the library.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, elementwise_grad, grad, ops


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def test_case_11_abs_at_zero() -> None:
    """run: JAX gives 1."""
    assert elementwise_grad(ops.abs)(np.array([-2.0, -0.0, 0.0, 3.0])).tolist() == [-1, 0, 0, 1]


def test_abs_of_nan_keeps_its_gradient_visible() -> None:
    assert np.isnan(grad(ops.abs)(np.nan).item())


STEPS = {
    "sign": (np.sign, [-2.0, -0.0, 0.0, 0.5]),
    "floor": (np.floor, [-1.0, -0.5, 0.0, 2.0]),
    "ceil": (np.ceil, [-1.0, -0.5, 0.0, 2.0]),
    "trunc": (np.trunc, [-1.0, -0.5, 0.0, 2.0]),
    "rint": (np.rint, [-1.5, -0.5, 0.5, 2.5]),
    "round": (np.round, [-1.5, -0.5, 0.5, 2.5]),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_function_has_gradient_zero_at_its_jumps_too(name) -> None:
    function, values = STEPS[name]
    x = leaf(*values)
    y = function(x)
    y.sum().backward()
    assert y.tolist() == function(np.array(values)).tolist()
    assert x.grad.tolist() == [0, 0, 0, 0]


def test_what_is_rounded_stays_on_the_graph() -> None:
    """A gradient of zeros is a gradient: x * floor(x) has the slope floor(x)."""
    x = leaf(2.5)
    (x * (x // 1)).sum().backward()
    assert x.grad.tolist() == [2]


def test_a_remainder_has_the_sign_of_the_divisor_and_fmod_that_of_the_dividend() -> None:
    x, y = leaf(-7.0, 7.0), leaf(3.0, -3.0)
    assert (x % y).tolist() == [2, -2]
    assert ops.fmod(x, y).tolist() == [-1, 1]
    (x % y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([1, 1], [3, 3])


def test_reflected_operators() -> None:
    x = leaf(3.0)
    assert ((7 % x).tolist(), (7 // x).tolist(), (2**x).tolist()) == ([1], [2], [8])


def test_copysign_sees_the_sign_of_zero() -> None:
    x = leaf(2.0, 2.0, 0.0)
    y = ops.copysign(x, np.array([0.0, -0.0, -1.0]))
    y.sum().backward()
    assert y.tolist() == [2, -2, 0]
    assert x.grad.tolist() == [1, -1, 0]


def test_round_takes_decimals() -> None:
    assert ops.round(np.array([1.25, 18.0]), -1).tolist() == [0, 20]
    assert leaf(1.26).round(1).tolist() == [1.3]
