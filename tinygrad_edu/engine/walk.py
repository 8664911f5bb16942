"""The backward walk: from a result to the inputs, each node once, youngest first.

Creation numbers are a topological order, so the walk needs no recursion and no sorting of the graph: a heap hands out the
youngest node that has received a gradient. Its gradient is complete by then, because everything that used it is younger.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import checks, mutation
from .errors import GraphError, RuleError
from .higher import rerun
from .modes import mode, no_grad, rerunning
from .ndarray import as_array
from .op import NO_OPTIONS, wrap
from .outputs import added
from .rule import Op
from .tensor import EDGES, NUMBER, OP, Array, Tensor

__all__ = ["accumulate", "reachable", "walk"]

FREED = (-1, Op("freed", lambda: None), (), NO_OPTIONS, ())  # what is left of a node after a walk has passed
Pairs = list[tuple[Tensor, Any]]
ndarray = np.ndarray


def reachable(root: Tensor, stop: Iterable[Tensor] = ()) -> tuple[dict[int, Tensor], dict[Tensor, None]]:
    """Everything that ``root`` was computed from: the results by creation number, and the leaves.

    Tensors in ``stop`` count as leaves; what a walk has freed ends there.
    """
    ends = set(stop)
    inner: dict[int, Tensor] = {}
    leaves: dict[Tensor, None] = {}
    stack = [root]
    while stack:
        t = stack.pop()
        node = t.node
        if node is None or t in ends:
            leaves[t] = None
            continue
        number = node[NUMBER]
        if number not in inner:
            inner[number] = t
            stack.extend(x for x, _ in node[EDGES])
    return inner, leaves


def walk(
    root: Tensor,
    seed: Any = None,
    *,
    inputs: Sequence[Tensor] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> Pairs:
    """The gradients of ``sum(seed * root)``: a list of (leaf, gradient), for all leaves or for those of ``inputs`` reached.

    Gradients are arrays, or Tensors with ``create_graph`` (which keeps the graph). Tensors in ``inputs`` count as
    leaves: the walk does not look behind them. Touches no ``.grad``.
    """
    ends = set(inputs or ())
    wanted = None if inputs is None else leading_to(root, ends)
    pending: dict[Tensor, Any] = {root: seeded(root, seed, create_graph)}  # gradients collected so far
    queue: list[int] = []  # the youngest node first: a heap of negative creation numbers
    waiting: dict[int, Tensor] = {}
    keep = retain_graph or create_graph
    kind: Any = Tensor if create_graph else ndarray
    watched = mode().anomaly
    if root.node is not None and root not in ends:
        enqueue(root, queue, waiting)
    with rerunning() if create_graph else no_grad():
        while queue:
            number = heappop(queue)
            t = waiting.pop(number)
            g = pending.pop(t)
            node: Any = t.node
            if not keep:
                t.node = FREED
            if t.hooks:
                g = checks.hooked(t, g, create_graph)
            if watched or mutation.last > -number:
                checks.unchanged(t, node)
            for x, pullback in rerun(node) if create_graph else node[EDGES]:
                if wanted is not None and x not in wanted:
                    continue
                gx = pullback(g)
                data = x.data
                if gx.__class__ is not kind or gx.shape != data.shape or gx.dtype is not data.dtype:
                    gx = conform(gx, data, node[OP], create_graph)
                if watched:
                    checks.finite(gx, node)
                old = pending.get(x)
                if old is None:
                    pending[x] = gx
                    if x.node is not None and x not in ends:
                        enqueue(x, queue, waiting)
                elif isinstance(old, ndarray) and old.size > LARGE and private(old, held=1):
                    np.add(old, gx, out=old)
                else:
                    pending[x] = old + gx if data.ndim else added(old, gx)
            pullback = None  # let go of what it kept before the next one computes
        found = [(t, g) for t, g in pending.items() if t.requires_grad]
        return [(t, checks.hooked(t, g, create_graph) if t.hooks else g) for t, g in found]


LARGE = 4096  # entries from which adding in place is worth asking whether it is allowed


def enqueue(t: Tensor, queue: list[int], waiting: dict[int, Tensor]) -> None:
    """Put a result in line for the walk."""
    number = -t.node[NUMBER]  # type: ignore[index]
    if number > 0:
        raise GraphError(
            "This graph was freed by an earlier backward(). Call backward(retain_graph=True) the first time, or compute the value "
            "again."
        )
    waiting[number] = t
    heappush(queue, number)


def references(array: Array) -> int:
    """How many references Python counts to the caller's variable, this call's own included."""
    return sys.getrefcount(array)


def _alone() -> int:
    fresh = np.empty(1)
    return references(fresh)


ALONE = _alone()  # what an array counts that only one variable refers to; measured, as Python versions differ


def private(array: Array, held: int = 0) -> bool:
    """Whether nobody else can see this memory, so that it may be kept or written to.

    held : references that the caller knows of, beside its one variable.
    """
    return array.base is None and sys.getrefcount(array) <= ALONE + held


def leading_to(root: Tensor, ends: set[Tensor]) -> set[Tensor]:
    """Those Tensors on the way to ``root`` from which one of ``ends`` can be reached, ``ends`` included."""
    wanted = set(ends)
    results = reachable(root, ends)[0]
    for number in sorted(results):
        if any(x in wanted for x, _ in results[number].node[EDGES]):  # type: ignore[index]
            wanted.add(results[number])
    return wanted


def accumulate(gradients: Pairs) -> None:
    """Add gradients to ``.grad``: always a new array, so that no two gradients share memory."""
    while gradients:
        leaf, g = gradients.pop()
        if isinstance(g, Tensor):
            leaf.grad = g if leaf.grad is None else leaf.grad + g
        elif leaf.grad is not None:
            leaf.grad = checks.collected(leaf, g)
        else:
            leaf.grad = wrap(as_array(g if private(g) else g.copy()))


def seeded(root: Tensor, seed: Any, create_graph: bool) -> Any:
    """The first gradient: the seed as an array of the root's shape and dtype."""
    if seed is None:
        if root.size != 1:
            raise GraphError(
                f"backward() of a Tensor of shape {root.shape} needs a seed of that shape. Reduce it to a scalar first (.sum() or "
                ".mean()), or pass seed=..."
            )
        seed = np.ones_like(root.data)
        return Tensor(seed) if create_graph else seed
    if np.shape(seed) != root.shape:
        raise GraphError(
            f"backward(): the seed has shape {np.shape(seed)}, the Tensor {root.shape}. Give one of that shape."
        )
    if create_graph and isinstance(seed, Tensor):
        return conform(seed, root.data, None, True)
    # a copy, so that no gradient shares the caller's memory
    array = as_array(seed, root.dtype).copy()
    return Tensor(array) if create_graph else array


