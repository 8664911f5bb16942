"""Looks: what values and modules show in a notebook, and ``explain``. The room ``viz`` draws it.

The rooms below viz do not import it; they know that there is an artist, whom the package introduces when it is imported
(``tinygrad_edu/__init__.py``). viz itself is loaded at the first picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["drawn", "introduce"]

_artist: list[Callable[[str], Callable[..., Any]]] = []


def introduce(artist: Callable[[str], Callable[..., Any]]) -> None:
    """From now on ``artist(name)`` gives the function of that name that draws."""
    _artist[:] = [artist]


def drawn(name: str, subject: Any, **options: Any) -> Any:
    """What the artist's function of this name makes of the subject."""
    return _artist[0](name)(subject, **options)
