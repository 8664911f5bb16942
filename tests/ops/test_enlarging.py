"""Enlargement: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops


def test_a_reflected_margin_gives_back_to_where_it_came_from():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = ops.pad(x, (2, 1), mode="reflect")
    assert y.tolist() == [3, 2, 1, 2, 3, 2]
    y.backward([1, 10, 100, 1000, 10000, 100000])
    assert x.grad.tolist() == [100, 10 + 1000 + 100000, 1 + 10000]


def test_a_margin_that_wraps_around_more_than_once():
    x = Tensor([1.0, 2.0], requires_grad=True)
    ops.pad(x, 5, mode="wrap").sum().backward()
    assert x.grad.tolist() == [6, 6]


def test_a_constant_margin_has_no_gradient():
    x = Tensor([[1.0]], requires_grad=True)
    y = ops.pad(x, ((1, 0), (0, 2)), constant_values=7)
    assert y.tolist() == [[7, 7, 7], [1, 7, 7]]
    y.backward([[1, 2, 3], [4, 5, 6]])
    assert x.grad.tolist() == [[4]]


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"pad: mode is 'constant', 'edge', 'reflect', 'symmetric', 'wrap', not 'mean'\."
    ):
        ops.pad(Tensor([1.0]), 1, mode="mean")


def test_counts_of_a_repeat_may_be_a_tensor_also_at_second_order():
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.repeat(x * x, Tensor(np.array([2, 1]))).sum().backward(create_graph=True)
    g, x.grad = x.grad, None
    assert g.tolist() == [4, 4]
    g.sum().backward()
    assert x.grad.tolist() == [4, 2]
