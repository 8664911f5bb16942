"""The pictures of lessons 7 to 13."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from style import BLUE, GREEN, GREY, INK, ORANGE, RED, arrow, box, canvas, picture

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.datasets import mnist


@picture("07-graph")
def graph() -> Figure:
    """x*x + x with values and gradients."""
    figure, axes = canvas(7.6, 2.7)
    box(axes, 0.9, 1.2, "x = 3", GREEN)
    box(axes, 3.2, 1.9, "multiply\n9", BLUE, w=1.2, h=0.7)
    box(axes, 5.6, 1.2, "add\n12", BLUE, w=1.2, h=0.7)
    arrow(axes, (1.45, 1.45), (2.56, 2.05), INK, bend=-0.15)
    arrow(axes, (1.45, 1.25), (2.56, 1.75), INK, bend=0.15)
    arrow(axes, (3.85, 1.85), (4.95, 1.35), INK)
    arrow(axes, (1.45, 1.05), (4.95, 1.0), INK, bend=0.18)
    notes = [
        (1.7, 2.2, "g·x = 3"),
        (2.35, 1.32, "g·x = 3"),
        (4.6, 1.85, "g = 1"),
        (3.2, 0.45, "g = 1"),
        (6.75, 1.2, "g = 1"),
    ]
    for x, y, text in notes:
        axes.text(x, y, text, color=RED, ha="center", fontsize=9.5)
    axes.text(0.9, 0.62, "x.grad = 3 + 3 + 1 = 7", color=RED, ha="center", fontsize=9.5)
    axes.text(5.6, 2.3, "black: forwards, values\nred: backwards, slopes", fontsize=8.5, color=GREY)
    return figure


@picture("08-steps")
def steps() -> Figure:
    """The error of differences over the step, and of the complex step."""
    h = 10.0 ** np.arange(-16, 0.01, 0.25)
    f = lambda x: x * x * x
    floor = 1e-17
    errors = {
        "one-sided": (np.abs((f(1 + h) - f(1.0)) / h - 3), ORANGE),
        "central": (np.abs((f(1 + h) - f(1 - h)) / (2 * h) - 3), BLUE),
        "complex step": (np.abs(f(1 + 1j * h).imag / h - 3), GREEN),
    }
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, (error, color) in errors.items():
        axes.loglog(h, np.maximum(error, floor), color=color, label=name, marker=".", markersize=4, linewidth=1)
    axes.set(xlabel="step h", ylabel="error of the slope of x³ at 1", ylim=(floor / 3, 10))
    axes.text(2e-2, 3e-13, "the curve\nbends away", fontsize=8.5, color=GREY, ha="left")
    axes.text(2e-15, 2e-8, "digits are lost\nin the subtraction", fontsize=8.5, color=GREY)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


@picture("09-curves")
def curves() -> Figure:
    """A healthy run, and a network that learns by heart."""
    (images, digits), _ = mnist.load_data()
    x = images.reshape(-1, 784).astype(np.float32) / 255
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    for axes, (title, n, units, epochs) in zip(
        figure.subplots(1, 2), [("10,000 images, 32 nodes", 10_000, 32, 12), ("500 images, 256 nodes", 500, 256, 40)]
    ):
        tg.set_random_seed(0)
        model = tg.Sequential([nn.Linear(784, units), nn.ReLU(), nn.Linear(units, 10), nn.Softmax()])
        model.compile("adam", loss="sparse_categorical_crossentropy")
        held_back = (x[50_000:52_000], digits[50_000:52_000])
        history = model.fit(
            x[:n], digits[:n], batch_size=50, epochs=epochs, validation_data=held_back, verbose=0
        ).history
        axes.plot(range(1, epochs + 1), history["loss"], color=BLUE, label="training loss")
        axes.plot(range(1, epochs + 1), history["val_loss"], color=ORANGE, label="validation loss")
        axes.set(title=title, xlabel="epoch", ylim=(0, 1))
    figure.axes[0].legend()
    figure.axes[1].annotate("learned by heart", (24, 0.04), color=BLUE, fontsize=9)
    return figure


@picture("10-valley")
def valley() -> Figure:
    """Paths of three optimisers in a narrow valley."""
    steep = np.array([1.0, 30.0])

    def path(step: Callable[[Any, Any, int], Any]) -> Any:
        w, memory, points = np.array([-2.6, 0.9]), np.zeros(2), []
        for t in range(60):
            points.append(w)
            w, memory = step(w, memory, t)
        return np.array(points)

    def plain(w: Any, m: Any, t: int) -> Any:
        return w - 0.06 * steep * w, m

    def momentum(w: Any, m: Any, t: int) -> Any:
        v = 0.8 * m - 0.03 * steep * w
        return w + v, v

    def signs(w: Any, m: Any, t: int) -> Any:
        m = 0.9 * m + 0.1 * steep * w
        return w - 0.06 * np.sign(m), m

    figure = Figure(figsize=(8, 2.7), layout="constrained")
    x, y = np.meshgrid(np.linspace(-3, 1, 200), np.linspace(-1.2, 1.2, 120))
    height = (steep[0] * x * x + steep[1] * y * y) / 2
    drawn = {"w −= rate · g": plain, "with momentum": momentum, "by the sign of an average": signs}
    for axes, (name, step) in zip(figure.subplots(1, 3, sharey=True), drawn.items()):
        axes.contour(x, y, height, levels=np.array([0.1, 0.5, 1.5, 3, 6, 10, 15]), colors=GREY, linewidths=0.6)
        axes.plot(*path(step).T, color=BLUE, marker=".", linewidth=1, markersize=4)
        axes.plot([0], [0], "+", color=RED, markersize=10)
        axes.set(title=name, xticks=[], yticks=[])
    return figure


@picture("11-three")
def three() -> Figure:
    """Weights as three libraries keep them, and what comes out."""
    figure = Figure(figsize=(8.6, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    left.set(xlim=(0, 10), ylim=(0, 5.2))
    left.axis("off")
    for x, w, h, name, shape, color in (
        (0.5, 1.0, 3.2, "tinygrad_edu", "(784, 10)", BLUE),
        (3.4, 1.0, 3.2, "Keras", "(784, 10)", RED),
        (5.8, 3.2, 1.0, "PyTorch", "(10, 784)", ORANGE),
    ):
        y = 2.4 - h / 2
        left.add_patch(Rectangle((x, y), w, h, facecolor=color + "33", edgecolor=color, linewidth=1.5))
        left.text(x + w / 2, 4.45, name, ha="center", color=color)
        left.text(x + w / 2, 2.4, shape, ha="center", va="center", rotation=90 if h > w else 0, fontsize=9)
    left.text(5, 0.15, "the same numbers; PyTorch's are transposed", ha="center", fontsize=9, color=GREY)
    chances = [0.191574, 0.116046, 0.053909, 0.073640, 0.105330, 0.094720, 0.052205, 0.061837, 0.166132, 0.084608]
    for i, (name, color) in enumerate((("tinygrad_edu", BLUE), ("Keras", RED), ("PyTorch", ORANGE))):
        right.bar(np.arange(10) + 0.27 * (i - 1), chances, 0.25, color=color, label=name)
    right.set(title="so the probabilities are equal", xticks=range(10), xlabel="digit")
    right.legend(fontsize=8)
    return figure


def trained() -> Any:
    """The convnet of lesson 12."""
    (images, digits), _ = mnist.load_data()
    tg.set_random_seed(0)
    model = tg.Sequential([
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 10), nn.Softmax(),
    ])  # fmt: skip
    model.compile(tg.optim.Adam(0.003), loss="sparse_categorical_crossentropy")
    model.fit(images[:10_000, None] / np.float32(255), digits[:10_000], batch_size=64, epochs=2, verbose=0)
    return model


@picture("12-window")
def window() -> Figure:
    """One kernel at two places of an image, and the two numbers that come out."""
    image = np.zeros((6, 6), int)
    image[1:3, 1:5] = 1
    kernel = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]])
    found = tg.ops.conv2d(image[None, None].astype(float), kernel[None, None].astype(float))[0, 0]
    figure, axes = canvas(8.4, 3.1)
    side, tops = 0.4, {0.3: image, 3.7: kernel, 6.0: found}
    for (x, numbers), title in zip(tops.items(), ("image (6, 6)", "kernel (3, 3)", "result (4, 4)")):
        rows, cols = numbers.shape
        for (i, j), value in np.ndenumerate(numbers):
            corner = (x + j * side, 1.4 + (rows / 2 - 1 - i) * side)
            ink = 0.75 if numbers is image and value else 1.0
            axes.add_patch(Rectangle(corner, side, side, facecolor=str(ink), edgecolor=GREY))
            text = f"{value:g}".replace("-", "−")
            axes.text(corner[0] + side / 2, corner[1] + side / 2, text, ha="center", va="center", fontsize=9)
        axes.text(x + cols * side / 2, 1.4 + rows * side / 2 + 0.12, title, ha="center", fontsize=9)
    for (i, j), color in (((0, 0), BLUE), ((2, 2), RED)):
        for x, rows, size in ((0.3, 6, 3), (6.0, 4, 1)):
            corner = (x + j * side, 1.4 + (rows / 2 - size - i) * side)
            axes.add_patch(Rectangle(corner, size * side, size * side, fill=False, edgecolor=color, linewidth=2.5))
    for x, sign in ((3.2, "∗"), (5.45, "=")):
        axes.text(x, 1.4, sign, ha="center", va="center", fontsize=14)
    return figure


@picture("12-kernels")
def kernels() -> Figure:
    """A digit under two kernels."""
    (images, _), _ = mnist.load_data()
    image = images[0] / np.float32(255)
    edge = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], np.float32)
    figure = Figure(figsize=(8, 2.2), layout="constrained")
    axes = figure.subplots(1, 5, width_ratios=[1, 0.5, 1, 0.5, 1])
    axes[0].imshow(image, cmap="gray_r")
    axes[0].set_title("a digit")
    for place, kernel, name in ((1, edge, "lower edges"), (3, edge.T, "right edges")):
        found = tg.ops.conv2d(image[None, None], kernel[None, None].copy())[0, 0]
        axes[place].imshow(kernel, cmap="RdBu_r", vmin=-2, vmax=2)
        for (i, j), w in np.ndenumerate(kernel):
            axes[place].text(j, i, f"{w:g}".replace("-", "−"), ha="center", va="center", fontsize=9)
        axes[place + 1].imshow(found, cmap="RdBu_r", vmin=-3, vmax=3)
        axes[place + 1].set_title(name)
    for one in axes:
        one.axis("off")
    return figure


@picture("12-saliency")
def saliency() -> Figure:
    """Digits and the gradient of the score with respect to them."""
    model = trained()
    _, (images, digits) = mnist.load_data()
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    for (above, below), i in zip(figure.subplots(2, 8).T, [3, 2, 1, 18, 4, 8, 11, 0]):
        x = tg.Tensor(images[i : i + 1, None] / np.float32(255), requires_grad=True)
        scores = model[:-1](x)
        scores[0, int(scores.numpy().argmax())].backward()
        above.imshow(images[i], cmap="gray_r")
        above.set_title(f"{digits[i]}, read as {scores.numpy().argmax()}", fontsize=8)
        below.imshow(images[i], cmap="gray_r", alpha=0.25)
        below.imshow(np.abs(x.grad.numpy()[0, 0]), cmap="inferno_r", alpha=0.8)
    for axes in figure.axes:
        axes.axis("off")
    return figure


@picture("13-time")
def time() -> Figure:
    """Multiplications of a step, by layer and direction."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    networks = {
        "dense 784-128-10": {"784 → 128": (784 * 128, False), "128 → 10": (1280, True)},
        "convnet of lesson 12": {
            "conv 1 → 8": (26 * 26 * 8 * 9, False), "conv 8 → 16": (11 * 11 * 16 * 8 * 9, True), "400 → 10": (4000, True)
        },
    }  # fmt: skip
    for axes, (name, layers) in zip(figure.subplots(1, 2, sharex=True), networks.items()):
        for row, (forward, deeper) in enumerate(layers.values()):
            left = 0
            for color, label, times in ((BLUE, "forward", 1), (GREEN, "dW", 1), (ORANGE, "dX", int(deeper))):
                axes.barh(row, forward * times / 1000, left=left / 1000, color=color, label=label if row == 1 else None)
                left += forward * times
        axes.set(
            title=name, yticks=range(len(layers)), yticklabels=list(layers), xlabel="thousand multiplications an image"
        )
        axes.tick_params(axis="y", colors=INK)
        axes.invert_yaxis()
    figure.axes[1].legend()
    return figure
