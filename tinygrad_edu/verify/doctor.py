"""The gradient doctor: compares a wrong Jacobian with the right one and names the likely mistake.

A diagnosis is given only where the mistake explains every entry; a wrong gradient that fits none of them is described
by where it is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Case", "diagnose"]

ALIKE = 1e-4  # relative: far more than what differences miss, far less than a mistake makes


class Case(NamedTuple):
    """A wrong gradient of one input.

    analytic, numeric : (m, n), the derivatives of m result entries by n input entries.
    wrong : (m, n) bool.  known : (m, n) bool, where the numeric derivative can be relied on.
    x : the input.  shape : of the result, if it is one array.
    """

    analytic: Any
    numeric: Any
    wrong: Any
    known: Any
    x: Any
    shape: tuple[int, ...]

    @property
    def full(self) -> tuple[int, ...]:
        """The Jacobian's shape with the axes of result and input apart."""
        return (*self.shape, *self.x.shape)

    def explained_by(self, candidate: Any) -> bool:
        """Whether the wrong gradient is this one, in every entry that can be told (and some that is wrong can)."""
        size = np.maximum(np.abs(candidate), np.abs(self.analytic))
        near = np.abs(self.analytic - candidate) <= ALIKE * size + 1e-9 * np.max(np.abs(self.numeric), initial=0.0)
        return bool(np.all(near | ~self.known) and np.any(self.wrong & self.known))


def diagnose(case: Case) -> str:
    """The likely mistake, in a sentence."""
    if not np.isfinite(case.analytic).all():
        return not_finite(case)
    case = case._replace(numeric=np.where(case.known, case.numeric, 0.0))
    for look in (vanished, sign, factor, transposed, other_branch, missing_sum, overwritten, float32):
        found = look(case)
        if found:
            return found
    return where_wrong(case)


# -- one mistake each: the sentence, or "" -----------------------------------------------------------------------------


def not_finite(case: Case) -> str:
    bad = ~np.isfinite(case.analytic)
    what = "NaN" if np.isnan(case.analytic).any() else "infinite"
    at = case.x.reshape(-1)[int(np.argwhere(bad)[0][1])]
    return (
        f"the gradient is {what} in {int(bad.sum())} of {bad.size} entries, first at an input of {at:.6g}: a branch that is not "
        "chosen (0 * inf), or a formula used outside its domain"
    )


def vanished(case: Case) -> str:
    if case.analytic.any() or not case.numeric.any():
        return ""
    return "detached: the gradient is zero everywhere, but the result does depend on this input"


def sign(case: Case) -> str:
    return "sign flipped: every entry is minus what it should be" if case.explained_by(-case.numeric) else ""


def factor(case: Case) -> str:
    solid = case.known & (np.abs(case.numeric) > 1e-6 * np.max(np.abs(case.numeric), initial=0.0))
    if not solid.any():
        return ""
    c = float(np.median(case.analytic[solid] / case.numeric[solid]))
    meaning = named_factor(c, case)
    telling = meaning or solid.sum() > 1 or abs(c - round(c)) < ALIKE  # any one number is a multiple of any other
    if abs(c - 1) < ALIKE or not telling or not case.explained_by(c * case.numeric):
        return ""
    return f"constant factor: every entry is {c:.6g} times what it should be{meaning}"


def named_factor(c: float, case: Case) -> str:
    """What a factor may stand for."""
    sizes = {n: f"{n} entries along axis {i} of the input" for i, n in enumerate(case.x.shape) if n > 2}
    sizes |= {n: f"{n} entries along axis {i} of the result" for i, n in enumerate(case.shape) if n > 2}
    sizes |= {case.x.size: f"{case.x.size} entries of the input"} if case.x.size > 2 else {}
    for n, meaning in sizes.items():
        if abs(c * n - 1) < ALIKE:
            return f" (1/{n}: there are {meaning}; a mean where a sum was needed?)"
        if abs(c / n - 1) < ALIKE:
            return f" ({n}: there are {meaning}; the 1/n of a mean forgotten?)"
    if abs(c - 2) < ALIKE or abs(c - 0.5) < ALIKE:
        return " (the 2 of a square counted once too often, or forgotten?)"
    return ""


