"""Running products with zeros, the recurrence, differences; the case of established libraries' failures among them.

tg = tinygrad/tinygrad; "run" = seen wrong by running the library.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, ops


def test_case_20_running_products_with_zeros_are_exact() -> None:
    """tg#17404; run: HIPS gives NaN."""
    assert grad(lambda x: ops.cumprod(x).sum())(np.array([2.0, 0.0, 3.0, 4.0])).tolist() == [1, 32, 0, 0]


@pytest.mark.parametrize("x", [[2.0, 0, 3, 4], [0.0, 0, 3, 4], [0.0, 0, 0, 4], [2.0, 3, 4, 5]])
def test_case_20_running_products_with_zeros_are_exact_to_second_order(x) -> None:
    """tg#17404: entry (i, j) sums, over k, the product of all of x_0 ... x_k but x_i and x_j."""
    n = len(x)
    expected = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                rest = [1.0 if k in (i, j) else v for k, v in enumerate(x)]
                expected[i, j] = np.cumprod(rest)[max(i, j) :].sum()
    np.testing.assert_allclose(
        hessian(lambda x: ops.cumprod(x).sum())(np.array(x)).numpy(), expected, rtol=1e-14, atol=1e-14
    )


@pytest.mark.parametrize("tiny", np.linspace(1e-26, 9e-26, 20))
def test_tiny_numbers_cost_a_second_derivative_no_digits(tiny) -> None:
    """Found by the intense profile: x_0 / x_1 - x_0 x_1 / x_1^2 is not 0 in floating numbers, but 1e10."""
    found = hessian(lambda x: (ops.cumprod(x) * [1.1, 1.3972138]).sum())(np.array([-2.9, tiny])).numpy()
    np.testing.assert_allclose(found, [[0, 1.3972138], [1.3972138, 0]], rtol=1e-15)


def test_along_every_axis() -> None:
    x = Tensor(np.array([[1.0, 2.0], [0.0, 4.0]]), requires_grad=True)
    assert x.cumsum().tolist() == [1, 3, 3, 7]
    assert x.cumsum(axis=0).tolist() == [[1, 2], [1, 6]]
    assert x.cumprod(axis=-1).tolist() == [[1, 2], [0, 0]]


def test_discounted_returns() -> None:
    """From the end, each reward plus what is left of the return after it."""
    rewards = Tensor(np.array([1.0, 2.0, 4.0]), requires_grad=True)
    decay = Tensor(np.array([0.5]), requires_grad=True)
    returns = ops.recurrence(rewards[::-1], decay)[::-1]
    assert returns.tolist() == [3, 4, 4]
    returns[0].backward()
    assert rewards.grad.tolist() == [1, 0.5, 0.25]
    assert decay.grad.tolist() == [2 + 2 * 0.5 * 4]


def test_case_22_a_running_logsumexp_that_begins_with_minus_infinity() -> None:
    x = Tensor(np.array([-np.inf, -np.inf, 1000.0, 1000.0]), requires_grad=True)
    out = ops.logcumsumexp(x)
    out.sum().backward()
    assert out.tolist() == [-np.inf, -np.inf, 1000, 1000 + np.log(2)]
    np.testing.assert_allclose(x.grad.tolist(), [0, 0, 1.5, 0.5], rtol=1e-12)


def test_more_differences_than_entries() -> None:
    x = Tensor(np.array([1.0, 4.0]), requires_grad=True)
    out = np.diff(x, 3)
    out.sum().backward()
    assert (out.shape, x.grad.tolist()) == ((0,), [0, 0])


def test_no_differences_are_a_new_value() -> None:
    x = Tensor(np.array([1.0]))
    assert not np.shares_memory(ops.diff(x, 0).data, x.data)
