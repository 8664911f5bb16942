"""The op decorator: what callers may pass, and what a rule may return."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine import NUMPY, OPS
from tinygrad_edu.engine.errors import RuleError


@pytest.fixture(autouse=True)
def _registry():
    """Ops of these tests do not stay."""
    known, mapped = dict(OPS), dict(NUMPY)
    yield
    for registry, before in ((OPS, known), (NUMPY, mapped)):
        registry.clear()
        registry.update(before)


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def test_an_op_in_three_lines() -> None:
    @tg.op
    def cube(x):
        return x**3, lambda g: g * 3 * x**2

    x = leaf(1.0, 2.0)
    cube(x).sum().backward()
    assert x.grad.tolist() == [3, 12]
    assert cube(np.array(2.0)) == 8, "arrays in, array out"
    assert cube(3) == 27
    assert OPS["cube"].call is cube
    assert tg.grad(tg.grad(lambda x: cube(x).sum()))(np.array(2.0)).item() == 12


def test_registration_as_method_and_for_a_numpy_function() -> None:
    @tg.op(method=True, numpy=np.heaviside)
    def step(x, y):
        return np.where(x > 0, 1.0, 0.0) * y, lambda g: 0 * g, lambda g: g * (x > 0)

    try:
        assert leaf(1.0, -1.0).step(2.0).tolist() == [2, 0]
        assert isinstance(np.heaviside(leaf(1.0), 2.0), Tensor)
    finally:
        del Tensor.step


def test_tensors_by_keyword_are_bound_to_their_positions() -> None:
    x, w, b = leaf(1.0, 2.0), Tensor(np.eye(2), requires_grad=True), leaf(5.0, 6.0)
    ops.linear(bias=b, weight=w, x=x.reshape(1, 2)).sum().backward()
    assert b.grad.tolist() == [1, 1]
    assert w.grad.tolist() == [[1, 1], [2, 2]]
    assert ops.linear(x.reshape(1, 2), w, bias=None).tolist() == [[1, 2]]
    with pytest.raises(TypeError, match="x"):
        ops.linear(weight=w, bias=b)
    with pytest.raises(TypeError, match="axes"):
        ops.sum(x, axes=0)
    with pytest.raises(TypeError, match="multiple"):
        ops.sum(x, x=x)


def test_options_may_come_by_position() -> None:
    assert ops.softmax(Tensor(np.ones((2, 3))), 0).sum(0).tolist() == [1, 1, 1]


def test_a_list_of_tensors_gets_a_list_of_pullbacks() -> None:
    @tg.op(name="total")
    def total(xs):
        return sum(xs[1:], xs[0]), [lambda g, k=k: g * (k + 1) for k in range(len(xs))]

    x, y = leaf(1.0), leaf(2.0)
    total([x, y, np.array([3.0])]).backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([1], [2])

    short = tg.op(name="short")(lambda xs: (xs[0] + xs[1], [lambda g: g]))
    with pytest.raises(RuleError, match="list as long"):
        short([x, y])


def test_several_outputs_give_one_pullback_of_a_tuple() -> None:
    @tg.op(name="both")
    def both(x, y):
        return (x * y, x + y), lambda g: g[0] * y + g[1], lambda g: g[0] * x + g[1]

    x, y = leaf(2.0, 3.0), leaf(5.0, 7.0)
    product, total = both(x, y)
    (product * 10 + total).sum().backward()
    assert x.grad.tolist() == [51, 71]
    x.grad = None
    product, total = both(x, y)
    total.sum().backward()
    assert x.grad.tolist() == [1, 1], "an absent gradient counts as zeros"
    second = tg.grad(lambda x: (tg.grad(lambda x: (both(x, x)[0] * both(x, x)[1]).sum())(x) ** 2).sum())(
        np.array([1.0, 2.0])
    )
    np.testing.assert_allclose(second.numpy(), 2 * 6 * np.array([1, 4.0]) * 12 * np.array([1, 2.0]))


def test_an_input_without_gradient_is_named_when_one_is_wanted() -> None:
    with pytest.raises(RuleError, match="condition"):
        ops.where(leaf(1.0, 0.0), 1.0, 2.0)
    with pytest.raises(RuleError, match="'axis'"):
        tg.op(name="odd")(lambda x, axis=0: (x * 1, lambda g: g))(np.ones(2), leaf(1.0))


def test_raw_reaches_the_array_and_again_gives_the_higher_orders() -> None:
    calls = []

    def composed(x):
        calls.append("again")
        return x * x * x

    @tg.op(name="fused", again=composed)
    def fused(x):
        a = tg.raw(x)
        out = a.copy()
        out *= a
        out *= a
        return out, lambda g: 3 * g * a * a

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(tg.grad(lambda x: fused(x).sum())(x).numpy(), 3 * x * x)
    assert not calls, "the first order does not need it"
    h = tg.hessian(lambda x: fused(x).sum())(x)
    np.testing.assert_allclose(h.numpy(), np.diag(6 * x))
    assert calls


def test_inside_no_grad_nothing_is_recorded() -> None:
    with tg.no_grad():
        y = ops.tanh(leaf(1.0))
    assert not y.requires_grad
    assert y.node is None


def test_an_input_that_shares_its_origin_with_another_is_not_counted_twice_by_again() -> None:
    """x and x*x both go into a fused op: its composition must stop at each."""
    fused = tg.op(name="fused", again=lambda x, y: x * y)(lambda x, y: (x * y, lambda g: g * y, lambda g: g * x))
    f = lambda x: fused(x, x * x).sum()
    np.testing.assert_allclose(tg.hessian(f)(np.array([1.0, 2.0])).numpy(), np.diag([6.0, 12.0]))
