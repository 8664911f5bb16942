"""gradcheck: every derivative of a function of Tensors, compared with what differences say, to any order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.errors import GradientMismatch, NotVerifiableError
from ..engine.walk import reachable, walk
from .doctor import Case, diagnose
from .inputs import Structured
from .judge import PRECISE, RTOL, Verdict, weigh
from .numeric import Estimate, complex_step, differences, directional
from .problem import Gradient, Problem, jacobian, joined, split
from .report import GradcheckReport, Row
from .rows import judged_row

__all__ = ["gradcheck"]

LIMIT = 1_000_000  # entries of a full Jacobian, counting a result as 100 at least, for each input costs that many runs
FEWEST = 5  # directions: one alone misses a 1 % error in one entry of 256 more often than not
AGREE = 1e-4  # complex step and central differences
NO_PATH = "detached: no path in the graph leads from the result to this input (was .data or .numpy() used on the way?)"


def gradcheck(
    fn: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    directions: int | None = None,
    rtol: float = RTOL,
    seed: int = 0,
    raise_on_fail: bool = True,
) -> GradcheckReport:
    """Compare the derivatives of ``fn(*inputs)`` with differences, entry by entry, in float64.

    fn : takes what ``inputs`` are, as Tensors, and returns a Tensor or a structure of them. A module is checked with respect
        to its parameters as well.
    inputs : float arrays, Tensors, numbers, modules, and lists, tuples and dicts of these. float32 is promoted.
    order : check derivatives up to this order.
    directions : instead of full Jacobians, compare along so many random directions, 5 at least: for large inputs.
    rtol : relative error allowed, beside the estimated error of the differences.
    seed : of the directions, and of the weights that make order 2 of a function with several results one question.
    raise_on_fail : raise GradientMismatch with the report; otherwise only return it.

    The numeric derivative comes from the complex step, exact to rounding, if every op on the graph is declared analytic and
    its answer agrees with central differences; otherwise from central differences with error-controlled steps. At a
    kink the gradient must lie between the one-sided derivatives. The report says which method judged what.
    Errors: GradientMismatch; NotVerifiableError for what cannot be judged (integers, no Tensor returned, too large).

    >>> import numpy as np
    >>> import tinygrad_edu as tg
    >>> bool(gradcheck(lambda x: tg.ops.tanh(x).sum(), np.array([0.5, -1.0]), order=2))
    True
    """
    if order < 1:
        raise NotVerifiableError(f"gradcheck: order {order}; derivatives begin with order 1.")
    if directions is not None and directions < FEWEST:
        raise NotVerifiableError(
            f"gradcheck: {directions} direction(s) would miss most mistakes in single entries. Give {FEWEST} or more."
        )
    with Structured(fn, inputs) as problem:
        report = GradcheckReport(problem.title, notes=list(problem.notes))
        if manners(problem, report):
            check(problem, report, order, directions, rtol, np.random.default_rng(seed))
    if raise_on_fail and not report.passed:
        mismatch = GradientMismatch(str(report))
        mismatch.report = report
        raise mismatch
    return report


def check(
    problem: Problem, report: GradcheckReport, order: int, directions: int | None, rtol: float, rng: np.random.Generator
) -> None:
    """Fill a report with the rows of each order; higher orders only if the lower are right."""
    for level in range(1, order + 1):
        if level > 1:
            seeds = [rng.uniform(0.5, 1.5, np.shape(v)) for v in problem.values(problem.point)]
            problem = Gradient(problem, seeds)
        if directions is None:
            refuse_large(problem)
            report.rows += full(problem, report, level, rtol, rng)
        else:
            report.rows += sampled(problem, level, rtol, directions, rng)
        if not report.passed:
            return


# -- the function itself -----------------------------------------------------------------------------------------------


def manners(problem: Structured, report: GradcheckReport) -> bool:
    """Whether the function can be differentiated at all: same bits twice, inputs left alone, finite, a graph."""
    given = [a.copy() for a in problem.point]
    with np.errstate(all="ignore"):
        once, twice = problem.values([a.copy() for a in given]), problem.values([a.copy() for a in given])
        variables, results = problem.record([a.copy() for a in given])
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(once, twice, strict=True)):
        report.mistakes.append(
            "non-deterministic: two runs on the same inputs gave different values. Draw random numbers outside and pass them in; "
            "switch dropout off; keep nothing from one call for the next."
        )
    for name, before, v in zip(problem.names, given, variables, strict=True):
        if not np.array_equal(before, v.data, equal_nan=True):
            report.mistakes.append(f"input mutated: the function writes to {name}. Let it work on a copy.")
    for r in results:
        if r.dtype != np.float64 and r.dtype.kind == "f":
            report.mistakes.append(
                f"wrong dtype: float64 inputs, but a result is {r.dtype}. Something inside converts, and its gradient has no more "
                "digits."
            )
    if not all(np.isfinite(v).all() for v in once):
        raise NotVerifiableError(
            f"gradcheck: {problem.title} is NaN or infinite at this point, so it has no derivative there. Choose other inputs."
        )
    return not report.mistakes


def refuse_large(problem: Problem) -> None:
    """Ask for directions where the full Jacobian would take very long."""
    n, m = problem.flat_point.size, sum(np.size(v) for v in problem.values(problem.point))
    if n * max(m, 100) > LIMIT:
        raise NotVerifiableError(
            f"gradcheck: a full Jacobian of {m} result(s) by {n} inputs takes about {4 * n} runs and {m * n} entries. Pass "
            f"directions={FEWEST} (or more) to compare along random directions, or check a smaller example of the same function."
        )


# -- the full Jacobian -------------------------------------------------------------------------------------------------


def full(problem: Problem, report: GradcheckReport, order: int, rtol: float, rng: np.random.Generator) -> list[Row]:
    """Every derivative of every result entry by every input entry."""
    with np.errstate(all="ignore"):
        analytic, variables, results = jacobian(problem)
    look, method = witness(problem, report, order, rng)
    numeric, verdict = weigh(analytic, look, problem.point, PRECISE if method == "complex step" else rtol)
    shape = results[0].shape if len(results) == 1 else (analytic.shape[0],)
    reached = {leaf for r in results for leaf in reachable(r, variables)[1]} if order == 1 else set(variables)
    rows, start = [], 0
    for name, x, variable in zip(problem.names, problem.point, variables, strict=True):
        part = slice(start, start + x.size)
        start += x.size
        piece = Estimate(*(v[:, part] for v in numeric))
        rows.append(
            judged_row(order, name, x, shape, analytic[:, part], piece, Verdict(*(v[:, part] for v in verdict)), method)
        )
        if not rows[-1].passed and variable not in reached:
            rows[-1] = rows[-1].diagnosed(NO_PATH)
    return rows


def witness(
    problem: Problem, report: GradcheckReport, order: int, rng: np.random.Generator
) -> tuple[Callable[[Any, bool], Estimate], str]:
    """How to look at the numeric Jacobian at a point, thoroughly or not, by the best method that applies, and what that is."""
    x = problem.flat_point
    if all(op.analytic for op in problem.ops()):
        found, why = by_complex_step(problem, x, rng)
        if found is not None:
            return lambda at, thorough: found if np.array_equal(at, x) else exactly(problem, at), "complex step"
        report.notes.append(f"order {order}: the complex step was tried and given up for central differences: {why}")
    return lambda at, thorough: differences(problem.vector, at, thorough=thorough), "central differences"


def exactly(problem: Problem, x: Any) -> Estimate:
    """The Jacobian by the complex step."""
    with np.errstate(all="ignore"):
        exact = complex_step(complexly(problem), x)
    return Estimate(exact, 1e-15 * np.abs(exact), exact, exact)


def by_complex_step(problem: Problem, x: Any, rng: np.random.Generator) -> tuple[Estimate | None, str]:
    """The Jacobian by the complex step, or why not."""
    try:
        exact = exactly(problem, x)
    except Exception as error:
        return None, f"complex input raised {type(error).__name__}"
    if not np.isfinite(exact.value).all():
        return None, "it gave no finite derivative"
    for _ in range(FEWEST):
        v = rng.normal(size=x.size)
        numeric = directional(problem.vector, x, v)
        size = np.maximum(np.abs(exact.value) @ np.abs(v), 1e-9)
        if np.any(np.abs(exact.value @ v - numeric.value) > AGREE * size + 10 * numeric.error):
            return None, f"it disagrees with them by more than {AGREE:g}"
    return exact, ""


def complexly(problem: Problem) -> Callable[[Any], Any]:
    """The problem on complex vectors; refuses results that lost their imaginary part."""

    def f(z: Any) -> Any:
        values = problem.values(split(z, problem.point))
        if not all(np.iscomplexobj(v) for v in values if np.size(v)):
            raise TypeError("a result without imaginary part")
        return joined(values)

    return f


# -- along directions --------------------------------------------------------------------------------------------------


def sampled(problem: Problem, order: int, rtol: float, directions: int, rng: np.random.Generator) -> list[Row]:
    """For each input: <seed, J direction>, for random directions and seeds."""
    variables, results = problem.record(problem.point)
    weights = [[rng.normal(size=r.shape) for r in results] for _ in range(directions)]
    pulled = [pull(variables, results, seeds) for seeds in weights]
    rows, start, x = [], 0, problem.flat_point
    for i, (name, array) in enumerate(zip(problem.names, problem.point, strict=True)):
        part = slice(start, start + array.size)
        start += array.size
        moves = np.zeros((directions, x.size))
        moves[:, part] = rng.normal(size=(directions, array.size))
        analytic = np.array([[g[i].reshape(-1) @ v[part]] for g, v in zip(pulled, moves, strict=True)])
        numeric, verdict = weigh(analytic, partial(measured, problem, weights, moves), problem.point, rtol)
        rows.append(direction_row(order, name, array, analytic, numeric, verdict))
    return rows


def measured(problem: Problem, weights: list[list[Any]], moves: Any, x: Any, thorough: bool) -> Estimate:
    """The derivative of each combination of the results along its own direction, by differences."""
    found = [
        directional(weighted(problem, joined(seeds)), x, v, thorough) for seeds, v in zip(weights, moves, strict=True)
    ]
    return Estimate(*(np.stack(parts) for parts in zip(*found, strict=True)))


def weighted(problem: Problem, weights: Any) -> Callable[[Any], Any]:
    """The problem's results combined into one number."""
    return lambda z: np.atleast_1d(weights @ problem.vector(z))


