"""The backward walk: from a result to the inputs, each node once, youngest first.

Creation numbers are a topological order, so the walk needs no recursion and no search: collect the nodes that lead to
a leaf, sort their numbers, go backwards. A node's gradient is complete when its turn comes, because everything that
used it is younger.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import mutation
from .errors import GraphError, InPlaceError, RuleError
from .modes import mode, no_grad, rerunning
from .op import NONE, PICK, Op, alias, checked, edges_of, flat, taking_parts
from .tensor import ARGS, EDGES, NUMBER, OP, Array, Tensor

__all__ = ["accumulate", "reachable", "walk"]

Pairs = list[tuple[Tensor, Any]]
FREED = (-1, Op("freed", lambda: None), (), NONE, None)  # what is left of a node after a walk has passed


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
                    "This graph was freed by an earlier backward(). Call backward(retain_graph=True) the first time, or "
                    "compute the value again."
                )
            inner[node[NUMBER]] = t
            for edge in node[EDGES]:
                stack.append(edge[0])
    return inner, leaves


def walk(
    root: Tensor,
    seed: Any = None,
    *,
    inputs: Sequence[Tensor] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> Pairs:
    """The gradients of ``sum(seed * root)``: a list of (leaf, gradient), or of ``inputs`` only, where they are reached.

    Gradients are arrays, or Tensors with ``create_graph``. Touches no ``.grad``.
    """
    inner, leaves = reachable(root, inputs or ())
    pending: dict[int, Any] = {id(root): seeded(root, seed, create_graph)}
    owned: set[int] = set()  # ids whose pending gradient is an array of ours, which may be added to in place
    wanted = None if inputs is None else leading_to(inner, {id(t) for t in inputs})
    watching = mode().anomaly
    changed = bool(inner) and mutation.last > min(inner)
    with rerunning() if create_graph else no_grad():
        for number in sorted(inner, reverse=True):
            t = inner.pop(number)
            g = pending.pop(id(t), None)
            owned.discard(id(t))
            node: Any = t.node
            if g is not None and (wanted is None or number in wanted):
                if t.hooks:
                    g = hooked(t, g, create_graph)
                if changed or watching:
                    unchanged(t, watching)
                for x, pullback in rerun(node) if create_graph else node[EDGES]:
                    key = id(x)
                    if wanted is not None and not (key in leaves or x.node[NUMBER] in wanted):
                        continue
                    gx = pullback(g)
                    data = x.data
                    if gx.__class__ is not np.ndarray or gx.shape != data.shape or gx.dtype is not data.dtype:
                        gx = conform(gx, data, node[OP], create_graph)
                    if watching:
                        finite(gx, node)
                    if key not in pending:
                        pending[key] = gx
                    elif key in owned and not create_graph:
                        np.add(pending[key], gx, out=pending[key])
                    else:
                        pending[key] = pending[key] + gx
                        if isinstance(pending[key], np.ndarray):
                            owned.add(key)
            if not (retain_graph or create_graph):
                t.node = FREED
            x = t = node = pullback = None  # type: ignore[assignment]  # let go of what this node kept before the next
        ends = leaves.values() if inputs is None else inputs
        return [
            (t, hooked(t, pending[id(t)], create_graph) if t.hooks and t.node is None else pending[id(t)])
            for t in ends
            if id(t) in pending and t.requires_grad
        ]


def accumulate(gradients: Pairs) -> None:
    """Add gradients to ``.grad``: a new array each time, so that no two gradients share memory."""
    kept: set[int] = set()
    for i, (leaf, g) in enumerate(gradients):
        gradients[i] = None  # type: ignore[call-overload]  # the only other reference; see `private`
        if isinstance(g, Tensor):
            leaf.grad = g if leaf.grad is None else leaf.grad + g
        elif leaf.grad is not None:
            leaf.grad = Tensor(np.asarray(leaf.grad.data + g))
        else:
            mine = g.base is None and sys.getrefcount(g) <= PRIVATE and id(g) not in kept
            leaf.grad = Tensor(g if mine else g.copy())
        if leaf.grad is not None:
            kept.add(id(leaf.grad.data))


PRIVATE = 3  # references to an array that only this loop holds: the loop variable, the list, the call itself


def seeded(root: Tensor, seed: Any, create_graph: bool) -> Any:
    """The first gradient: the seed as an array of the root's shape and dtype."""
    if seed is None:
        if root.size != 1:
            raise GraphError(
                f"backward() of a Tensor of shape {root.shape} needs a seed of that shape. Reduce it to a scalar first "
                "(.sum() or .mean()), or pass seed=..."
            )
        seed = np.ones_like(root.data)
    if create_graph and isinstance(seed, Tensor):
        return conform(seed, root.data, None, True)
    array = np.asarray(seed.data if isinstance(seed, Tensor) else seed)
    if array.shape != root.shape:
        raise GraphError(f"backward(): the seed has shape {array.shape}, the Tensor {root.shape}. Give one of that shape.")
    array = array.astype(root.dtype)  # a copy, so that no gradient shares the caller's memory
    return Tensor(array) if create_graph else array


