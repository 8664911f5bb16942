"""The computation graph as a picture: what was computed from what, folded by module where it is large."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.errors import NotReadyError
from ..engine.tensor import OP
from ..nn import Module
from ._backward import total_gradients
from ._diagram import Diagram
from ._pixels import bare
from ._record import Call, Value, documentation, names_of_caller, recorded, shape_text, values_behind

__all__ = ["graph"]

BOXES = 40  # in a picture that is not told how deep to go
MOST = 400  # of values in a picture without modules to fold; earlier ones become one box


def graph(
    subject: Any,
    *inputs: Any,
    model: Module | None = None,
    depth: int | None = None,
    values: bool = False,
    gradients: bool = False,
    names: Mapping[str, Any] | None = None,
    sideways: bool = False,
) -> Diagram:
    """The graph behind a Tensor, or of a model or function that is called on ``inputs``.

    ::

        viz.graph(loss)                                            # what was recorded
        viz.graph(model, x)                                        # a model; without x, zeros of the shape that it knows
        viz.graph(lambda x: mse(model(x), y), x, model=model)      # more than the model, folded by its modules

    model : whose modules and parameters are named.          values, gradients : whether each box shows its own, in short.
    depth : 1 for one box for each direct part of the model, 2 for their parts; beyond the last (99, say), single ops. None for
        the innermost modules, or for those further out if that gives more than 40 boxes.
    names : of Tensors, {"W1": w}; by default those of the caller's variables and of the model's parameters.
    Gradients are those of the (summed) result; ``.grad`` is not touched, and the graph can be used afterwards.
    Errors: GraphError for a Tensor without a graph; NotReadyError for a model that knows no input shape.
    """
    called = names_of_caller()
    found: list[Call] = []
    if isinstance(subject, Tensor):
        root = subject
    else:
        model = subject if model is None and isinstance(subject, Module) else model
        given = inputs or sample_of(subject)
        root, found = recorded(quiet(subject), given, model)
    called |= {id(p): name for name, p in model.named_variables()} if model is not None else {}
    called |= {id(t): name for name, t in (names or {}).items()}
    everything = values_behind(root, called)
    level = depth if depth is not None else max((c.depth for c in found), default=0)
    folded = fold(everything, found, level)
    while depth is None and level > 1 and len(folded.members) > BOXES:
        level -= 1
        folded = fold(everything, found, level)
    total = total_gradients(root, np.ones_like(root.data)) if gradients else {}
    return draw(folded, total, values, title_of(subject), sideways, called)


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """A model as it predicts: without dropout."""
    return (lambda *inputs: function(*inputs, training=False)) if isinstance(function, Module) else function


def title_of(subject: Any) -> str:
    """What the picture shows, in a few words."""
    if isinstance(subject, Tensor):
        return f"graph of a Tensor {shape_text(subject.shape)}"
    return f"graph of {getattr(subject, 'name', None) or getattr(subject, '__name__', type(subject).__name__)}"


def sample_of(model: Any) -> list[Any]:
    """Zeros of the shape that a model was built for."""
    shape = getattr(model, "input_shape", None)
    if shape is None and isinstance(model, Module):
        features = (getattr(m, "in_features", None) for m in model.modules())
        shape = next(((None, n) for n in features if n), None)
    if shape is None:
        raise NotReadyError("graph: the shape of the input is not known. Give an input: viz.graph(model, x).")
    zeros = model._zeros(shape)
    return list(zeros) if isinstance(zeros, list) else [zeros]


# -- folding -----------------------------------------------------------------------------------------------------------


class Folded:
    """Values gathered into boxes.

    members : the values of each box; of a module's box, those made in one call of it.  call : of a module's box, the call.
    links : pairs of boxes between which values pass.
    """

    def __init__(self) -> None:
        self.members: dict[Any, list[Value]] = {}
        self.call: dict[Any, Call] = {}
        self.links: dict[tuple[Any, Any], None] = {}


def fold(values: list[Value], found: list[Call], depth: int) -> Folded:
    """Gather what was made in one call at this depth, with the parameters that nothing else uses."""
    folded = Folded()
    key: dict[int, Any] = {}
    users: dict[int, list[Value]] = {}
    for value in values:
        call = next((c for c in found if c.depth == depth and c.begin < value.number < c.end), None)
        key[id(value)] = id(value) if call is None else (call.name, call.begin)
        if call is not None:
            folded.call[key[id(value)]] = call
        for source in value.sources:
            users.setdefault(id(source), []).append(value)
    for value in values:
        inside = {key[id(user)] for user in users.get(id(value), ())}
        if value.kind in ("parameter", "constant") and len(inside) == 1 and inside <= set(folded.call):
            (key[id(value)],) = inside
    hide_earlier(values, key)
    folded.members = {box: [] for box in in_order(values, key, users)}
    for value in values:
        folded.members[key[id(value)]].append(value)
        for source in value.sources:
            if key[id(source)] != key[id(value)]:
                folded.links[key[id(source)], key[id(value)]] = None
    return folded


def in_order(values: list[Value], key: Mapping[int, Any], users: Mapping[int, list[Value]]) -> list[Any]:
    """The boxes as they were done, by their last value; what is given stands in front of its first use."""
    done: dict[Any, float] = {}
    for value in values:
        done[key[id(value)]] = max(done.get(key[id(value)], 0), value.number)
    for value in values:
        if not done[key[id(value)]]:
            done[key[id(value)]] = min(done[key[id(user)]] for user in users[id(value)]) - 0.5
    return sorted(done, key=done.__getitem__)


def hide_earlier(values: list[Value], key: dict[int, Any]) -> None:
    """Put all but the last values of a very long graph into one box."""
    boxes = list(dict.fromkeys(key.values()))
    first = set(boxes[: len(boxes) - MOST])
    for value in values:
        if key[id(value)] in first:
            key[id(value)] = "earlier"


# -- drawing -----------------------------------------------------------------------------------------------------------


def draw(
    folded: Folded, total: Mapping[Tensor, Any], values: bool, title: str, sideways: bool, names: Mapping[int, str]
) -> Diagram:
    """The boxes as a diagram; the last is the result."""
    diagram = Diagram(title, sideways)
    last = next(reversed(folded.members))
    for key, members in folded.members.items():
        main = max(members, key=lambda value: value.number)
        call = folded.call.get(key)
        kind = "output" if key == last else "module" if call else main.kind
        if key == "earlier":
            diagram.box(key, f"… {len(members):,} earlier values", kind="constant")
            continue
        about = [] if main.shape is None else [f"{shape_text(main.shape)} {main.tensor.dtype}"]
        name = names.get(id(main.tensor))
        if name and main.kind == "op":
            about.insert(0, name)
        if call:
            count = sum(v.tensor.size for v in members if v.kind == "parameter")
            about = [call.name, *about, *([f"{count:,} parameters"] if count else [])]
        if values and main.shape is not None:
            about.append(f"value {brief(main.tensor)}")
        if isinstance(main.tensor, Tensor) and main.tensor in total and main.shape is not None:
            about.append(f"grad {brief(total[main.tensor])}")
        diagram.box(key, type(call.module).__name__ if call else main.title, *about, kind=kind, tip=tip_of(main, call))
    for start, end in folded.links:
        diagram.arrow(start, end)
    return diagram


def tip_of(value: Value, call: Call | None) -> str:
    """What hovering shows: a module as it prints, the first line of an op's documentation."""
    if call:
        return repr(call.module)
    return documentation(value.tensor.node[OP]).split("\n")[0] if value.kind == "op" else ""


def brief(array: Any) -> str:
    """A value in a few characters: up to four entries themselves, else mean and spread."""
    data = bare(array)
    if data.size == 0:
        return "empty"
    if data.size == 1:
        return f"{data.item():.4g}"
    if data.size <= 4:
        return "[" + " ".join(f"{v:.3g}" for v in data.ravel().tolist()) + "]"
    if data.dtype.kind not in "fc":
        return f"{data.min()} … {data.max()}"
    mean, spread = data.mean(), data.std()
    return f"{0 if abs(mean) < 1e-4 * spread else mean:.3g} ± {spread:.3g}"  # no rounding errors for a mean of 0
