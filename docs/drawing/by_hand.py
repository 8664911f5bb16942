"""The pictures of lessons 0 to 6."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from style import BLUE, GREEN, GREY, INK, ORANGE, RED, arrow, box, canvas, frame, grid, picture

from tinygrad_edu.datasets import mnist


@picture("00-slope")
def slope() -> Figure:
    """A curve with its tangents."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    x = np.linspace(-2.2, 2.9, 200)
    axes.plot(x, x * x, color=BLUE)
    for at, color in ((-1.5, RED), (0.0, GREY), (2.0, GREEN)):
        near = np.array([at - 0.8, at + 0.8])
        axes.plot(near, at * at + 2 * at * (near - at), color=color)
        axes.plot([at], [at * at], "o", color=color, zorder=3)
        spot = (14, -6) if at else (-20, 8)
        axes.annotate(
            f"slope {2 * at:g}".replace("-", "−"), (at, at * at), spot, textcoords="offset points", color=color
        )
    axes.set(title="x² and its slope 2x: downhill, flat, uphill", xlabel="x", ylim=(-1.2, 8))
    return figure


@picture("01-columns")
def columns() -> Figure:
    """An image, its numbers, and many images as columns."""
    (images, digits), _ = mnist.load_data()
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.25, 1.1])
    left.imshow(images[0], cmap="gray_r")
    left.add_patch(frame(11.5, 10.5, 8, 8, RED))
    left.set_title(f"an image, 28 × 28: {digits[0]}")
    crop = images[0][11:19, 12:20]
    middle.imshow(crop, cmap="gray_r", vmax=400)
    for (i, j), grey in np.ndenumerate(crop):
        middle.text(j, i, grey, ha="center", va="center", fontsize=7, color=INK if grey < 150 else "white")
    middle.set_title("is a matrix of numbers")
    for spine in middle.spines.values():
        spine.set(color=RED, linewidth=2, visible=True)
    right.imshow(images[:40].reshape(40, 784).T, cmap="gray_r", aspect="auto")
    right.add_patch(frame(-0.5, 0, 1, 783, RED))
    right.set_title("X: a column for each image")
    right.set(xlabel="m images", ylabel="784 grey levels")
    for axes in (left, middle, right):
        axes.set(xticks=[], yticks=[])
    return figure


@picture("02-layer")
def layer() -> Figure:
    """Nodes and lines, and the matrix that they are."""
    figure, axes = canvas(8.4, 3)
    weights = np.array([[2.0, -1.0, 0.5], [1.0, 1.0, 1.0]])
    ins, outs = [(0.8, 2.45 - 0.9 * i) for i in range(3)], [(3.3, 2.05), (3.3, 0.95)]
    for i, end in enumerate(outs):
        for j, start in enumerate(ins):
            w = weights[i, j]
            color = (BLUE, ORANGE)[i]
            axes.plot(*zip(start, end), color=color, linewidth=abs(w) * 1.6, linestyle="-" if w > 0 else "--", zorder=1)
            spot = np.array(start) + (np.array(end) - start) * (0.28 if i else 0.62)
            axes.text(
                *spot, f"{w:g}", fontsize=9, ha="center", va="center", bbox={"color": "white", "pad": 0.8}, color=color
            )
    for (x, y), name in zip([*ins, *outs], ["x₁", "x₂", "x₃", "z₁", "z₂"]):
        axes.add_patch(
            FancyBboxPatch((x - 0.12, y - 0.12), 0.24, 0.24, "circle,pad=0.1", facecolor="white", edgecolor=INK)
        )
        axes.text(x, y, name, ha="center", va="center")
    grid(axes, 4.1, 1.55, weights, (BLUE, ORANGE), "W  (2, 3)")
    columns = {"x  (3, 1)": ["x₁", "x₂", "x₃"], "b  (2, 1)": ["0.1", "-1"], "z  (2, 1)": ["z₁", "z₂"]}
    for i, (title, entries) in enumerate(columns.items()):
        x = 5.82 + 0.95 * i
        axes.text(x - 0.23, 1.55, "·+="[i], fontsize=14, ha="center", va="center")
        grid(axes, x, 1.55, np.array(entries)[:, None], (INK,) * 3 if i == 0 else (BLUE, ORANGE), title)
    axes.text(4.3, 0.28, "row i of W: the weights of node i", fontsize=9, color=GREY)
    return figure


