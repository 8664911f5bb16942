"""Three spirals: how regions grow around the points while a network learns.

    python examples/spirals.py [--quick] [--picture FILE]

A network 2-64-64-3 begins with straight cuts; layer upon layer it learns to wind them.
"""

import numpy as np
from options import parsed

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.training.callbacks import LambdaCallback


def build():
    """Two hidden layers and a score for each arm."""
    model = tg.Sequential([nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)])
    model.compile(tg.optim.Adam(0.005), loss=nn.CrossEntropyLoss(), metrics=["accuracy"])
    return model


def regions(model, steps=120):
    """Which arm the network sees at each point of the plane."""
    ticks = np.linspace(-1.2, 1.2, steps, dtype=np.float32)
    points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    return model.predict(points, batch_size=5000, verbose=0).argmax(axis=1).reshape(steps, steps)


def draw(path, seen, x, y):
    """The regions after some epochs, side by side."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure

    colours = ListedColormap(["#3b6fb6", "#e0812f", "#3f9357"])
    figure = Figure(figsize=(3 * len(seen), 3.2), layout="constrained")
    for axes, (epoch, plane) in zip(figure.subplots(1, len(seen)), seen.items()):
        axes.imshow(plane, extent=(-1.2, 1.2, -1.2, 1.2), origin="lower", cmap=colours, alpha=0.35)
        axes.scatter(*x.T, c=y, cmap=colours, s=6)
        axes.set(title=f"epoch {epoch}", xticks=[], yticks=[])
    figure.savefig(path, dpi=80)


def main():
    """Learn, and look at the plane on the way."""
    options = parsed(__doc__)

    tg.set_random_seed(0)
    x, y = tg.datasets.spirals(600, noise=0.03, classes=3)
    x_test, y_test = tg.datasets.spirals(300, noise=0.03, classes=3, seed=1)
    model, seen = build(), {}
    epochs = 40 if options.quick else 120
    moments = (1, 10, 30, epochs) if options.picture else ()

    def look(epoch, logs):
        if epoch + 1 in moments:
            seen[epoch + 1] = regions(model)

    model.fit(x, y, batch_size=50, epochs=epochs, verbose=0, callbacks=[LambdaCallback(on_epoch_end=look)])
    print(f"test accuracy: {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
    if options.picture:
        draw(options.picture, seen, x, y)


if __name__ == "__main__":
    main()
