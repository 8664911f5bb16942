"""The backward walk: from a result to the inputs, each node once, youngest first.

Creation numbers are a topological order, so the walk needs no recursion and no search: collect the nodes, sort their
numbers, go backwards. A node's gradient is complete when its turn comes, because everything that used it is younger.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import checks, mutation
from .errors import GraphError, RuleError
from .higher import rerun
from .modes import mode, no_grad, rerunning
from .op import NO_OPTIONS
from .rule import Op
from .tensor import EDGES, NUMBER, OP, Array, Tensor

__all__ = ["accumulate", "reachable", "walk"]

FREED = (-1, Op("freed", lambda: None), (), NO_OPTIONS, None)  # what is left of a node after a walk has passed
Pairs = list[tuple[Tensor, Any]]


def reachable(root: Tensor, stop: Iterable[Tensor] = ()) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """Everything that ``root`` was computed from: {number: Tensor} of results, {id: Tensor} of leaves.

    Tensors in ``stop`` count as leaves. Raises GraphError where the graph has been freed.
    """
    ends = {id(t) for t in stop}
    inner: dict[int, Tensor] = {}
    leaves: dict[int, Tensor] = {}
    stack = [root]
    while stack:
        t = stack.pop()
        node = t.node
        if node is None or id(t) in ends:
            leaves[id(t)] = t
        elif node[NUMBER] not in inner:
            if node is FREED:
                raise GraphError(
                    "This graph was freed by an earlier backward(). Call backward(retain_graph=True) the first time, or compute "
                    "the value again."
                )
            inner[node[NUMBER]] = t
            stack.extend([edge[0] for edge in node[EDGES]])
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
    inner, leaves = reachable(root, inputs or ())
    if inputs is not None:
        inner = leading_to(inner, {id(t) for t in inputs})
    pending: dict[int, Any] = {id(root): seeded(root, seed, create_graph)}
    owned: set[int] = set()  # ids whose pending gradient is an array of the walk's own, which may be added to in place
    retain_graph = retain_graph or create_graph
    watched = mode().anomaly
    kind: type = Tensor if create_graph else np.ndarray
    suspect = watched or (bool(inner) and mutation.last > min(inner))
    with rerunning() if create_graph else no_grad():
        for number in sorted(inner, reverse=True):
            t = inner[number] if retain_graph else inner.pop(number)
            node: Any = t.node
            g = pending.pop(id(t), None)
            if not retain_graph:
                t.node = FREED
            if g is None:
                continue
            if t.hooks:
                g = checks.hooked(t, g, create_graph)
            if suspect:
                checks.unchanged(t, node)
            for x, pullback in rerun(node) if create_graph else node[EDGES]:
                key = id(x)
                if inputs is not None and not (key in leaves or (x.node and x.node[NUMBER] in inner)):
                    continue
                gx = pullback(g)
                data = x.data
                if gx.__class__ is not kind or gx.shape != data.shape or gx.dtype is not data.dtype:
                    gx = conform(gx, data, node[OP], create_graph)
                if watched:
                    checks.finite(gx, node)
                if key not in pending:
                    pending[key] = gx
                elif key in owned:
                    np.add(pending[key], gx, out=pending[key])
                else:
                    pending[key] = pending[key] + gx
                    if pending[key].__class__ is np.ndarray:
                        owned.add(key)
            x = t = node = pullback = gx = None  # type: ignore[assignment]  # let go of what this node kept before the next
        found = []
        for leaf in leaves.values() if inputs is None else inputs:
            g = pending.pop(id(leaf), None)
            if g is not None and leaf.requires_grad:
                found.append((leaf, checks.hooked(leaf, g, create_graph) if leaf.hooks else g))
        return found


def leading_to(inner: dict[int, Tensor], ends: set[int]) -> dict[int, Tensor]:
    """Those nodes from which one of ``ends`` can be reached."""
    wanted: dict[int, Tensor] = {}
    for number in sorted(inner):
        for edge in inner[number].node[EDGES]:  # type: ignore[index]
            x = edge[0]
            if id(x) in ends or (x.node is not None and x.node[NUMBER] in wanted):
                wanted[number] = inner[number]
                break
    return wanted


def accumulate(gradients: Pairs) -> None:
    """Add gradients to ``.grad``: always a new array, so that no two gradients share memory."""
    for i, (leaf, g) in enumerate(gradients):
        gradients[i] = (leaf, None)
        if isinstance(g, Tensor):
            leaf.grad = g if leaf.grad is None else leaf.grad + g
        elif leaf.grad is not None:
            leaf.grad = Tensor(np.asarray(leaf.grad.data + g))
        else:  # an array that nobody else refers to needs no copy: here g, and the argument of getrefcount
            leaf.grad = Tensor(g if g.base is None and sys.getrefcount(g) == 2 else g.copy())


def seeded(root: Tensor, seed: Any, create_graph: bool) -> Any:
    """The first gradient: the seed as an array of the root's shape and dtype."""
    if seed is None:
        if root.size != 1:
            raise GraphError(
                f"backward() of a Tensor of shape {root.shape} needs a seed of that shape. Reduce it to a scalar first (.sum() or "
                ".mean()), or pass seed=..."
            )
        seed = np.ones_like(root.data)
    elif np.shape(seed) != root.shape:
        raise GraphError(
            f"backward(): the seed has shape {np.shape(seed)}, the Tensor {root.shape}. Give one of that shape."
        )
    if create_graph and isinstance(seed, Tensor):
        return conform(seed, root.data, None, True)
    # a copy, so that no gradient shares the caller's memory
    array = np.array(seed.data if isinstance(seed, Tensor) else seed, dtype=root.dtype)
    return Tensor(array) if create_graph else array


def conform(gx: Any, x: Array, op: Op | None, create_graph: bool) -> Any:
    """A gradient as the law wants it: an array (a Tensor when recording) of the input's shape and dtype.

    Sums over the axes along which the input was broadcast: a value used many times collects every use's gradient.
    """
    name = op.name if op else "seed"
    if not hasattr(gx, "shape"):
        raise RuleError(f"{name}: a pullback returned {type(gx).__name__}; expected an array of shape {x.shape}.")
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
