"""Losses of numbers: what they refuse, their reductions, and their extremes."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine.errors import ShapeError, UnknownNameError

PAIRED = [
    "binary_cross_entropy", "binary_cross_entropy_from_probabilities", "categorical_hinge", "hinge", "huber", "kl_divergence",
    "log_cosh", "mae", "mape", "mse", "msle", "poisson", "smooth_l1", "squared_hinge",
]  # fmt: skip


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize(("prediction", "target"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 3), (4, 1)), ((4,), ())])
def test_shapes_that_would_broadcast_are_refused(name, prediction, target):
    """(n,) against (n, 1) compares every pair and trains on nonsense (pytorch/pytorch#16045)."""
    with pytest.raises(ShapeError, match=rf"{name}: prediction .* against target .* Give targets of shape"):
        getattr(ops, name)(np.full(prediction, 0.5), np.full(target, 0.5))


def test_an_unknown_reduction_is_named_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="Did you mean 'mean'"):
        ops.mse(np.ones(2), np.ones(2), reduction="men")


@pytest.mark.parametrize("name", [n for n in PAIRED if n not in ("kl_divergence", "categorical_hinge")])
def test_reductions_agree_and_the_mean_of_nothing_is_nan(name):
    f = getattr(ops, name)
    x, t = np.random.default_rng(0).uniform(0.1, 0.9, (2, 5, 3))
    each = f(x, t, reduction="none")
    assert each.shape == x.shape
    assert float(f(x, t, reduction="sum")) == pytest.approx(each.sum(), rel=1e-12)
    assert float(f(x, t)) == pytest.approx(each.mean(), rel=1e-12)
    nothing = Tensor(np.zeros((0, 3), np.float32), requires_grad=True)
    loss = f(nothing, np.zeros((0, 3), np.float32))
    loss.backward()
    assert np.isnan(loss.item())
    assert nothing.grad.shape == (0, 3)


@pytest.mark.parametrize(
    "name", ["huber", "log_cosh", "mae", "mse", "smooth_l1", "hinge", "squared_hinge", "mape", "msle"]
)
def test_finite_at_the_extremes_of_float32(name):
    x = Tensor(np.array([1e4, -1e4, 0, 1e4], dtype=np.float32), requires_grad=True)
    loss = getattr(ops, name)(x, np.array([-1e4, 1e4, 1, 1e4], dtype=np.float32))
    loss.backward()
    assert np.isfinite(loss.item())
    assert np.isfinite(x.grad.data).all()
    assert loss.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "d", "value", "slope"),
    [
        ("huber", 1.0, 0.5, 1),
        ("huber", 3.0, 2.5, 1),
        ("huber", -0.5, 0.125, -0.5),
        ("smooth_l1", 0.5, 0.125, 0.5),
        ("log_cosh", 0.0, 0, 0),
        ("log_cosh", 1e4, 1e4 - np.log(2), 1),
    ],
)
def test_values_and_slopes_at_chosen_points(name, d, value, slope):
    x = Tensor(np.array([d]), requires_grad=True)
    loss = getattr(ops, name)(x, np.zeros(1))
    loss.backward()
    assert (loss.item(), x.grad.item()) == pytest.approx((value, slope), abs=1e-15)
