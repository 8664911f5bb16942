"""Pictures of models: boxes for layers, arrows for what goes from one to the next. Nothing has to be installed for SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...engine.errors import MissingExtraError, NotReadyError
from ...nn import Model
from ...nn.sequential import Sequential
from ...nn.summary import shape_text
from ...nn.symbolic import Step, SymbolicTensor, symbols
from ...viz import Diagram

__all__ = ["model_to_dot", "plot_model"]

COLOURS = {
    "input": ("#e8f7ec", "#3c9a5f"),
    "output": ("#fdeaea", "#c75450"),
    "module": ("#e6f0fa", "#3b82c4"),
    "op": ("#ffffff", "#7b8794"),
}
ARROW: dict[str, Any] = {"arrowstyle": "-|>", "color": "#9aa5b1", "mutation_scale": 7}
PIXEL = 1 / 96  # inches


def plot_model(
    model: Model,
    to_file: str | Path | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Diagram:
    """Draw the layers of a model and what goes from one to the next; returns a Diagram, which notebooks show.

    to_file : ``.svg``, ``.dot`` or ``.txt`` need nothing; ``.png``, ``.pdf`` and ``.jpg`` need matplotlib (the extra
        ``viz``); None writes no file.
    show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable : what a box tells.
    rankdir : "TB" from top to bottom, "LR" from left to right.  expand_nested : draw the layers of models in the model.
    Errors: NotReadyError for a model that knows no input shape; MissingExtraError without matplotlib.
    """
    told = (show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    diagram = drawn(model, told, rankdir, expand_nested)
    if to_file is not None:
        path = Path(to_file)
        if path.suffix.lower() in (".png", ".pdf", ".jpg", ".jpeg"):
            picture(diagram, path, dpi)
        else:
            diagram.save(path)
    return diagram


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Diagram:
    """The same as a Diagram, whose ``dot()`` is text for Graphviz and whose ``svg()`` needs no Graphviz."""
    told = (show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    return drawn(model, told, rankdir, expand_nested)


def drawn(model: Model, told: tuple[bool, ...], rankdir: str, expand_nested: bool) -> Diagram:
    """The diagram of a model; one that is written as a class is a box."""
    if rankdir not in ("TB", "LR"):
        raise ValueError(f"plot_model: rankdir is 'TB' or 'LR', not {rankdir!r}.")
    if not model.built:
        raise NotReadyError(f"plot_model: {model.name} is not built. Call it once, or build(input_shape), first.")
    diagram = Diagram(f"Model {model.name}", sideways=rankdir == "LR")
    if not has_ends(model):
        diagram.box(0, type(model).__name__, *([model.name] if told[2] else []), kind="module")
        return diagram
    Drawing(diagram, told, expand_nested).add(model, {})
    return diagram


def has_ends(model: Any) -> bool:
    """Whether the calls inside a model are known."""
    return isinstance(model, Model) and (model.graph is not None or (isinstance(model, Sequential) and model.built))


def steps_of(model: Any) -> list[Step]:
    """The calls inside a model, inputs first."""
    if model.graph is not None:
        return [*model.graph.entries, *model.graph.steps]
    model.ends()
    return [symbol.step for symbol in model._chain]


class Drawing:
    """Adds models to a diagram. told : as ``plot_model``'s ``show_...``."""

    def __init__(self, diagram: Diagram, told: tuple[bool, ...], expand_nested: bool) -> None:
        self.diagram, self.told, self.expand_nested = diagram, told, expand_nested

    def add(self, model: Any, made: dict[int, Any], where: tuple[Any, ...] = ()) -> None:
        """Draw the calls inside a model.

        made : the box that each symbolic tensor comes from, by its id; those of its inputs are there for a nested model.
        where : the calls around it.
        """
        results = {id(s) for s in symbols(model.ends()[1])} if not where else set()
        for step in steps_of(model):
            key = (*where, step.number)
            outputs = symbols(step.outputs)
            if not step.inputs:
                if not where:
                    self.box(key, step, "input")
                    made |= {id(s): key for s in outputs}
            elif self.expand_nested and has_ends(step.layer):
                inner, sources = step.layer, symbols(step.layer.ends()[0])
                own = {id(a): self.source(b, made) for a, b in zip(sources, step.inputs)}
                self.add(inner, own, key)
                made |= {id(s): own[id(r)] for s, r in zip(outputs, symbols(inner.ends()[1]))}
            else:
                last = any(id(s) in results for s in outputs)
                self.box(key, step, "output" if last else "op" if not hasattr(step.layer, "modules") else "module")
                for start in dict.fromkeys(self.source(s, made) for s in step.inputs):
                    self.diagram.arrow(start, key)
                made |= {id(s): key for s in outputs}

    def source(self, symbol: SymbolicTensor, made: dict[int, Any]) -> Any:
        """The box that a tensor comes from; an input where it comes from another model."""
        if id(symbol) not in made:
            self.diagram.box(id(symbol), "InputLayer", *([str(symbol.shape)] if self.told[0] else []), kind="input")
            made[id(symbol)] = id(symbol)
        return made[id(symbol)]

    def box(self, key: Any, step: Step, kind: str) -> None:
        """Draw a call."""
        shapes, dtypes, names, activations, trainable = self.told
        layer, lines = step.layer, []
        outputs = symbols(step.outputs)
        if names and getattr(layer, "name", None):
            lines.append(layer.name)
        activation = getattr(layer, "activation", None)
        if activations and activation is not None:
            lines.append(f"activation {getattr(activation, '__name__', activation)}")
        if shapes:
            ends = [shape_text(list(part)) for part in (step.inputs, outputs) if part]
            lines.append(" → ".join(ends))
        if dtypes:
            lines.append(", ".join(s.dtype for s in outputs))
        if trainable and hasattr(layer, "trainable"):
            lines.append("trainable" if layer.trainable else "frozen")
        self.diagram.box(key, getattr(layer, "kind", type(layer).__name__), *lines, kind=kind, tip=repr(layer))


