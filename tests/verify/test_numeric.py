"""Differences: right to their own error bound, at smooth points, kinks, jumps, edges and infinite slopes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import gradcheck, ops
from tinygrad_edu.verify import check_gradient, check_op
from tinygrad_edu.verify.numeric import complex_step, differences, directional

SMOOTH = {
    "exp": (np.exp, np.exp, (-20, 20)),
    "sin": (np.sin, np.cos, (-1e4, 1e4)),
    "log": (np.log, lambda x: 1 / x, (1e-3, 1e4)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2, (-1e4, 1e4)),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, (-1e4, 1e4)),
    "far": (lambda x: x + 1e6, np.ones_like, (-1, 1)),
}


@pytest.mark.parametrize("name", SMOOTH)
@given(data=st.data())
def test_the_error_bound_holds_and_is_small(name, data):
    f, df, (low, high) = SMOOTH[name]
    x = np.array([data.draw(st.floats(low, high))])
    found = differences(f, x)
    error = abs(found.value[0, 0] - df(x)[0])
    assert error <= 10 * found.error[0, 0] + 1e-12
    assert found.error[0, 0] <= 1e-5 * max(abs(df(x)[0]), 1e-2)
    assert not found.kinks.any()


@pytest.mark.parametrize(
    ("f", "at", "low", "high"),
    [
        (np.abs, 0.0, -1, 1),
        (lambda x: np.maximum(x, 0), 0.0, 0, 1),
        (lambda x: np.maximum(x, 0), 1e-30, 0, 1),
        (lambda x: np.clip(x, -2, 3), 3.0, 0, 1),
        (lambda x: np.maximum(3 * x, x**2), 3.0, 3, 6),
    ],
)
def test_at_a_kink_the_bounds_are_the_one_sided_derivatives(f, at, low, high):
    found = differences(f, np.array([at]))
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx((low, high), abs=1e-4)


def test_where_the_sides_of_a_kink_are_bent_the_bounds_still_hold_both_slopes():
    """Differences of 1 / (1 + |x|)^2 come to -2 and 2 no closer than by the step: softsign's second derivative at 1e-30."""
    found = differences(lambda x: 1 / (1 + np.abs(x)) ** 2, np.array([1e-30]))
    assert found.kinks.all()
    assert -2.1 < found.low.item() <= -2
    assert 2 <= found.high.item() < 2.1


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 3e-6, 2e-7])
def test_beside_a_kink_there_is_none(distance):
    found = differences(np.abs, np.array([distance]))
    assert found.value[0, 0] == pytest.approx(1)
    assert not found.kinks.any()


@pytest.mark.parametrize(("f", "at"), [(np.sign, 0.0), (np.floor, 2.0), (lambda x: np.where(x > 1, x + 1, x), 1.0)])
def test_a_jump_has_no_derivative(f, at):
    assert np.isnan(differences(f, np.array([at])).value[0, 0])


@given(st.floats(-100, 100), st.floats(0.05, 3))
def test_a_staircase_is_flat_and_not_its_average_slope(x, tread):
    found = differences(lambda v: np.floor(v / tread), np.array([x]))
    assert found.value[0, 0] in (0, np.inf, -np.inf) or np.isnan(found.value[0, 0]) or found.error[0, 0] > 1e-3


def test_two_steps_that_agree_by_chance_are_seen_through_by_a_thorough_look():
    """Of treads a tenth wide at 9906, the steps 1 and 0.1 see the same average slope: found by a planted-mistake run."""
    f, x = lambda v: np.round(v, 1), np.array([9905.99606776])
    assert differences(f, x).value.item() == pytest.approx(1, rel=0.02)
    assert differences(f, x, thorough=True).value.item() == 0
    wrong = check_gradient(f, lambda v: np.ones((1, 1)), x, raise_on_fail=False)
    assert check_gradient(f, lambda v: np.zeros((1, 1)), x)
    assert not wrong
    assert gradcheck(lambda v: ops.round(v, 1), x)
    assert gradcheck(lambda v: ops.round(v, 1).sum(), x, directions=5)


def test_a_thorough_look_measures_what_rounding_moves():
    """Zeros where larger numbers cancel: the second derivatives of a singular determinant, found by the intense profile."""
    x = np.array([[0.93333333, 0.0, 3.0], [0.92752631, 4.95374419, 0.0], [0.93333333, 0.0, 3.0]])
    assert check_op("det", x, order=2)
    noisy = lambda v: (v + 1e6) - 1e6
    quick, thorough = (differences(noisy, np.array([0.3]), thorough=t) for t in (False, True))
    assert abs(quick.value.item() - 1) > 10 * quick.error.item()
    assert abs(thorough.value.item() - 1) <= 10 * thorough.error.item()


@pytest.mark.parametrize(("f", "sign"), [(np.sqrt, 1), (np.cbrt, 1), (lambda x: -np.sqrt(x), -1)])
def test_an_infinite_slope_is_infinite(f, sign):
    assert differences(f, np.array([0.0])).value[0, 0] == sign * np.inf


def test_at_the_edge_of_the_domain_the_one_side_that_exists_counts():
    assert differences(lambda x: np.sqrt(x) ** 3 + 2 * x, np.array([0.0])).value[0, 0] == pytest.approx(2, rel=1e-3)


def test_an_undefined_value_has_no_derivative():
    assert np.isnan(differences(np.log, np.array([-1.0])).value[0, 0])


def test_the_jacobian_has_results_in_rows():
    a = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(differences(lambda x: a @ x, np.ones(3)).value, a, atol=1e-9)


def test_no_inputs_and_no_results():
    assert differences(lambda x: np.ones(2), np.zeros(0)).value.shape == (2, 0)
    assert differences(lambda x: np.zeros(0), np.ones(3)).value.shape == (0, 3)


def test_along_a_direction():
    found = directional(lambda x: np.array([x @ x]), np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    assert found.value[0] == pytest.approx(2)


@given(st.floats(-3, 3))
def test_the_complex_step_is_exact(x):
    assert complex_step(np.sin, np.array([x]))[0, 0] == pytest.approx(np.cos(x), rel=1e-15, abs=1e-16)
