"""Sums of products over chosen axes: dot, inner, tensordot, einsum."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Array, op, raw
from ..engine.domain import call
from ..engine.errors import ShapeError
from ._portable import eye

__all__ = ["dot", "einsum", "inner", "tensordot"]

Pullback = Callable[[Array], Array]


def _pullbacks(x: Array, y: Array, summed_x: Sequence[int], summed_y: Sequence[int]) -> tuple[Pullback, Pullback]:
    """The pullbacks of a sum over pairs of axes: g contracted with the other operand, its axes put in order."""
    kept_x = [i for i in range(x.ndim) if i not in summed_x]
    kept_y = [i for i in range(y.ndim) if i not in summed_y]
    partner_x, partner_y = dict(zip(summed_y, summed_x)), dict(zip(summed_x, summed_y))
    order_x = np.argsort([*kept_x, *(partner_x[i] for i in sorted(summed_y))]).tolist()
    order_y = np.argsort([*(partner_y[i] for i in sorted(summed_x)), *kept_y]).tolist()
    # g : (kept axes of x, kept axes of y)
    n = len(kept_x)
    return (
        lambda g: np.tensordot(g, y, (range(n, g.ndim), kept_y)).transpose(order_x),
        lambda g: np.tensordot(x, g, (kept_x, range(n))).transpose(order_y),
    )


def _dots(draw: Any) -> Any:
    k = draw.integer(0, 3)
    left = (*draw.shape(ndim=(0, 2)), k)
    right = (*draw.shape(ndim=(0, 1)), k, *draw.shape(ndim=(1, 1)))
    return call(draw.array(left), draw.array(draw.choice((right, (k,), ()))))


@op(numpy=np.dot, method=True, samples=_dots, analytic=True)
def dot(x: Array, y: Array) -> Any:
    """The sum over the last axis of x and the second-last of y (the only one of a vector); a number multiplies.

    x : (..., k)          y : (..., k, m) or (k,)          out : (the other axes of x, the other axes of y)
    Gradient: g contracted with y, and with x.  For batches of matrices, see matmul.
    """
    if not np.ndim(x) or not np.ndim(y):
        return x * y, lambda g: g * y, lambda g: g * x
    return np.dot(x, y), *_pullbacks(x, y, (x.ndim - 1,), (max(y.ndim - 2, 0),))


def _inners(draw: Any) -> Any:
    k = draw.integer(0, 3)
    left, right = ((*draw.shape(ndim=(0, 2)), k) for _ in range(2))
    return call(draw.array(left), draw.array(draw.choice((right, ()))))


@op(numpy=np.inner, samples=_inners, analytic=True)
def inner(x: Array, y: Array) -> Any:
    """The sum over the last axes of both; a number multiplies.

    x : (..., k)          y : (..., k)          out : (the other axes of x, the other axes of y)
    Gradient: g contracted with y, and with x.
    """
    if not np.ndim(x) or not np.ndim(y):
        return x * y, lambda g: g * y, lambda g: g * x
    return np.inner(x, y), *_pullbacks(x, y, (x.ndim - 1,), (y.ndim - 1,))


def _pairings(draw: Any) -> Any:
    a, b, c, d = (draw.integer(0, 3) for _ in range(4))
    left, right, axes = draw.choice((
        ((a, b), (b, c), 1), ((a, b, c), (b, c, d), 2), ((a,), (b, c), 0), ((a, b, c), (c, d, a), ([0, 2], [2, 0])),
        ((a, b, c), (d, b), (1, -1)), ((a, b), (a, b), ((-1, 0), (1, 0))), ((a, b, c), (b, a), ((0, 1), (1, 0))), ((), (a,), 0),
    ))  # fmt: skip
    return call(draw.array(left), draw.array(right), axes=axes)


@op(numpy=(np.tensordot, np.linalg.tensordot), samples=_pairings, analytic=True)
def tensordot(x: Array, y: Array, axes: Any = 2) -> Any:
    """The sum over pairs of axes, one of x with one of y.

    axes : a number n, for the last n of x with the first n of y in order; or two lists, of x's axes and of y's.
    x, y : (...)          out : (the other axes of x, the other axes of y)
    Gradient: g contracted with y, and with x.
    Errors: ShapeError if paired axes differ in length or number.
    """
    if np.iterable(axes):
        summed = [[a] if np.ndim(a) == 0 else list(a) for a in axes]
    else:
        summed = [list(range(-axes, 0)), list(range(axes))]
    lengths = [[v.shape[a] for a in chosen if -v.ndim <= a < v.ndim] for v, chosen in zip((x, y), summed)]
    if lengths[0] != lengths[1] or len(lengths[0]) != len(summed[0]) or len(lengths[1]) != len(summed[1]):
        raise ShapeError(f"tensordot: axes={axes} of {x.shape} and {y.shape} do not pair up, one length with the same.")
    of_x, of_y = ([a % v.ndim for a in chosen] for v, chosen in zip((x, y), summed))
    return np.tensordot(x, y, (of_x, of_y)), *_pullbacks(x, y, of_x, of_y)


# -- einsum ------------------------------------------------------------------------------------------------------------


def _sums(draw: Any) -> Any:
    sizes = {label: draw.integer(0, 3) for label in "ijkl"} | {"b": draw.integer(1, 3), "c": draw.integer(1, 2)}
    subscripts, *terms = draw.choice((
        ("ij,jk->ik", "ij", "jk"), ("ij,jk", "ij", "jk"), ("i,j->ji", "i", "j"), ("i,i->", "i", "i"), ("ij->ji", "ij"),
        ("ij->", "ij"), ("ij,ij->ij", "ij", "1j"), ("i,i->", "i", "1"), ("AAi->Ai", "jji"),
        ("ij->j", "ij"), ("ii->i", "ii"), ("ii", "ii"), ("iij->ji", "iij"), ("iji,jk->k", "iji", "jk"), ("ijj,i->j", "ijj", "i"),
        ("...ij,...jk->...ik", "bij", "cbjk"), ("...ij,...jk", "1ij", "cbjk"), ("...i,i->...", "bi", "i"), ("i...->...i", "ibc"),
        ("...,...->...", "", "bi"), ("ij,ij->ij", "1j", "ij"), ("i,i->", "1", "i"), ("ij,kj,kl->il", "ij", "kj", "kl"),
        ("ij,k->i", "ij", "k"), ("...ii->...", "bii"), ("i...i,...->i...", "ibi", "b"), ("->", ""), (",i->i", "", "i"),
    ))  # fmt: skip
    shapes = [tuple(1 if label == "1" else sizes[label] for label in term) for term in terms]
    return call(subscripts, *map(draw.array, shapes), optimize=draw.choice((False, True)))


@op(numpy=np.einsum, samples=_sums, analytic=True)
def einsum(subscripts: str, *operands: Array, optimize: bool | str = False) -> Any:
    """A sum of products, named by a letter an axis: 'ij,jk->ik' is the matrix product.

    A letter that the result lacks is summed over; one that an operand has twice takes its diagonal; '...' stands for
    further axes, which broadcast. Without '->', the letters that occur once are the result's, in alphabetical order.

    operands : (...) with one axis a letter          out : one axis a letter
    optimize : look for a cheap order and use fast matrix products: worth it for three operands, or large ones.
    Gradient: to each operand the einsum of g and the other operands; onto the diagonal where a letter stands twice.
    Errors: ShapeError if a letter has two lengths, TypeError for the form without a string.
    """
    if not isinstance(subscripts, str):
        raise TypeError(
            "einsum: the subscripts come first, as a string: einsum('ij,jk->ik', x, y). einsum(x, [0, 1], ...) is not taken."
        )
    shapes = [np.shape(v) for v in operands]
    terms, result, sizes = _parsed(subscripts, shapes)

    def pullback(i: int) -> Pullback:
        others = [j for j in range(len(operands)) if j != i]
        full = {a for j in others for a, n in zip(terms[j], shapes[j]) if n == sizes[a]}
        target, extra = _target(terms[i], full.union(result), sizes)
        names = ",".join([result, *(terms[j] for j in others), *extra])

        def pull(g: Array) -> Array:
            added = [_extra(raw(g), sizes[name[0]], len(name)) for name in extra]
            return np.einsum(f"{names}->{target}", g, *(operands[j] for j in others), *added, optimize=optimize)

        return pull

    return np.einsum(subscripts, *operands, optimize=optimize), None, *map(pullback, range(len(operands)))


def _target(term: str, full: set[str], sizes: dict[str, int]) -> tuple[str, list[str]]:
    """What the gradient of an operand is named, a letter an axis, and the terms of the constants that it takes besides.

    'ia' is an identity matrix: where the operand has i twice, its gradient lies on the diagonal. 'i' is a row of ones:
    where nothing else has i in its full length, the gradient is the same everywhere along it.
    """
    fresh = iter(sorted(set(string.ascii_letters) - set(sizes)))
    target, extra = "", []
    for a in term:
        if a in target:
            extra.append(a + next(fresh))
            target += extra[-1][1]
        else:
            extra += [] if a in full else [a]
            target += a
    return target, extra


def _extra(like: Array, n: int, ndim: int) -> Array:
    """A row of n ones, or the identity matrix of size n."""
    return np.ones_like(like, shape=n) if ndim == 1 else eye(like, n, n).astype(like.dtype)


def _parsed(subscripts: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str, dict[str, int]]:
    """A letter for each axis of each operand and of the result, '...' spelled out, and each letter's length."""
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    name = f"einsum {subscripts!r}"
    if len(terms) != len(shapes):
        raise ShapeError(f"{name}: {len(terms)} term(s) for {len(shapes)} operand(s). Give one term for each.")
    further = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes)]
    for i, (term, shape, n) in enumerate(zip(terms, shapes, further)):
        if n < 0 or (n and "..." not in term):
            raise ShapeError(
                f"{name}: operand {i} has shape {shape}, its term {term!r}. Give one letter for each axis."
            )
    spare = [a for a in string.ascii_letters if a not in subscripts]
    dots = "".join(spare[: max(further)])
    if not arrow:
        result = "..." + "".join(sorted(a for a in set(left) - set(",.") if left.count(a) == 1))
    terms = [term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, further)]
    sizes: dict[str, int] = {}
    for i, (term, shape) in enumerate(zip(terms, shapes)):
        for a, n in zip(term, shape):
            if sizes.setdefault(a, n) == 1:
                sizes[a] = n
            elif n not in (1, sizes[a]):
                which = "an axis of '...'" if a in dots else f"letter {a!r}"
                raise ShapeError(f"{name}: {which} is {n} in operand {i}, of shape {shape}, but {sizes[a]} elsewhere.")
    return terms, result.replace("...", dots), sizes
