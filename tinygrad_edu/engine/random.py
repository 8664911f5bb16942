"""Randomness: every draw uses a Generator that somebody owns, spawned from one root that ``set_random_seed`` sets.

The root is context-local: a thread or task that sets its own seed disturbs no other.
"""

from __future__ import annotations

from contextvars import ContextVar

import numpy as np

__all__ = ["generator", "set_random_seed"]

_root: ContextVar[np.random.SeedSequence | None] = ContextVar("tinygrad_edu.seed", default=None)


def set_random_seed(seed: int) -> None:
    """Make everything that is drawn from here on reproducible, in this thread or task.

    seed : int >= 0.  Call it before the model is built: layers take their generators when they are made.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"set_random_seed: a whole number >= 0 is needed, got {seed!r}.")
    _root.set(np.random.SeedSequence(int(seed)))


def generator() -> np.random.Generator:
    """A new independent Generator from the root; without a seed, from the operating system's entropy."""
    root = _root.get()
    if root is None:
        root = np.random.SeedSequence()
        _root.set(root)
    return np.random.default_rng(root.spawn(1)[0])
