"""Schedules: values at the start, in between, at the end and after it."""

import math

import pytest

from tinygrad_edu.optim.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    StepDecay,
)

CASES = [
    (ExponentialDecay(0.1, 10, 0.5), {0: 0.1, 5: 0.1 * 0.5**0.5, 10: 0.05, 30: 0.0125}),
    (ExponentialDecay(0.1, 10, 0.5, staircase=True), {0: 0.1, 9: 0.1, 10: 0.05, 19: 0.05}),
    (StepDecay(0.1, every=10), {0: 0.1, 9: 0.1, 10: 0.01, 25: 0.001}),
    (InverseTimeDecay(0.1, 10, 1.0), {0: 0.1, 5: 0.1 / 1.5, 10: 0.05}),
    (InverseTimeDecay(0.1, 10, 1.0, staircase=True), {9: 0.1, 10: 0.05}),
    (PolynomialDecay(0.1, 10, 0.02), {0: 0.1, 5: 0.06, 10: 0.02, 100: 0.02}),
    (PolynomialDecay(0.1, 10, 0.0, power=2), {5: 0.025}),
    (PolynomialDecay(0.1, 10, 0.0, cycle=True), {0: 0.1, 10: 0.0, 15: 0.025, 20: 0.0}),
    (PiecewiseConstantDecay([2, 4], [0.3, 0.2, 0.1]), {0: 0.3, 2: 0.3, 3: 0.2, 4: 0.2, 5: 0.1}),
    (CosineDecay(0.1, 10), {0: 0.1, 5: 0.05, 10: 0.0, 20: 0.0}),
    (CosineDecay(0.1, 10, alpha=0.5), {0: 0.1, 5: 0.075, 10: 0.05}),
    (CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=4), {0: 0.0, 2: 0.05, 4: 0.1, 9: 0.05, 14: 0.0, 99: 0.0}),
    (CosineDecayRestarts(0.1, 10), {0: 0.1, 5: 0.05, 10: 0.1, 20: 0.05, 30: 0.1}),
    (
        CosineDecayRestarts(0.1, 10, t_mul=1.0, m_mul=0.5),
        {9: 0.05 * (1 + math.cos(0.9 * math.pi)), 10: 0.05, 25: 0.0125},
    ),
]


@pytest.mark.parametrize(("schedule", "step", "rate"), [(s, n, r) for s, values in CASES for n, r in values.items()])
def test_rate_after_so_many_steps(schedule, step, rate):
    assert schedule(step) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExponentialDecay(0.1, 0, 0.5), "decay_steps"),
        (lambda: StepDecay(0.1, every=-1), "every"),
        (lambda: PiecewiseConstantDecay([1], [0.1]), "one value more"),
        (lambda: PiecewiseConstantDecay([2, 1], [1, 2, 3]), "boundaries rise"),
        (lambda: CosineDecayRestarts(0.1, 10, t_mul=0.5), "t_mul"),
    ],
)
def test_impossible_schedules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_million_steps_of_equal_periods_are_not_counted_one_by_one():
    assert CosineDecayRestarts(0.1, 1, t_mul=1.0)(10**12) == 0.1
