"""The report: one HTML file with how a network learned, where it is wrong, and a canvas on which to try it.

The file needs nothing from outside: pictures, weights and the JavaScript that runs the network are in it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..engine.errors import GraphError, NotReadyError, ShapeError
from ..training.callbacks import History
from ..training.callbacks.base import Logs
from ._charts import chart, confusion_table
from ._findings import classes_of, confusion, gradient_of_input, predicted, probabilities, worst
from ._pixels import as_images, bare, diverging, mosaic, uri, weight_images
from ._program import NotPortableError, Program
from .graph import graph
from .pictures import values_of

__all__ = ["Report", "report"]

MOST_NUMBERS = {32: 400_000, 16: 900_000}  # that a page embeds in so many bits each: about 2.1 and 2.4 MB of text
MISTAKES, UNITS, SAMPLES = 24, 96, 10
PIXELS = UNITS * 28 * 28  # of pictures of one kind, so that a page of large images stays small
HOPE = np.float32(1e-30)


def report(
    history: Any,
    model: Any,
    data: tuple[Any, Any],
    path: str | Path = "report.html",
    title: str = "What the network learned",
    classes: Sequence[str] | None = None,
) -> Path:
    """Write a page about a trained classifier; returns its path.

    history : what ``fit`` returned, or its dict; None where there is none.
    data : (x, y), samples that it was not trained on, and their classes.
    classes : their names; by default their numbers.

    Curves, the confusion matrix and the graph are there for every classifier; weights, mistakes, saliency and the canvas for
    those of square images with one channel. On the canvas the network runs in JavaScript; where it cannot (an op that
    ``page/network.js`` does not know, or more than 900,000 weights) the page says why instead. Up to 400,000 weights are
    embedded in 32 bits, above that in 16.
    """
    x, y = bare(data[0]), classes_of(data[1])
    rows = predicted(model, x)
    names = list(classes or map(str, range(rows.shape[1])))
    counts = confusion(y, rows, len(names))
    count = sum(p.size for _, p in model.named_parameters())
    facts = [(f"{np.trace(counts) / max(len(y), 1):.2%}", "right"), (f"{len(y) - np.trace(counts):,}", f"of {len(y):,} misread"),
             (f"{count:,}", "parameters")]  # fmt: skip
    parts = [
        canvas_section(model, x, y, names),
        curves_section(history),
        section("What is taken for what", "Rows are what it is, columns what it was read as. Red are the mistakes.",
                f"<div class='scroll'>{confusion_table(counts, names)}</div>"),
        graph_section(model, x),
        weights_section(model),
        mistakes_section(model, x, y, rows, names),
    ]  # fmt: skip
    boxes = "".join(f"<div><b>{value}</b>{escape(what)}</div>" for value, what in facts)
    page = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{asset('page.css')}</style></head><body>"
        f"<header><h1>{escape(title)}</h1><div class='facts'>{boxes}</div></header><main>{''.join(parts)}"
        f"<footer>Written by tinygrad_edu {__version__}. This file needs nothing else.</footer></main></body></html>\n"
    )
    file = Path(path)
    file.write_text(page, encoding="utf-8")
    return file


def asset(name: str) -> str:
    """A file of the page, as text."""
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def section(title: str, text: str, body: str) -> str:
    """A part of the page."""
    note = f"<p class='note'>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{note}{body}</section>"


# -- the canvas --------------------------------------------------------------------------------------------------------


def canvas_section(model: Any, x: Any, y: Any, names: list[str]) -> str:
    """The canvas with the network behind it, or the reason why there is none."""
    title = "Draw a digit" if names == list("0123456789") else "Draw one"
    try:
        program = portable(model, x, y, names)
    except NotPortableError as error:
        return section(title, "", f"<p id='no-canvas'>There is no canvas for this network: {escape(str(error))}.</p>")
    # "</script>" in a name would end the script; written so, it is the same to JavaScript
    numbers = json.dumps(program).replace("<", r"\u003c")
    script = f"{asset('network.js')}\n{asset('draw.js')}\nconst network = begin({numbers});"
    text = (
        "The network runs in this page: draw with mouse, pen or finger, and see each layer respond. Blue is above zero, red "
        "below."
    )
    return section(title, text, CANVAS + f"<script>{script}</script>")


CANVAS = """<div id="play">
<div><canvas id="pad" width="280" height="280" aria-label="draw here"></canvas>
<div class="under"><button id="clear">Clear</button> <small>or take</small> <span id="samples"></span></div></div>
<figure><canvas id="seen"></canvas><figcaption>what it sees</figcaption><output id="answer">?</output></figure>
<div id="bars"></div>
</div><div id="layers"></div>"""


def portable(model: Any, x: Any, y: Any, names: list[str]) -> dict[str, Any]:
    """All that the page needs to run the model.

    Errors: NotPortableError that says why it cannot be.
    """
    try:
        images = as_images(x[:1])
    except ShapeError:
        images = np.zeros((1, 1, 2))
    if images.shape[1] != images.shape[2] or images[0].size != x[0].size or images.shape[1] < 8:
        raise NotPortableError(f"its samples, {x.shape[1:]}, are not square images with one channel")
    program = Program(model, x)
    bits = next((bits for bits, most in MOST_NUMBERS.items() if program.size <= most), None)
    if bits is None:
        raise NotPortableError(f"its {program.size:,} weights are too many for a page; {MOST_NUMBERS[16]:,} would do")
    low, high = float(x.min()), float(x.max())
    shown = [int(np.flatnonzero(y == c)[0]) for c in range(len(names)) if (y == c).any()][:SAMPLES]
    samples = (255 * (as_images(x[shown]) - low) / max(high - low, HOPE)).round().astype(np.uint8)
    return program.data(bits) | {
        "range": [low, high],
        "side": images.shape[1],
        "classes": names,
        "samples": [base64.b64encode(sample.tobytes()).decode() for sample in samples],
    }


# -- the other parts ---------------------------------------------------------------------------------------------------


def curves_section(history: Any) -> str:
    """Loss and metrics by epoch."""
    values = {} if history is None else values_of(history)
    charts = [
        chart(name, values[name], values.get(f"val_{name}"))
        for name in sorted(values, key=lambda name: name != "loss")
        if not name.startswith("val_") and values[name]
    ]
    if not charts:
        return ""
    return section("How it learned", "", f"<div class='charts'>{''.join(charts)}</div>")


def graph_section(model: Any, x: Any) -> str:
    """The model's graph, folded by module."""
    try:
        picture = graph(model, x[:1], sideways=True)
        picture.sideways = (
            picture.layout().size[0] < 900
        )  # pixels: else it would not fit, and is drawn from top to bottom
    except (GraphError, NotReadyError, TypeError):  # nothing that wants a gradient, or not one floating input
        return ""
    return section("The network", "One image on its way, with the shape that it has after each part.",
                   f"<div class='scroll'>{picture.svg()}</div>")  # fmt: skip


