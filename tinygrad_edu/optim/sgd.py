"""Descent along the gradient, or along its sign: SGD and Lion."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from ..engine import Array
from .optimizer import Optimizer, Options, Params, Rate, blend, fractions

__all__ = ["SGD", "Lion"]


class SGD(Optimizer):
    """Gradient descent: w -= lr g; with momentum: v = momentum v - lr g, then w += v.

    nesterov : look ahead: w += momentum v - lr g.
    The learning rate is folded into the velocity, as in Keras; PyTorch multiplies by it afterwards, which differs when
    the rate changes.
    Source: Polyak 1964; Nesterov 1983 in the form of Sutskever et al. 2013.

    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0, 2.0], requires_grad=True)
    >>> opt = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.tolist()
    [0.800000011920929, 1.600000023841858]
    """

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        fractions(momentum=momentum)
        self.momentum, self.nesterov = momentum, nesterov
        self.slots = ("velocity",) if momentum else ()
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        step = np.multiply(g, lr, out=scratch[0])
        if not state:
            w -= step
            return
        (v,) = state
        v *= self.momentum
        v -= step
        if self.nesterov:
            w -= step
            np.multiply(v, self.momentum, out=step)
            w += step
        else:
            w += v


class Lion(Optimizer):
    """The sign of a blended momentum: w -= lr sign(beta_1 m + (1 - beta_1) g), then m = beta_2 m + (1 - beta_2) g.

    Every entry moves by lr, so take a learning rate 3 to 10 times smaller than Adam's.
    Source: Chen et al. 2023.
    """

    slots = ("m",)

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        fractions(beta_1=beta_1, beta_2=beta_2)
        self.beta_1, self.beta_2 = beta_1, beta_2
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (m,), (s, _) = state, scratch
        np.subtract(g, m, out=s)
        s *= 1 - self.beta_1
        s += m
        np.sign(s, out=s)
        s *= lr
        w -= s
        blend(m, g, 1 - self.beta_2, s)
