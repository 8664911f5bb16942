"""Shapes: what the generic tests of every op cannot say."""

import numpy as np
import pytest

from tinygrad_edu import Tensor


def leaf(*shape: int, dtype: type = np.float64) -> Tensor:
    return Tensor(np.arange(float(np.prod(shape))).reshape(shape).astype(dtype), requires_grad=True)


def test_a_cast_gives_its_input_a_gradient_of_the_inputs_dtype():
    x = leaf(3, dtype=np.float32)
    y = x.astype(np.float64)
    (y * y).sum().backward()
    assert y.dtype == np.float64
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [0, 2, 4]


def test_a_cast_to_complex_gives_back_the_real_part():
    x = leaf(2)
    y = x.astype(np.complex128) * 1j
    (y * y).sum().backward(seed=np.array(1 + 0j))
    assert x.grad.tolist() == [0, -2]
    assert x.grad.dtype == np.float64


def test_copy_and_flatten_have_memory_of_their_own_and_ravel_shares():
    x = leaf(2, 2)
    assert not np.shares_memory(x.copy().data, x.data)
    assert not np.shares_memory(x.flatten().data, x.data)
    assert np.shares_memory(x.ravel().data, x.data)


def test_numpys_keywords_work():
    x = leaf(2, 3)
    assert np.expand_dims(x, axis=0).shape == (1, 2, 3)
    assert np.broadcast_to(x, shape=(4, 2, 3)).shape == (4, 2, 3)
    assert np.squeeze(x[None], axis=0).shape == (2, 3)
    assert np.reshape(x, (3, -1)).shape == (3, 2)
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == (3, 2)


@pytest.mark.parametrize("shape", [(4,), (-1, 4), (0, -1)])
def test_an_impossible_shape_is_refused_with_the_numbers(shape):
    with pytest.raises(ValueError, match="cannot reshape array of size 6 into shape"):
        leaf(2, 3).reshape(shape)


def test_only_axes_of_length_one_can_be_squeezed():
    with pytest.raises(ValueError, match="size not equal to one"):
        leaf(2, 3).squeeze(0)
