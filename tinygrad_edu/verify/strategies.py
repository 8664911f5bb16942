"""Hypothesis strategies for arrays, shapes, axes, Tensors and the inputs of any op: public, for your own property tests.

Needs hypothesis (``pip install 'tinygrad-edu[test]'``). Examples shrink: a failing test shows the smallest input that
hypothesis finds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.domain import Domain, Draw, Sample, Samples
from ..engine.errors import MissingExtraError, NotVerifiableError
from .draws import spaced
from .one_op import op_of

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as error:
    raise MissingExtraError("hypothesis", "test", "verify.strategies") from error

__all__ = ["HypothesisDraw", "arrays", "axes", "broadcastable", "samples", "shapes", "tensors"]

SPECIAL = Domain().special
SMALLEST = 1e-30  # smaller numbers become 0: their squares and cubes would vanish inside the function


class HypothesisDraw(Draw):
    """Draws by hypothesis, from the ``draw`` of a composite strategy or of ``st.data()``."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.draw(st.integers(low, high)))

    def reals(self, shape: tuple[int, ...], domain: Domain) -> Any:
        """A float64 array of numbers from the domain."""
        if domain.apart:
            size = int(np.prod(shape))
            order = np.array(self.draw(st.permutations(range(size))), dtype=np.int64)
            jitter = np.array(self.draw(st.lists(unit, min_size=size, max_size=size)), dtype=np.float64)
            return spaced(order, jitter, domain).reshape(shape)
        values = self.draw(hnp.arrays(np.float64, shape, elements=elements(domain)))
        return np.where(np.abs(values) < SMALLEST, np.copysign(0.0, values), values)


unit = st.integers(0, 1000).map(lambda i: i / 1000)


def elements(domain: Domain) -> Any:
    """Numbers of a domain: special points, simple numbers near 1 (which make ties), and anything else."""
    low, high = domain.low, domain.high
    whole = st.floats(low, high, allow_nan=False, allow_subnormal=False)
    near = max(low, -3.0), min(high, 3.0)
    if near[0] >= near[1]:
        return st.one_of(st.sampled_from(domain.special), whole) if domain.special else whole
    simple = st.integers(0, 60).map(lambda i: near[0] + i * (near[1] - near[0]) / 60)
    parts = [simple, st.floats(*near, allow_nan=False, allow_subnormal=False), whole]
    return st.one_of(st.sampled_from(domain.special), *parts) if domain.special else st.one_of(*parts)


def shapes(ndim: tuple[int, int] = (0, 3), side: tuple[int, int] = (0, 3)) -> Any:
    """Shapes with ndim[0] to ndim[1] axes of side[0] to side[1] entries, empty ones included by default."""
    return st.lists(st.integers(*side), min_size=ndim[0], max_size=ndim[1]).map(tuple)


@st.composite
def broadcastable(draw: Any, n: int = 2, ndim: tuple[int, int] = (0, 3), side: tuple[int, int] = (0, 3)) -> Any:
    """Lists of n shapes that broadcast together."""
    return HypothesisDraw(draw).shapes(n, ndim, side)


@st.composite
def arrays(
    draw: Any,
    shape: Any = None,
    low: float = -1e4,
    high: float = 1e4,
    *,
    dtype: Any = np.float64,
    apart: float = 0.0,
    special: Any = SPECIAL,
) -> Any:
    """Float arrays between low and high.

    shape : a shape or a strategy for one; any shape if None.
    apart : entries differ at least so much (no ties).
    special : numbers to draw often, where they lie between low and high.
    """
    if shape is None:
        shape = shapes()
    size = (
        draw(shape)
        if isinstance(shape, st.SearchStrategy)
        else tuple(np.atleast_1d(np.asarray(shape, dtype=int)).tolist())
    )
    domain = Domain(low, high, tuple(v for v in special if low <= v <= high), apart)
    return HypothesisDraw(draw).reals(size, domain).astype(dtype)


def tensors(
    shape: Any = None, low: float = -1e4, high: float = 1e4, *, requires_grad: bool = True, **about: Any
) -> Any:
    """Tensors with entries between low and high; arguments as for ``arrays``."""
    return arrays(shape, low, high, **about).map(lambda a: Tensor(a, requires_grad=requires_grad))


@st.composite
def axes(draw: Any, ndim: int, several: bool = True, none: bool = True) -> Any:
    """What numpy takes as ``axis`` of an array of so many axes: an integer of either sign, a tuple (several), None (none)."""
    source = HypothesisDraw(draw)
    if several and none:
        return source.axes(ndim)
    return source.axis(ndim, none=none)


def samples(op: Any) -> Any:
    """Calls of an op, as ``Sample(args, kwargs)``, from the ``samples`` that it was registered with."""
    this = op_of(op)
    if this.samples is None:
        raise NotVerifiableError(
            f"{this.name} has no samples to draw from. Register it with @op(samples=...), see tinygrad_edu.engine.domain."
        )
    return described(this.samples)


@st.composite
def described(draw: Any, samples: Samples) -> Sample:
    """One call as an op describes it."""
    return samples(HypothesisDraw(draw))
