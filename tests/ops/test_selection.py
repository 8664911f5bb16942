"""Selection at ties and bounds; the cases of established libraries' failures that concern it.

pt = pytorch/pytorch; "run" = seen wrong by running the library.
"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, elementwise_grad, grad, ops
from tinygrad_edu.engine.errors import DTypeError, ShapeError


@pytest.mark.parametrize("op", [ops.maximum, ops.minimum, ops.fmax, ops.fmin])
def test_case_13_a_tie_is_shared_by_halves(op) -> None:
    """run: MyGrad gives (0, 0)."""
    gx, gy = grad(op, (0, 1))(2.0, 2.0)
    assert (gx.item(), gy.item()) == (0.5, 0.5)


def test_a_number_takes_its_half_of_a_tie_with_it() -> None:
    assert elementwise_grad(lambda x: ops.maximum(x, 0.0))(np.array([-1.0, 0.0, 1.0])).tolist() == [0, 0.5, 1]


def test_nan_reaches_the_gradient_of_maximum_and_not_that_of_fmax() -> None:
    gx, gy = grad(ops.maximum, (0, 1))(np.nan, 1.0)
    assert (gx.item(), gy.item()) == (1, 1)
    gx, gy = grad(ops.fmax, (0, 1))(np.nan, 1.0)
    assert (gx.item(), gy.item()) == (0, 1)
    gx, gy = grad(ops.fmin, (0, 1))(1.0, np.nan)
    assert (gx.item(), gy.item()) == (1, 0)


def test_case_14_clip_at_a_bound() -> None:
    """pt#7049."""
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert elementwise_grad(lambda x: ops.clip(x, -1, 1))(x).tolist() == [0, 1, 1, 1, 0]


def test_clip_passes_the_gradient_to_the_bound_that_it_moved_x_to() -> None:
    x, low, high = (Tensor(np.array(v), requires_grad=True) for v in ([-2.0, 0.0, 5.0], -1.0, [1.0, 1.0, 3.0]))
    out = x.clip(low, high)
    out.sum().backward()
    assert out.tolist() == [-1, 0, 3]
    assert (x.grad.tolist(), low.grad.tolist(), high.grad.tolist()) == ([0, 1, 0], 1, [0, 0, 1])


def test_where_bounds_cross_the_upper_one_holds() -> None:
    gx, low, high = grad(ops.clip, (0, 1, 2))(0.0, 2.0, 1.0)
    assert ops.clip(0.0, 2.0, 1.0) == 1
    assert (gx.item(), low.item(), high.item()) == (0, 0, 1)


SPELLINGS = [
    lambda t: np.clip(t, -1, 1),
    lambda t: np.clip(t, a_min=-1, a_max=1),
    lambda t: t.clip(-1, 1),
    lambda t: t.clip(min=-1, max=1),
]
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    SPELLINGS.append(lambda t: np.clip(t, min=-1, max=1))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_clip_is_recorded(spelling) -> None:
    x = Tensor(np.array([-2.0, 0.5]), requires_grad=True)
    out = spelling(x)
    out.sum().backward()
    assert (out.tolist(), x.grad.tolist()) == ([-1, 0.5], [0, 1])


def test_clip_without_bounds_is_a_new_value() -> None:
    x = Tensor(np.array([1.0]))
    assert not np.shares_memory(ops.clip(x).data, x.data)


def test_case_18_an_op_inside_an_unchosen_branch_and_the_remedy() -> None:
    """pt#187297: where selects, but 0 times an infinite slope inside the branch is NaN. Choose its input as well."""
    x = np.array([-1.0, 4.0])
    with np.errstate(invalid="ignore"):
        plain = elementwise_grad(lambda x: ops.where(x > 0, ops.sqrt(x), x))(x)
    assert np.isnan(plain.numpy()).tolist() == [True, False]
    twice = elementwise_grad(lambda x: ops.where(x > 0, ops.sqrt(ops.where(x > 0, x, 1.0)), x))(x)
    assert twice.tolist() == [1, 0.25]


def test_case_18_where_selects_and_never_multiplies() -> None:
    """pt#187297."""
    x, y = (Tensor(np.array(v), requires_grad=True) for v in ([np.inf, 1.0], [1.0, np.nan]))
    ops.where(np.array([False, True]), x, y).backward(np.array([np.inf, np.nan]))
    assert (x.grad.tolist()[0], y.grad.tolist()[1]) == (0, 0)


def test_select_takes_the_first_choice_whose_condition_holds() -> None:
    x, y, z = (Tensor(np.array(v), requires_grad=True) for v in ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 7.0))
    out = np.select([x < 2, x < 3], [x, y], z)
    out.sum().backward()
    assert out.tolist() == [1, 5, 7]
    assert (x.grad.tolist(), y.grad.tolist(), z.grad.tolist()) == ([1, 0, 0], [0, 1, 0], 1)


def test_select_says_what_it_needs() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(ShapeError, match="2 conditions, 1 choices"):
        ops.select([x < 2, x < 3], [x])
    with pytest.raises(ShapeError, match="at least one"):
        ops.select([], [])
    with pytest.raises(DTypeError, match="condition 1 is of float32, not bool"):
        ops.select([x < 2, x.data], [x, x])


def test_nan_to_num() -> None:
    x = Tensor(np.array([np.nan, np.inf, -np.inf, 2.0], dtype=np.float32), requires_grad=True)
    out = np.nan_to_num(x, posinf=9.0)
    out.sum().backward()
    assert out.tolist() == [0, 9, np.finfo(np.float32).min, 2]
    assert x.grad.tolist() == [0, 0, 0, 1]
