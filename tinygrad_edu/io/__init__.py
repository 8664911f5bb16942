"""Saving and loading: checkpoints that a crash cannot halve, a bad disk cannot bend and a stranger cannot arm.

Reading order: ``checkpoint.py`` (what is saved, and the format), ``_tree.py`` (nested values to arrays and JSON),
``_archive.py`` (the file, byte by byte), ``_replace.py`` (the old file or the new one, never half of one).
"""

from ._environment import ResumeWarning, environment
from .checkpoint import load, save

__all__ = ["ResumeWarning", "environment", "load", "save"]
