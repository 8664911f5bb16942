"""Mistakes that an optimiser notices: each a warning of its own, given once.

A gradient that a step has used becomes a ``Spent``; what ``backward()`` adds up with it is ``Grown``. So a step that meets
a ``Grown`` knows that nobody cleared the gradients in between. Several ``backward()`` calls before one step, the deliberate
way to add up batches, meet none: their gradients start from nothing.
"""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..engine.errors import TinygradEduWarning

__all__ = ["Grown", "SharedParametersWarning", "Spent", "ZeroGradWarning"]


class ZeroGradWarning(TinygradEduWarning):
    """A step with gradients that hold those of an earlier step as well: ``zero_grad()`` was forgotten.

    To add up the gradients of several batches on purpose, call ``backward()`` for each, then ``step()``, then
    ``zero_grad()``.
    """


class SharedParametersWarning(TinygradEduWarning):
    """Two optimisers move the same parameters, each with momentum and averages of its own."""


class Spent(Tensor):
    """A gradient that a step has used. Only optimisers make one, out of ``p.grad``."""

    __slots__ = ()

    def __init__(self, data: Any) -> None:  # called by what adds to it
        super().__init__(data)
        self.__class__ = Grown

    def __repr__(self) -> str:
        return repr(Tensor(self.data))


class Grown(Spent):
    """A gradient that a step has used, and what ``backward()`` has added since."""

    __slots__ = ()
