"""MNIST: 60,000 training and 10,000 test images of handwritten digits, embedded and complete.

The data belongs to Yann LeCun and Corinna Cortes, CC BY-SA 3.0: `_mnist/ATTRIBUTION.md`.
Reference: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tinygrad_edu.datasets.idx import read_idx
from tinygrad_edu.engine.errors import DataError

__all__ = ["load_data"]

_Split: TypeAlias = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]

_EMBEDDED = Path(__file__).parent / "_mnist"
_TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
_TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[_Split, _Split]:
    """Load MNIST as Keras does: `(x_train, y_train), (x_test, y_test)`.

    x : (n, 28, 28) uint8, grey levels 0 (background) to 255          y : (n,) uint8, digits 0 to 9

    Parameters
    ----------
    path
        None for the embedded set. Otherwise a folder with your own four files under MNIST's names (Fashion-MNIST comes
        so), plain or with `.gz`; where both lie there, the plain one is read. Images may be of any size and number.

    Returns
    -------
    tuple
        Fresh, writable arrays at every call; n is 60,000 and 10,000 for the embedded set.

    Raises
    ------
    FileNotFoundError
        The folder or some of its four files are missing; all that are missing are named.
    DataError
        A file is damaged or not what its name says, or images and labels differ in number.

    Examples
    --------
    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape, y_train[:5]
    ((60000, 28, 28), (10000, 28, 28), array([5, 0, 4, 1, 9], dtype=uint8))
    """
    folder = _EMBEDDED if path is None else Path(path)
    files = _find(folder)
    train, test = (_read_split(*(files[name] for name in split)) for split in (_TRAIN, _TEST))
    return train, test


def _find(folder: Path) -> dict[str, Path]:
    """Map each of the four names to its file in `folder`."""
    if not folder.exists():
        raise FileNotFoundError(
            f"{folder}: there is no such folder. Check the spelling; the embedded MNIST needs no path: load_data()."
        )
    if not folder.is_dir():
        raise DataError(
            f"{folder}: this is a file, a folder was expected. Give the folder that holds the four MNIST files."
        )
    found = {
        name: candidate
        for name in (*_TRAIN, *_TEST)
        for candidate in (folder / f"{name}.gz", folder / name)  # the later wins
        if candidate.exists()
    }
    if missing := [name for name in (*_TRAIN, *_TEST) if name not in found]:
        raise FileNotFoundError(
            f"{folder}: {' and '.join(missing)} not found, neither plain nor with .gz. "
            "Put all four MNIST files there under these names, or call load_data() for the embedded set."
        )
    return found


def _read_split(images: Path, labels: Path) -> _Split:
    """Read one pair of files: (n, rows, columns) and (n,), both uint8."""
    x = read_idx(images, dtype=np.uint8, ndim=3)
    y = read_idx(labels, dtype=np.uint8, ndim=1)
    if len(x) != len(y):
        raise DataError(
            f"{labels}: {len(y):,} labels for the {len(x):,} images of {images.name}. "
            "Take both files from the same set."
        )
    return x, y
