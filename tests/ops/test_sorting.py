"""Order at ties, places that do not fit, and questions answered by plain arrays."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.engine.errors import ShapeError


def test_equal_entries_keep_their_order() -> None:
    assert grad(lambda x: ops.sort(x)[0])(np.array([2.0, 1.0, 1.0])).tolist() == [0, 1, 0]
    values, places = ops.topk(np.array([2.0, 1.0, 2.0]), 2)
    assert (values.tolist(), places.tolist()) == ([2, 2], [0, 2])


def test_sort_leaves_its_input_alone() -> None:
    x = Tensor(np.array([2.0, 1.0]))
    assert np.sort(x).tolist() == [1, 2]
    assert x.tolist() == [2, 1]


def test_the_places_of_topk_are_plain_integers() -> None:
    x = Tensor(np.array([[1.0, 3.0, 2.0]]), requires_grad=True)
    values, places = ops.topk(x, 2)
    assert (values.tolist(), places.tolist(), places.dtype.kind, places.requires_grad) == (
        [[3, 2]],
        [[1, 2]],
        "i",
        False,
    )
    values.sum().backward()
    assert x.grad.tolist() == [[0, 1, 1]]


def test_what_argmax_says_taken_along_the_axis() -> None:
    x = Tensor(np.array([[1.0, 3.0], [5.0, 4.0]]), requires_grad=True)
    top = np.take_along_axis(x, x.argmax(axis=1, keepdims=True), axis=1)
    top.sum().backward()
    assert (top.tolist(), x.grad.tolist()) == ([[3], [5]], [[0, 1], [1, 0]])


def test_places_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="as many axes; keepdims=True"):
        ops.take_along_axis(np.ones((2, 3)), np.zeros(2, dtype=int), 1)
    with pytest.raises(ShapeError, match="topk: 4 entries along axis -1"):
        ops.topk(np.ones(3), 4)


QUESTIONS = {
    "argmax": (lambda t: t.argmax(axis=0), [1, 0]),
    "argsort": (lambda t: t.argsort(axis=-1), [[0, 1], [1, 0]]),
    "any": (lambda t: t.any(), True),
    "all": (lambda t: t.all(axis=1), [True, False]),
    "nonzero": (lambda t: t.nonzero()[0], [0, 0, 1]),
    "isfinite": (ops.isfinite, [[True, True], [True, True]]),
    "less": (lambda t: ops.less(t, 2.0), [[True, False], [False, True]]),
    "isclose": (lambda t: ops.isclose(1.0, t), [[True, False], [False, False]]),
    "array_equal": (lambda t: ops.array_equal(t, t), True),
    "searchsorted": (lambda t: ops.searchsorted(t[0], 1.5), 1),
    "count_nonzero": (ops.count_nonzero, 3),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_by_a_plain_array(name) -> None:
    question, answer = QUESTIONS[name]
    found = question(Tensor(np.array([[1.0, 2.0], [3.0, 0.0]]), requires_grad=True))
    assert not isinstance(found, Tensor)
    assert np.asarray(found).tolist() == answer