def pull(variables: list[Tensor], results: list[Tensor], seeds: list[Any]) -> list[Any]:
    """The gradients of the seeds' combination of all results, zeros where none came."""
    total = [np.zeros(v.shape) for v in variables]
    where = {id(v): i for i, v in enumerate(variables)}
    for r, s in zip(results, seeds, strict=True):
        if r.requires_grad:
            for v, g in walk(r, s, inputs=variables, retain_graph=True):
                total[where[id(v)]] = total[where[id(v)]] + g
    return total


def direction_row(order: int, name: str, x: Any, analytic: Any, numeric: Estimate, verdict: Verdict) -> Row:
    k = int(np.argmax(np.where(verdict.wrong, 1e30, 0.0) + np.where(verdict.judged, verdict.error, 0.0)))
    wrong, diagnosis = bool(verdict.wrong.any()), ""
    if wrong:
        case = Case(analytic, numeric.value, verdict.wrong, verdict.judged, np.zeros(len(analytic)), ())
        diagnosis = diagnose(case) if np.ptp(analytic) or not analytic.any() else ""
    return Row(
        order, name, x.shape, f"direction {k}", float(analytic[k, 0]), float(numeric.value[k, 0]), float(verdict.error[k, 0]),
        f"{len(analytic)} directions", "WRONG" if wrong else "ok", diagnosis,
    )  # fmt: skip