def transposed(case: Case) -> str:
    shape, m = case.full, len(case.shape)
    right = case.numeric.reshape(shape)
    name: Callable[[int], str] = lambda axis: (
        f"axis {axis} of the result" if axis < m else f"axis {axis - m} of the input"
    )
    for p, q in itertools.combinations(range(len(shape)), 2):
        if shape[p] == shape[q] > 1:
            swapped = right.swapaxes(p, q).reshape(case.numeric.shape)
            if not np.allclose(swapped, case.numeric, rtol=ALIKE) and case.explained_by(swapped):
                return f"transposed: it is the right gradient with {name(p)} and {name(q)} exchanged"
    return ""


def other_branch(case: Case) -> str:
    """Elementwise functions made of pieces: the derivative of another piece."""
    found = elementwise(case)
    if found is None:
        return ""
    a, n, x, wrong = found
    if (
        wrong.all()
        and np.ptp(n) > ALIKE
        and np.allclose(a, n.min() + n.max() - n, rtol=ALIKE, atol=1e-9)
        and len(levels(n)) == 2
    ):
        low, high = levels(n)
        return f"derivative of the wrong branch: {low:.6g} where it should be {high:.6g}, and the other way round"
    if wrong.all():
        return swapped_pieces(a, n, x)
    for side, text in ((x > np.max(x[~wrong]), "above"), (x < np.min(x[~wrong]), "below")):
        if np.array_equal(side, wrong):
            at = np.max(x[~wrong]) if text == "above" else np.min(x[~wrong])
            return f"derivative of the wrong branch: right up to {at:.6g}, wrong for inputs {text} it"
    return ""


def swapped_pieces(a: Any, n: Any, x: Any) -> str:
    """Wrong everywhere, but on one side of some point it is the constant that belongs on the other side."""
    order = np.argsort(x)
    a, n, x = a[order], n[order], x[order]
    for cut in range(1, len(x)):
        for here, there in ((slice(cut, None), slice(None, cut)), (slice(None, cut), slice(cut, None))):
            if len(levels(n[here])) == 1 and np.allclose(a[there], n[here].flat[0], rtol=ALIKE) and cut < len(x):
                return f"derivative of the wrong branch: inputs on one side of {x[cut]:.6g} get the slope of the other side"
    return ""


def levels(values: Any) -> list[float]:
    """The distinct values, up to what differences miss."""
    found: list[float] = []
    for v in np.sort(values):
        if not found or abs(v - found[-1]) > ALIKE * max(abs(v), abs(found[-1]), 1e-3):
            found.append(float(v))
    return found


def elementwise(case: Case) -> tuple[Any, Any, Any, Any] | None:
    """Diagonals (analytic, numeric, x, wrong) of a function that works entry by entry, else None."""
    m, n = case.numeric.shape
    if m != n or n < 3 or case.shape != case.x.shape:
        return None
    off = ~np.eye(n, dtype=bool)
    if (case.numeric[off].any() and np.max(np.abs(case.numeric[off])) > 1e-9) or np.any(case.wrong & off):
        return None
    keep = np.diag(case.known)
    return tuple(
        d[keep] for d in (np.diag(case.analytic), np.diag(case.numeric), case.x.reshape(-1), np.diag(case.wrong))
    )  # type: ignore[return-value]


def missing_sum(case: Case) -> str:
    """Terms of a sum are missing: those along a broadcast axis, or all that couple one entry with another."""
    if not lost_terms(case):
        return ""
    for axis, kept in one_slice_left(case):
        return f"missing sum over a broadcast axis: only slice {kept} along axis {axis} of the result counts"
    m, n = case.numeric.shape
    if m == n and not np.any(case.wrong & np.eye(n, dtype=bool)) and np.any(case.numeric[~np.eye(n, dtype=bool)]):
        return "missing sum: the derivative of each entry by itself is right, the terms that couple entries are missing"
    return ""


