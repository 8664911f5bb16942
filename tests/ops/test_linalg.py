"""The namespace ops.linalg reads as numpy.linalg does."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine import NUMPY


@pytest.mark.parametrize("name", ops.linalg.__all__)
def test_every_name_is_numpys_and_is_what_numpy_dispatches_to(name):
    assert NUMPY[getattr(np.linalg, name)] is getattr(ops.linalg, name)


@pytest.mark.parametrize("name", ["diagonal", "trace"])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_diagonals_of_a_batch_are_those_of_its_matrices(name, offset):
    x = np.arange(24.0).reshape(2, 3, 4)
    ours = getattr(np.linalg, name)(Tensor(x, requires_grad=True), offset=offset)
    np.testing.assert_array_equal(ours.numpy(), getattr(np.linalg, name)(x, offset=offset))
