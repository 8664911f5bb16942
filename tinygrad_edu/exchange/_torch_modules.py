"""PyTorch modules for what PyTorch has no module for that fits into its Sequential. Needs torch: imported when used."""

from __future__ import annotations

import importlib
from typing import Any

torch: Any = importlib.import_module("torch")

__all__ = ["Outputs", "OverPlaces", "SelfAttention"]


class Outputs(torch.nn.Module):  # type: ignore[misc]
    """A recurrent layer (batch_first) that gives the outputs alone: of the last step, or of all.

    x : (N, T, in)          out : (N, units) or (N, T, units)
    """

    def __init__(self, core: torch.nn.Module, all_steps: bool) -> None:
        super().__init__()
        self.core, self.all_steps = core, all_steps

    def forward(self, x: Any) -> Any:
        """(N, T, in) -> (N, units) or (N, T, units)."""
        out = self.core(x)[0]
        return out if self.all_steps else out[:, -1]


class SelfAttention(torch.nn.Module):  # type: ignore[misc]
    """Attention (batch_first) of a sequence to itself: (N, T, E) -> (N, T, E)."""

    def __init__(self, core: torch.nn.Module) -> None:
        super().__init__()
        self.core = core

    def forward(self, x: Any) -> Any:
        """(N, T, E) -> (N, T, E)."""
        return self.core(x, x, x, need_weights=False)[0]


class OverPlaces(torch.nn.Module):  # type: ignore[misc]
    """One number of all pixels of each channel: (N, C, *size) -> (N, C), or (N, C, 1, ...) with keepdim.

    how : "mean" or "amax".
    """

    def __init__(self, how: str, keepdim: bool) -> None:
        super().__init__()
        self.how, self.keepdim = how, keepdim

    def forward(self, x: Any) -> Any:
        """(N, C, *size) -> (N, C)."""
        return getattr(torch, self.how)(x, dim=tuple(range(2, x.ndim)), keepdim=self.keepdim)
