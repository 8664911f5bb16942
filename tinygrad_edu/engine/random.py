"""Randomness: every draw uses a Generator that somebody owns, spawned from one root that ``set_random_seed`` sets.

The root is context-local: a thread or task that sets its own seed disturbs no other.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = ["generator", "set_random_seed"]

# np.random is named inside functions only: numpy loads it at first use, a seventh of its own import time
_root: ContextVar[Any] = ContextVar("tinygrad_edu.seed", default=None)  # a np.random.SeedSequence
_chosen: ContextVar[bool] = ContextVar("tinygrad_edu.seeded", default=False)  # whether set_random_seed has set it
_alive: weakref.WeakSet[Any] = weakref.WeakSet()


@functools.cache
def generator_class() -> Any:
    """numpy's Generator as a class of ours: it can be referred to weakly, so that a recomputation can replay its draws."""
    return type("Generator", (np.random.Generator,), {})


def set_random_seed(seed: Any) -> None:
    """Make everything that is drawn from here on reproducible, in this thread or task.

    seed : int >= 0.  Call it before the model is built: layers take their generators when they are made.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"set_random_seed: a whole number >= 0 is needed, got {seed!r}.")
    _root.set(np.random.SeedSequence(int(seed)))
    _chosen.set(True)


def generator(seed: int | None = None) -> np.random.Generator:
    """A new independent Generator from the root; without ``set_random_seed``, from the operating system's entropy.

    seed : a number for a Generator that depends on nothing else.
    """
    root = _root.get()
    if root is None:
        root = np.random.SeedSequence()
        _root.set(root)
    made = generator_class()(np.random.PCG64(root.spawn(1)[0] if seed is None else seed))
    made.repeats = seed is not None or _chosen.get()
    _alive.add(made)
    return made  # type: ignore[no-any-return]


def is_late(generator: np.random.Generator) -> bool:
    """Whether set_random_seed was called only after this Generator was made."""
    return _chosen.get() and not getattr(generator, "repeats", True)


def states() -> list[tuple[Any, Any]]:
    """Every living Generator with its state."""
    return [(g, g.bit_generator.state) for g in list(_alive)]


@contextmanager
def replay(past: list[tuple[Any, Any]]) -> Iterator[None]:
    """Draw once more what was drawn after ``past``, then go on as if nothing had been drawn."""
    present = states()
    for g, state in past:
        g.bit_generator.state = state
    try:
        yield
    finally:
        for g, state in present:
            g.bit_generator.state = state
