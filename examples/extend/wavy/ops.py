"""Two ops. What makes them ops is the decorator; the samples enrol them in every property test."""

import numpy as np

from tinygrad_edu import op
from tinygrad_edu.engine.domain import call, reals


def _waves(draw):
    """An array, and a frequency away from 0 that broadcasts to it."""
    x, a = draw.shapes(2)
    return call(draw.array(x), draw.array(a, 0.5, 3))


@op(name="wavy.snake", method="snake", samples=_waves, analytic=True, note="a = 0 divides by 0")
def snake(x, a):
    """x + sin(a x)^2 / a, an activation that can learn what repeats.

    x, a : broadcastable float, a > 0          out : broadcast shape
    Gradient: g (1 + sin(2 a x)), and g (x sin(2 a x) - sin(a x)^2 / a) / a.
    Source: Ziyin, Hartwig and Ueda, Neural networks fail to learn periodic functions and how to fix it, 2020.
    """
    wave = np.sin(a * x) ** 2 / a
    slope = np.sin(2 * a * x)
    return x + wave, lambda g: g * (1 + slope), lambda g: g * (x * slope - wave) / a


@op(name="wavy.shrink", samples=reals(special=(0.0, 0.5, -0.5)), reference=lambda x: x - np.clip(x, -0.5, 0.5))
def shrink(x, by=0.5):
    """x moved towards 0 by a threshold, and 0 where it would cross: the step that makes a solution sparse.

    x : (...) float          by : number > 0          out : (...)
    Gradient: g where |x| > by.  At kinks: 0 at |x| = by.
    """
    return np.sign(x) * np.maximum(abs(x) - by, 0), lambda g: np.where(abs(x) > by, g, 0)
