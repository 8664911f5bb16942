"""A layer with a parameter of its own."""

import numpy as np

from tinygrad_edu import nn

from .ops import snake


class Snake(nn.Module):
    """``snake`` with a learned frequency for each feature.

    x : (N, features)          out : (N, features)
    """

    def __init__(self, features, frequency=1.0):
        self.frequency = nn.Parameter(np.full(features, frequency, dtype=np.float32))

    def forward(self, x):
        """(N, features) -> (N, features)."""
        return snake(x, self.frequency)
