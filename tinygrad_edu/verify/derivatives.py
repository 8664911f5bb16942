"""What an op's derivatives must be: each property takes an op and one sample of its inputs, and raises if it is broken."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Op
from ..engine.domain import Sample
from .call import Call, close, require, show
from .doctor import Case, diagnose
from .judge import BOUNDS, Verdict, weigh
from .numeric import EPS, TINY, Estimate, blur, complex_step, differences, directional, neighbours
from .problem import Combined, Gradient, Problem, jacobian, joined

__all__ = ["derivative", "gradient", "holomorphic", "policy", "second"]

MANY = (40, 16)  # inputs, or results, of which order 1, or a higher one, looks at all; of more it takes so many


def gradient(op: Op, sample: Sample) -> Verdict | None:
    """The whole Jacobian agrees with differences; where it has kinks, also along directions in which it has none."""
    return derivative(op, sample, 1)


def second(op: Op, sample: Sample) -> Verdict | None:
    """So does the Jacobian of the gradient, with respect to the inputs and to g."""
    return derivative(op, sample, 2)


def derivative(op: Op, sample: Sample, order: int) -> Verdict | None:
    """So do the derivatives of any one order."""
    call = Call(op, sample)
    if not call.arrays:
        return None
    problem: Problem = call.problem()
    for _ in range(order - 1):
        problem = Gradient(problem, seeds_for(problem))
    return compare(op, call, problem, order)


def seeds_for(problem: Problem) -> list[Any]:
    """Fixed, irregular seeds, one for each result."""
    rng = np.random.default_rng(7)
    return [
        rng.uniform(0.5, 1.5, np.shape(v)) * rng.choice([-1, 1], np.shape(v)) for v in problem.values(problem.point)
    ]


def compare(op: Op, call: Call, problem: Problem, order: int) -> Verdict:
    """Judge the whole Jacobian; of a large one some columns, and combinations of its rows."""
    x = problem.flat_point
    rng = np.random.default_rng(zlib.crc32(x.tobytes()))
    if joined(problem.values(problem.point)).size > MANY[order > 1]:
        problem = Combined(problem, 4, rng)
    columns = np.arange(x.size)
    if x.size > MANY[order > 1]:
        columns = np.sort(rng.choice(columns, MANY[order > 1], replace=False))
    with np.errstate(all="ignore"):
        analytic, _, _ = jacobian(problem)
    look: Callable[[Any, bool], Estimate] = lambda x, thorough: scattered(
        differences(problem.vector, x, columns, thorough), columns, x.size
    )
    numeric, verdict = weigh(analytic, look, problem.point)
    if verdict.wrong.any():
        mismatch(op, call, problem, order, analytic, numeric, verdict)
    if order == 1 and numeric.kinks.any():
        along_smooth_directions(op, call, problem, analytic)
    return Verdict(*(part[:, columns] for part in verdict))


def scattered(numeric: Estimate, columns: Any, n: int) -> Estimate:
    """An estimate of some columns as one of all, NaN where nothing is known."""
    if len(columns) == n:
        return numeric
    wide = Estimate(*np.full((4, len(numeric.value), n), np.nan))
    for part, values in zip(wide, numeric, strict=True):
        part[:, columns] = values
    return wide


def mismatch(
    op: Op, call: Call, problem: Problem, order: int, analytic: Any, numeric: Estimate, verdict: Verdict
) -> None:
    """Say which derivative is the most wrong, and what the mistake may be."""
    i, j = np.unravel_index(int(np.argmax(np.where(verdict.wrong, verdict.error, -1))), analytic.shape)
    starts = np.cumsum([0, *(a.size for a in problem.point)])
    which = int(np.searchsorted(starts, j, side="right")) - 1
    name, x, part = problem.names[which], problem.point[which], slice(starts[which], starts[which + 1])
    at = [int(k) for k in np.unravel_index(int(j) - starts[which], x.shape)] if x.ndim else ""
    low, high = numeric.low[i, j], numeric.high[i, j]
    said = f"{numeric.value[i, j]:.9g}" if low == high else f"between {low:.9g} and {high:.9g}"
    results = problem.values(problem.point)
    shape = np.shape(results[0]) if len(results) == 1 else (len(analytic),)
    known = (verdict.judged & np.isfinite(numeric.value) & ~numeric.kinks)[:, part]
    case = Case(analytic[:, part], numeric.value[:, part], verdict.wrong[:, part], known, x, shape)
    require(
        False,
        op,
        call,
        f"derivative of order {order}, of result entry {int(i)} by {name}{at}: analytic {analytic[i, j]:.9g}, by differences "
        f"{said}. {diagnose(case)}.",
    )


def along_smooth_directions(op: Op, call: Call, problem: Problem, analytic: Any) -> None:
    """At a kink the derivative along a direction that does not see it is still one number: at a tie, moving all at once."""
    look: Callable[[Any, bool], Estimate] = lambda x, thorough: Estimate(
        *(part[:, None] for part in directional(problem.vector, x, np.ones(x.size), thorough))
    )
    numeric, verdict = weigh(analytic.sum(axis=1)[:, None], look, problem.point)
    require(
        not verdict.wrong.any(), op, call,
        f"at a tie the gradient's entries sum to {show(analytic.sum(axis=1))}, but moving all inputs together changes the result "
        f"by {show(numeric.value)}.",
    )  # fmt: skip


def policy(op: Op, sample: Sample) -> None:
    """At the points that the op's ``kinks`` name, whatever the sample, its gradient is what they say."""
    for (args, kwargs), gives in op.kinks:
        arrays = (
            np.array(v, dtype=float) if isinstance(v, (float, list)) and i < op.required else v
            for i, v in enumerate(args)
        )
        call = Call(op, Sample(tuple(arrays), kwargs))
        problem = call.problem()
        with np.errstate(all="ignore"):
            ones = [np.ones(np.shape(v)) for v in problem.values(problem.point)]
            found = Gradient(problem, ones).values([*problem.point, *ones])
        pairs = zip(found, gives, strict=False)
        same = len(found) == len(gives) and all(close(a, np.array(b, dtype=float), 1e-12) for a, b in pairs)
        require(same, op, call, f"at this kink the gradient is {show(found)}, by policy {show(list(gives))}.")


