"""What a walk looks at only when there is reason to: hooks, values changed in place, the first NaN."""

from __future__ import annotations

from typing import Any

from . import mutation
from .errors import GraphError, InPlaceError, RuleError
from .rule import flat
from .tensor import ARGS, NUMBER, OP, TRACE, Node, Tensor


def hooked(t: Tensor, g: Any, create_graph: bool) -> Any:
    """Pass a complete gradient through the Tensor's hooks."""
    current = g if isinstance(g, Tensor) else Tensor(g)
    for hook in t.hooks:
        replaced = hook(current)
        if replaced is not None:
            current = replaced if isinstance(replaced, Tensor) else Tensor(replaced)
            if current.shape != t.shape:
                raise RuleError(f"A gradient hook returned shape {current.shape} for a Tensor of shape {t.shape}.")
            if current.dtype != t.dtype:
                current = Tensor(current.data.astype(t.dtype))
    return current if create_graph else current.data


def collected(leaf: Tensor, g: Any) -> Tensor:
    """g added to what earlier walks left in ``.grad``, unless somebody has set it to something else."""
    before: Any = leaf.grad
    if not isinstance(before, Tensor) or before.shape != leaf.shape:
        raise GraphError(
            f".grad of a Tensor of shape {leaf.shape} was set to {before!r:.60}. Set a Tensor like it, or None."
        )
    return type(before)(before.data + g)  # which may say that a step has used it


def unchanged(t: Tensor, node: Node) -> None:
    """Raise if a value that this node's pullbacks may need was changed after the node was recorded.

    Every operand counts as needed, and so does the result: which of them a pullback closes over is not known.
    """
    values = [("its result", t), *((f"input {i}", v) for i, v in enumerate(flat(node[ARGS])) if isinstance(v, Tensor))]
    for what, v in values:
        if mutation.changed_since(v.data, node[NUMBER]):
            raise InPlaceError(
                f"{node[OP].name}: {what}, of shape {v.shape}, was changed in place after the op was recorded, so its gradient "
                "would be wrong. Change a copy, or do it after backward() (an optimiser step included)."
            )
    if len(node) > TRACE:
        node[TRACE].verify(node)


def finite(gx: Any, node: Node) -> None:
    """Under detect_anomaly: refuse a gradient that is not finite."""
    from .anomaly import check_gradient

    check_gradient(gx, node)
