"""The table of a model: its layers, their output shapes, their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.errors import ShapeError
from .module import Module
from .naming import names_in_order, snake_case
from .symbolic import symbols

__all__ = ["summary"]


def summary(model: Module, input_shape: Any = None, expand_nested: bool = False, show_trainable: bool = False) -> str:
    """The table as text.

    model : its direct parts are the rows.
    input_shape : of a batch, None for the batch. Zeros of this shape are passed through to see the shapes in between, and
        build what is not built. By default the shape of the first call, or the features that a Linear wants; where
        neither fits, shapes are shown as ``?``.
    expand_nested : also a row for each part of models in the model.  show_trainable : a column that says Y or N.
    """
    found = rows_of(model, input_shape, expand_nested)
    width = max((len(row) for row, _ in found), default=3)
    rows = [(*row, *["-"] * (width - len(row))) for row, _ in found]
    head = ("Layer (type)", "Output Shape", "Param #", "Connected to")[:width]
    if show_trainable:
        head = (*head, "Trainable")
        rows = [(*row, "NY"[getattr(part, "trainable", True)]) for row, (_, part) in zip(rows, found)]
    title = getattr(model, "name", None) or snake_case(type(model).__name__)
    return "\n".join([f'Model: "{title}"', table(head, rows), *totals(model)])


def rows_of(model: Any, input_shape: Any, expand_nested: bool, depth: int = 0) -> list[tuple[tuple[str, ...], Any]]:
    """A row for each part of a model, with the part."""
    graph = getattr(model, "graph", None)
    rows = layer_rows(model, input_shape) if graph is None else graph_rows(graph)
    parts = (list(dict.fromkeys(model.children())) or [model]) if graph is None else list(graph.parts.values())
    found = []
    for row, part in zip(rows, parts):
        found.append(((f"{'   ' * depth}{'└ ' * (depth > 0)}{row[0]}", *row[1:]), part))
        if expand_nested and part is not model and hasattr(part, "made_of"):
            found += rows_of(part, None, True, depth + 1)
    return found


def layer_rows(model: Module, input_shape: Any) -> list[tuple[str, ...]]:
    """A row for each direct part."""
    layers = list(dict.fromkeys(model.children())) or [model]
    shapes = output_shapes(model, layers, input_shape)
    return [
        (f"{name} ({type(layer).__name__})", shapes.get(id(layer), "?"), parameters(layer))
        for name, layer in zip(names_in_order(layers), layers)
    ]


def graph_rows(graph: Any) -> list[tuple[str, ...]]:
    """A row for each layer and operation of a functional model; where the calls form no chain, also where its inputs
    come from: ``dense[0][1]`` is the second result of the first call of dense.
    """  # fmt: skip
    names = graph.names
    calls: dict[int, list[Any]] = {layer: [] for layer in names}
    for step in [*graph.entries, *graph.steps]:
        calls[id(step.layer)].append(step)
    place = {
        id(symbol): f"{names[layer]}[{i}][{j}]"
        for layer, steps in calls.items()
        for i, step in enumerate(steps)
        for j, symbol in enumerate(symbols(step.outputs))
    }
    sources = [[place.get(id(s), s.name) for step in steps for s in step.inputs] for steps in calls.values()]
    rows: list[tuple[str, ...]] = []
    for layer, steps in calls.items():
        made = steps[0].layer
        kind, count = (type(made).__name__, parameters(made)) if isinstance(made, Module) else (made.kind, "0")
        rows.append((f"{names[layer]} ({kind})", shape_text(symbols(steps[0].outputs)), count))
    before = [row[0].split(" (")[0] + "[0][0]" for row in rows]
    if [[], *([name] for name in before[:-1])] == sources:
        return rows
    return [(*row, ", ".join(source) or "-") for row, source in zip(rows, sources)]


def parameters(layer: Module) -> str:
    """How many numbers a layer holds."""
    unbuilt = " (unbuilt)" if any(module.waits() for module in layer.modules()) else ""
    return f"{sum(p.size for _, p in layer.named_variables()):,}{unbuilt}"


def totals(model: Module) -> list[str]:
    """The lines below the table. The optimiser's own numbers, its step count and rate included, count once it has some."""
    variables = [p for _, p in model.named_variables()]
    optimizer = getattr(model, "optimizer", None)
    state = list(optimizer.state_dict().values()) if optimizer is not None and optimizer.groups else []
    shown = {
        "Total": [*variables, *state],
        "Trainable": [p for p in variables if p.requires_grad],
        "Non-trainable": [p for p in variables if not p.requires_grad],
        "Optimizer": state,
    }
    return [
        f" {what} params: {sum(a.size for a in arrays):,} ({size(sum(a.nbytes for a in arrays))})"
        for what, arrays in shown.items()
        if arrays or what != "Optimizer"
    ]


def size(bytes_: int) -> str:
    """A number of bytes for people: 213.04 KB."""
    for unit, scale in (("B", 1), ("KB", 2**10), ("MB", 2**20)):
        if bytes_ < 1024 * scale:
            return f"{bytes_ / scale:.2f} {unit}"
    return f"{bytes_ / 2**30:.2f} GB"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in a box."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: tuple[str, ...], bar: str, numbers: bool) -> str:
        padded = [c.rjust(w) if numbers and i == 2 else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths))]
        return bar + bar.join(f" {c} " for c in padded) + bar

    def rule(left: str, fill: str, middle: str, right: str) -> str:
        return left + middle.join(fill * (w + 2) for w in widths) + right

    body = f"\n{rule('├', '─', '┼', '┤')}\n".join(line(row, "│", True) for row in rows)
    lines = [rule("┏", "━", "┳", "┓"), line(head, "┃", True), rule("┡", "━", "╇", "┩"), body, rule("└", "─", "┴", "┘")]
    return "\n".join(lines)


def output_shapes(model: Module, layers: list[Module], input_shape: Any) -> dict[int, str]:
    """What each layer returns for one sample of zeros, by the layer's id; nothing where the input is not known."""
    seen: dict[int, str] = {}

    def watched(layer: Module) -> Any:
        forward = layer.forward

        def call(*inputs: Any, **options: Any) -> Any:
            out = forward(*inputs, **options)
            seen.setdefault(id(layer), shape_text(out))
            return out

        return call

    features = (getattr(module, "in_features", None) for module in model.modules())
    guess = model.input_shape or next(((None, n) for n in features if n), None)
    try:
        for layer in layers:
            vars(layer)["forward"] = watched(layer)
        if input_shape or guess:
            model.pass_zeros(input_shape or guess)
    except ShapeError:
        if input_shape:
            raise
    finally:
        for layer in layers:
            del vars(layer)["forward"]
    return seen


def shape_text(out: Any) -> str:
    """A shape with None for the batch, as in (None, 26, 26, 32)."""
    if isinstance(out, (list, tuple)):
        return ", ".join(map(shape_text, out))
    return str((None, *out.shape[1:]))
