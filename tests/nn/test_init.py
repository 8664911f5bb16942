"""Initialisers: the variance that each promises, its bounds, its dtype."""

import math

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.engine.errors import UnknownNameError
from tinygrad_edu.nn import init

VARIANCE = {  # for a weight (300, 500)
    "glorot_uniform": 2 / 800, "glorot_normal": 2 / 800, "he_uniform": 2 / 300, "he_normal": 2 / 300,
    "lecun_uniform": 1 / 300, "lecun_normal": 1 / 300, "uniform": 0.1**2 / 12, "normal": 0.05**2,
}  # fmt: skip
NAMES = [*VARIANCE, "truncated_normal", "orthogonal", "zeros", "ones"]


@pytest.mark.parametrize("name", VARIANCE)
def test_variance_and_mean(name):
    w = init.get(name)((300, 500), np.random.default_rng(0))
    assert w.var() == pytest.approx(VARIANCE[name], rel=0.02)
    assert abs(w.mean()) < 0.01 * math.sqrt(VARIANCE[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype(name, dtype):
    w = init.get(name)((3, 4), np.random.default_rng(0), dtype)
    assert (w.shape, w.dtype) == ((3, 4), dtype)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_gives_the_same_start(name):
    one, two = (init.get(name)((3, 4), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_uniform_starts_keep_their_limit():
    w = init.glorot_uniform((300, 500), np.random.default_rng(0))
    assert abs(w).max() <= math.sqrt(6 / 800)
    w = init.uniform(-2, 3)((1000,), np.random.default_rng(0))
    assert w.min() >= -2
    assert w.max() <= 3


def test_normal_starts_are_cut_at_two_standard_deviations():
    w = init.truncated_normal(1.0, 0.5)((10_000,), np.random.default_rng(0))
    assert abs(w - 1).max() <= 1
    assert w.mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 2, 3, 3)], ids=str)
def test_orthogonal_rows_or_columns(shape):
    w = init.orthogonal(2.0)(shape, np.random.default_rng(0), np.float64).reshape(shape[0], -1) / 2
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)


def test_orthogonal_needs_a_matrix():
    with pytest.raises(ValueError, match="matrix"):
        init.orthogonal()((3,), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((4,), (4, 4)), ((3, 5), (3, 5)), ((8, 3, 5, 5), (75, 200)), ((8, 3, 5), (15, 40))],
    ids=str,
)
def test_fans(shape, fans):
    assert init.fans(shape) == fans


def test_an_empty_weight_can_be_started():
    assert init.he_normal((0, 3), np.random.default_rng(0)).shape == (0, 3)


def test_get_takes_names_numbers_and_functions():
    assert (init.get(0.5)((2,), None) == 0.5).all()
    assert init.get(init.ones) is init.ones
    with pytest.raises(UnknownNameError, match="Did you mean 'he_normal'"):
        nn.Linear(3, 2, init="he_norml")
