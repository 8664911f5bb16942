"""The side of a Tensor that is an array: looks, conversions, copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import DetachError, DTypeError, GraphError, ShapeError


def leaf() -> Tensor:
    return Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)


def test_it_looks_like_an_array() -> None:
    t = leaf()
    assert (t.shape, t.ndim, t.size, t.nbytes, t.dtype, len(t)) == ((2, 3), 2, 6, 48, np.float64, 2)
    assert [row.tolist() for row in t] == [[0, 1, 2], [3, 4, 5]]
    assert t.T.shape == (3, 2)
    assert 4 in t
    assert 7 not in t
    assert np.shape(t) == (2, 3)
    assert np.size(t) == 6


def test_rows_of_an_iteration_are_recorded() -> None:
    t = leaf()
    sum(row.sum() for row in t).backward()
    assert t.grad.tolist() == [[1, 1, 1]] * 2


def test_the_representation_helps() -> None:
    assert repr(Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(leaf()).endswith("dtype=float64, requires_grad=True)")
    assert "op=tanh" in repr(ops.tanh(leaf()))
    assert len(repr(Tensor(np.zeros(10_000)))) < 200
    y = (leaf() * 2).sum()
    y.backward()
    assert "op=freed" in repr(y)


def test_numbers_out_of_it() -> None:
    t = Tensor(2.5, requires_grad=True)
    assert (float(t), int(t), complex(t), t.item(), f"{t:.2f}") == (2.5, 2, 2.5 + 0j, 2.5, "2.50")
    assert [10, 20, 30][Tensor(np.array(1))] == 20
    with pytest.raises(TypeError, match="integer"):
        [1][t]
    with pytest.raises(ShapeError, match="mean"):
        leaf().item()
    with pytest.raises(TypeError, match="0-d"):
        len(t)
    with pytest.raises(TypeError, match="0-d"):
        iter(t)


def test_truth_is_of_single_entries() -> None:
    assert Tensor(1.0)
    assert not Tensor(0.0)
    with pytest.raises(ValueError, match="any"):
        bool(leaf())


def test_copies_are_leaves_of_their_own_memory() -> None:
    t = leaf()
    t.sum().backward()
    for made in (copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t))):
        assert made.tolist() == t.tolist()
        assert made.requires_grad
        assert made.grad.tolist() == t.grad.tolist()
        assert not np.shares_memory(made.data, t.data)
    twice = copy.deepcopy([t, t])
    assert twice[0] is twice[1]


def test_a_graph_is_not_copied() -> None:
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(GraphError, match="detach"):
            way(leaf() * 2)


def test_dlpack_shares_memory_and_does_not_detach_silently() -> None:
    t = Tensor(np.arange(3.0))
    assert np.shares_memory(np.from_dlpack(t), t.data)
    with pytest.raises(DetachError):
        np.from_dlpack(leaf())


def test_dlpack_of_memory_that_runs_backwards() -> None:
    t = Tensor(np.arange(3.0)[::-1])
    with pytest.raises(BufferError, match=r"tensor\.copy\(\)"):
        np.from_dlpack(t)
    assert np.from_dlpack(t.copy()).tolist() == [2, 1, 0]


def test_asarray_of_a_tensor_without_gradient() -> None:
    t = Tensor(np.arange(3.0))
    assert np.asarray(t) is not None
    assert np.shares_memory(np.asarray(t), t.data)
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    assert not np.shares_memory(np.array(t), t.data)


def test_detach_shares_memory_and_drops_the_graph() -> None:
    y = leaf() * 2
    d = y.detach()
    assert np.shares_memory(d.data, y.data)
    assert not d.requires_grad
    assert d.is_leaf


def test_tensor_of_a_tensor_refuses_to_lose_its_graph() -> None:
    with pytest.raises(DetachError, match="detach"):
        tg.tensor(leaf() * 2)


def test_requires_grad_is_for_leaves_and_floats() -> None:
    y = leaf() * 2
    with pytest.raises(GraphError, match="detach"):
        y.requires_grad_(False)
    with pytest.raises(DTypeError, match="bool"):
        Tensor(np.array([True])).requires_grad_()
    assert Tensor([1.0]).requires_grad_().requires_grad


def test_hooks_need_a_gradient_to_come() -> None:
    with pytest.raises(GraphError, match="never"):
        Tensor([1.0]).register_hook(lambda g: g)


def test_create_graph_leaves_a_gradient_that_can_be_differentiated() -> None:
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    assert x.grad.tolist() == [6, 12]
    (x**3).sum().backward(create_graph=True)
    assert x.grad.tolist() == [9, 24], "and accumulates like any other"


def test_items_of_a_constant_are_assigned() -> None:
    t = Tensor(np.zeros((2, 2)))
    t[0] = 1
    t[Tensor(np.array(1)), 0] = Tensor(5.0)
    assert t.tolist() == [[1, 1], [5, 0]]


def test_reduce_of_a_ufunc_takes_numpys_default_axis() -> None:
    t = leaf()
    assert np.add.reduce(t).tolist() == t.numpy().sum(axis=0).tolist()
    assert np.add.reduce(t, axis=None).item() == 15
    assert np.maximum.reduce(t, 1).tolist() == [2, 5]


def test_assign_checks_shape_and_mode() -> None:
    t = leaf()
    with pytest.raises(GraphError, match="no_grad"):
        t.assign_(0)
    with tg.no_grad():
        assert t.assign_(1).tolist() == [[1, 1, 1]] * 2
        with pytest.raises(ShapeError, match=r"\(3,\)"):
            t.assign_(np.ones(3))
