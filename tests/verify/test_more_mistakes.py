"""Mistakes of further kinds, each right at most inputs, shapes or seeds: none passes gradcheck, and none check_op."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.engine.errors import GradientMismatch
from tinygrad_edu.verify import check_op, gradcheck

WAVES = np.exp(2j * np.pi * np.outer(np.arange(4), np.arange(4)) / 4)  # the discrete Fourier transform of 4 numbers


def wrong_sign_in_one_branch(x):
    return np.where(x > 2, x * x, x), lambda g: g * np.where(x > 2, -2 * x, 1)


def factor_of_the_other_axis(x):
    return x.mean(axis=0), lambda g: g / x.shape[1] * np.ones_like(x)


def conjugate_left_out(x):
    """The power of each wave in the rows of x."""
    z = tg.raw(x) @ WAVES
    return (z * z.conj()).real, lambda g: 2 * ((g * z) @ WAVES).real


def axes_swapped(x):
    return np.flip(x, 0).cumsum(axis=1), lambda g: np.flip(np.flip(np.flip(g, 0).cumsum(axis=0), 1), 0)


def window_off_by_one(x):
    """The mean of three neighbours in a row."""
    back = lambda g: np.concatenate([g[:, :1], g[:, :-1]], 1)
    wide = np.concatenate([x[:, :1], x, x[:, -1:]], 1)
    return (wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]) / 3, lambda g: (g + back(g) + back(back(g))) / 3


def kept_axis_forgotten(x):
    return x.sum(axis=1, keepdims=True) * x, lambda g: g * x.sum(axis=1) + g.sum(axis=1, keepdims=True) * x


def sum_over_uses_left_out(x):
    """Each entry is used by four results, and only the last counts."""
    return x[:, :, None] * np.arange(1.0, 5.0), lambda g: 4 * g[:, :, -1]


def added_up_in_float32(x):
    return np.tanh(x), lambda g: g * (1 - np.tanh(x).astype(np.float32) ** 2)


def last_entry_forgotten(x):
    mask = np.ones(x.shape)
    mask[-1, -1] = 0
    return x**3, lambda g: 3 * g * x * x * mask


def not_linear_in_g(x):
    return np.sin(x), lambda g: g * np.abs(g) * np.cos(x)


def constant_of_the_first_row(x):
    return x - x.max(axis=1, keepdims=True), lambda g: g - g.sum(axis=1, keepdims=True) * (x == x[:1].max())


def neighbour_of_the_period(x):
    """Rolled by one; the way back rolls on instead."""
    return np.roll(x, 1, axis=1) ** 2, lambda g: np.roll(2 * g * np.roll(x, 1, axis=1), 1, axis=1)


MISTAKES = [
    wrong_sign_in_one_branch, factor_of_the_other_axis, conjugate_left_out, axes_swapped, window_off_by_one,
    kept_axis_forgotten, sum_over_uses_left_out, added_up_in_float32, last_entry_forgotten, not_linear_in_g,
    constant_of_the_first_row, neighbour_of_the_period,
]  # fmt: skip
X = np.random.default_rng(5).normal(1, 1, (4, 4))


@pytest.mark.parametrize("rule", MISTAKES, ids=[rule.__name__ for rule in MISTAKES])
def test_gradcheck_finds_it(rule):
    planted = tg.op(name=f"tests.more.{rule.__name__}")(rule)
    with pytest.raises(GradientMismatch):
        gradcheck(
            lambda x: planted(x) * (1.5 if rule is not_linear_in_g else 1),
            X[:3] if rule is factor_of_the_other_axis else X,
        )


@pytest.mark.parametrize("rule", MISTAKES, ids=[rule.__name__ for rule in MISTAKES])
def test_check_op_finds_it(rule):
    planted = tg.op(name=f"tests.more.{rule.__name__}")(rule)
    with pytest.raises(GradientMismatch):
        check_op(planted, X[:3] if rule is factor_of_the_other_axis else X)


def test_a_second_derivative_that_is_wrong_alone():
    @tg.op(name="tests.more.second", again=lambda x: x * x * x * tg.ops.exp(0.1 * (x - tg.raw(x))))
    def second(x):
        return x**3, lambda g: 3 * g * x * x

    assert gradcheck(second, X)
    with pytest.raises(GradientMismatch):
        gradcheck(second, X, order=2)
