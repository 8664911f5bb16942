"""The sets in the plane: their shapes, their geometry, and that they are the same at every call."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.datasets import blobs, moons, spirals, synthetic, xor

ALL = pytest.mark.parametrize("make", [xor, spirals, moons, blobs], ids=lambda make: make.__name__)
WITH_CLASSES = pytest.mark.parametrize("make", [spirals, blobs], ids=lambda make: make.__name__)
seeds = st.integers(0, 2**32 - 1)


# --- what all have in common


@ALL
@given(n=st.integers(0, 50), noise=st.floats(0, 10), seed=seeds)
def test_shapes_dtypes_and_finite_values(make, n, noise, seed):
    x, y = make(n, noise, seed)
    assert (x.shape, x.dtype) == ((n, 2), np.float32)
    assert (y.shape, y.dtype) == ((n,), np.int64)
    assert np.isfinite(x).all()


@ALL
@given(n=st.integers(1, 50), seed=seeds)
def test_same_arguments_same_set(make, n, seed):
    first, second = make(n, seed=seed), make(n, seed=seed)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.shares_memory(first[0], second[0])


@ALL
def test_other_seed_other_points(make):
    assert not np.array_equal(make(seed=1)[0], make(seed=2)[0])


@ALL
def test_global_random_state_is_neither_read_nor_moved(make):
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the very thing that must not change
    make()
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@ALL
@given(start=st.integers(0, 100), length=st.integers(1, 100))
def test_any_part_cut_from_the_set_is_balanced(make, start, length):
    _, y = make(200)
    counts = np.bincount(y[start : start + length], minlength=y.max() + 1)
    assert np.ptp(counts) <= (2 if make is xor else 1)


@ALL
def test_noise_moves_each_point_along_its_own_line(make):
    still, some, twice = (make(60, noise, seed=3)[0].astype(np.float64) for noise in (0, 0.1, 0.2))
    assert not np.allclose(some, still, atol=1e-3)
    np.testing.assert_allclose(twice - still, 2 * (some - still), atol=1e-6)


@ALL
def test_noise_has_the_standard_deviation_that_was_asked_for(make):
    blurred, still = (make(20_000, noise, seed=0)[0] for noise in (0.3, 0))
    assert np.std(blurred - still) == pytest.approx(0.3, rel=0.02)


# --- where the points lie when nothing blurs them


def test_xor_is_the_truth_table():
    x, y = xor(8, noise=0)
    np.testing.assert_array_equal(y, x[:, 0] != x[:, 1])
    assert len(np.unique(x, axis=0)) == 4


@pytest.mark.parametrize("classes", [1, 2, 3, 5])
def test_spirals_follow_their_formula(classes):
    x, y = spirals(400, noise=0, classes=classes)
    radius = np.hypot(*x.astype(np.float64).T)
    angle = 2 * np.pi * (1.5 * radius + y / classes)
    np.testing.assert_allclose(x, np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), atol=1e-5)


def test_spirals_fill_the_disc_evenly():
    """A quarter of the points lie within half the radius, as a quarter of the disc does."""
    radius = np.hypot(*spirals(20_000, noise=0)[0].T)
    assert radius.max() <= 1
    assert np.mean(radius < 0.5) == pytest.approx(0.25, abs=0.02)


def test_moons_are_two_half_circles():
    x, y = moons(2000, noise=0)
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-6)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, atol=1e-6)
    assert upper[:, 1].min() >= -1e-6
    assert lower[:, 1].max() <= 0.5 + 1e-6
    assert np.ptp(upper[:, 0]) > 1.99  # the whole half, not an arc of it
    assert np.ptp(lower[:, 0]) > 1.99


@pytest.mark.parametrize("classes", [1, 2, 3, 7])
def test_blobs_sit_on_the_unit_circle_evenly_apart(classes):
    x, y = blobs(2 * classes, noise=0, classes=classes)
    np.testing.assert_allclose(np.hypot(*x.T), 1, atol=1e-6)
    angle = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) * classes  # counts centres
    np.testing.assert_allclose(np.cos(2 * np.pi * (angle - y) / classes), 1, atol=1e-6)


# --- bad arguments


@ALL
def test_negative_n_is_refused(make):
    with pytest.raises(ValueError, match="n: expected a number of points, 0 or more, got -1"):
        make(-1)


@ALL
def test_n_that_is_no_whole_number_is_refused(make):
    with pytest.raises(TypeError):
        make(2.5)


@ALL
@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_noise_that_is_no_deviation_is_refused(make, noise):
    with pytest.raises(ValueError, match="noise: expected a finite standard deviation, 0 or more, got"):
        make(10, noise)


@WITH_CLASSES
def test_no_classes_are_refused(make):
    with pytest.raises(ValueError, match="classes: expected 1 or more, got 0"):
        make(10, classes=0)


def test_docstring_examples_run():
    results = doctest.testmod(synthetic)
    assert results.attempted
    assert not results.failed
