"""Reductions at ties, at zeros and over nothing; the cases of established libraries' failures that concern them.

pt = pytorch/pytorch, tg = tinygrad/tinygrad; "run" = seen wrong by running the library.
"""

import itertools
import math

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, hessian, ops


def gradient_of(f, *values: float) -> list[float]:
    return grad(f)(np.array(values, dtype=float)).tolist()


def test_case_12_ties_share_the_gradient_equally() -> None:
    """pt#43519; MXNet gave all ones."""
    assert gradient_of(ops.max, 2, 2, 1) == [0.5, 0.5, 0]
    assert gradient_of(ops.min, 1, 2, 1) == [0.5, 0, 0.5]
    assert gradient_of(ops.ptp, 3, 1, 3, 2) == [0.5, -1, 0.5, 0]


def test_case_12_ties_over_several_axes() -> None:
    x = np.array([[[1.0, 3.0], [3.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]]])
    found = grad(lambda x: ops.max(x, axis=(1, 2)).sum())(x)
    assert found.tolist() == [[[0, 0.5], [0.5, 0]], [[0.25, 0.25], [0.25, 0.25]]]


def test_the_gradient_of_a_nan_maximum_goes_to_the_nan() -> None:
    assert gradient_of(ops.max, 1, np.nan, 2) == [0, 1, 0]


def test_ties_in_float32_do_not_make_float64() -> None:
    """ag#199: counts are int64, and float32 / int64 is float64."""
    x = Tensor(np.ones((2, 3), dtype=np.float32), requires_grad=True)
    y = x.max(axis=1)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_case_20_products_with_zeros_are_exact() -> None:
    """tg#17404; run: HIPS gives NaN."""
    assert gradient_of(ops.prod, 0, 2, 3) == [6, 0, 0]
    assert gradient_of(ops.prod, 0, 2, 0) == [0, 0, 0]


@pytest.mark.parametrize("x", [[0.0, 2, 3, 5], [0.0, 2, 0, 5], [0.0, 0, 0, 5], [1.0, 2, 3, 5], [2.9, 2.3e-26, 3, 5]])
def test_case_20_products_with_zeros_are_exact_to_second_order(x) -> None:
    """tg#17404: the Hessian's entries are the products of the other two."""
    n = len(x)
    expected = np.zeros((n, n))
    for i, j in itertools.permutations(range(n), 2):
        expected[i, j] = math.prod(x[k] for k in range(n) if k not in (i, j))
    np.testing.assert_allclose(hessian(ops.prod)(np.array(x)).numpy(), expected, rtol=1e-15, atol=1e-14)


def test_a_product_that_underflows_keeps_its_gradient() -> None:
    """1e-200 * 1e-200 * 5 is 0, but its slope by the first factor is 5e-200."""
    np.testing.assert_allclose(gradient_of(ops.prod, 1e-200, 1e-200, 5), [5e-200, 5e-200, 0], rtol=1e-15)


def test_products_over_an_axis_in_the_middle() -> None:
    x = np.random.default_rng(0).integers(0, 3, (2, 3, 2)).astype(float)
    found = grad(lambda x: ops.prod(x, axis=(0, 2)).sum())(x).numpy()
    for place in np.ndindex(x.shape):
        others = x[:, place[1], :].copy()
        others[place[0], place[2]] = 1
        assert found[place] == others.prod()


def test_case_22_logsumexp_of_large_numbers() -> None:
    x = np.array([1000.0, 1000.0])
    assert ops.logsumexp(x) == 1000 + math.log(2)
    assert gradient_of(ops.logsumexp, 1000, 1000) == [0.5, 0.5]
    assert grad(ops.logsumexp)(np.full(3, 1e4, dtype=np.float32)).tolist() == [np.float32(1 / 3)] * 3


@pytest.mark.parametrize("keepdims", [False, True])
def test_case_22_logsumexp_of_nothing_but_minus_infinity(keepdims) -> None:
    x = Tensor(np.array([[-np.inf, -np.inf], [0.0, -np.inf]]), requires_grad=True)
    y = ops.logsumexp(x, axis=1, keepdims=keepdims)
    assert np.ravel(y.tolist()).tolist() == [-np.inf, 0]
    y.backward(np.ones(y.shape))
    assert x.grad.tolist() == [[0, 0], [1, 0]]


def test_case_06_reductions_of_nothing() -> None:
    """pt#15223."""
    x = Tensor(np.zeros((0, 3)), requires_grad=True)
    assert ops.logsumexp(x, axis=0).tolist() == [-np.inf] * 3
    assert ops.prod(x, axis=0).tolist() == [1, 1, 1]
    for f in (ops.sum, ops.prod, ops.logsumexp):
        f(x, axis=0).sum().backward()
        assert x.grad.shape == (0, 3)
    with pytest.raises(ValueError, match="zero-size"):
        ops.max(x)


def test_a_dtype_that_was_asked_for() -> None:
    x = Tensor(np.ones(3, dtype=np.float32), requires_grad=True)
    for f in (np.sum, np.mean, np.prod):
        y = f(x, dtype=np.float64)
        y.backward()
        assert (y.dtype, x.grad.dtype) == (np.float64, np.float32)
        x.grad = None


@pytest.mark.parametrize(
    "f", [np.sum, np.mean, np.prod, np.max, np.min, np.ptp, ops.logsumexp, np.var, np.std, np.median]
)
def test_a_wrong_axis_is_named(f) -> None:
    with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds"):
        f(Tensor(np.ones((2, 3))), axis=2)


def test_keepdims_is_no_third_positional_argument() -> None:
    """np.sum's third is dtype, so a bare True would mean something else in each of the two."""
    with pytest.raises(TypeError):
        ops.max(np.ones(3), 0, True)


@pytest.mark.parametrize("f", [ops.prod, lambda x: ops.cumprod(x)[-1]])
@pytest.mark.parametrize(
    "x",
    [[1e-160, 1e-162], [1e200, 1e200, 1e-200], [np.inf, 2.0], np.array([1e-20, 1e-22], dtype=np.float32)],
    ids=["loses digits", "overflows", "infinite", "float32 loses digits"],
)
def test_products_out_of_range_keep_the_digits_of_their_gradient(f, x) -> None:
    """The product divided by a factor has no more digits than the product: PyTorch 2.13 is 1.2 % off at the first."""
    x = np.array(x)
    with np.errstate(over="ignore"):
        expected = [math.prod((float(v) for k, v in enumerate(x) if k != i)) for i in range(len(x))]
        found = grad(f)(x).numpy()
    np.testing.assert_allclose(found, np.array(expected, dtype=x.dtype), rtol=1e-6 if x.dtype == np.float32 else 1e-15)
