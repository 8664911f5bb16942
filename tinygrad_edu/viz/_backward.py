"""The backward walk in slow motion: every gradient that passes, and nothing is changed by looking.

``engine.walk`` hands each gradient on and forgets it. Here every step is kept: what came in, what each input was sent, and
the shape it had before the engine summed it. Hooks are not called, ``.grad`` is not touched, and the graph stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..engine import Tensor, checks, mutation, no_grad
from ..engine.tensor import EDGES, NUMBER, OP
from ..engine.walk import conform, reachable, seeded

__all__ = ["Sent", "Step", "kept", "steps", "total_gradients"]


@dataclass(eq=False)
class Sent:
    """What a step sends to one of its inputs.

    raw : the shape that the pullback returned.  gradient : in the input's shape, what broadcasting repeated summed.
    """

    to: Tensor
    raw: Any
    gradient: Any


@dataclass(eq=False)
class Step:
    """An op on the way back: the gradient of its result, complete, and what it sends on."""

    tensor: Tensor
    gradient: Any
    sent: list[Sent]

    @property
    def op(self) -> Any:
        """The op that made the value."""
        return self.tensor.node[OP]  # type: ignore[index]


def steps(root: Tensor, seed: Any = None) -> Iterator[Step]:
    """The steps of ``root.backward(seed)``, the youngest first."""
    inner, _ = reachable(root)
    pending: dict[Tensor, Any] = {root: seeded(root, seed, False)}
    with no_grad():
        walked = []
        for number in sorted(inner, reverse=True):
            t = inner[number]
            node: Any = t.node
            if t not in pending:
                continue  # behind a part of a result that nobody used
            if mutation.last > node[NUMBER]:
                checks.unchanged(t, node)
            step = Step(t, pending.pop(t), [])
            for x, pullback in node[EDGES]:
                raw = pullback(step.gradient)
                gx = conform(raw, x.data, node[OP], False)
                step.sent.append(Sent(x, getattr(raw, "shape", ()), gx))
                pending[x] = pending[x] + gx if x in pending else gx
            walked.append(step)
    yield from walked


def total_gradients(root: Tensor, seed: Any = None) -> dict[Tensor, Any]:
    """The gradient of each value behind ``root``, and of root itself."""
    total: dict[Tensor, Any] = {}
    for step in steps(root, seed):
        total[step.tensor] = step.gradient
        for sent in step.sent:
            if sent.to.node is None:
                total[sent.to] = total[sent.to] + sent.gradient if sent.to in total else sent.gradient
    return total


def kept(step: Step) -> dict[int, tuple[Any, int]]:
    """The arrays that the pullbacks of a step hold until it is walked: by the id of their memory, with their bytes."""
    found: dict[int, tuple[Any, int]] = {}
    seen: set[int] = set()
    node: Any = step.tensor.node
    stack: list[Any] = [pullback for _, pullback in node[EDGES]]
    while stack:
        thing = stack.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if hasattr(thing, "nbytes"):
            owner = mutation.owner(thing)
            found[id(owner)] = (owner, owner.nbytes)
        elif isinstance(thing, (tuple, list)):
            stack.extend(thing)
        elif callable(thing):
            cells = getattr(thing, "__closure__", None) or ()
            stack.extend(cell.cell_contents for cell in cells)
            stack.extend([*getattr(thing, "args", ()), getattr(thing, "func", None)])  # of functools.partial
    return found
