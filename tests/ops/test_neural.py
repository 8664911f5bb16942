"""Dropout, embedding, bilinear form and attention: what they promise beyond their formulas, and what they refuse."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import DataError, ShapeError

RNG = np.random.default_rng(5)
attention = ops.scaled_dot_product_attention


def test_dropout_keeps_the_expected_value():
    keep = RNG.uniform(size=100_000) >= 0.2
    out = ops.dropout(np.ones(100_000), keep, 0.2)
    assert set(out.tolist()) == {0.0, 1.25}
    assert out.mean() == pytest.approx(1, abs=0.01)


def test_dropout_at_the_ends():
    x = np.arange(3.0)
    assert ops.dropout(x, np.ones(3, bool), 0.0).tolist() == x.tolist()
    assert ops.dropout(x, np.ones(3, bool), 1.0).tolist() == [0, 0, 0]  # not 0 * inf


def test_dropout_of_whole_channels():
    x = Tensor(np.ones((2, 2, 3)), requires_grad=True)
    ops.dropout(x, np.array([[[True], [False]], [[False], [True]]]), 0.5).sum().backward()
    assert x.grad.data[:, :, 0].tolist() == [[2, 0], [0, 2]]


def test_a_row_that_is_taken_twice_collects_both_gradients():
    table = Tensor(np.zeros((3, 2)), requires_grad=True)
    ops.embedding(table, np.array([[0, 0], [2, 0]])).sum().backward()
    assert table.grad.tolist() == [[3, 3], [0, 0], [1, 1]]


def test_ids_may_be_a_list_or_a_number():
    table = np.arange(6.0).reshape(3, 2)
    assert ops.embedding(table, [2, 0]).tolist() == [[4, 5], [0, 1]]
    assert ops.embedding(table, 1).tolist() == [2, 3]


# -- attention ---------------------------------------------------------------------------------------------------------


def drawn(*shapes):
    return [Tensor(RNG.normal(size=s), requires_grad=True) for s in shapes]


def test_equal_keys_give_the_mean_of_the_values():
    v = RNG.normal(size=(5, 3))
    np.testing.assert_allclose(
        attention(np.ones((2, 4)), np.ones((5, 4)), v), np.tile(v.mean(axis=0), (2, 1)), rtol=1e-13
    )


def test_causal_attention_does_not_see_what_comes_later():
    q, k, v = drawn((4, 3), (4, 3), (4, 2))
    attention(q, k, v, causal=True)[1].sum().backward()
    assert k.grad.data[:2].any()
    assert v.grad.data[:2].any()
    assert not k.grad.data[2:].any()
    assert not v.grad.data[2:].any()


def test_a_causal_a_boolean_and_an_added_mask_say_the_same():
    seen = np.tri(4, dtype=bool)
    q, k, v = (RNG.normal(size=(2, 4, 3)) for _ in range(3))
    expected = attention(q, k, v, causal=True)
    np.testing.assert_array_equal(attention(q, k, v, seen), expected)
    np.testing.assert_allclose(attention(q, k, v, np.where(seen, 0.0, -np.inf)), expected, rtol=1e-14)


@pytest.mark.parametrize("mask", [np.zeros((2, 4), bool), np.full((2, 4), -np.inf)])
def test_a_query_that_sees_no_key_is_zero_with_zero_gradient(mask):
    """A softmax over nothing but -inf is NaN, and so is every gradient behind it."""
    mask = mask.copy()
    mask[1] = True if mask.dtype == bool else 0.0
    q, k, v = drawn((2, 3), (4, 3), (4, 2))
    out = attention(q, k, v, mask)
    out.sum().backward()
    assert out.tolist()[0] == [0, 0]
    assert not q.grad.data[0].any()
    for t in (out, q.grad, k.grad, v.grad):
        assert np.isfinite(t.data).all()
    assert out.data[1].any()


def test_scores_of_ten_thousand_are_stable_in_float32():
    q, k, v = (
        Tensor(a.astype(np.float32), requires_grad=True) for a in (np.full((2, 1), 1e4), np.eye(3)[:, :1], np.eye(3))
    )
    out = attention(q, k, v)
    out.sum().backward()
    assert out.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert np.isfinite(q.grad.data).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.dropout(np.ones(2), np.ones(2, bool), 1.5), ValueError, "from 0 to 1"),
        (lambda: ops.dropout(np.ones(2), np.ones((3, 2), bool), 0.5), ShapeError, r"a mask of shape \(3, 2\)"),
        (lambda: ops.dropout(np.ones(2), np.ones(3, bool), 0.5), ShapeError, r"a mask of shape \(3,\)"),
        (lambda: ops.embedding(np.ones((3, 2)), np.array([3])), DataError, "but the table has 3 rows, 0 to 2"),
        (lambda: ops.embedding(np.ones((3, 2)), np.array([-1])), DataError, "ids from -1 to -1"),
        (lambda: ops.embedding(np.ones((3, 2)), np.array([1.0])), DataError, "ids are integers"),
        (lambda: ops.bilinear(np.ones((2, 3)), np.ones((2, 4)), np.ones((5, 4, 3))), ShapeError, r"\(K, I, J\)"),
        (lambda: attention(np.ones((2, 3)), np.ones((4, 2)), np.ones((4, 2))), ShapeError, "queries"),
        (lambda: attention(np.ones((2, 3)), np.ones((4, 3)), np.ones((5, 2))), ShapeError, "values"),
        (lambda: attention(np.ones(3), np.ones((4, 3)), np.ones((4, 2))), ShapeError, "queries"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
