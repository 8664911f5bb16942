"""Mistakes in a hand-written loop that an optimiser notices, and right loops of which it must not complain."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import Tensor, optim
from tinygrad_edu.optim import SharedParametersWarning, ZeroGradWarning


def weights() -> list[Tensor]:
    return [Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.zeros(3), requires_grad=True)]


def loss(ps: list[Tensor]) -> Tensor:
    return (ps[0] * ps[0]).sum() + ps[1].sum()


def test_a_forgotten_zero_grad_is_noticed_at_the_second_step_and_once():
    ps = weights()
    optimizer = optim.SGD(ps)
    loss(ps).backward()
    optimizer.step()
    loss(ps).backward()
    with pytest.warns(ZeroGradWarning, match="zero_grad") as caught:
        optimizer.step()
    assert caught[0].filename == __file__
    loss(ps).backward()
    optimizer.step()  # another warning would be an error


def test_several_backwards_in_between_make_it_no_less_forgotten():
    ps = weights()
    optimizer = optim.SGD(ps)
    loss(ps).backward()
    optimizer.step()
    loss(ps).backward()
    loss(ps).backward()
    with pytest.warns(ZeroGradWarning):
        optimizer.step()


@pytest.mark.parametrize("clear", ["optimizer first", "optimizer last", "by hand"])
def test_deliberate_accumulation_is_no_mistake(clear):
    ps = weights()
    optimizer = optim.Adam(ps)
    for _ in range(3):
        if clear == "optimizer first":
            optimizer.zero_grad()
        for _ in range(4):
            loss(ps).backward()
        optimizer.step()
        if clear == "optimizer last":
            optimizer.zero_grad()
        if clear == "by hand":
            for p in ps:
                p.grad = None


def test_two_steps_with_one_gradient_are_no_mistake():
    ps = weights()
    optimizer = optim.SGD(ps)
    loss(ps).backward()
    optimizer.step()
    optimizer.step()


def test_gradients_that_are_set_are_no_mistake():
    ps = weights()
    optimizer = optim.SGD(ps)
    kept = [[Tensor(np.full(p.shape, value)) for p in ps] for value in (1.0, 2.0)]
    for gradients in (*kept, *kept):
        for p, g in zip(ps, gradients):
            p.grad = g
        optimizer.step()


def test_two_optimisers_with_their_own_parameters_and_one_loss():
    ps = weights()
    first, second = optim.SGD(ps[:1]), optim.SGD(ps[1:])
    for _ in range(3):
        for optimizer in (first, second):
            optimizer.zero_grad()
            loss(ps).backward()
            optimizer.step()


def test_a_spent_gradient_looks_and_copies_as_any_other():
    ps = weights()
    loss(ps).backward()
    before = repr(ps[1].grad)
    optim.SGD(ps).step()
    assert repr(ps[1].grad) == before
    for copied in (copy.deepcopy(ps[1]), pickle.loads(pickle.dumps(ps[1]))):
        assert copied.grad.tolist() == [1.0] * 3


def test_two_optimisers_on_the_same_parameters_are_noticed():
    ps = weights()
    first = optim.SGD(ps)
    second = optim.SGD(ps)
    loss(ps).backward()
    second.step()
    with pytest.warns(SharedParametersWarning, match="Step with one of them"):
        first.step()


def test_going_over_to_another_optimiser_is_no_mistake():
    ps = weights()
    first = optim.SGD(ps)
    loss(ps).backward()
    first.step()
    second = optim.Adam(ps)
    for _ in range(3):
        second.zero_grad()
        loss(ps).backward()
        second.step()


def test_data_that_is_replaced_is_no_mistake():
    ps = weights()
    optimizer = optim.SGD(ps)
    loss(ps).backward()
    for replace in (lambda d: d * 2, lambda d: d.reshape(d.shape), lambda d: np.zeros(6)[: d.size].reshape(d.shape)):
        ps[1].data = replace(ps[1].data)
        optimizer.step()
