"""Pictures with matplotlib: training curves, weights, what is taken for what, mistakes, saliency.

Each function returns its Figure and shows nothing. ``ax`` draws into axes of yours. They need the extra ``viz``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import MissingExtraError
from ._findings import classes_of, confusion, gradient_of_input, predicted, probabilities, worst
from ._pixels import as_images, bare, diverging, mosaic, weight_images

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion_matrix", "curves", "mistakes", "saliency", "weights"]


def axes_for(ax: Axes | None, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """The user's axes with their figure, or new ones."""
    if ax is not None:
        return ax.figure, ax  # type: ignore[return-value]
    figure = new_figure(size)
    return figure, figure.subplots()


def new_figure(size: tuple[float, float]) -> Figure:
    """A figure that no window will ever show by itself.

    Errors: MissingExtraError without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", "viz", "A picture") from None
    return Figure(figsize=size, layout="constrained")


def curves(history: Any, metrics: Sequence[str] | None = None, ax: Axes | None = None) -> Figure:
    """Loss and metrics by epoch, validation dashed beside training.

    history : what ``fit`` returned, or its dict {name: values}.          metrics : which; by default all of them.
    ax : where to draw the metrics, all of them together; by default each gets axes of its own.
    """
    values = values_of(history)
    shown = list(metrics or sorted((n for n in values if not n.startswith("val_")), key=lambda name: name != "loss"))
    missing = [name for name in shown if name not in values]
    if missing:
        raise ValueError(f"curves: {missing[0]!r} is not in the history, which has {', '.join(values) or 'nothing'}.")
    if ax is None:
        figure = new_figure((5 * max(len(shown), 1), 3.6))
        axes = list(np.atleast_1d(figure.subplots(1, max(len(shown), 1))))
    else:
        figure, axes = axes_for(ax, (5, 3.6))[0], [ax] * len(shown)
    for axis, name in zip(axes, shown):
        epochs = np.arange(1, len(values[name]) + 1)
        (line,) = axis.plot(epochs, values[name], marker="." if len(epochs) < 30 else "", label=name)
        if f"val_{name}" in values:
            val = values[f"val_{name}"]
            axis.plot(
                np.arange(1, len(val) + 1),
                val,
                "--",
                marker=line.get_marker(),
                color=line.get_color(),
                alpha=0.8,
                label=f"val_{name}",
            )
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.25)
        axis.legend()
    return figure


def values_of(history: Any) -> dict[str, list[float]]:
    """The numbers of a history by name."""
    found = history if isinstance(history, Mapping) else getattr(history, "history", None)
    if not isinstance(found, Mapping):
        raise TypeError(f"A history is what fit returned, or a dict of lists; not {type(history).__name__}.")
    return {name: [float(v) for v in values] for name, values in found.items()}


def weights(layer: Any, most: int = 64, ax: Axes | None = None) -> Figure:
    """The weights of a layer as images: what each unit looks for. Blue is positive, red negative, one scale for all.

    layer : a module or model, of which the first weight that gives images is shown; or a weight: (in, units) where in is a
        square number, or convolution kernels in either layout.          most : images at most.
    """
    images = weight_images(layer)[:most]
    figure, ax = axes_for(ax, (6, 6))
    bare_axes(ax).imshow(
        diverging(mosaic(images), top=float(np.quantile(np.abs(images), 0.995))), interpolation="nearest"
    )
    ax.set_title(f"{len(images)} weight images, largest {np.abs(images).max():.2g}")
    return figure


def confusion_matrix(true: Any, read: Any, labels: Sequence[str] | None = None, ax: Axes | None = None) -> Figure:
    """How often each class was taken for each; the shade is the share of the row (its root, so that few are seen).

    true : classes.  read : classes, or what ``predict`` returned.  labels : the classes' names; by default their numbers.
    """
    counts = confusion(true, read, len(labels) if labels else None)
    names = list(labels or map(str, range(len(counts))))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, ax = axes_for(ax, (1.6 + 0.5 * len(names), 1.4 + 0.5 * len(names)))
    ax.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    for i, j in np.argwhere(counts):
        ax.text(
            j,
            i,
            str(counts[i, j]),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if share[i, j] > 0.3 else "black",
        )
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("read as")
    ax.set_ylabel("is")
    ax.set_title(f"{np.trace(counts) / max(counts.sum(), 1):.2%} right")
    return figure


def mistakes(images: Any, true: Any, read: Any, most: int = 20, ax: Axes | None = None) -> Figure:
    """The images that were misread, those the model was surest of first: what it is, and what it was read as.

    images : as ``predict`` took them.          true : classes.          read : what ``predict`` returned, (N, classes).
    """
    places = worst(true, read, most)
    chances, t = probabilities(read), classes_of(true)
    figure, ax = axes_for(ax, (7, 6))
    bare_axes(ax)
    wrong = int((chances.argmax(axis=1) != t).sum())
    ax.set_title(f"{wrong} of {len(t):,} misread" + (", the surest first" if wrong else ""), pad=18)
    if len(places):
        shown = as_images(bare(images)[places])
        captions = [f"{t[i]} read as {chances[i].argmax()}" for i in places]
        tiled(ax, shown, captions, columns=5, cmap="gray_r")
    return figure


def saliency(model: Any, images: Any, true: Any, ax: Axes | None = None) -> Figure:
    """What the model looked at: below each image the gradient of its loss with respect to the pixels.

    images : (N, ...) as the model takes them, a few.          true : their classes.
    Where it is blue, ink there would make the loss larger; where it is red, smaller.
    """
    shown = as_images(images)
    gradient = as_images(gradient_of_input(model, images, true))
    gradient = gradient / np.maximum(np.abs(gradient).max(axis=(1, 2), keepdims=True), 1e-30)
    read = predicted(model, images).argmax(axis=1)
    figure, ax = axes_for(ax, (1.5 * len(shown), 3.4))
    captions = [f"{t} read as {r}" for t, r in zip(classes_of(true), read)]
    bare_axes(ax)
    tiled(ax, shown, captions, columns=len(shown), cmap="gray_r")
    h, w = shown.shape[1:]
    ax.imshow(
        diverging(mosaic(gradient, len(shown), gap=2), 1.0),
        extent=(-0.5, (w + 2) * len(shown) - 2.5, 2 * h + 1.5, h + 1.5),
    )
    ax.set_ylim(2 * h + 1.5, -0.5 - 0.2 * h)
    return figure


def tiled(ax: Axes, images: Any, captions: Sequence[str], columns: int, **options: Any) -> None:
    """Images in rows, each with a caption above it."""
    h, w = images.shape[1:]
    columns = min(columns, len(images))
    gap = 2 if columns == len(images) else max(2, round(0.25 * h))
    low, high = float(images.min()), float(images.max())
    ax.imshow(mosaic(images, columns, gap), vmin=low, vmax=high if high > low else low + 1, **options)
    for i, caption in enumerate(captions):
        ax.text(
            i % columns * (w + gap) + w / 2, i // columns * (h + gap) - 1, caption, ha="center", va="bottom", fontsize=8
        )


def bare_axes(ax: Axes) -> Axes:
    """Axes without ticks and frame."""
    ax.set_axis_off()
    return ax
