"""A step size for each entry from the size of its gradients: Adagrad, Adadelta, RMSprop."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from ..engine import Array
from .optimizer import Optimizer, Options, Params, Rate, blend, fractions

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(Optimizer):
    """Steps that shrink with all gradients seen: a += g^2, w -= lr g / sqrt(a + epsilon).

    initial_accumulator_value : what a starts from.
    Source: Duchi, Hazan and Singer 2011.
    """

    slots = ("accumulator",)

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        fractions(epsilon=epsilon)
        self.start = self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (a,), (s, _) = state, scratch
        a += np.multiply(g, g, out=s)
        np.add(a, self.epsilon, out=s)
        np.sqrt(s, out=s)
        np.divide(g, s, out=s)
        s *= lr
        w -= s


class Adadelta(Optimizer):
    """Steps in the units of the parameters: d = g sqrt(x + epsilon) / sqrt(a + epsilon), w -= lr d.

    a = rho a + (1 - rho) g^2, before the step          x = rho x + (1 - rho) d^2, after it
    lr = 1 is the method of the paper. Source: Zeiler 2012.
    """

    slots = ("accumulated_grad", "accumulated_delta")

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        fractions(rho=rho, epsilon=epsilon)
        self.rho, self.epsilon = rho, epsilon
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (a, x), (d, s) = state, scratch
        blend(a, np.multiply(g, g, out=d), 1 - self.rho, s)
        np.add(x, self.epsilon, out=d)
        np.add(a, self.epsilon, out=s)
        d /= s
        np.sqrt(d, out=d)
        d *= g
        np.multiply(d, lr, out=s)
        w -= s
        d *= d
        blend(x, d, 1 - self.rho, s)


class RMSprop(Optimizer):
    """The gradient over its root mean square: v = rho v + (1 - rho) g^2, w -= lr g / sqrt(v + epsilon).

    momentum : m = momentum m + the step above, then w -= m.
    centered : divide by an estimate of the standard deviation, v - mean(g)^2 in place of v (Graves 2013).
    epsilon is inside the root, as in Keras; PyTorch adds it outside.
    Source: Tieleman and Hinton 2012.
    """

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        fractions(rho=rho, momentum=momentum, epsilon=epsilon)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slots = ("v", *(["mean"] if centered else []), *(["momentum"] if momentum else []))
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (v, *more), (s, r) = state, scratch
        blend(v, np.multiply(g, g, out=r), 1 - self.rho, s)
        if self.centered:
            mean = more.pop(0)
            blend(mean, g, 1 - self.rho, s)
            np.subtract(v, np.multiply(mean, mean, out=s), out=s)
            s += self.epsilon
        else:
            np.add(v, self.epsilon, out=s)
        np.sqrt(s, out=s)
        np.divide(g, s, out=s)
        s *= lr
        if more:
            (m,) = more
            m *= self.momentum
            m += s
            s = m
        w -= s
