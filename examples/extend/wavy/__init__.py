"""wavy: two ops and a layer for tinygrad_edu."""

from .layers import Snake
from .ops import shrink, snake

__all__ = ["Snake", "shrink", "snake"]
