"""Saving and loading: checkpoints that a crash cannot halve, a bad disk cannot bend and a stranger cannot arm.

Reading order: ``checkpoint.py`` (save and load), ``_format.py`` (what a file holds), ``_tree.py`` (nested values to arrays
and JSON), ``_archive.py`` and ``_arrays.py`` (the file, byte by byte), ``_replace.py`` (the old file or the new one, never
half of one); then ``_environment.py`` and ``_safetensors.py``. For whole models: ``names.py``
and ``objects.py`` (what a model is, as plain data), ``_model_file.py`` (the file).

What goes to other frameworks is found here as well, and lives in the room ``exchange``, above ``nn``: it knows layers.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ._environment import ResumeWarning, environment
from .checkpoint import load, save

if TYPE_CHECKING:
    from ..exchange import (
        ExchangeWarning,
        export_onnx,
        from_keras,
        from_torch,
        onnx_rule,
        to_keras,
        to_torch,
        torch_state,
    )

__all__ = [
    "ExchangeWarning",
    "ResumeWarning",
    "environment",
    "export_onnx",
    "from_keras",
    "from_torch",
    "load",
    "onnx_rule",
    "save",
    "to_keras",
    "to_torch",
    "torch_state",
]


def __getattr__(name: str) -> Any:
    """The names of ``exchange``, loaded when one is first used: a checkpoint needs no layers."""
    if name in __all__:
        return getattr(importlib.import_module("..exchange", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
