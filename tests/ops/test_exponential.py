"""Logarithms of sums at their edges, and no warning from a stable op at +-1e4."""

from collections.abc import Callable

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, ops


@pytest.mark.parametrize("op", [ops.logaddexp, ops.logaddexp2])
def test_case_22_nothing_but_minus_infinity_has_gradient_zero(op) -> None:
    gx, gy = grad(op, (0, 1))(-np.inf, -np.inf)
    assert (gx.item(), gy.item()) == (0, 0)
    gx, gy = grad(op, (0, 1))(-np.inf, 3.0)
    assert (gx.item(), gy.item()) == (0, 1)


@pytest.mark.parametrize("op", [ops.logaddexp, ops.logaddexp2])
def test_the_gradient_of_large_numbers_keeps_its_digits_in_float32(op) -> None:
    """exp(x - out) at x = 1e4 would be wrong in the fourth digit: out has a rounding error of 5e-4."""
    x = np.array([1e4, 1e4, -1e4], dtype=np.float32)
    gx, gy = grad(lambda x, y: op(x, y).sum(), (0, 1))(x, x[::-1].copy())
    np.testing.assert_allclose([gx.numpy(), gy.numpy()], [[1, 0.5, 0], [0, 0.5, 1]], rtol=1e-7)


def test_case_22_entropy_at_zero_probability() -> None:
    p = Tensor(np.array([0.0, 0.5, 0.5]), requires_grad=True)
    entropy = -ops.xlogy(p, p).sum()
    entropy.backward()
    assert entropy.item() == np.log(2)
    np.testing.assert_allclose(p.grad.tolist(), [0, np.log(2) - 1, np.log(2) - 1], rtol=1e-15)


def test_xlogy_is_zero_only_where_both_say_so() -> None:
    with np.errstate(divide="ignore"):
        assert ops.xlogy(np.array([0.0, 0.0, 1.0]), np.array([0.0, -1.0, 0.0])).tolist() == [0, 0, -np.inf]
    assert np.isnan(ops.xlogy(0.0, np.nan))


STABLE: dict[str, Callable[[Tensor], Tensor]] = {
    **{
        name: getattr(ops, name)
        for name in ("sin", "cos", "tanh", "arctan", "arcsinh", "sinc", "erf", "erfc", "square")
    },
    **{name: getattr(ops, name) for name in ("logsumexp", "logcumsumexp", "norm", "var", "std", "absolute", "cumsum")},
    "logaddexp": lambda x: ops.logaddexp(x, x[::-1]),
    "logaddexp2": lambda x: ops.logaddexp2(x, x[::-1]),
    "hypot": lambda x: ops.hypot(x, x[::-1]),
    "arctan2": lambda x: ops.arctan2(x, 1 + abs(x[::-1])),
    "xlogy": lambda x: ops.xlogy(x, abs(x)),
    "clip": lambda x: ops.clip(x, -1, 1),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STABLE)
def test_case_21_stable_ops_do_not_warn_at_large_numbers(name, dtype) -> None:
    """Warnings are errors here, underflow included; both orders of derivative are finite."""
    x = Tensor(np.array([-1e4, -100, -1, -1e-30, -0.0, 0, 1e-30, 1, 100, 1e4], dtype=dtype), requires_grad=True)
    first = grad(lambda x: STABLE[name](x).sum())(x)
    second = grad(lambda x: grad(lambda x: STABLE[name](x).sum())(x).sum())(x)
    assert np.isfinite(first.numpy()).all()
    assert np.isfinite(second.numpy()).all()
