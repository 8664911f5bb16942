"""How an op is called, and what its results are: several, named ones, and ones that cannot have a gradient."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, op
from tinygrad_edu.engine.outputs import Parts, spread
from tinygrad_edu.engine.walk import walk


@op
def halves(x):
    """Both halves of a vector."""
    n = len(x) // 2
    return (x[:n], x[n:]), lambda gs: np.concatenate(gs)


def test_a_part_that_nobody_used_counts_as_zeros():
    x = Tensor(np.arange(4.0), requires_grad=True)
    halves(x)[1].sum().backward()
    assert x.grad.tolist() == [0, 0, 1, 1]


def test_every_part_contributes_once():
    x = Tensor(np.arange(4.0), requires_grad=True)
    first, second = halves(x)
    (first * second).sum().backward()
    assert x.grad.tolist() == [2, 3, 0, 1]


def test_several_outputs_have_second_derivatives():
    x = Tensor(np.arange(4.0), requires_grad=True)
    first, second = halves(x * x)
    ((_, g),) = walk((first * second).sum(), inputs=[x], create_graph=True)
    g.sum().backward()
    # f = x0^2 x2^2 + x1^2 x3^2
    expected = [2 * 4 + 4 * 0 * 2, 2 * 9 + 4 * 1 * 3, 2 * 0 + 4 * 0 * 2, 2 * 1 + 4 * 1 * 3]
    assert x.grad.tolist() == expected


def test_a_fused_op_may_have_several_outputs():
    @op(again=lambda x, y: (x * y, x * x))
    def products(x, y):
        return (x * y, x * x), lambda gs: gs[0] * y + 2 * gs[1] * x, lambda gs: gs[0] * x

    x, y = Tensor(np.array([3.0]), requires_grad=True), Tensor(np.array([5.0]), requires_grad=True)
    first, second = products(x, y)
    (_, gx), (_, gy) = walk((first * second).sum(), inputs=[x, y], create_graph=True)  # x^3 y
    (gx + gy).sum().backward()
    assert x.grad.tolist() == [6 * 3 * 5 + 3 * 9]
    assert y.grad.tolist() == [3 * 9]
    ((_, gx),) = walk(products(x, y)[1].sum(), inputs=[x], create_graph=True)  # one output of the two
    assert gx.tolist() == [6]


def test_numpys_named_results_keep_their_names():
    x = Tensor(np.diag([2.0, 1.0]), requires_grad=True)
    assert np.linalg.eigh(x).eigenvalues.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", [int, bool])
def test_a_result_that_is_not_floating_ends_the_graph(dtype):
    x = Tensor(np.ones(3), requires_grad=True)
    y = x.astype(dtype)
    assert not y.requires_grad
    assert y.node is None


def test_inputs_may_be_given_by_their_names():
    @op
    def scaled(vector, scale):
        return vector * scale, lambda g: g * scale, lambda g: g * vector

    x = Tensor(np.ones(2), requires_grad=True)
    for y in (scaled(x, scale=3.0), scaled(scale=3.0, vector=x), scaled(x, 3.0)):
        x.grad = None
        y.sum().backward()
        assert x.grad.tolist() == [3, 3]
    assert np.expand_dims(x, axis=0).shape == (1, 2)


def test_gradients_of_many_outputs_are_put_together_once() -> None:
    """Each of n outputs once cost a tuple of n: a sequence of 1,500 steps took 3.4 times as long to walk back."""
    n = 200
    first = Parts({0: np.ones(1)})
    total = first
    for i in range(1, n):
        total = total + spread(i)(np.ones(1))
    assert total is first
    assert sorted(total.parts) == list(range(n))
    assert (total + spread(3)(np.ones(1))).parts[3].tolist() == [2]
