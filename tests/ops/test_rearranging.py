"""Rearrangement: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops


def leaf(*shape: int) -> Tensor:
    return Tensor(np.arange(float(np.prod(shape))).reshape(shape), requires_grad=True)


def test_the_spellings_of_a_transpose():
    x = leaf(2, 3, 4)
    assert x.T.shape == (4, 3, 2)
    assert x.mT.shape == (2, 4, 3)
    assert x.transpose(1, 0, 2).shape == x.transpose((1, 0, 2)).shape == (3, 2, 4)
    assert x.transpose().shape == np.transpose(x).shape == (4, 3, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.swapaxes(x, 0, 2),
        lambda x: ops.moveaxis(x, 0, 2),
        lambda x: ops.flip(x, axis=2),
        lambda x: ops.roll(x, 1, axis=2),
        lambda x: ops.squeeze(x, axis=2),
        lambda x: ops.take(x, [0], axis=2),
        lambda x: ops.repeat(x, 2, axis=2),
        lambda x: ops.stack([x, x], axis=4),
        lambda x: ops.concatenate([x, x], axis=2),
        lambda x: ops.unstack(x, axis=2),
        lambda x: ops.gather(x, 2, np.zeros((2, 3), dtype=int)),
    ],
)
def test_an_axis_that_is_not_there_is_named(call):
    with pytest.raises(np.exceptions.AxisError, match=r"axis \d is out of bounds for array of dimension \d"):
        call(leaf(2, 3))


def test_an_order_that_is_none_is_refused():
    with pytest.raises(ValueError, match="repeated axis"):
        leaf(2, 3).transpose(0, 0)


def test_rolling_several_axes_at_once_is_undone():
    x = leaf(3, 4)
    seed = np.arange(12.0).reshape(3, 4)
    np.roll(x, (1, -2, 1), axis=(0, 1, 0)).backward(seed)
    np.testing.assert_array_equal(x.grad.numpy(), np.roll(seed, (-1, 2, -1), axis=(0, 1, 0)))
