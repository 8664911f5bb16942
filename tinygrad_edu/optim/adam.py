"""Adam and its relatives: a moving average of the gradient, over the root of a moving average of its square."""

from __future__ import annotations

import math
from typing import Unpack

import numpy as np

from ..engine import Array
from .optimizer import Optimizer, Options, Params, Rate, blend, fractions

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]


class Adam(Optimizer):
    """Adaptive moments: w -= alpha m / (sqrt(v) + epsilon), alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t).

    m = beta_1 m + (1 - beta_1) g          v = beta_2 v + (1 - beta_2) g^2
    amsgrad : use the largest v so far, so that the step never grows by forgetting (Reddi et al. 2018).
    epsilon is added outside the bias correction, as in Keras ("epsilon hat" of the paper); PyTorch adds it inside.
    Source: Kingma and Ba 2015.
    """

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        fractions(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        self.slots = ("m", "v", "v_max") if amsgrad else ("m", "v")
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (m, v, *v_max), (s, r) = state, scratch
        alpha = lr * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        blend(m, g, 1 - self.beta_1, s)
        blend(v, np.multiply(g, g, out=r), 1 - self.beta_2, s)
        if v_max:
            v = np.maximum(v_max[0], v, out=v_max[0])
        np.sqrt(v, out=s)
        s += self.epsilon
        np.divide(m, s, out=s)
        s *= alpha
        w -= s


class AdamW(Adam):
    """Adam with a weight decay of 0.004 unless told otherwise, decoupled from the adaptive step.

    Source: Loshchilov and Hutter 2019.
    """

    weight_decay = 0.004
    first = ("weight_decay",)


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the root mean square: w -= lr / (1 - beta_1^t) m / (u + epsilon).

    m = beta_1 m + (1 - beta_1) g          u = max(beta_2 u, |g|)
    Source: Kingma and Ba 2015, section 7.
    """

    slots = ("m", "u")

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        fractions(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        super().__init__(params, lr, **options)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (m, u), (s, _) = state, scratch
        blend(m, g, 1 - self.beta_1, s)
        u *= self.beta_2
        np.maximum(u, np.abs(g, out=s), out=u)
        np.add(u, self.epsilon, out=s)
        np.divide(m, s, out=s)
        s *= lr / (1 - self.beta_1**t)
        w -= s


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead: w -= lr m_hat / (sqrt(v_hat) + epsilon).

    m = beta_1 m + (1 - beta_1) g          v = beta_2 v + (1 - beta_2) g^2          v_hat = v / (1 - beta_2^t)
    m_hat = mu_{t+1} m / (1 - mu_1 ... mu_{t+1}) + (1 - mu_t) g / (1 - mu_1 ... mu_t), mu_t = beta_1 (1 - 0.96^t / 2)
    Source: Dozat 2016.
    """

    slots = ("m", "v")

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        fractions(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._products = [1.0]  # mu_1 ... mu_t at place t
        super().__init__(params, lr, **options)

    def _mu(self, t: int) -> float:
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block."""
        (m, v), (s, r) = state, scratch
        while len(self._products) <= t + 1:
            self._products.append(self._products[-1] * self._mu(len(self._products)))
        blend(m, g, 1 - self.beta_1, s)
        blend(v, np.multiply(g, g, out=r), 1 - self.beta_2, s)
        np.multiply(m, self._mu(t + 1) / (1 - self._products[t + 1]), out=s)
        np.multiply(g, (1 - self._mu(t)) / (1 - self._products[t]), out=r)
        s += r
        np.multiply(v, 1 / (1 - self.beta_2**t), out=r)
        np.sqrt(r, out=r)
        r += self.epsilon
        s /= r
        s *= lr
        w -= s