def holomorphic(op: Op, sample: Sample) -> None:
    """An op declared analytic takes complex input, and the complex step gives its derivative to 1e-9.

    Beside that it is allowed what neither side can know: a slope below the value's last digits (1 - tanh(9)^2 keeps half
    of them, 1 - tanh(19)^2 none), what the step itself cuts off, of the size of its square (x**3 at 0), and what the
    derivative differs by from this point to its neighbours.
    """
    call = Call(op, sample)
    if not op.analytic or not call.arrays:
        return
    problem = call.problem()
    with np.errstate(all="ignore"):
        analytic, _, _ = jacobian(problem)
        exact = complex_step(problem.vector, problem.flat_point)
    size = np.maximum(np.abs(exact), 1e-3 * np.max(np.abs(exact), axis=-1, keepdims=True, initial=0.0))
    unknown = 4 * EPS * np.abs(problem.vector(problem.flat_point))[:, None] + 1e2 * TINY**2
    near = np.abs(analytic - exact) <= 1e-9 * size + unknown
    if not np.all(near | ~np.isfinite(analytic) | ~np.isfinite(exact)):
        with np.errstate(all="ignore"):
            beside = [complex_step(problem.vector, x) for x in neighbours(problem.point)]
        near = np.abs(analytic - exact) <= 1e-9 * size + unknown + BOUNDS * blur(exact, beside)
    require(
        np.all(near | ~np.isfinite(analytic) | ~np.isfinite(exact)),
        op,
        call,
        f"declared analytic, but the complex step gives {show(exact)}, the pullbacks {show(analytic)}.",
    )