def conform(gx: Any, x: Array, op: Op | None, create_graph: bool) -> Any:
    """A gradient as the law wants it: an array (a Tensor when recording) of the input's shape and dtype.

    Sums over the axes along which the input was broadcast: a value used many times collects every use's gradient.
    """
    name = op.name if op else "seed"
    if create_graph and not isinstance(gx, Tensor) and hasattr(gx, "dtype") and gx.dtype is not None:
        raise RuleError(
            f"{name}: under create_graph a pullback returned a bare array, so higher derivatives would be lost. Write it with "
            "numpy functions and operators on its arguments, or with other ops."
        )
    if not hasattr(gx, "shape"):
        raise RuleError(f"{name}: a pullback returned {type(gx).__name__}; expected an array of shape {x.shape}.")
    if gx.shape != x.shape:
        extra = gx.ndim - x.ndim
        axes = tuple(range(extra)) + tuple(
            i + extra for i, n in enumerate(x.shape) if n == 1 and i + extra >= 0 and gx.shape[i + extra] != 1
        )
        summed = gx.sum(axis=axes) if extra >= 0 else gx
        if extra < 0 or summed.size != x.size or not fits(gx.shape[extra:], x.shape):
            raise RuleError(
                f"{name}: a pullback returned shape {gx.shape} for an input of shape {x.shape}. It must have the input's shape, "
                "or one that the input broadcasts to."
            )
        gx = summed.reshape(x.shape)
    if gx.dtype != x.dtype:
        if gx.dtype.kind == "c" and x.dtype.kind == "f":
            gx = gx.real
        gx = gx.astype(x.dtype)
    if not create_graph and isinstance(gx, np.generic):
        gx = np.asarray(gx)
    return gx


def fits(wide: tuple[int, ...], narrow: tuple[int, ...]) -> bool:
    """Whether ``narrow`` broadcasts to ``wide`` (same length)."""
    return all(n in (1, w) for w, n in zip(wide, narrow, strict=True))


def rerun(node: Any) -> Any:
    """A node's edges, made again by running its rule on Tensors, so that the pullbacks record what they do."""
    _, op, args, kwargs, edges = node[:5]
    if op is PICK:
        return edges
    if op.again is not None:
        return again(op, args, kwargs, edges)
    out, pullbacks = checked(op, args, op.rule(*args, **kwargs))
    fresh = edges_of(op, args, pullbacks)
    return tuple((x, taking_parts(p, out)) for x, p in fresh) if isinstance(out, tuple) else fresh


def again(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], edges: tuple[Any, ...]) -> Any:
    """The edges of a fused op: those of the composition that stands for it, as walks of its small graph."""
    stand_ins = {id(t): alias(t) for t in flat(args) if isinstance(t, Tensor)}
    swap = lambda v: stand_ins.get(id(v), v)
    y = op.again(*(type(v)(map(swap, v)) if isinstance(v, (list, tuple)) else swap(v) for v in args), **kwargs)  # type: ignore[misc]

    def pullback(x: Tensor) -> Any:
        end = stand_ins[id(x)]

        def pull(g: Tensor) -> Any:
            found = walk(y, g, inputs=[end], retain_graph=True, create_graph=True)
            return found[0][1] if found else Tensor(np.zeros_like(x.data))

        return pull

    return tuple((x, pullback(x)) for x in {id(edge[0]): edge[0] for edge in edges}.values())


def leading_to(inner: dict[int, Tensor], ends: set[int]) -> set[int]:
    """The numbers of those nodes from which one of ``ends`` can be reached."""
    wanted: set[int] = set()
    for number in sorted(inner):
        for edge in inner[number].node[EDGES]:  # type: ignore[index]
            x = edge[0]
            if id(x) in ends or (x.node is not None and x.node[NUMBER] in wanted):
                wanted.add(number)
                break
    return wanted


def hooked(t: Tensor, g: Any, create_graph: bool) -> Any:
    """Pass a complete gradient through the Tensor's hooks."""
    current = g if isinstance(g, Tensor) else Tensor(g)
    for hook in t.hooks:
        replaced = hook(current)
        if replaced is not None:
            current = Tensor(replaced) if not isinstance(replaced, Tensor) else replaced
            if current.shape != t.shape:
                raise RuleError(f"A gradient hook returned shape {current.shape} for a Tensor of shape {t.shape}.")
    return current if create_graph else current.data


def unchanged(t: Tensor, fingerprints: bool) -> None:
    """Raise if a value that this node's pullbacks may need was changed after the node was recorded."""
    node: Any = t.node
    values = [("its result", t), *((f"input {i}", v) for i, v in enumerate(flat(node[ARGS])) if isinstance(v, Tensor))]
    for what, v in values:
        if mutation.changed_since(v.data, node[NUMBER]):
            raise InPlaceError(
                f"{node[OP].name}: {what}, of shape {v.shape}, was changed in place after the op was recorded, so its "
                "gradient would be wrong. Change a copy, or do it after backward() (an optimiser step included)."
            )
    if fingerprints and len(node) > 5:
        node[5].verify(node)


def finite(gx: Any, node: Any) -> None:
    from .anomaly import check_gradient

    check_gradient(gx, node)
