"""Diagonals: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import ShapeError


def test_diag_takes_vectors_and_matrices_only():
    with pytest.raises(ShapeError, match=r"diag: x has shape \(2, 2, 2\)\. Give a vector or a matrix"):
        ops.diag(Tensor(np.zeros((2, 2, 2))))


@pytest.mark.parametrize("function", [ops.trace, ops.tril, ops.diagonal])
def test_an_infinite_gradient_stays_where_it_belongs(function):
    """The zeros beside a diagonal are selected, not multiplied: 0 * inf would be NaN."""
    x = Tensor(np.zeros((2, 2)), requires_grad=True)
    out = function(x)
    out.backward(np.full(out.shape, np.inf))
    assert x.grad.tolist() in ([[np.inf, 0], [0, np.inf]], [[np.inf, 0], [np.inf, np.inf]])


def test_a_vector_is_broadcast_to_a_triangle():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.tril(x).sum().backward()
    assert x.grad.tolist() == [3, 2, 1]
