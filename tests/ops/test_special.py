"""The error function against mpmath, in both precisions, and the coefficients that it is made of."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.ops.special import STRETCH, TAIL

POINTS = np.concatenate(
    [np.linspace(-6.5, 6.5, 1301), [0.0, -0.0, 1e-300, -1e-30, 1e-8, 0.9999999, 1.0, 1.0000001, 27.0, 30.0]]
)


@pytest.fixture(scope="module")
def exact() -> dict[str, np.ndarray]:
    with mpmath.workdps(30):
        return {name: np.array([float(getattr(mpmath, name)(float(x))) for x in POINTS]) for name in ("erf", "erfc")}


def test_erf_in_float64(exact) -> None:
    np.testing.assert_allclose(ops.erf(POINTS), exact["erf"], rtol=1e-15, atol=0)


def test_erfc_in_float64_keeps_its_digits_where_erf_is_near_1(exact) -> None:
    np.testing.assert_allclose(ops.erfc(POINTS), exact["erfc"], rtol=1e-13, atol=1e-320)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_in_float32_the_result_is_rounded_once(name, exact) -> None:
    x = POINTS.astype(np.float32)
    with mpmath.workdps(30):
        right = np.array([float(getattr(mpmath, name)(float(v))) for v in x])
    found = getattr(ops, name)(x)
    assert found.dtype == np.float32
    normal = np.abs(right) > np.finfo(np.float32).tiny
    np.testing.assert_allclose(found[normal], right[normal], rtol=2**-24 + 1e-9)


@pytest.mark.parametrize(("dtype", "atol", "rtol"), [(np.float64, 5e-16, 1e-13), (np.float32, 2e-7, 1e-5)])
def test_the_normal_distribution_in_each_precision(dtype, atol, rtol) -> None:
    """Absolute error everywhere, relative error in the lower tail, where 1 + erf has no digits left."""
    x = POINTS[np.abs(POINTS) < 12].astype(dtype)
    with mpmath.workdps(30):
        right = np.array([float(mpmath.ncdf(float(v))) for v in x])
    found = ops.ndtr(x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, right, rtol=0, atol=atol)
    np.testing.assert_allclose(found[x < 0], right[x < 0], rtol=rtol)
    assert ops.ndtr(np.array([-np.inf, np.inf], dtype)).tolist() == [0, 1]


@given(st.floats(-30, 30))
def test_erf_is_odd_and_complements_erfc(x) -> None:
    assert ops.erf(-x) == -ops.erf(x)
    assert math.isclose(ops.erf(x) + ops.erfc(x), 1, abs_tol=3e-16)
    assert math.isclose(ops.erfc(-x) + ops.erfc(x), 2, abs_tol=3e-16)


def test_limits() -> None:
    x = Tensor(np.array([-np.inf, np.inf, np.nan, -0.0]))
    assert ops.erf(x).tolist()[:2] == [-1, 1]
    assert ops.erfc(x).tolist()[:2] == [2, 0]
    assert np.isnan(ops.erf(x).numpy()[2])
    assert np.signbit(ops.erf(x).numpy()[3])


def test_the_published_coefficients_computed_again() -> None:
    """Chebyshev coefficients of (1 + 2x) exp(x^2) erfc(x) in t = (x - 3.75) / (x + 3.75), from 48 nodes."""
    n = 48
    with mpmath.workdps(40):

        def f(t: mpmath.mpf) -> mpmath.mpf:
            x = mpmath.mpf(15) / 4 * (1 + t) / (1 - t)
            return (1 + 2 * x) * mpmath.exp(x * x) * mpmath.erfc(x)

        angles = [mpmath.pi * (2 * k + 1) / (2 * n) for k in range(n)]
        values = [f(mpmath.cos(a)) for a in angles]
        series = [2 * sum(v * mpmath.cos(j * a) for v, a in zip(values, angles, strict=True)) / n for j in range(24)]
        series[0] /= 2
        expected = np.polynomial.chebyshev.cheb2poly([float(c) for c in series])
    np.testing.assert_allclose(TAIL, expected, rtol=0, atol=2e-15)


@pytest.mark.parametrize("f", [ops.erf, ops.erfc, ops.ndtr])
def test_many_numbers_are_computed_as_few_are(f):
    x = np.linspace(-5, 5, 2 * STRETCH + 10).astype(np.float32).reshape(2, -1)
    np.testing.assert_array_equal(f(x)[1, -50:], f(x[1, -50:]))
    np.testing.assert_array_equal(f(x)[0, :50], f(x[0, :50]))
    assert f(x).dtype == np.float32
