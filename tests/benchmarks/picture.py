"""The table as a picture: for each comparison the ratio, its spread over the rounds, and the target."""

from __future__ import annotations

from pathlib import Path

from .race import Result
from .report import Line, lines


def draw(path: Path, results: list[Result], caption: str) -> bool:
    """Write the picture; False where matplotlib is not installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        return False
    mpl.use("agg")
    from matplotlib import pyplot as plt

    shown = [line for line in lines(results) if not line.found][::-1]
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.24 * len(shown)), layout="constrained")
    for y, line in enumerate(shown):
        r = line.ratio
        axes.plot((r.low, r.high), (y, y), color=colour(line), linewidth=5, alpha=0.35, solid_capstyle="butt")
        axes.plot(r.median, y, "o", color=colour(line), markersize=5)
        if r.target:
            axes.plot(r.target.required, y, "|", color="black", markersize=11)
    labels = [f"{line.result.row.title}  |  {line.against}" for line in shown]
    axes.set(yticks=range(len(shown)), yticklabels=labels, xscale="log", ylim=(-0.7, len(shown) - 0.3))
    axes.set_xlabel("ours / theirs: left of 1 is faster or smaller; the bar is the target")
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(labelsize=7)
    axes.set_title(caption, fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return True


def colour(line: Line) -> str:
    """Green where the target is reached, red where not, blue where there is none."""
    return {"": "tab:blue", "no": "tab:red"}.get(line.ratio.verdict, "tab:green")
