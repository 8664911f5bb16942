"""Indexing: every index that numpy knows, and what becomes of repetitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.engine.errors import DataError, ShapeError
from tinygrad_edu.ops.indexing import once


def leaf(*shape: int) -> Tensor:
    return Tensor(np.arange(float(np.prod(shape))).reshape(shape), requires_grad=True)


# -- the adversarial cases ---------------------------------------------------------------------------------------------


def test_case_07_an_entry_taken_twice_collects_both():
    """HIPS/autograd#39, pytorch#1528."""
    x = leaf(2)
    x[[0, 0, 1]].sum().backward()
    assert x.grad.tolist() == [2, 1]


def test_case_08_minus_two_is_zero_in_an_array_of_two():
    """A shortcut for indices without repetitions must not take 0 and -2 for two entries."""
    x = leaf(2)
    x[[0, -2]].sum().backward()
    assert x.grad.tolist() == [2, 0]


@pytest.mark.parametrize(
    "index", [[0, 0], [0, -2], ([0, 0], [1, 1]), (slice(None), [1, -1]), np.array([[0, 1], [1, 0]])]
)
def test_case_09_assignment_through_repeated_indices_is_refused(index):
    """pytorch#146299."""
    with pytest.raises(ValueError, match=r"names an entry twice.*Use index_add"):
        ops.index_update(leaf(2, 2), index, 1.0)


# -- every index -------------------------------------------------------------------------------------------------------


@st.composite
def indexed(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    integers = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3))
    axis = draw(st.integers(0, len(shape) - 1))
    some = st.lists(st.integers(-shape[axis], shape[axis] - 1), max_size=4).map(lambda v: np.array(v, dtype=int))
    index = draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            integers,
            hnp.arrays(bool, shape),
            hnp.arrays(bool, shape[:1]),
            some.map(lambda v: (*(slice(None, None, -1) for _ in range(axis)), v)),
            some.map(lambda v: (*(0 for _ in range(axis)), v, ..., None)),
            st.tuples(hnp.arrays(bool, shape[:1]), st.just(...)),
        )
    )
    return shape, index


def counts(shape, index):
    """How often an index takes each entry, by numpy's own slow way."""
    out = np.zeros(shape)
    np.add.at(out, index, 1.0)
    return out


@given(indexed())
def test_the_gradient_of_an_index_counts_how_often_it_takes_an_entry(case):
    shape, index = case
    x = leaf(*shape)
    y = x[index]
    np.testing.assert_array_equal(y.numpy(), x.numpy()[index])
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad.numpy(), counts(shape, index))


@given(indexed())
def test_adding_at_an_index_is_the_transpose_of_taking(case):
    shape, index = case
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    y = rng.normal(size=x[index].shape)
    np.testing.assert_allclose((ops.scatter(y, index, shape) * x).sum(), (y * x[index]).sum(), atol=1e-12)


@given(indexed())
def test_an_index_that_takes_no_entry_twice_is_written_and_any_other_refused(case):
    shape, index = case
    x, value = leaf(*shape), Tensor(np.array(5.0), requires_grad=True)
    often = counts(shape, index)
    if often.max(initial=0) > 1:
        assert not once(index)
        with pytest.raises(ValueError, match="names an entry twice"):
            ops.index_update(x, index, value)
        return
    y = ops.index_update(x, index, value)
    np.testing.assert_array_equal(y.numpy(), np.where(often, 5.0, x.numpy()))
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), 1 - often)
    assert value.grad is None or value.grad.item() == often.sum()


@pytest.mark.parametrize(
    "wrap", [Tensor, lambda i: (Tensor(i),), lambda i: (..., Tensor(i)), lambda i: (Tensor(i), Tensor(i))]
)
def test_tensors_are_indices_also_at_second_order(wrap):
    index = np.array([0, 0, 1])
    plain = wrap(index)
    plain = tuple(p.data if isinstance(p, Tensor) else p for p in plain) if isinstance(plain, tuple) else plain.data
    x = np.arange(4.0).reshape(2, 2)
    square = lambda i: lambda x: (x[i] ** 2 * x[i]).sum()
    for order in (grad, lambda f: grad(lambda x: (grad(f)(x) ** 2).sum())):
        np.testing.assert_array_equal(order(square(wrap(index)))(x).numpy(), order(square(plain))(x).numpy())


def test_a_tensor_of_truths_is_a_mask():
    x = leaf(3)
    x[Tensor(np.array([True, False, True]))].sum().backward()
    assert x.grad.tolist() == [1, 0, 1]


def test_iterating_over_a_tensor_stays_recorded():
    x = leaf(2, 2)
    first, second = x
    (first * second).sum().backward()
    assert x.grad.tolist() == [[2, 3], [0, 1]]


@pytest.mark.parametrize("index", [5, [0, 5], (0, 0, 0)])
def test_an_index_out_of_bounds_is_an_index_error(index):
    with pytest.raises(IndexError, match=r"out of bounds|too many indices"):
        leaf(2, 2)[index]


# -- writing -----------------------------------------------------------------------------------------------------------


def test_a_value_that_does_not_fit_is_shown_with_the_place():
    message = r"a value of shape \(3,\) does not fit x\[index\], of shape \(2,\)\."
    for op in (ops.index_update, ops.index_add):
        with pytest.raises(ShapeError, match=f"{op.__name__}: {message}"):
            op(leaf(2, 2), 0, np.ones(3))


def test_the_input_is_left_alone():
    x = leaf(3)
    ops.index_update(x, 0, 9.0)
    ops.index_add(x, [0, 0], 9.0)
    assert x.tolist() == [0, 1, 2]


def test_a_float_written_into_integers_makes_them_floats():
    assert ops.index_update(np.array([1, 2]), 0, 0.5).tolist() == [0.5, 2]


def test_repeated_additions_all_count():
    y = Tensor(np.array([1.0, 10.0, 100.0]), requires_grad=True)
    out = ops.index_add(leaf(2), [1, -1, 0], y)
    assert out.tolist() == [100, 12]
    out.backward([1, 2])
    assert y.grad.tolist() == [2, 2, 1]


# -- gather, one_hot ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2,), (3, 3), (2, 2, 2)])
def test_gather_needs_an_index_that_fits(shape):
    with pytest.raises(ShapeError, match=r"gather: index .* into \(2, 3\) along axis 1\."):
        ops.gather(leaf(2, 3), 1, np.zeros(shape, dtype=int))


def test_one_hot():
    assert ops.one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert ops.one_hot(np.array(1), 2).dtype == np.float32
    assert isinstance(ops.one_hot(Tensor(np.array([1])), 2), Tensor)
    assert ops.one_hot(np.zeros((2, 0), dtype=int), 3).shape == (2, 0, 3)


@pytest.mark.parametrize("labels", [[3], [-1], [0.5]])
def test_one_hot_refuses_what_is_no_class(labels):
    with pytest.raises(DataError, match="one_hot: labels"):
        ops.one_hot(labels, 3)


def test_a_gradient_in_fortran_order_is_added_all_the_same():
    """Found by the generic test of layouts: zeros in the order of y have no flat view, and the sums went into a copy."""
    y = np.asfortranarray(np.ones((2, 2)))
    assert ops.scatter(y, (..., [0, 0]), (2, 2)).tolist() == [[2, 0], [2, 0]]
