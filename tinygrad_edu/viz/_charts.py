"""Charts for the report, as SVG and HTML that take their colours from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

__all__ = ["chart", "confusion_table", "round_steps"]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 220, 46, 26, 10


def round_steps(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two, at steps of 1, 2 or 5 times a power of ten: what axes are marked with."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(s * power for s in (1, 2, 5, 10) if span / (s * power) <= about)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def chart(name: str, values: Sequence[float], validation: Sequence[float] | None = None) -> str:
    """One quantity by epoch, with that of the validation beside it. Points tell their values on hovering."""
    lines = [("training", values, "")] + ([("validation", validation, "val")] if validation else [])
    known = [v for _, vs, _ in lines for v in vs if math.isfinite(v)] or [0.0]
    low, high = min(known), max(known)
    margin = 0.05 * (high - low) or 0.05 * (abs(high) or 1.0)
    low, high = low - margin, high + margin
    longest = max(len(vs) for _, vs, _ in lines)

    def x(i: float) -> float:
        return LEFT + (WIDTH - LEFT - 12) * (i / max(longest - 1, 1))

    def y(v: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - v) / (high - low)

    parts = []
    for tick in round_steps(low, high):
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 12}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    whole = [tick for tick in round_steps(1, longest, 8) if tick == int(tick)]
    parts += [f'<text x="{x(e - 1):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{e:g}</text>' for e in whole]
    for label, vs, kind in lines:
        points = [(x(i), y(v), i, v) for i, v in enumerate(vs) if math.isfinite(v)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b, _, _ in points)
        dots = "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3"><title>epoch {i + 1}, {label}: {v:.4g}</title></circle>'
            for a, b, i, v in points
            if len(points) <= 60
        )
        parts.append(f'<g class="{kind}"><polyline points="{path}"/>{dots}</g>')
    last = [f"<b class='{kind[:1]}'>{label} {vs[-1]:.4g}</b>" for label, vs, kind in lines]
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)} by epoch">{"".join(parts)}</svg>'
    caption = f"<figcaption>{escape(name)} by epoch</figcaption>"
    return f"<figure class='chart'>{caption}{svg}<div class='key'>{' · '.join(last)}</div></figure>"


def confusion_table(counts: Any, names: Sequence[str]) -> str:
    """A confusion matrix as a table: what is right in blue, what is wrong in red, shaded by the share of the row."""
    head = "<tr><th></th>" + "".join(f"<th>{escape(n)}</th>" for n in names) + "<th>right</th></tr>"
    rows = []
    for i, row in enumerate(counts):
        total = max(int(row.sum()), 1)
        cells = []
        for j, n in enumerate(row):
            share = (0.55 if i == j else 8) * n / total
            kind = "right" if i == j else "wrong"
            tip = f"{n} of {total}: {escape(names[i])} read as {escape(names[j])}"
            cells.append(f"<td class='{kind}' style='--share:{min(share, 0.7):.3f}' title='{tip}'>{n or ''}</td>")
        rows.append(f"<tr><th>{escape(names[i])}</th>{''.join(cells)}<td class='share'>{row[i] / total:.1%}</td></tr>")
    return f"<table class='confusion'>{head}{''.join(rows)}</table>"