def weights_section(model: Any) -> str:
    """What the units of the first layer look for."""
    try:
        images = weight_images(model)
    except ShapeError:
        return ""
    images = images[: few(UNITS, images)]
    colours = diverging(mosaic(images, min(len(images), 16)), float(np.quantile(np.abs(images), 0.995)))
    text = (
        f"The weights of the first layer, {len(images)} units as images. A unit responds to ink where it is blue, and against "
        "ink where it is red."
    )
    return section(
        "What it looks for", text, f"<img class='mosaic' alt='weights of the first layer' src='{uri(colours)}'>"
    )


def mistakes_section(model: Any, x: Any, y: Any, rows: Any, names: list[str]) -> str:
    """The mistakes that it was surest of, with saliency."""
    try:
        places = worst(y, rows, few(MISTAKES, as_images(x[:1])))
    except ShapeError:
        return ""
    if not len(places):
        return ""
    images = as_images(x[places])
    chances = probabilities(rows)
    gradients = as_images(gradient_of_input(model, x[places], y[places]))
    low, high = float(x.min()), float(x.max())
    cards = []
    for image, gradient, i in zip(images, gradients, places):
        ink = 255 - 255 * (image - low) / max(high - low, HOPE)
        read = int(chances[i].argmax())
        caption = f"{escape(names[y[i]])} read as <b>{escape(names[read])}</b> <small>{chances[i, read]:.1%}</small>"
        pair = f"<img class='ink' alt='the image' src='{uri(ink)}'><img alt='its saliency' src='{uri(diverging(gradient))}'>"
        cards.append(f"<figure class='card'><div class='pair'>{pair}</div><figcaption>{caption}</figcaption></figure>")
    text = (
        "The mistakes that the network was surest of. Beside each: the gradient of its loss with respect to the pixels. Ink where "
        "it is red would have helped; where it is blue, it would have made things worse."
    )
    return section("Worst mistakes", text, f"<div class='cards'>{''.join(cards)}</div>")


def few(most: int, images: Any) -> int:
    """How many images of this size are shown."""
    return max(1, min(most, int(PIXELS // images[0].size)))


class Report(History):
    """A callback that writes the report when training ends: ``fit(..., callbacks=[Report("report.html", (x_test, y_test))])``.

    path, data, title, classes : as for ``report``.
    """

    order = 1  # after those that add to the logs

    def __init__(
        self,
        path: str | Path,
        data: tuple[Any, Any],
        title: str = "What the network learned",
        classes: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.path, self.data, self.title, self.classes = path, data, title, classes

    def on_train_end(self, logs: Logs = None) -> None:
        """Write the page."""
        report(self, self.model, self.data, self.path, self.title, self.classes)
