"""Checkpoints: models, optimisers and whole training states, saved and loaded.

A state is a tree: dicts, lists and plain values with arrays as leaves. The state of a model is a flat one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..engine.errors import CheckpointError
from . import _safetensors
from ._environment import warn_if_other
from ._format import read, write
from ._replace import replacing

__all__ = ["load", "save"]


def save(state: Any, path: str | os.PathLike[str]) -> None:
    """Write a model or a training state to a file; an older file of that name is replaced in one step.

    Parameters
    ----------
    state
        Something with ``state_dict()``, such as a model, or a dict of arrays and Tensors, or any nesting of dicts,
        lists and tuples of those, optimisers, numpy Generators, numbers, strings, bools and None::

            tg.save({"model": model, "optimizer": optimizer, "epoch": 3, "shuffle": generator}, "run.npz")
    path
        The file. No ending is added; ``.safetensors`` gives that format, which holds a flat dict of arrays and needs
        the extra ``io``.

    Raises
    ------
    TypeError, DTypeError, ValueError
        The state holds what cannot be saved; the message names the place.
    OSError
        The system cannot write there: no space, no permission, no such folder. The older file is as it was, and
        nothing is left over.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"model": {"weight": np.eye(2)}, "epoch": 3}, f"{folder}/run.npz")
    ...     load(f"{folder}/run.npz")
    {'model': {'weight': array([[1., 0.],
           [0., 1.]])}, 'epoch': 3}
    """
    with replacing(path) as new:
        if is_safetensors(path):
            _safetensors.save(new, state)
        else:
            with new.open("wb") as file:
                write(file, state)


def load(path: str | os.PathLike[str], *, resume: bool = False) -> dict[str, Any]:
    """Read what ``save`` wrote: a state for ``load_state_dict``, or the whole tree with such states in it.

    Arrays have their dtype, byte order and shape and are C-contiguous; what had a ``state_dict()`` comes back as that.

    Parameters
    ----------
    path
        The file.
    resume
        Warn where the file was written in another environment (BLAS kernels, threads, numpy), so that a run that goes
        on from it is not identical to the last bit to one that was never stopped. A ``.safetensors`` file does not say.

    Raises
    ------
    FileNotFoundError, OSError
        There is no such file, or it cannot be read.
    CheckpointError
        The file is damaged, hostile, of a newer format version, or no checkpoint: the first thing wrong is named.
        Memory is taken only for data that the file really has.
    """
    path = Path(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise CheckpointError(f"{path}: a device or a pipe. Give the path of a file.")
    try:
        if is_safetensors(path):
            return _safetensors.load(path)
        with path.open("rb") as file:
            tree, written_by = read(file)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error.__cause__
    if resume:
        warn_if_other(written_by, str(path))
    return tree


def is_safetensors(path: str | os.PathLike[str]) -> bool:
    """Whether the name asks for that format."""
    return Path(path).suffix.lower() == ".safetensors"
