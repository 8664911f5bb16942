"""XOR: the smallest problem that one layer cannot solve, and the boundary that two layers draw.

    python examples/xor.py [--quick] [--picture FILE]

Yes where exactly one of two inputs is 1. No straight line separates the yes from the no; two layers bend one.
"""

import numpy as np
from options import parsed

import tinygrad_edu as tg
from tinygrad_edu import nn


def build():
    """2-8-1, with a chance between 0 and 1 at the end."""
    model = tg.Sequential([nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid()])
    model.compile(tg.optim.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def plane(model, steps):
    """The chance of yes on a grid over the plane, the highest row first."""
    ticks = np.linspace(-0.5, 1.5, steps, dtype=np.float32)
    points = np.stack(np.meshgrid(ticks, ticks[::-1]), axis=-1)  # (steps, steps, 2)
    return model.predict(points.reshape(-1, 2), batch_size=5000, verbose=0).reshape(steps, steps)


def draw(path, model, x, y):
    """The plane in colours, with the points on it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 4), layout="constrained")
    axes = figure.subplots()
    chances = axes.imshow(plane(model, 200), extent=(-0.5, 1.5, -0.5, 1.5), cmap="RdBu", vmin=0, vmax=1, alpha=0.55)
    axes.contour(plane(model, 100)[::-1], [0.5], extent=(-0.5, 1.5, -0.5, 1.5), colors="black")
    axes.scatter(*x[:120].T, c=y[:120], cmap="RdBu", edgecolors="black", s=25)
    axes.set(title="XOR, and the boundary of 2-8-1", xticks=[0, 1], yticks=[0, 1])
    figure.colorbar(chances, label="chance of yes", shrink=0.8)
    figure.savefig(path, dpi=100)


def main():
    """Learn, then print the plane."""
    options = parsed(__doc__)

    tg.set_random_seed(0)
    x, y = tg.datasets.xor(400, noise=0.15)
    model = build()
    model.fit(x, y[:, None], batch_size=32, epochs=30 if options.quick else 60, verbose=0)
    for row in plane(model, 24)[::2]:
        print("".join(" .:+#"[min(int(5 * chance), 4)] for chance in row))
    print(f"accuracy: {model.evaluate(x, y[:, None], verbose=0)[1]:.3f}")
    if options.picture:
        draw(options.picture, model, x, y)


if __name__ == "__main__":
    main()
