"""What Tensors and modules show in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from ..engine import Tensor
from ..nn import Module
from ..nn.summary import graph_rows, layer_rows, totals
from ._pixels import bare
from ._record import shape_text

__all__ = ["html"]

SHOWN = 8  # rows and columns of a matrix before it is cut


def html(subject: Tensor | Module) -> str:
    """A Tensor as a table of its entries, shaded by their size; a module as a table of its layers.

    Of more than two axes, the last two are shown at the first place of the others. Nothing is computed that a training would
    notice: what is not built stays so.
    """
    return of_module(subject) if isinstance(subject, Module) else of_tensor(subject)


def of_tensor(t: Tensor) -> str:
    """The kind of Tensor it is, its entries, and its gradient's."""
    facts = [f"<b>{type(t).__name__}</b>", shape_text(t.shape), str(t.dtype)]
    if t.node is not None:
        facts.append(f"made by {t.node[1].name}")
    elif t.requires_grad:
        facts.append("requires grad")
    parts = [f"<p>{' · '.join(facts)}</p>", matrix(bare(t))]
    if t.grad is not None:
        parts += ["<p>grad</p>", matrix(bare(t.grad))]
    return "<div>" + "".join(parts) + "</div>"


def matrix(array: Any) -> str:
    """An array as a table; blue for what is positive, red for what is negative."""
    if array.size == 0:
        return "<p>no entries</p>"
    note = ""
    if array.ndim > 2:
        note = f"<p>[{', '.join('0' for _ in array.shape[:-2])}, :, :] of {shape_text(array.shape)}</p>"
        array = array[(0,) * (array.ndim - 2)]
    flat = np.atleast_2d(array)
    rows, columns = (cut(n) for n in flat.shape)
    finite = np.abs(flat[np.isfinite(flat)]) if flat.dtype.kind in "fc" else np.abs(flat)
    top = float(finite.max()) if finite.size and flat.dtype.kind != "b" else 1.0
    body = "".join(f"<tr>{''.join(cell(flat, i, j, top) for j in columns)}</tr>" for i in rows)
    return f"{note}<table style='font-family:monospace'>{body}</table>"


def cut(n: int) -> list[int | None]:
    """The places that are shown, None for what is left out between."""
    return list(range(n)) if n <= SHOWN else [*range(SHOWN - 2), None, n - 1]


def cell(array: Any, i: int | None, j: int | None, top: float) -> str:
    """One entry."""
    if i is None or j is None:
        return "<td>…</td>"
    value = array[i, j]
    real = float(value.real) if np.isfinite(value) else 0.0
    colour = "59,130,196" if real >= 0 else "199,84,80"
    text = f"{value:.4g}" if array.dtype.kind in "fc" else str(value)
    return f"<td style='background:rgba({colour},{min(abs(real) / (top or 1), 1) * 0.45:.2f})'>{text}</td>"


def of_module(module: Module) -> str:
    """Its layers with output shapes and parameters; of one without layers, what it prints."""
    if not list(module.children()):
        return f"<pre>{escape(repr(module))}</pre>"
    graph = getattr(module, "graph", None)
    waiting = any(part.waits() for part in module.modules())
    if graph is not None:
        rows: list[tuple[str, ...]] = graph_rows(graph)
    elif waiting:
        rows = [(name, "?", "not built") for name, _ in module.named_parts()]
    else:
        rows = layer_rows(module, None)
    head = ("layer", "output", "parameters", "connected to")[: max(map(len, rows))]
    below = "" if waiting else " · ".join(totals(module))
    title = escape(getattr(module, "name", None) or type(module).__name__)
    return f"<div><p><b>{title}</b></p>{table(head, rows)}<p>{escape(below)}</p></div>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under a heading."""
    top = "".join(f"<th style='text-align:left'>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td style='text-align:left'>{escape(c)}</td>" for c in r) + "</tr>" for r in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
