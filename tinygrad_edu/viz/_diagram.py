"""Boxes and arrows: as SVG, as DOT for Graphviz, and as plain text. Graphs, models and reports draw with it.

diagram = Diagram("Two layers")
diagram.box("x", "input", "(None, 784)", kind="input")
diagram.box("dense", "Dense", "(None, 10)", "7,850 parameters")
diagram.arrow("x", "dense")
diagram.save("model.svg")
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ._layout import Layout, layout

__all__ = ["Box", "Diagram"]

KINDS = ("op", "module", "input", "parameter", "constant", "output")
TITLE, LINE, PAD, MARGIN = 13, 11, 10, 12  # sizes of type, and space around text and picture, in pixels
WIDE = 0.62  # the width of a letter of the fixed-width type, for its size

STYLE = """
.tg-diagram{--ink:#1f2933;--soft:#52606d;--line:#9aa5b1;--op:#fff;--op-edge:#7b8794;--module:#e6f0fa;--module-edge:#3b82c4;
--input:#e8f7ec;--input-edge:#3c9a5f;--parameter:#fff6e0;--parameter-edge:#c8962e;--constant:#f3f4f6;--constant-edge:#b8c0c8;
--output:#fdeaea;--output-edge:#c75450}
@media (prefers-color-scheme:dark){.tg-diagram{--ink:#e6eaee;--soft:#aab4be;--line:#6b7784;--op:#232a31;--op-edge:#8895a2;
--module:#1c3146;--module-edge:#5b9bd5;--input:#1b3526;--input-edge:#58b37b;--parameter:#3a3018;--parameter-edge:#d9ab4b;
--constant:#22272c;--constant-edge:#59636d;--output:#3f2222;--output-edge:#dc7f7b}}
.tg-diagram text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
fill:var(--soft);font-size:11px;text-anchor:middle}
.tg-diagram .t{font-weight:600;font-size:13px;fill:var(--ink)}
.tg-diagram rect{stroke-width:1.3}
.tg-diagram path{fill:none;stroke:var(--line);stroke-width:1.4}
.tg-diagram marker path{fill:var(--line);stroke:none}
""" + "".join(f".tg-diagram .{kind} rect{{fill:var(--{kind});stroke:var(--{kind}-edge)}}\n" for kind in KINDS)


@dataclass(frozen=True)
class Box:
    """title : what it is.  lines : what is to be said of it.  kind : one of KINDS, for the colour.  tip : shown on hovering."""

    title: str
    lines: tuple[str, ...] = ()
    kind: str = "op"
    tip: str = ""

    @property
    def size(self) -> tuple[float, float]:
        """Its width and height in pixels."""
        width = max([len(self.title) * TITLE, *(len(line) * LINE for line in self.lines)]) * WIDE
        return max(width + 2 * PAD, 44), TITLE + (LINE + 4) * len(self.lines) + 2 * PAD - 3


class Diagram:
    """Boxes, and arrows between them, in the order in which they were added. Arrows must not lead in a circle.

    title : for readers who cannot see it.  sideways : arrows lead to the right, not down.
    """

    def __init__(self, title: str = "", sideways: bool = False) -> None:
        self.title, self.sideways = title, sideways
        self.boxes: dict[Hashable, Box] = {}
        self.arrows: list[tuple[Hashable, Hashable]] = []

    def box(self, key: Hashable, title: str, *lines: str, kind: str = "op", tip: str = "") -> None:
        """Add a box, or replace the one of this key."""
        if kind not in KINDS:
            raise ValueError(f"Diagram.box: kind is one of {', '.join(KINDS)}, not {kind!r}.")
        self.boxes[key] = Box(title, lines, kind, tip)

    def arrow(self, start: Hashable, end: Hashable) -> None:
        """Add an arrow between the boxes of two keys."""
        self.arrows.append((start, end))

    def layout(self) -> Layout:
        """Where everything stands."""
        return layout({key: box.size for key, box in self.boxes.items()}, self.arrows, sideways=self.sideways)

    def svg(self) -> str:
        """The picture, one element that stands by itself: no font, style or script from outside; light and dark."""
        placed = self.layout()
        width, height = (round(n + 2 * MARGIN) for n in placed.size)
        arrows = [f'<path d="{curve(path, self.sideways)}" marker-end="url(#tg-head)"/>' for path in placed.paths]
        boxes = [drawn(box, *placed.centres[key]) for key, box in self.boxes.items()]
        head = '<path d="M0 0L7 3.5L0 7z"/>'
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tg-diagram" role="img" width="{width}" height="{height}" '
            f'viewBox="{-MARGIN} {-MARGIN} {width} {height}">',
            f"<title>{escape(self.title)}</title><style>{STYLE}</style>",
            f'<defs><marker id="tg-head" viewBox="0 0 7 7" refX="6.5" refY="3.5" markerWidth="7" markerHeight="7" '
            f'orient="auto">{head}</marker></defs>',
            *arrows,
            *boxes,
            "</svg>",
        ])  # fmt: skip

    def dot(self) -> str:
        """The same for Graphviz."""
        names = {key: f"n{i}" for i, key in enumerate(self.boxes)}
        lines = [f"digraph {quoted(self.title)} {{", f"  rankdir={'LR' if self.sideways else 'TB'}"]
        lines.append('  node [shape=box, style=rounded, fontname="monospace"]')
        for key, box in self.boxes.items():
            shape = ", shape=ellipse" if box.kind in ("input", "parameter", "constant") else ""
            lines.append(f"  {names[key]} [label={quoted(chr(10).join([box.title, *box.lines]))}{shape}]")
        lines += [f"  {names[a]} -> {names[b]}" for a, b in self.arrows]
        return "\n".join([*lines, "}"])

    def text(self) -> str:
        """The same in lines: each box, what is said of it, and the numbers of the boxes that point at it."""
        number = {key: i for i, key in enumerate(self.boxes)}
        sources: dict[Hashable, list[str]] = {key: [] for key in self.boxes}
        for a, b in self.arrows:
            sources[b].append(f"[{number[a]}]")
        left = [f"[{i}]".rjust(len(f"[{len(number) - 1}]")) + f" {b.title}" for i, b in enumerate(self.boxes.values())]
        middle = ["  ".join(box.lines) for box in self.boxes.values()]
        wide, wider = (max(map(len, column), default=0) for column in (left, middle))
        rows = zip(left, middle, (f"<- {', '.join(s)}" if s else "" for s in sources.values()))
        return "\n".join(f"{a:<{wide}}  {b:<{wider}}  {c}".rstrip() for a, b, c in rows)

    def save(self, path: str | Path) -> Path:
        """Write it to a file, by the ending of the name: .svg, .dot, .gv or .txt; returns the path."""
        ways: dict[str, Callable[[], str]] = {
            ".svg": self.svg,
            ".dot": self.dot,
            ".gv": self.dot,
            ".txt": self.text,
        }
        file = Path(path)
        if file.suffix.lower() not in ways:
            raise ValueError(f"Diagram.save: a name that ends with {', '.join(ways)} is needed, not {file.name!r}.")
        file.write_text(ways[file.suffix.lower()]() + "\n", encoding="utf-8")
        return file

    __str__ = text

    def __repr__(self) -> str:
        return f"<Diagram {self.title!r}: {len(self.boxes)} boxes, {len(self.arrows)} arrows; .svg(), .dot(), .text()>"

    def _repr_html_(self) -> str:
        return f'<div style="overflow:auto;max-height:80vh">{self.svg()}</div>'


def drawn(box: Box, x: float, y: float) -> str:
    """A box as SVG, around its centre."""
    width, height = box.size
    top = y - height / 2
    text = [f'<text class="t" x="{x:.1f}" y="{top + PAD + TITLE - 3:.1f}">{escape(box.title)}</text>']
    for i, line in enumerate(box.lines, 1):
        text.append(f'<text x="{x:.1f}" y="{top + PAD + TITLE - 3 + i * (LINE + 4):.1f}">{escape(line)}</text>')
    round_ = height / 2 if box.kind in ("input", "parameter", "constant") and len(box.lines) < 2 else 6
    frame = f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_:.1f}"/>'
    tip = f"<title>{escape(box.tip)}</title>" if box.tip else ""
    return f'<g class="{box.kind}">{tip}{frame}{"".join(text)}</g>'


def curve(points: list[tuple[float, float]], sideways: bool) -> str:
    """A smooth path through points: straight where it runs along the ranks, else a curve that begins and ends along them."""
    (x, y), *rest = points
    out = [f"M{x:.1f} {y:.1f}"]
    for u, v in rest:
        if (v == y) if sideways else (u == x):
            out.append(f"L{u:.1f} {v:.1f}")
        elif sideways:
            out.append(f"C{(x + u) / 2:.1f} {y:.1f} {(x + u) / 2:.1f} {v:.1f} {u:.1f} {v:.1f}")
        else:
            out.append(f"C{x:.1f} {(y + v) / 2:.1f} {u:.1f} {(y + v) / 2:.1f} {u:.1f} {v:.1f}")
        x, y = u, v
    return "".join(out)


def quoted(text: str) -> str:
    """A string as DOT writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