@picture("03-activations")
def activations() -> Figure:
    """Three activations and their slopes."""
    z = np.linspace(-4, 4, 401)
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    drawn = {"ReLU": (np.maximum(z, 0), z > 0), "sigmoid": (s, s * (1 - s)), "tanh": (t, 1 - t * t)}
    for axes, (name, (value, its_slope)) in zip(figure.subplots(1, 3), drawn.items()):
        axes.axhline(0, color=GREY, linewidth=0.6)
        axes.plot(z, value, color=BLUE, label="value")
        axes.plot(z, its_slope, color=ORANGE, label="slope", linestyle="--")
        axes.set(title=name, ylim=(-1.2, 2.2))
    axes.legend(loc="upper left")
    return figure


@picture("03-hinges")
def hinges() -> Figure:
    """ReLUs with weights, and the curve that they add up to."""
    corners = np.arange(8)
    slopes = np.append(np.diff(np.sin(corners)), 0)
    x = np.linspace(-0.5, 7.5, 400)
    parts = np.diff(slopes, prepend=0)[:, None] * np.maximum(x - corners[:, None], 0)  # (8, 400)
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(x, parts.T, linewidth=1.4)
    left.plot(corners, 0 * corners, "o", color=INK, markersize=4, zorder=3)
    left.set(title="eight hinges, w · relu(x − c)", ylim=(-4, 4))
    right.plot(x, parts.sum(axis=0), color=BLUE, label="their sum")
    right.plot(x, np.sin(x), color=ORANGE, linestyle="--", label="sin(x)")
    right.plot(corners, np.sin(corners), "o", color=INK, markersize=4, zorder=3)
    right.set(title="added up: a new slope at each corner", ylim=(-1.3, 1.5))
    right.legend(loc="upper right", ncols=2)
    for axes in (left, right):
        axes.set(xlabel="x")
    return figure


