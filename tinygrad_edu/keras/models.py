"""Models: those of ``nn``. Layers of ``nn`` and of ``keras.layers`` mix freely in them."""

from ..nn import Model, Sequential

__all__ = ["Model", "Sequential"]
