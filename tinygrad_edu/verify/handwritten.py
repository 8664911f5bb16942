"""check_gradient: a gradient derived by hand, on plain arrays, judged and diagnosed. No Tensor is involved."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine import Tensor, enable_grad
from ..engine.errors import GradientMismatch, NotVerifiableError
from ..engine.tensor import EDGES, OP
from ..engine.walk import conform, reachable, walk
from .inputs import opened
from .judge import RTOL, judge
from .numeric import Estimate, differences
from .problem import joined, split
from .report import GradcheckReport, Row
from .rows import judged_row

__all__ = ["check_gradient"]


def check_gradient(
    f: Callable[[Any], Any], df: Callable[[Any], Any], x: Any, *, rtol: float = RTOL, raise_on_fail: bool = True
) -> GradcheckReport:
    """Compare a hand-written derivative with differences, and say what is likely wrong with it.

    f : takes what x is and returns a number or an array.
    df : takes what x is and returns the gradient in the same structure: for each array of x an array of its shape, or, if f
        returns an array, of shape ``f(x).shape + x.shape`` (the Jacobian).
    x : an array or number, or a list, tuple or dict of them (weights and biases); float64, or promoted.
    Errors: GradientMismatch with the report; NotVerifiableError for what cannot be judged.

    >>> import numpy as np
    >>> print(check_gradient(lambda w: (w**2).sum(), lambda w: w, np.array([1.0, 2.0, 3.0]), raise_on_fail=False).diagnoses[0])
    x: constant factor: every entry is 0.5 times what it should be (the 2 of a square counted once too often, or forgotten?)
    """
    for function in (f, df):
        if not callable(function):
            raise NotVerifiableError(
                f"check_gradient: give functions, check_gradient(f, df, x), not a result of one ({type(function).__name__})."
            )
    names, point = zip(*((name, floating(name, v)) for name, v in opened(x, "x")), strict=True)
    report = GradcheckReport(getattr(df, "__name__", "df"))
    arrays, flat = list(point), joined(list(point))
    rebuilt: Callable[[Any], Any] = lambda flat: fill(x, iter(split(flat, arrays)))
    value: Callable[[Any], Any] = lambda flat: numbers(f(rebuilt(flat))).reshape(-1)
    shape = numbers(watched("f", f, rebuilt, flat, report)).shape
    given = list(answers(x, watched("df", df, rebuilt, flat, report), "x"))
    if not np.isfinite(value(flat)).all():
        raise NotVerifiableError("check_gradient: f is NaN or infinite at this x, so it has no derivative there.")
    for thorough in (False, True):  # before anything is called wrong
        numeric = split_columns(differences(value, flat, thorough=thorough), arrays)
        report.rows = [one(*about, shape, rtol) for about in zip(names, arrays, given, numeric, strict=True)]
        if all(row.passed for row in report.rows):
            break
    for i, (row, answer) in enumerate(zip(report.rows, given, strict=True)):
        if not row.passed and shape == ():
            report.rows[i] = row.diagnosed(lost_contribution(f, x, row.input, answer) or row.diagnosis)
    if raise_on_fail and not report.passed:
        mismatch = GradientMismatch(str(report))
        mismatch.report = report
        raise mismatch
    return report


def split_columns(numeric: Estimate, arrays: list[Any]) -> list[Estimate]:
    """A Jacobian cut into those by each of the inputs."""
    ends = np.cumsum([a.size for a in arrays])[:-1]
    return [Estimate(*parts) for parts in zip(*(np.split(v, ends, axis=1) for v in numeric), strict=True)]


def floating(name: str, v: Any) -> Any:
    """An input as float64."""
    array = np.asarray(v)
    if array.dtype.kind != "f":
        raise NotVerifiableError(
            f"check_gradient: {name} has dtype {array.dtype}; a derivative needs floats. Close over labels and indices instead."
        )
    return array.astype(np.float64)


def fill(tree: Any, supply: Iterator[Any]) -> Any:
    """The structure of x with other arrays."""
    if isinstance(tree, dict):
        return {k: fill(v, supply) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(fill(v, supply) for v in tree)
    return next(supply)


def watched(
    name: str, function: Callable[[Any], Any], rebuilt: Callable[[Any], Any], flat: Any, report: GradcheckReport
) -> Any:
    """What f or df returns; notes if it changes its input, or answers twice differently."""
    mine = flat.copy()
    inputs = rebuilt(mine)
    first = copy.deepcopy(function(inputs))
    after = joined([np.asarray(v) for _, v in opened(inputs, "x")])
    second = function(rebuilt(flat.copy()))
    if not (np.array_equal(mine, flat) and np.array_equal(after, flat)):
        report.mistakes.append(f"input mutated: {name} writes to its input. Let it work on a copy.")
    pairs = zip(opened(first, ""), opened(second, ""), strict=True)
    if not all(a is None or np.array_equal(a, b, equal_nan=True) for (_, a), (_, b) in pairs):
        report.mistakes.append(f"non-deterministic: {name} gave different answers for the same input.")
    return first


def numbers(out: Any) -> Any:
    """What f returned, as float64."""
    if out is None:
        raise NotVerifiableError("check_gradient: f returned None. Does it end in `return`?")
    return np.asarray(out, dtype=np.float64)


def answers(x: Any, given: Any, path: str) -> Iterator[Any]:
    """What df returned, an array for each of x, whose structure it must have."""
    if given is None:
        raise NotVerifiableError(f"check_gradient: df returned None for {path}. Does it end in `return`?")
    if isinstance(x, dict):
        if not isinstance(given, dict) or given.keys() != x.keys():
            found = f"the keys {list(given)}" if isinstance(given, dict) else type(given).__name__
            raise NotVerifiableError(f"check_gradient: for {path} return a dict with the keys {list(x)}, not {found}.")
        for key in x:
            yield from answers(x[key], given[key], f"{path}[{key!r}]")
    elif isinstance(x, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(given) != len(x):
            found = f"of {len(given)}" if isinstance(given, (list, tuple)) else type(given).__name__
            raise NotVerifiableError(
                f"check_gradient: for {path} return a list or tuple of {len(x)} gradients, one an input, not {found}."
            )
        for i, (v, g) in enumerate(zip(x, given, strict=True)):
            yield from answers(v, g, f"{path}[{i}]")
    else:
        yield np.asarray(given)


def one(name: str, x: Any, answer: Any, numeric: Estimate, shape: tuple[int, ...], rtol: float) -> Row:
    """The row of one input."""
    full = (*shape, *x.shape)
    row: Callable[[Any], Row] = lambda a: judged_row(
        1, name, x, shape, a, numeric, judge(a, numeric, rtol), "central differences"
    )
    if answer.shape == full:
        if answer.dtype != np.float64 and answer.dtype.kind in "iuf":
            exact = row(numeric.value)
            return exact.failed(f"wrong dtype: df returned {answer.dtype}; its digits are lost. Compute in float64.")
        return row(answer.reshape(numeric.value.shape).astype(np.float64))
    right = numeric.value.reshape(full)
    return row(np.full(numeric.value.shape, np.nan)).failed(wrong_shape(answer, right))


def wrong_shape(answer: Any, right: Any) -> str:
    """What a gradient of another shape than the input's probably lacks."""
    text = f"the gradient has shape {answer.shape}, it must have {right.shape}"
    alike: Callable[[Any], bool] = lambda a: a.shape == right.shape and np.allclose(a, right, rtol=1e-5, atol=1e-8)
    if alike(answer.T):
        return f"transposed: {text}, and its transpose is right"
    for axis in range(answer.ndim):
        for keep in (False, True):
            if alike(answer.sum(axis=axis, keepdims=keep)):
                return f"missing sum over a broadcast axis: {text}, and is right when summed over axis {axis}"
    if answer.ndim > right.ndim:
        return f"missing sum over a broadcast axis? {text}"
    return text


