"""Transforms: derivatives of functions, nested to any depth, that never touch ``.grad``."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine import random
from tinygrad_edu.engine.errors import DTypeError, GraphError, InPlaceError, ShapeError

X = np.random.default_rng(0).normal(size=(3,))
W = np.random.default_rng(1).normal(size=(3, 3))


def close(a, b) -> None:
    np.testing.assert_allclose(a.numpy() if isinstance(a, Tensor) else a, b, rtol=1e-11, atol=1e-12)


def test_grad_of_numbers_arrays_and_tensors() -> None:
    assert tg.grad(lambda x: x**3)(2.0).item() == 12
    assert tg.grad(lambda x: x**3)(2.0).dtype == np.float32
    close(tg.grad(lambda x: (x**3).sum())(X), 3 * X**2)
    close(tg.grad(lambda x: (x**3).sum())(Tensor(X)), 3 * X**2)


def test_every_order() -> None:
    derivative, expected = (lambda x: x**6), 1.0
    for k in range(6):
        derivative, expected = tg.grad(derivative), expected * (6 - k)
        close(derivative(np.array(2.0)), expected * 2.0 ** (5 - k))
    close(tg.grad(derivative)(np.array(2.0)), 0)


def test_any_argument_and_several() -> None:
    f = lambda x, y, z: (x * y * y * z).sum()
    close(tg.grad(f, 1)(X, X, X), 2 * X**3)
    first, last = tg.grad(f, (0, -1))(X, 2 * X, X)
    close(first, 4 * X**3)
    close(last, 4 * X**3)
    with pytest.raises(ValueError, match="3 argument"):
        tg.grad(f, 3)(X, X, X)


def test_the_identity_and_its_gradient() -> None:
    assert tg.grad(lambda x: x)(2.0).item() == 1
    assert tg.grad(lambda x: x)(Tensor(2.0, requires_grad=True)).item() == 1
    close(tg.jacobian(lambda x: x)(X), np.eye(3))


def test_structures_of_arguments() -> None:
    parameters = {"w": W, "b": [X, (X, 2.0)]}
    f = lambda p: (X @ p["w"] + p["b"][0] * p["b"][1][1]).sum()
    g = tg.grad(f)(parameters)
    assert list(g) == ["w", "b"]
    close(g["w"], np.outer(X, np.ones(3)))
    close(g["b"][0], 2 * np.ones(3))
    close(g["b"][1][0], np.zeros(3))
    close(g["b"][1][1], X.sum().astype(np.float32))


def test_value_and_grad_share_one_run() -> None:
    runs = []
    value, g = tg.value_and_grad(lambda x: runs.append(1) or (x * x).sum())(X)
    assert runs == [1]
    close(value, (X * X).sum())
    close(g, 2 * X)


def test_transforms_leave_grad_and_the_callers_graph_alone() -> None:
    x = Tensor(X, requires_grad=True)
    y = ops.exp(x)
    tg.grad(lambda z: (z * y).sum())(X)
    assert x.grad is None
    y.sum().backward()  # would raise if the transform had freed it
    close(x.grad, np.exp(X))


def test_perturbation_confusion() -> None:
    """Siskind and Pearlmutter, 2005: d/dx [x d/dy (x + y)] is 1, and 2 for a system that mixes the variables up."""
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(1.0).item() == 1
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y)(1.0))(3.0).item() == 6
    assert tg.grad(lambda x: tg.grad(lambda y: tg.grad(lambda z: x * y * z)(1.0) * y)(2.0))(5.0).item() == 4


def test_a_gradient_flows_to_the_outer_tensor() -> None:
    x = Tensor(X, requires_grad=True)
    g = tg.grad(lambda z: (z**3).sum())(x)
    (g * g).sum().backward()
    close(x.grad, 36 * X**3)
    a = Tensor(2.0, requires_grad=True)
    tg.grad(lambda z: (a * z**2).sum())(X).sum().backward()
    close(a.grad, np.float32(2 * X.sum()))


def test_no_grad_outside_means_no_graph_on_the_result() -> None:
    x = Tensor(X, requires_grad=True)
    with tg.no_grad():
        g = tg.grad(lambda z: (z**3).sum())(x)
    assert not g.requires_grad
    close(g, 3 * X**2)


def test_a_derivative_along_a_direction_under_no_grad_is_no_part_of_a_graph() -> None:
    x = Tensor(X, requires_grad=True)
    with tg.no_grad():
        value, along = tg.jvp(ops.tanh, [x], [X])
    assert not value.requires_grad
    assert not along.requires_grad
    y, _ = tg.vjp(ops.tanh, X)
    assert not y.requires_grad, "nothing of the caller's is in it"
    y, _ = tg.vjp(ops.tanh, x)
    assert y.requires_grad


def test_vjp_and_jvp_are_adjoint() -> None:
    f = lambda x: ops.tanh(x @ W) * x
    y, pull = tg.vjp(f, X)
    u, v = np.array([1.0, -2.0, 0.5]), np.array([0.3, 2.0, 1.0])
    value, along = tg.jvp(f, [X], [v])
    close(value, y.numpy())
    close((along * u).sum(), (pull(u)[0].numpy() * v).sum())
    close(tg.jacobian(f)(X).numpy() @ v, along.numpy())
    close(pull(u)[0], u @ tg.jacobian(f)(X).numpy())


def test_jacobian_shapes_and_several_arguments() -> None:
    a, b = tg.jacobian(lambda x, w: x @ w, (0, 1))(np.ones((2, 3)), W)
    assert (a.shape, b.shape) == ((2, 3, 2, 3), (2, 3, 3, 3))
    assert tg.jacobian(lambda x: x[:0])(X).shape == (0, 3)
    assert tg.jacobian(tg.jacobian(lambda x: x**3))(X).shape == (3, 3, 3)


def test_hessian_and_hvp() -> None:
    f = lambda x: (x @ W * x).sum() ** 2
    s, h = W + W.T, tg.hessian(f)(X)
    q = X @ W @ X
    close(h, 2 * q * s + 2 * np.outer(s @ X, s @ X))
    v = np.array([1.0, 0.0, -1.0])
    close(tg.hvp(f, X, v), h.numpy() @ v)


def test_elementwise_grad() -> None:
    close(tg.elementwise_grad(ops.tanh)(X), 1 - np.tanh(X) ** 2)
    close(tg.elementwise_grad(tg.elementwise_grad(ops.sin))(X), -np.sin(X))


def test_a_result_that_does_not_depend_on_the_argument_has_gradient_zero() -> None:
    close(tg.grad(lambda x: 3.0)(X), np.zeros(3))
    close(tg.grad(lambda x: Tensor(2.0) * 3)(X), np.zeros(3))
    close(tg.jvp(lambda x: np.ones(2), [X], [X])[1], np.zeros(2))


def test_jvp_inside_grad_and_grad_inside_jvp() -> None:
    f = lambda x: tg.jvp(lambda y: np.tanh(y) * x, [x], [np.ones(3)])[1].sum()
    close(tg.grad(f)(X), (1 - np.tanh(X) ** 2) * (1 - 2 * X * np.tanh(X)))
    _, along = tg.jvp(tg.grad(lambda x: (x**4).sum()), [X], [X])
    close(along, 12 * X**3)


def test_clear_errors() -> None:
    with pytest.raises(GraphError, match="jacobian"):
        tg.grad(lambda x: x * 2)(X)
    with pytest.raises(DTypeError, match="int64"):
        tg.grad(lambda x: x.sum())(np.arange(3))
    with pytest.raises(ShapeError, match="one tangent for each"):
        tg.jvp(lambda x: x, [X], [])
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        tg.jvp(lambda x: x, [X], [np.ones(2)])
    with pytest.raises(ShapeError, match="hvp"):
        tg.hvp(lambda x: x.sum(), X, np.ones(2))


# -- checkpoint --------------------------------------------------------------------------------------------------------


def segment(w):
    return lambda x: ops.tanh(x @ w) * x


def test_checkpoint_gives_the_same_gradients_to_arguments_and_to_what_it_closes_over() -> None:
    results = []
    for wrap in (tg.checkpoint, lambda f: f):
        x, w = Tensor(X, requires_grad=True), Tensor(W, requires_grad=True)
        f = wrap(segment(w))
        f(f(x * 2)).sum().backward()
        results.append((x.grad.numpy(), w.grad.numpy()))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_checkpoint_in_higher_derivatives() -> None:
    w = Tensor(W)
    plain = lambda x: (segment(w)(x) ** 2).sum()
    kept = lambda x: (tg.checkpoint(segment(w))(x) ** 2).sum()
    close(tg.hessian(kept)(X), tg.hessian(plain)(X).numpy())


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_checkpoint_sees_what_was_changed_before_it_runs_again(which, create_graph) -> None:
    """Of x^3 at 1, with x raised by 1 before the walk, the slope came out as 12: an argument, a closure, a constant."""
    x, w = (Tensor(np.array([1.0]), requires_grad=True) for _ in range(2))
    images = Tensor(np.array([1.0]))
    y = tg.checkpoint(lambda x, scale: (x * w * scale) ** 3)(x, scale=images).sum()
    with tg.no_grad():
        (x, w, images)[which].assign_(2.0)
    with pytest.raises(InPlaceError, match="checkpoint: an input of <lambda> was changed in place"):
        y.backward(create_graph=create_graph)


def test_checkpoint_may_change_what_it_is_given_while_it_runs() -> None:
    seen = Tensor(np.zeros(1))

    def counting(x, seen):
        with tg.no_grad():
            seen += 1
        return x * x

    x = Tensor(np.array([3.0]), requires_grad=True)
    tg.checkpoint(counting)(x, seen).backward()
    assert x.grad.tolist() == [6]


def test_checkpoint_runs_twice_and_keeps_nothing_inside() -> None:
    runs = []

    def f(x):
        y = ops.exp(x)
        runs.append(weak := __import__("weakref").ref(y))
        return (y * y + weak().sum()).sum()

    x = Tensor(X, requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        y = tg.checkpoint(f)(x)
        assert runs[0]() is None, "the inside is gone before the walk"
        y.backward()
    finally:
        gc.enable()
    assert len(runs) == 2


def test_checkpoint_replays_its_random_draws_and_no_other() -> None:
    inside, after = random.generator(), random.generator()
    f = lambda x: x * inside.normal(size=3)
    x = Tensor(X, requires_grad=True)
    y = tg.checkpoint(f)(x)
    factor = y.numpy() / X
    before = after.bit_generator.state
    y.sum().backward()
    close(x.grad, factor)
    assert after.bit_generator.state == before
    assert not np.array_equal(inside.normal(size=3), factor), "drawing goes on where it was"


def test_set_random_seed_makes_generators_repeat() -> None:
    draws = []
    for _ in range(2):
        tg.set_random_seed(7)
        draws.append((random.generator().normal(), random.generator().normal()))
    assert draws[0] == draws[1]
    assert draws[0][0] != draws[0][1]
    with pytest.raises(ValueError, match="-1"):
        tg.set_random_seed(-1)
