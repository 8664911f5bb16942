"""Derivatives by differences: the independent witness that every analytic gradient is compared with.

Central differences at several steps. Their error has two parts: cutting off the Taylor series, which falls with the
step, and rounding, which grows as the step falls. Two neighbouring steps bound both: the larger one's cut-off error
is nearly their whole difference, and so is the smaller one's rounding error. Steps are added until a pair agrees, and
the pair with the least error gives the derivative together with a bound on how wrong it is. No extrapolation: a kink
between the steps would turn it into nonsense, whereas here it only widens the bound.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

__all__ = ["Estimate", "blur", "complex_step", "differences", "directional", "neighbours"]

Array: TypeAlias = Any
Vector: TypeAlias = Callable[[Array], Array]  # a function from a flat vector to a flat vector

STEPS = (
    1e-4,
    1e-5,
    1e-6,
    1e-3,
    1e-7,
    1e-2,
    1e-8,
    1e-9,
)  # in the order in which they are tried; the first two suffice mostly
SETTLED = 1e-6  # relative error at which no further steps are tried
SHORT = 1e-14  # relative to the input
TINY = 1e-20  # imaginary step: no difference is formed, so its square may vanish beside 1
EPS = float(np.finfo(np.float64).eps)


class Estimate(NamedTuple):
    """Derivatives, one entry for each output (rows, in a Jacobian) and input (columns).

    value : the derivative; +-inf where it grows without bound; NaN where there is none (a jump, an undefined value).
    error : a bound on how wrong ``value`` is.
    low, high : the one-sided derivatives, sorted, where they disagree (a kink); elsewhere both equal ``value``.
    """

    value: Array
    error: Array
    low: Array
    high: Array

    @property
    def kinks(self) -> Array:
        """Where the one-sided derivatives disagree."""
        return self.low < self.high


def differences(f: Vector, x: Array, columns: Any = None, thorough: bool = False) -> Estimate:
    """The Jacobian of f at x, from central differences with error-controlled steps.

    f : flat float64 vector (n,) -> flat float64 vector (m,)
    x : (n,) float64
    columns : the inputs to differentiate by; all if None.
    thorough : try every step, also where two have agreed, which on a staircase they may do by chance.
    Returns an Estimate of arrays (m, n).
    """
    with np.errstate(all="ignore"):
        f0 = f(x)
        wanted = range(x.size) if columns is None else columns
        found = [along(f, x, _unit(x.size, j), f0, max(1.0, abs(float(x[j]))), thorough) for j in wanted]
    if not found:
        empty = np.zeros((f0.size, 0))
        return Estimate(empty, empty, empty, empty)
    return Estimate(*(np.stack(parts, axis=1) for parts in zip(*found, strict=True)))


def directional(f: Vector, x: Array, v: Array, thorough: bool = False) -> Estimate:
    """The derivative of f at x along v, from central differences: an Estimate of arrays (m,)."""
    with np.errstate(all="ignore"):
        return along(f, x, v, f(x), 1.0, thorough)


def complex_step(f: Vector, x: Array) -> Array:
    """The Jacobian of a holomorphic f at x, exact to rounding: Im f(x + ih) / h, with nothing to cancel.

    f takes and returns complex vectors. W. Squire and G. Trapp, Using complex variables to estimate derivatives of real
    functions (SIAM Review, 1998).
    """
    rows = [f(x + 1j * TINY * _unit(x.size, j)).imag / TINY for j in range(x.size)]
    return np.stack(rows, axis=1) if rows else np.zeros((f(x + 0j).size, 0))


def neighbours(point: list[Array]) -> list[Array]:
    """Flat points next to this one: each number is moved as rounding moves the largest of its array.

    A sum or an elimination rounds so, and no algorithm can tell these points apart.
    """
    rng = np.random.default_rng(0)
    nudges = [[np.max(np.abs(a), initial=0.0) * EPS * rng.choice((-1, 1), np.size(a)) for a in point] for _ in range(3)]
    moved = [[np.reshape(a, -1) + by for a, by in zip(point, each, strict=True)] for each in nudges]
    return [np.concatenate(parts) if parts else np.zeros(0) for parts in moved]


def blur(value: Array, beside: list[Array]) -> Array:
    """How far a derivative moves from a point to its neighbours: no value within that is wrong. 0 where it is not finite."""
    with np.errstate(invalid="ignore"):
        moved = np.max([np.abs(v - value) for v in beside], axis=0)
    return np.where(np.isfinite(value), np.nan_to_num(moved, nan=0.0), 0.0)


def _unit(n: int, j: int) -> Array:
    e = np.zeros(n)
    e[j] = 1.0
    return e


# -- one direction -----------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """The differences at one step h, an entry for each output."""

    h: float
    central: Array  # (f(x+hv) - f(x-hv)) / 2h, or the one side that is defined
    right: Array
    left: Array
    noise: Array  # how much rounding can have changed them


def along(f: Vector, x: Array, v: Array, f0: Array, scale: float, thorough: bool) -> Estimate:
    """The derivative along v, with as many steps as it takes to settle, or with all."""
    f = _where_defined(f, f0.size)
    grain = _grain(f, x, v) if thorough else 0.0
    steps: list[Step] = []
    found = Estimate(*np.full((4, f0.size), np.nan))
    for h in STEPS:
        steps.append(_step(f, x, v, f0, h * scale, grain))
        steps.sort(key=lambda s: -s.h)
        if len(steps) > 1:
            best, error = _best_pair(steps)
            found = _with_kinks(steps, best, error)
            size = np.abs(found.value)
            zero = np.maximum(size, error) <= 3 * _pick([s.noise for s in steps], best + 1)  # to within rounding
            settled = zero | (error <= SETTLED * np.maximum(size, 1e-3 * np.max(size, initial=0.0)))
            if np.all(settled & ~found.kinks) and not thorough:
                return found
    return _undefined(steps, f0, found)


def _where_defined(f: Vector, size: int) -> Vector:
    """f, and NaN where a matrix stops being what f needs: a step from a nearly singular one may leave the positive ones."""

    def g(x: Array) -> Array:
        try:
            return f(x)
        except np.linalg.LinAlgError:
            return np.full(size, np.nan)

    return g


def _grain(f: Vector, x: Array, v: Array) -> Array:
    """How far rounding moves each result: what is not straight on a path so short that nothing else could bend it.

    More than the result's own last digits where larger numbers have cancelled, as in the cofactors of a singular matrix.
    """
    reach = max(1.0, float(np.max(np.abs(x), initial=0.0, where=v != 0))) / float(np.max(np.abs(v)))
    path = np.stack([f(x + k * SHORT * reach * v) for k in range(-3, 4)])
    return np.nan_to_num(np.max(np.abs(np.diff(path, 2, axis=0)), axis=0), posinf=0.0)


def _step(f: Vector, x: Array, v: Array, f0: Array, h: float, grain: Any) -> Step:
    above, below = x + h * v, x - h * v
    if np.count_nonzero(v) == 1:  # the step as the floating-point grid really took it
        j = int(np.flatnonzero(v)[0])
        up, down = float(above[j] - x[j]) / float(v[j]), float(x[j] - below[j]) / float(v[j])
        shift = 0.0
    else:
        up = down = h
        shift = float(np.max(np.abs(x), initial=0.0))
    fp, fm = f(above), f(below)
    right, left = (fp - f0) / up, (f0 - fm) / down
    central = (fp - fm) / (up + down)
    central = np.where(np.isfinite(fm), np.where(np.isfinite(fp), central, left), right)
    peak = np.maximum(np.maximum(np.abs(fp), np.abs(fm)), np.abs(f0))
    noise = 4 * EPS * (np.where(np.isfinite(peak), peak, np.abs(f0)) + shift * np.abs(central)) / h
    noise = np.maximum(noise, grain / h)
    return Step(h, central, right, left, noise)


def _best_pair(steps: list[Step]) -> tuple[Array, Array]:
    """For each output the index of the first of the two neighbouring steps that agree best, and their error.

    Smaller steps must agree with the pair, too, to within their own rounding: a staircase has a fine slope from afar.
    """
    central = np.stack([s.central for s in steps])
    noise = np.stack([s.noise for s in steps])
    errors = np.abs(central[1:] - central[:-1]) + noise[1:]
    for k in range(len(steps) - 2):
        doubt = np.abs(central[k + 2 :] - central[k + 1]) - 10 * noise[k + 2 :]
        errors[k] = np.fmax(errors[k], np.fmax.reduce(doubt, axis=0))
    errors = np.where(np.isfinite(errors), errors, np.inf)
    best = np.argmin(errors, axis=0)
    return best, np.take_along_axis(errors, best[None], axis=0)[0]


def _pick(rows: list[Array], which: Array) -> Array:
    return np.take_along_axis(np.stack(rows), which[None], axis=0)[0]


def _with_kinks(steps: list[Step], best: Array, error: Array) -> Estimate:
    """The best derivative, with bounds where the one-sided ones disagree and do not come together as the step falls.

    One-sided differences are off by a multiple of the step where the function is bent, at most by what they still change.
    """
    value = _pick([s.central for s in steps], best + 1)
    right, left = _pick([s.right for s in steps], best + 1), _pick([s.left for s in steps], best + 1)
    before_right, before_left = _pick([s.right for s in steps], best), _pick([s.left for s in steps], best)
    gap, wider = np.abs(right - left), np.abs(before_right - before_left)
    noise = _pick([s.noise for s in steps], best + 1)
    kink = (gap > 0.3 * wider) & (gap > 20 * noise) & (gap > 1e-7 * np.abs(value))
    off = np.maximum(np.abs(right - before_right), np.abs(left - before_left))
    low = np.where(kink, np.minimum(right, left) - off, value)
    high = np.where(kink, np.maximum(right, left) + off, value)
    return Estimate(value, error, low, high)


def _running_away(steps: list[Step], error: Array, value: Array) -> Array:
    """Where nothing settles, but shorter steps change ever more, beyond rounding: beside a pole nearer than the steps.

    What two neighbouring differences differ by is no bound then.
    """
    running = ~(error <= 1e-3 * np.abs(value))
    changed = 0.0
    for before, after in itertools.pairwise(steps[-3:]):
        last, changed = changed, np.abs(after.central - before.central)
        running &= (changed > last) & (changed > 0.5 * np.abs(after.central)) & (changed > 10 * after.noise)
    return running


def _undefined(steps: list[Step], f0: Array, found: Estimate) -> Estimate:
    """The same estimate, with NaN at a jump, beside a pole or at an undefined value, and infinity where the slope is."""
    wide, narrow = steps[0], steps[-1]
    unsettled = found.error > 1e-3 * np.abs(found.value)
    rise = [np.maximum(np.abs(s.right), np.abs(s.left)) * s.h for s in (wide, narrow)]
    jump = unsettled & (rise[1] > 0.1 * rise[0]) & (rise[1] > 1e3 * narrow.noise * narrow.h)
    slopes = np.stack([s.central for s in steps[-4:]])
    growth = (
        slopes[1:] / slopes[:-1]
    )  # 10**(1-p) near |x|**p; 10 beside a kink, until the step is shorter than the way there
    loud = np.abs(narrow.central) > 10 * narrow.noise
    growing = ((growth > 1.5) & (growth < 9.0)).all(axis=0) & unsettled & ~jump & loud
    value = np.where(growing, np.sign(slopes[-1]) * np.inf, found.value)
    lost = (
        jump
        | ~np.isfinite(f0)
        | ((~np.isfinite(found.error) | _running_away(steps, found.error, found.value)) & ~growing)
    )
    mend: Callable[[Array], Array] = lambda a: np.where(lost, np.nan, np.where(growing, value, a))
    return Estimate(mend(found.value), np.where(growing | lost, 0.0, found.error), mend(found.low), mend(found.high))
