"""Joining and splitting: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import ShapeError


def leaf(*values: float, dtype: type = np.float64) -> Tensor:
    return Tensor(np.array(values, dtype=dtype), requires_grad=True)


def test_tensors_arrays_lists_and_numbers_join():
    x = leaf(1, 2)
    y = np.concatenate([x, np.array([3.0]), [4.0, 5.0], x])
    assert y.tolist() == [1, 2, 3, 4, 5, 1, 2]
    y.backward(np.arange(7.0))
    assert x.grad.tolist() == [5, 7]
    assert np.stack([leaf(1)[0], 2.0]).tolist() == [1, 2]


def test_python_numbers_do_not_widen_float32():
    x = leaf(1, dtype=np.float32)
    assert np.concatenate([x, [2.0]]).dtype == np.float32
    assert np.hstack([x, np.array([2])]).dtype == np.float32


@pytest.mark.parametrize("function", [ops.concatenate, ops.stack, ops.vstack, ops.dstack, ops.column_stack, ops.hstack])
def test_one_array_is_no_list(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}: give a list of arrays, \[a, b\], not ndarray"):
        function(Tensor(np.ones((2, 2)), requires_grad=True))


def test_shapes_that_cannot_stand_together_are_shown():
    with pytest.raises(ShapeError, match=r"stack: shapes \(2,\), \(3,\) differ"):
        ops.stack([leaf(1, 2), leaf(1, 2, 3)])
    with pytest.raises(ValueError, match="must match exactly"):
        ops.concatenate([Tensor(np.ones((2, 2))), Tensor(np.ones((2, 3)))])


def test_the_same_tensor_twice_collects_both_parts():
    x = leaf(1, 2)
    np.stack([x, x], axis=1).backward([[1, 10], [100, 1000]])
    assert x.grad.tolist() == [11, 1100]


def test_parts_that_nobody_used_have_zero_gradient():
    x = leaf(*range(6))
    np.split(x, [1, 4])[1].sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0, 0]


def test_split_is_as_even_as_numpy_wants_and_array_split_is_not():
    x = leaf(*range(5))
    assert [len(part) for part in np.array_split(x, 3)] == [2, 2, 1]
    with pytest.raises(ValueError, match="equal division"):
        np.split(x, 3)


def test_splitting_and_joining_undo_each_other_at_second_order():
    x = leaf(*range(4))
    first, second = ops.split(x, 2)
    (np.concatenate([second, first]) ** 3).sum().backward(create_graph=True)
    g, x.grad = x.grad, None
    g.sum().backward()
    assert x.grad.tolist() == [0, 6, 12, 18]


def test_an_axis_of_length_zero_has_no_layers():
    assert ops.unstack(Tensor(np.ones((0, 3)), requires_grad=True)) == ()
