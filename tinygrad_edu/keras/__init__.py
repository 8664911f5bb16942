"""Keras's words for what ``nn``, ``training`` and ``ops`` compute: change a script's imports, and it runs."""

from . import activations, constraints, initializers, layers, regularizers

__all__ = ["activations", "constraints", "initializers", "layers", "regularizers"]
