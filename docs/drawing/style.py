"""How the pictures look, what they are made of, and where they are saved."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from PIL import Image

BLUE, ORANGE, GREEN, RED, GREY, INK = "#3b6fb6", "#e0812f", "#3f9357", "#c8443c", "#9aa0a6", "#22262a"
rcParams.update(
    {
        "font.family": "DejaVu Sans", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY,
        "axes.labelcolor": INK, "text.color": INK, "xtick.color": GREY, "ytick.color": GREY, "axes.titlesize": 11,
        "lines.linewidth": 2, "legend.frameon": False,
    }
)  # fmt: skip

DRAWINGS: dict[str, Callable[[], Figure]] = {}


def picture(name: str) -> Callable[[Callable[[], Figure]], Callable[[], Figure]]:
    """Enter a function that draws under the name of its file."""

    def enter(draw: Callable[[], Figure]) -> Callable[[], Figure]:
        DRAWINGS[name] = draw
        return draw

    return enter


def canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure without axes to draw boxes on, in units of inches."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return figure, axes


def box(axes: Any, x: float, y: float, text: str, color: str = BLUE, w: float = 1.0, h: float = 0.55) -> None:
    """A box with text, centred at x, y."""
    shape = "round,pad=0.02,rounding_size=0.08"
    axes.add_patch(
        FancyBboxPatch((x - w / 2, y - h / 2), w, h, shape, facecolor=color + "22", edgecolor=color, linewidth=1.4)
    )
    axes.text(x, y, text, ha="center", va="center")


def arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], color: str = INK, bend: float = 0.0) -> None:
    """An arrow between two points."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            color=color,
            linewidth=1.5,
            connectionstyle=f"arc3,rad={bend}",
        )
    )


def frame(x: float, y: float, w: float, h: float, color: str) -> Any:
    """An empty rectangle."""
    return Rectangle((x, y), w, h, fill=False, edgecolor=color, linewidth=1.5)


def grid(axes: Any, x: float, y: float, entries: Any, colors: Any, title: str) -> None:
    """A matrix of small cells: left edge x, middle y."""
    rows, cols = entries.shape
    side = 0.42
    for (i, j), value in np.ndenumerate(entries):
        corner = (x + j * side, y + (rows / 2 - 1 - i) * side)
        axes.add_patch(frame(*corner, side, side, GREY))
        text = value if isinstance(value, str) else f"{value:g}"
        axes.text(corner[0] + side / 2, corner[1] + side / 2, text, ha="center", va="center", color=colors[i])
    axes.text(x + cols * side / 2, y + rows * side / 2 + 0.18, title, ha="center", fontsize=9)


def save(figure: Figure, path: Path) -> None:
    """A figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=140)
    shrunk(buffer, path)


def shrunk(source: Any, path: Path) -> None:
    """A PNG with at most 128 colours, a third of the size."""
    colours = Image.open(source).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    colours.save(path, optimize=True)
