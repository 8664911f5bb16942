"""Angles at the origin, inverse functions at their edges, sinc at 0 in every order."""

import math

import mpmath
import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, ops


def test_the_origin_has_no_direction_and_gradient_zero() -> None:
    gy, gx = grad(ops.arctan2, (0, 1))(0.0, 0.0)
    assert (gy.item(), gx.item()) == (0, 0)


def test_a_direction_of_tiny_numbers() -> None:
    """Squares of 1e-30 vanish in float32; the angle and its slope do not depend on them."""
    y, x = (Tensor(np.float32(v), requires_grad=True) for v in (3e-30, 4e-30))
    ops.arctan2(y, x).backward()
    np.testing.assert_allclose([y.grad.item(), x.grad.item()], [0.16e30, -0.12e30], rtol=1e-6)


@pytest.mark.parametrize(
    ("op", "x", "slope"),
    [(ops.arcsin, 1.0, math.inf), (ops.arcsin, -1.0, math.inf), (ops.arccos, 1.0, -math.inf), (ops.arccosh, 1.0, math.inf),
     (ops.arctanh, -1.0, math.inf)],
)  # fmt: skip
def test_the_slope_of_an_inverse_function_at_its_edge_is_infinite(op, x, slope) -> None:
    with np.errstate(divide="ignore"):
        assert grad(op)(x).item() == slope


def test_sinc_at_zero_in_every_order() -> None:
    """sinc = 1 - (pi x)^2 / 3! + (pi x)^4 / 5! - ...; PyTorch's second derivative at 0 is 0."""
    f, found = ops.sinc, []
    for _ in range(5):
        found.append(f(Tensor(np.float64(0.0))).item())
        f = grad(f)
    np.testing.assert_allclose(found, [1, 0, -(math.pi**2) / 3, 0, math.pi**4 / 5], atol=1e-12)


@pytest.mark.parametrize("x", [1e-30, 1e-8, 1e-3, 0.1, 0.3183, 0.3184, 1.0, 7.5])
def test_the_slopes_of_sinc_lose_no_digits_near_zero(x) -> None:
    with mpmath.workdps(40):
        first, second = (float(mpmath.diff(lambda t: mpmath.sinc(mpmath.pi * t), x, n)) for n in (1, 2))
    point = Tensor(np.float64(x))
    np.testing.assert_allclose(grad(ops.sinc)(point).item(), first, rtol=2e-14, atol=2e-15)
    np.testing.assert_allclose(grad(grad(ops.sinc))(point).item(), second, rtol=5e-13)


@pytest.mark.parametrize("function", [ops.arcsinh, ops.arccosh])
@pytest.mark.parametrize("x", [1e200, np.float32(1e20)])
def test_the_slope_of_a_hyperbolic_inverse_far_out_is_1_over_x(function, x) -> None:
    """x^2 overflows, and PyTorch and JAX give 0."""
    at = np.array(x)
    np.testing.assert_allclose(grad(function)(at).numpy(), 1 / at, rtol=1e-12 if at.dtype == np.float64 else 1e-5)
