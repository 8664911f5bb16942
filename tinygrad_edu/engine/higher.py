"""Higher derivatives: a node's pullbacks made again, from Tensors, so that what they compute is recorded.

First-order training never comes here. ``walk(create_graph=True)`` runs each rule once more on its argument *Tensors*;
the pullbacks then close over Tensors, and applied to a Tensor they build the graph of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .op import alias
from .outputs import PICK, Parts, of_parts
from .rule import Op, checked, edges_of, flat
from .tensor import EDGES, Node, Tensor


def rerun(node: Node) -> Any:
    """A node's edges, with pullbacks that record."""
    _, op, args, kwargs, edges = node[: EDGES + 1]
    if op is PICK:
        return edges
    if op.again is not None:
        return composed(op, args, kwargs, edges)
    out, pullbacks = checked(op, args, op.rule(*args, **kwargs))
    fresh = edges_of(op, args, pullbacks)
    return tuple((x, of_parts(p, out)) for x, p in fresh) if isinstance(out, tuple) else fresh


def composed(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], edges: tuple[Any, ...]) -> Any:
    """The edges of a fused op: walks through the composition that stands for it, from its results to its inputs.

    The inputs are replaced by aliases at which the walks stop, so that an input computed from another one does not count
    twice. Inputs that the composition closes over stand for themselves.
    """
    from .walk import walk

    inputs = {id(t): t for t in (*(t for t in flat(args) if isinstance(t, Tensor)), *(x for x, _ in edges))}
    given = {id(t) for t in flat(args)}
    ends = {key: alias(t) if key in given else t for key, t in inputs.items()}
    swap: Callable[[Any], Any] = lambda v: ends.get(id(v), v)
    assert op.again is not None
    y = op.again(*(type(v)(map(swap, v)) if isinstance(v, (list, tuple)) else swap(v) for v in args), **kwargs)
    memo: list[Any] = [None, {}]  # the last g and its gradients: all edges of a node are asked with the same g

    def gradient(x: Tensor, g: Any) -> Any:
        if memo[0] is not g:
            found: dict[int, Any] = {}
            for i, part in g.parts.items() if isinstance(g, Parts) else ((None, g),):
                out = y if i is None else y[i]
                for t, gx in walk(out, part, inputs=list(ends.values()), retain_graph=True, create_graph=True):
                    found[id(t)] = found[id(t)] + gx if id(t) in found else gx
            memo[:] = [g, found]
        gx = memo[1].get(id(ends[id(x)]))
        return Tensor(np.zeros_like(x.data)) if gx is None else gx

    return tuple((x, lambda g, x=x: gradient(x, g)) for x in {id(x): x for x, _ in edges}.values())
