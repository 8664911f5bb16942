"""How parameters are divided into blocks: each entry that moves in exactly one block, none in two."""

import numpy as np
import pytest
from helpers.optimizers import parameter
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor
from tinygrad_edu.optim._flat import BLOCK, SMALL, Flat, divided, norm

SIZES = st.lists(st.sampled_from([0, 1, 7, SMALL, SMALL + 1, BLOCK, BLOCK + 1, 3 * BLOCK]), min_size=1, max_size=8)


@given(SIZES, st.data())
def test_every_moving_entry_lies_in_one_block(sizes, data):
    moving = data.draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes)))
    ends = np.cumsum(sizes).tolist()
    spans = [slice(end - size, end) for size, end in zip(sizes, ends)]
    seen = np.zeros(sum(sizes), int)
    for parts in divided(spans, moving):
        start = spans[parts[0].of].start + parts[0].start
        for of, a, b in parts:
            assert spans[of].start + a == start, "parts of a block lie side by side"
            seen[start : start + b - a] += 1
            start += b - a
        assert start - (spans[parts[0].of].start + parts[0].start) <= BLOCK
        assert len(parts) == 1 or all(b - a == sizes[of] for of, a, b in parts), "only whole parameters share a block"
    expected = np.concatenate([np.full(size, moves) for size, moves in zip(sizes, moving)])
    np.testing.assert_array_equal(seen, expected)


def test_the_gradient_of_each_block_is_its_parameters_own():
    sizes = [5, SMALL + 3, 2, 4, BLOCK + 1]
    parameters = [parameter(np.zeros(size)) for size in sizes]
    flat = Flat([(str(i), p) for i, p in enumerate(parameters)], {})
    rng = np.random.default_rng(0)
    for i, p in enumerate(parameters):
        p.grad = None if i == 2 else Tensor(rng.normal(size=p.shape).astype(np.float32))
    flat.collect()
    for block in flat.blocks:
        block.value[...] = flat.gradient(block)
    for p in parameters:
        np.testing.assert_array_equal(p.data, np.zeros(2) if p.grad is None else p.grad.data)


def test_an_unchanged_plan_is_kept():
    p, q = parameter([1.0]), parameter([2.0])
    flat = Flat([("p", p), ("q", q)], {})
    p.grad = Tensor([1.0])
    flat.collect()
    first = flat.blocks
    flat.collect()
    assert flat.blocks is first
    q.grad = Tensor([1.0])
    flat.collect()
    assert flat.blocks is not first


def test_the_norm_of_numbers_whose_square_overflows():
    assert norm(np.array([3e30, 4e30], np.float32)) == pytest.approx(5e30)
    assert norm(np.array([np.inf, 1], np.float32)) == np.inf
    assert norm(np.zeros(0, np.float32)) == 0