def lost_terms(case: Case) -> bool:
    """Whether every wrong entry is a zero where there should be something."""
    return bool(np.all(case.analytic[case.wrong] == 0) and np.any(case.analytic))


def one_slice_left(case: Case) -> Iterator[tuple[int, int]]:
    """Axes along which the input was broadcast, of which only one slice got through, and which."""
    try:
        broadcasts = np.broadcast_shapes(case.x.shape, case.shape) == case.shape
    except ValueError:
        return
    padded = (1,) * (len(case.shape) - case.x.ndim) + case.x.shape
    if not broadcasts or padded == case.shape:
        return
    tensor = case.analytic.reshape(*case.shape, -1)
    for axis, (wide, narrow) in enumerate(zip(case.shape, padded, strict=True)):
        if narrow == 1 < wide:
            alive = np.flatnonzero(np.any(np.moveaxis(tensor, axis, 0) != 0, axis=tuple(range(1, tensor.ndim))))
            if len(alive) == 1:
                yield axis, int(alive[0])


def overwritten(case: Case) -> str:
    """Contributions of an entry that was used several times: only the last counts, or equal ones count once."""
    text = "`=` where `+=` was needed: an entry that is used more than once keeps only {}"
    if lost_terms(case):
        alive = case.analytic != 0
        last = case.numeric.shape[0] - 1 - np.argmax(case.numeric[::-1] != 0, axis=0)
        columns = case.wrong.any(axis=0)
        if columns.any() and all(np.flatnonzero(alive[:, j]).tolist() == [last[j]] for j in np.flatnonzero(columns)):
            return text.format("its last contribution")
    if case.numeric.shape[0] == 1 and case.wrong.any() and not case.wrong.all():
        with np.errstate(divide="ignore", invalid="ignore"):
            times = case.numeric[case.wrong] / case.analytic[case.wrong]
        if (
            np.isfinite(times).all()
            and np.allclose(times, np.round(times), rtol=ALIKE)
            and np.all(np.round(times) >= 2)
        ):
            return text.format("one of its contributions")
    return ""


def float32(case: Case) -> str:
    fine = case.known & (case.analytic != 0)
    a, n = case.analytic[fine], case.numeric[fine]
    if fine.sum() < 1 or not np.array_equal(a, a.astype(np.float32).astype(np.float64)):
        return ""
    if not np.allclose(a, n, rtol=1e-5):
        return ""
    return "wrong dtype: the gradient has only float32's digits; something inside turns float64 into float32"


def where_wrong(case: Case) -> str:
    """No known mistake: where it is wrong."""
    wrong = case.wrong
    text = f"no known mistake explains it; wrong in {int(wrong.sum())} of {wrong.size} entries"
    columns, rows = wrong.any(axis=0), wrong.any(axis=1)
    x = case.x.reshape(-1)
    if not columns.all():
        side = sided(x, columns)
        return text + (side or f", all for the inputs {indices(columns, case.x.shape)}")
    if not rows.all():
        return text + f", all in the results {indices(rows, case.shape)}"
    return text


def sided(x: Any, wrong: Any) -> str:
    """Whether being wrong depends on the input's sign."""
    conditions: list[tuple[str, Callable[[Any], Any]]] = [
        ("negative", lambda v: v < 0),
        ("positive", lambda v: v > 0),
        ("zero", lambda v: v == 0),
    ]
    for name, holds in conditions:
        if np.array_equal(holds(x), wrong):
            return f", exactly where the input is {name}"
    return ""


def indices(mask: Any, shape: tuple[int, ...]) -> str:
    """The first few true positions, as indices into the shape."""
    flat = np.flatnonzero(mask)
    if int(np.prod(shape)) != mask.size:
        shape = (mask.size,)
    shown = ", ".join(str([int(k) for k in np.unravel_index(i, shape)]) for i in flat[:3])
    return shown + (f" and {len(flat) - 3} more" if len(flat) > 3 else "")
