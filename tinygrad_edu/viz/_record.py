"""What there is to draw of a recorded graph: values in the order of their creation, and the module that made each.

No value notes which module made it, for training would pay for that. But a value's creation number falls into the time of
the calls that it was made in: while a picture is made, ``calls`` notes the number at the beginning and at the end of every call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import Tensor, enable_grad
from ..engine.device import device_of, moved
from ..engine.errors import GraphError
from ..engine.rule import flat
from ..engine.tensor import ARGS, NUMBER, OP, count
from ..nn import Module, Parameter

__all__ = [
    "Call",
    "Value",
    "bytes_text",
    "calls",
    "documentation",
    "names_of_caller",
    "recorded",
    "shape_text",
    "values_behind",
]


@dataclass
class Call:
    """A call of a module: values with numbers between ``begin`` and ``end`` were made in it; ``depth`` 1 is outermost."""

    name: str
    module: Module
    depth: int
    begin: int
    end: int = sys.maxsize


@contextmanager
def calls(model: Module) -> Iterator[list[Call]]:
    """A list that fills with the calls of modules inside ``model`` while the block runs."""
    found: list[Call] = []
    open_: list[Call] = []
    watched: list[Module] = []

    def watching(name: str, module: Module) -> Callable[..., Any]:
        forward = module.forward

        def call(*inputs: Any, **options: Any) -> Any:
            this = Call(name, module, len(open_) + 1, count())
            found.append(this)
            open_.append(this)
            try:
                return forward(*inputs, **options)
            finally:
                this.end = count()
                open_.pop()

        return call

    try:
        for name, module in list(model.named_modules())[1:]:
            vars(module)["forward"] = watching(name, module)
            watched.append(module)
        yield found
    finally:
        for module in watched:
            del vars(module)["forward"]


@dataclass(eq=False)
class Value:
    """A value of the graph.

    tensor : a Tensor, or an array that an op was given.  title : the op, or the name of a value that no op made.
    kind : "op", "input", "parameter" or "constant".  sources : those that it was made of.
    """

    tensor: Any
    title: str
    kind: str = "op"
    number: int = 0
    sources: list[Value] = field(default_factory=list)

    @property
    def array(self) -> Any:
        """The bare array."""
        return self.tensor.data if isinstance(self.tensor, Tensor) else self.tensor

    @property
    def shape(self) -> Any:
        """The shape; None for the hidden bundle of an op with several results."""
        return None if self.tensor.dtype is None else self.tensor.shape


def values_behind(root: Tensor, names: Mapping[int, str]) -> list[Value]:
    """The values that ``root`` was computed from, sources first and root last.

    names : of Tensors and arrays, by id.
    Errors: GraphError where nothing is recorded, or no longer.
    """
    if root.node is None or root.node[NUMBER] < 0:
        why = "was freed by backward(); use retain_graph=True" if root.node else "is a leaf: no op was recorded"
        raise GraphError(f"There is no graph to show: this Tensor {why}. Compute it outside no_grad(), from inputs "
                         "with requires_grad=True.")  # fmt: skip
    found: dict[int, Value] = {}
    inner: list[Value] = []
    stack: list[Any] = [root]
    while stack:
        t = stack.pop()
        if id(t) in found:
            continue
        node = getattr(t, "node", None)
        if node is None or node[NUMBER] < 0:
            found[id(t)] = Value(t, names.get(id(t)) or title_of(t), kind_of(t))
            continue
        found[id(t)] = value = Value(t, node[OP].name, "op", node[NUMBER])
        inner.append(value)
        stack.extend(reversed(arguments(node)))
    for value in inner:
        value.sources = [found[id(a)] for a in arguments(value.tensor.node)]
    inner.sort(key=lambda value: value.number)
    ordered: dict[int, Value] = {}
    for value in inner:
        for source in [*value.sources, value]:
            ordered.setdefault(id(source), source)
    return list(ordered.values())


def arguments(node: tuple[Any, ...]) -> list[Any]:
    """The Tensors and arrays among a node's arguments; single numbers are not worth a box."""
    return [a for a in flat(node[ARGS]) if isinstance(a, Tensor) or (isinstance(a, np.ndarray) and a.ndim)]


def title_of(t: Any) -> str:
    """What to call a value that has no name and no op."""
    if isinstance(t, Parameter):
        return t.name or "parameter"
    return "input" if getattr(t, "requires_grad", False) else "constant"


def kind_of(t: Any) -> str:
    """The kind of a value that no op made."""
    if isinstance(t, Parameter):
        return "parameter"
    return "input" if getattr(t, "requires_grad", False) else "constant"


def recorded(function: Callable[..., Any], inputs: Iterable[Any], model: Module | None) -> tuple[Tensor, list[Call]]:
    """What a function of Tensors returns, with its whole graph: floating inputs count as wanting a gradient."""
    given = [watched(x, model) for x in inputs]
    with enable_grad():
        if model is None:
            return function(*given), []
        with calls(model) as found:
            return function(*given), found


def watched(x: Any, model: Module | None) -> Tensor:
    """An input as a new Tensor that is part of the graph, if its numbers are floating."""
    data = x.data if isinstance(x, Tensor) else beside(model, np.asarray(x))
    return Tensor(data, requires_grad=data.dtype.kind == "f")


def beside(model: Any, array: Any) -> Any:
    """An array on the device on which the model's parameters are."""
    first = next((p for _, p in model.named_variables()), None) if isinstance(model, Module) else None
    return array if first is None else moved(array, device_of(first.data))


def names_of_caller() -> dict[int, str]:
    """The variables of the code that called into this package, by the id of their value: names that its author chose."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("tinygrad_edu."):
        frame = frame.f_back
    variables = {n: v for n, v in {**frame.f_globals, **frame.f_locals}.items() if n.isidentifier() and n[0] != "_"}
    return {id(v): n for n, v in variables.items() if isinstance(v, Tensor | np.ndarray)}


def documentation(op: Any) -> str:
    """The documentation of an op."""
    return (op.rule.__doc__ or "").strip()


def shape_text(shape: Any) -> str:
    """A shape as in (32, 10)."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def bytes_text(n: int) -> str:
    """A number of bytes for people."""
    for unit, scale in (("bytes", 1), ("KB", 2**10), ("MB", 2**20)):
        if n < 1024 * scale:
            return f"{n / scale:.3g} {unit}" if scale > 1 else f"{n} {unit}"
    return f"{n / 2**30:.3g} GB"