def lost_contribution(f: Callable[[Any], Any], x: Any, name: str, answer: Any) -> str:
    """Whether the answer is one of several contributions: f run on Tensors tells them apart, if f can be run on them."""
    names = [n for n, _ in opened(x, "x")]
    variables = [Tensor(floating(n, v), requires_grad=True) for n, v in opened(x, "x")]
    try:
        with enable_grad():
            root = f(fill(x, iter(variables)))
    except Exception:  # f uses something that Tensors do not know
        return ""
    if not isinstance(root, Tensor) or root.shape != ():
        return ""
    leaf = variables[names.index(name)]
    uses = contributions(root, leaf)
    alike: Callable[[Any], bool] = lambda g: g.shape == answer.shape and np.allclose(answer, g, rtol=1e-5, atol=1e-9)
    for i, (g, op) in enumerate(uses):
        if len(uses) > 1 and alike(conform(g, leaf.data, op, False)):
            return f"`=` where `+=` was needed: {name} is used {len(uses)} times, and only use {i + 1} counts"
        for axis, k in ((axis, k) for axis, n in enumerate(g.shape) for k in (0, n - 1)):
            if g.shape != leaf.shape and alike(g.take(k, axis)):
                return f"missing sum over a broadcast axis: only slice {k} along axis {axis} counts, of {g.shape[axis]}"
    return ""


def contributions(root: Tensor, leaf: Tensor) -> list[tuple[Any, Any]]:
    """The gradient of a leaf use by use, as the pullbacks return it, with the op that used it."""
    found = []
    for _, t in sorted(reachable(root)[0].items()):
        node: Any = t.node
        for x, pullback in node[EDGES]:
            if x is leaf:
                ((_, g),) = walk(root, inputs=[t], retain_graph=True)
                found.append((pullback(g), node[OP]))
    return found