def bent(points: list[tuple[float, float]], sideways: bool) -> tuple[list[tuple[float, float]], list[int]]:
    """An arrow through points as matplotlib takes it: straight along the ranks, else in curves that begin and end along them."""
    (x, y), *rest = points
    vertices, codes = [(x, y)], [1]  # 1 moves, 2 draws a line, 4 each point of a cubic curve
    for u, v in rest:
        if (v == y) if sideways else (u == x):
            vertices, codes = [*vertices, (u, v)], [*codes, 2]
        else:
            middle = ((x + u) / 2, y), ((x + u) / 2, v)
            across = middle if sideways else ((x, (y + v) / 2), (u, (y + v) / 2))
            vertices, codes = [*vertices, *across, (u, v)], [*codes, 4, 4, 4]
        x, y = u, v
    return vertices, codes


def picture(diagram: Diagram, path: Path, dpi: int) -> None:
    """Write a diagram as pixels, or to a PDF, with matplotlib.

    Errors: MissingExtraError without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
        from matplotlib.path import Path as MatplotlibPath
    except ImportError:
        raise MissingExtraError(
            "matplotlib", "viz", f"plot_model to {path.suffix} (to .svg it needs nothing)"
        ) from None
    placed = diagram.layout()
    width, height = (n + 24 for n in placed.size)
    figure = Figure((width * PIXEL, height * PIXEL), dpi=dpi)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-12, width - 12), ylim=(height - 12, -12))
    axes.set_axis_off()
    for points in placed.paths:
        axes.add_patch(FancyArrowPatch(path=MatplotlibPath(*bent(points, diagram.sideways)), **ARROW))
    for key, (x, y) in placed.centres.items():
        box = diagram.boxes[key]
        (w, h), (fill, edge) = box.size, COLOURS[box.kind]
        frame = FancyBboxPatch(
            (x - w / 2 + 4, y - h / 2 + 4), w - 8, h - 8, boxstyle="round,pad=4", facecolor=fill, edgecolor=edge
        )
        axes.add_patch(frame)
        for i, text in enumerate([box.title, *box.lines]):
            size, weight, colour = (9.5, "bold", "#1f2933") if i == 0 else (7.8, "normal", "#52606d")
            place = y - h / 2 + 17 + i * 15
            axes.text(
                x, place, text, fontsize=size, weight=weight, color=colour, family="monospace", ha="center", va="center"
            )
    figure.savefig(path)
