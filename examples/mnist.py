"""Train a network that reads handwritten digits.

    python examples/mnist.py                    784-128-10: 97 % in a few seconds
    python examples/mnist.py --network deep     more than 98.2 % in less than a minute
    python examples/mnist.py --network seed     784-10-10 by full-batch gradient descent, as in from_scratch.py
    python examples/mnist.py --report page.html and a page to look at the network, and to try it

Prints a summary, the training, a table of which digits are taken for which, and the accuracy on the 10,000 test images.
With matplotlib installed, a picture of the run is saved as well; --report FILE writes a page on which you can draw digits.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim, viz
from tinygrad_edu.datasets import mnist
from tinygrad_edu.training import Callback, History
from tinygrad_edu.training.callbacks import LambdaCallback, LearningRateScheduler


class Recipe(NamedTuple):
    """A network and how to train it."""

    layers: list[nn.Module]
    optimizer: optim.Optimizer
    epochs: int
    batch_size: int | None  # None: all images at once
    callbacks: tuple[Callback, ...] = ()
    verbose: int | str = "auto"


def default() -> Recipe:
    """One hidden layer."""
    layers = [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax()]
    return Recipe(layers, optim.Adam(), epochs=8, batch_size=128)


def seed(init: str) -> Recipe:
    """The network that the project grew from: ten hidden units, plain gradient descent on all images at once."""
    start = {"he": "he_normal", "guide": nn.init.uniform(-0.5, 0.5)}[init]
    layers = [nn.Linear(784, 10, init=start), nn.ReLU(), nn.Linear(10, 10, init=start), nn.Softmax()]
    every_50 = LambdaCallback(on_epoch_end=lambda epoch, logs: (epoch + 1) % 50 == 0 and print(report(epoch + 1, logs)))
    return Recipe(layers, optim.SGD(lr=0.1), epochs=500, batch_size=None, callbacks=(every_50,), verbose=0)


def deep() -> Recipe:
    """Two wide hidden layers with dropout against learning by heart, and a learning rate that falls to zero."""
    layers = [
        nn.Dropout(0.1), nn.Linear(784, 512, init="he_normal"), nn.ReLU(),
        nn.Dropout(0.3), nn.Linear(512, 256, init="he_normal"), nn.ReLU(),
        nn.Dropout(0.3), nn.Linear(256, 10), nn.Softmax(),
    ]  # fmt: skip
    epochs = 10
    falling = LearningRateScheduler(lambda epoch: 0.001 * (1 + np.cos(np.pi * epoch / epochs)))
    return Recipe(layers, optim.Adam(), epochs, batch_size=256, callbacks=(falling,))


def report(iteration: int, logs: dict[str, float]) -> str:
    """One line of a training without a progress bar."""
    return f"iteration {iteration:4d}: loss {logs['loss']:.4f}, accuracy {logs['accuracy']:.4f}"


def confusion(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """How often each digit (row) was taken for each digit (column)."""
    return np.bincount(10 * true.astype(int) + predicted, minlength=100).reshape(10, 10)


def table(counts: np.ndarray) -> str:
    """A confusion matrix as text, with the share of each digit that was recognised."""
    head = "      read as" + "".join(f"{d:>6}" for d in range(10)) + "   right"
    rows = [
        f"digit {digit:>7}" + "".join(f"{n or '.':>6}" for n in row) + f"{row[digit] / max(row.sum(), 1):>8.1%}"
        for digit, row in enumerate(counts)
    ]
    return "\n".join([head, *rows])


def picture(path: Path, history: History, images: np.ndarray, true: np.ndarray, chances: np.ndarray) -> bool:
    """Save curves and the worst mistakes as an image, if matplotlib is there; whether it is."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.3])
    for name, ax in zip(("loss", "accuracy"), left.subplots(2, 1)):
        viz.curves(history, [name], ax=ax)
    viz.mistakes(images, true, chances, ax=right.subplots())
    figure.savefig(path, dpi=110)
    return True


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--network",
        choices=["default", "seed", "deep"],
        default="default",
        help="784-128-10, 784-10-10 or 784-512-256-10",
    )
    parser.add_argument(
        "--init",
        choices=["he", "guide"],
        default="he",
        help="how the network 'seed' starts: He's way, or evenly in [-0.5, 0.5]",
    )
    parser.add_argument(
        "--epochs", type=int, help="passes over the training images; by default the network's own number"
    )
    parser.add_argument("--batch-size", type=int, help="images a step; by default the network's own number")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers: the same seed gives the same run")
    parser.add_argument("--data", metavar="DIR", help="a folder with four IDX files in place of the embedded MNIST")
    parser.add_argument("--save", metavar="FILE", help="where to save the trained weights, e.g. mnist.npz")
    parser.add_argument(
        "--picture", metavar="FILE", type=Path, default="mnist.png", help="where to save the picture, with matplotlib"
    )
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="where to save a page about the run, with a canvas to draw on"
    )
    return parser.parse_args()


def main() -> None:
    """Load, build, train, look."""
    args = arguments()
    tg.set_random_seed(args.seed)
    (train_images, train_digits), (test_images, test_digits) = mnist.load_data(args.data)
    x_train, x_test = (
        images.reshape(len(images), -1).astype(np.float32) / 255 for images in (train_images, test_images)
    )

    recipe = seed(args.init) if args.network == "seed" else {"default": default, "deep": deep}[args.network]()
    model = tg.Sequential(recipe.layers)
    model.compile(recipe.optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()

    began = time.perf_counter()
    history = model.fit(
        x_train, train_digits,
        batch_size=args.batch_size or recipe.batch_size or len(x_train),
        epochs=args.epochs or recipe.epochs,
        validation_split=0.1 if recipe.batch_size else 0.0,
        shuffle=recipe.batch_size is not None,  # the order within one batch of everything does not matter
        callbacks=recipe.callbacks,
        verbose=recipe.verbose,
    )  # fmt: skip
    print(f"trained in {time.perf_counter() - began:.1f} s")

    chances = model.predict(x_test, batch_size=1000, verbose=0)
    predicted = chances.argmax(axis=1)
    print(table(confusion(test_digits, predicted)))
    if picture(args.picture, history, test_images, test_digits, chances):
        print(f"picture: {args.picture}")
    if args.report:
        print(f"report: {viz.report(history, model, (x_test, test_digits), args.report)}")
    if args.save:
        tg.save(model, args.save)
        print(f"weights: {args.save}")
    print(f"test accuracy: {(predicted == test_digits).mean():.4f}")


if __name__ == "__main__":
    main()