def conform(gx: Any, x: Array, op: Op | None, create_graph: bool) -> Any:
    """A gradient as the law wants it: an array (a Tensor when recording) of the input's shape and dtype.

    Sums over the axes along which the input was broadcast: a value used many times collects every use's gradient.
    """
    name = op.name if op else "seed"
    if not hasattr(gx, "shape") or getattr(gx.dtype, "kind", "f") not in "biufc":
        raise RuleError(f"{name}: a pullback returned {type(gx).__name__}; expected numbers of shape {x.shape}.")
    if gx.dtype is None:  # Parts
        return gx
    if create_graph and not isinstance(gx, Tensor):
        raise RuleError(
            f"{name}: under create_graph a pullback returned a bare array, so higher derivatives would be lost. Write it with "
            "numpy functions and operators on its arguments, or with other ops."
        )
    if gx.shape != x.shape:
        extra = len(gx.shape) - x.ndim
        if extra < 0 or any(n not in (1, w) for w, n in zip(gx.shape[extra:], x.shape, strict=True)):
            raise RuleError(
                f"{name}: a pullback returned shape {gx.shape} for an input of shape {x.shape}. It must have the input's shape, "
                "or one that the input broadcasts to."
            )
        axes = (*range(extra), *(i + extra for i, n in enumerate(x.shape) if n != gx.shape[i + extra]))
        gx = gx.sum(axis=axes).reshape(x.shape)
    if gx.dtype != x.dtype:
        gx = (gx.real if gx.dtype.kind == "c" and x.dtype.kind == "f" else gx).astype(x.dtype)
    return np.asarray(gx) if isinstance(gx, np.generic) else gx