@picture("04-loss")
def loss() -> Figure:
    """The price of being sure and wrong."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    p = np.linspace(0.002, 1, 500)
    axes.plot(p, -np.log(p), color=BLUE, label="cross-entropy: −log(p)")
    axes.plot(p, (1 - p) ** 2, color=GREY, label="square: (1 − p)²")
    axes.plot([0.1], [np.log(10)], "o", color=RED)
    axes.annotate("guessing among ten: 2.30", (0.1, np.log(10)), (12, 2), textcoords="offset points", color=RED)
    axes.set(
        xlabel="probability p that the network gave to the right answer", ylabel="loss", ylim=(0, 6.5), xlim=(0, 1.02)
    )
    axes.legend()
    return figure


@picture("05-backward")
def backward() -> Figure:
    """Stations of the network 784-10-10 there and back."""
    figure, axes = canvas(9.4, 3.9)
    names = ["X", "Z1", "A1", "Z2", "A2", "loss"]
    shapes = ["(784, m)", "(10, m)", "(10, m)", "(10, m)", "(10, m)", "a number"]
    xs = [0.75 + 1.58 * i for i in range(6)]
    for x, name, shape in zip(xs, names, shapes):
        box(axes, x, 2.9, f"{name}\n{shape}", BLUE, w=0.98)
    for i, label in enumerate(["W1 X + b1", "relu", "W2 A1 + b2", "softmax", "−log"]):
        arrow(axes, (xs[i] + 0.52, 2.9), (xs[i + 1] - 0.52, 2.9), BLUE)
        axes.text((xs[i] + xs[i + 1]) / 2, 3.35, label, ha="center", fontsize=8.5, color=BLUE)
    backs = {1: ("dZ1", "(10, m)"), 2: ("dA1", "(10, m)"), 3: ("dZ2", "(10, m)")}
    for i, (name, shape) in backs.items():
        box(axes, xs[i], 1.65, f"{name}\n{shape}", RED, w=0.98)
    arrow(axes, (xs[5], 2.6), (xs[3] + 0.52, 1.65), RED, bend=-0.25)
    axes.text(xs[4] + 0.3, 1.42, "(A2 − Y) / m", ha="center", fontsize=9, color=RED)
    for i, label in ((3, "W2ᵀ dZ2"), (2, "· (Z1 > 0)")):
        arrow(axes, (xs[i] - 0.52, 1.65), (xs[i - 1] + 0.52, 1.65), RED)
        axes.text((xs[i] + xs[i - 1]) / 2, 2.02, label, ha="center", fontsize=8.5, color=RED)
    for x, w, b in (
        (xs[1], "dW1 = dZ1 Xᵀ\n(10, 784)", "db1 = Σ dZ1\n(10, 1)"),
        (xs[3], "dW2 = dZ2 A1ᵀ\n(10, 10)", "db2 = Σ dZ2\n(10, 1)"),
    ):
        for side, text in ((-0.66, w), (0.66, b)):
            box(axes, x + side, 0.5, text, GREEN, w=1.22)
            arrow(axes, (x + side * 0.3, 1.36), (x + side, 0.8), GREEN)
    return figure


@picture("05-weight")
def weight() -> Figure:
    """One entry of W2, what it moves, and how its slope collects."""
    figure, axes = canvas(9.4, 3.6)

    def row(y: float, signs: str, *matrices: tuple[str, tuple[int, int], tuple[int | None, int | None], str]) -> None:
        """Small matrices with signs between them; of each a row, a column or an entry is coloured."""
        x, side = 0.5, 0.24
        for sign, (title, (rows, cols), (i, j), color) in zip(signs, matrices):
            axes.text(x - 0.25, y, sign, ha="center", va="center", fontsize=13)
            for r, c in np.ndindex(rows, cols):
                corner = (x + c * side, y + (rows / 2 - 1 - r) * side)
                axes.add_patch(frame(*corner, side, side, GREY))
                if (i is None or r == i) and (j is None or c == j):
                    axes.add_patch(Rectangle(corner, side, side, facecolor=color, alpha=0.75, zorder=1))
            axes.text(x + cols * side / 2, y + rows * side / 2 + 0.1, title, ha="center", fontsize=9)
            x += cols * side + 0.5

    row(2.75, " ·=", ("W2", (3, 3), (1, 2), BLUE), ("A1", (3, 5), (2, None), GREY), ("Z2", (3, 5), (1, None), BLUE))
    axes.text(5.3, 2.75, "forwards: W2[i, j] moves row i of Z2,\neach image k by A1[j, k]", va="center", color=BLUE)
    row(0.85, " ·=", ("dZ2", (3, 5), (1, None), RED), ("A1ᵀ", (5, 3), (None, 2), GREY), ("dW2", (3, 3), (1, 2), RED))
    axes.text(
        5.3, 0.85, "backwards: it collects from that row,\nΣ over k of dZ2[i, k] A1[j, k]", va="center", color=RED
    )
    return figure


@picture("06-rates")
def rates() -> Figure:
    """Loss over steps for five learning rates."""
    (images, digits), _ = mnist.load_data()
    X, digits = images[:1000].reshape(1000, 784).T / 255, digits[:1000]
    Y = np.eye(10)[:, digits]

    def run(rate: float, steps: int = 60) -> list[float]:
        rng = np.random.default_rng(0)
        W1, W2 = rng.normal(0, np.sqrt(2 / 784), (10, 784)), rng.normal(0, np.sqrt(2 / 10), (10, 10))
        p = [W1, np.zeros((10, 1)), W2, np.zeros((10, 1))]
        losses = []
        for _ in range(steps):
            Z1 = p[0] @ X + p[1]
            A1 = np.maximum(Z1, 0)
            Z2 = p[2] @ A1 + p[3]
            E = np.exp(Z2 - Z2.max(axis=0))
            A2 = E / E.sum(axis=0)
            losses.append(-np.log(A2[digits, np.arange(1000)] + 1e-30).mean())
            dZ2 = (A2 - Y) / 1000
            dZ1 = p[2].T @ dZ2 * (Z1 > 0)
            parts = [dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True), dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True)]
            p = [a - rate * d for a, d in zip(p, parts)]
        return losses

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for rate, color, what in (
        (0.002, GREY, "too small"),
        (0.05, BLUE, "slow"),
        (0.2, GREEN, "good"),
        (1.0, ORANGE, "leaping"),
        (30, RED, "lost"),
    ):
        axes.plot(np.clip(run(rate), 0, 4.2), color=color, label=f"{rate:g}: {what}")
    axes.axhline(np.log(10), color=GREY, linewidth=0.8, linestyle=":")
    axes.text(59, np.log(10) + 0.08, "guessing", fontsize=8, color=GREY, ha="right")
    axes.set(xlabel="step", ylabel="loss", ylim=(0, 4.2), xlim=(0, 60))
    axes.legend(title="learning rate", loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure
