"""Train the network of mnist.py on several processes, or on several machines.

    pip install "tinygrad-edu[mpi]"
    mpiexec -n 2 python -m mpi4py examples/mnist_mpi.py

Every process runs this script; each batch of 128 images is shared out among them. What is different from training with one
process is the callback DataParallel, and that the last lines are for the first process alone. docs/parallel.md has the rest.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported: the processes use the cores

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.datasets import mnist
from tinygrad_edu.training.callbacks import ModelCheckpoint


def arguments() -> argparse.Namespace:
    """What the user asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=8, help="passes over the training images")
    parser.add_argument("--batch-size", type=int, default=128, help="images a step, of all processes together")
    parser.add_argument(
        "--network", choices=["dense", "convnet"], default="dense", help="784-128-10, or two convolutions"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers: the same seed gives the same run")
    parser.add_argument("--save", metavar="FILE", help="where to save the run after each epoch, e.g. run.npz")
    parser.add_argument("--resume", metavar="FILE", help="a file of --save to go on from")
    return parser.parse_args()


def network(name: str) -> list[nn.Module]:
    """The layers."""
    if name == "dense":
        return [nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10), nn.Softmax()]
    return [
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 10), nn.Softmax(),
    ]  # fmt: skip


def main() -> None:
    """Load, build, train together, evaluate."""
    args = arguments()
    together = tg.parallel.DataParallel()  # first: from here on, an error in one process ends all
    tg.set_random_seed(args.seed)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x_train, x_test = (images[:, None].astype(np.float32) / 255 for images in (x_train, x_test))

    model = tg.Sequential(network(args.network))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    saving = [ModelCheckpoint(args.save)] if args.save else []
    began = time.perf_counter()
    model.fit(
        x_train, y_train,
        batch_size=args.batch_size, epochs=args.epochs, validation_split=0.1, callbacks=[together, *saving], resume=args.resume,
    )  # fmt: skip
    seconds = time.perf_counter() - began

    if together.world.rank == 0:
        _, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
        print(f"{together.world.size} process(es), {seconds:.1f} s")
        print(f"test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
