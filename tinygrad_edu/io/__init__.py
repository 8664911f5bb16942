"""Saving and loading: checkpoints that a crash cannot halve, a bad disk cannot bend and a stranger cannot arm.

Reading order: ``checkpoint.py`` (save and load), ``_format.py`` (what a file holds), ``_tree.py`` (nested values to arrays
and JSON), ``_archive.py`` and ``_arrays.py`` (the file, byte by byte), ``_replace.py`` (the old file or the new one, never
half of one); then ``_environment.py`` and ``_safetensors.py``.
"""

from ._environment import ResumeWarning, environment
from .checkpoint import load, save

__all__ = ["ResumeWarning", "environment", "load", "save"]
