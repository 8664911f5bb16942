"""Parameters side by side in one array, so that a rule of a few lines moves a whole model in a few numpy calls.

Each ``p.data`` becomes a view of the flat array, with the same values. The state of a rule (momentum, averages) lies in
flat arrays of the same layout. A step then works through *blocks*: stretches of these arrays that stay in the
processor's cache from one line of the rule to the next. Measured with Adam and 4 million entries: 3.6 ns an entry against
7.2 in one stretch; with 100,000 the two are the same.

Gradients stay where the backward walk left them. A large one is read in place; small ones that lie side by side are
gathered, which costs a copy and saves a round of numpy calls each.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from ..engine import Array, Tensor, mutation
from ..engine.errors import DeviceError, DTypeError, ShapeError
from .noticed import Grown, SharedParametersWarning, Spent, ZeroGradWarning

BLOCK = 2**17  # entries that a block has at most
SMALL = 2**14  # a parameter of more entries shares no block


class Part(NamedTuple):
    """The entries of one parameter that lie in a block."""

    of: int  # the parameter's place
    start: int
    stop: int


class Block(NamedTuple):
    """A stretch of the flat arrays, ready for a rule."""

    parts: list[Part]
    value: Array
    state: tuple[Array, ...]
    scratch: tuple[Array, Array]
    buffer: Array  # where a gradient is gathered or clipped


LIVING: WeakValueDictionary[int, Flat] = WeakValueDictionary()  # by the id of the array that the parameters view


class Flat:
    """Parameters of one dtype as views of one array, with the state that a rule keeps for each entry.

    named : name and leaf, each leaf once.
    slots : name -> start, a number or an array, of the state arrays.  more : state arrays beside those of the rule, from 0.
    """

    def __init__(
        self, named: Sequence[tuple[str, Tensor]], slots: Mapping[str, Array], more: Sequence[str] = ()
    ) -> None:
        self.names = [name for name, _ in named]
        self.parameters = [p for _, p in named]
        self.value = np.concatenate([p.data.reshape(-1) for p in self.parameters])
        self.more = list(more)
        starts: dict[str, Any] = {**dict.fromkeys(self.more, 0.0), **slots}
        self.state = {slot: np.full_like(self.value, starts[slot]) for slot in dict.fromkeys([*slots, *self.more])}
        ends = np.cumsum([p.size for p in self.parameters]).tolist()
        self.spans = [slice(end - p.size, end) for p, end in zip(self.parameters, ends)]
        self.views = [self.value[span].reshape(p.shape) for p, span in zip(self.parameters, self.spans)]
        for p, view in zip(self.parameters, self.views):
            p.data = view
        self.scratch = np.empty_like(self.value, shape=(3, min(BLOCK, self.value.size)))
        self.gradients: list[Any] = []  # of the step that runs
        self.moving: list[bool] = []  # which parameters the blocks were made for
        self.blocks: list[Block] = []
        self.watched = min(range(len(named)), key=lambda i: self.parameters[i].size)
        self.noticed: set[type[Warning]] = set()
        LIVING[id(self.value)] = self

    def __reduce__(self) -> Any:
        """A copy is made anew from the copied parameters, of whose data it then takes views."""
        return Flat, (list(zip(self.names, self.parameters)), self.state, self.more)

    def collect(self) -> None:
        """Look at every parameter before a step: take over replaced data, note the gradients to move along.

        A parameter without a gradient, or frozen since, is left out of the step.
        """
        self.gradients = []
        for p, view in zip(self.parameters, self.views):
            if p.data is not view:
                self.adopt(p, view)
            g = p.grad.data if p.grad is not None and p.requires_grad else None
            if g is not None and g.shape != view.shape:
                raise ShapeError(
                    f"A parameter of shape {view.shape} has a gradient of shape {g.shape}; they must agree."
                )
            self.gradients.append(g)
        self.notice_growth()
        moving = [g is not None for g in self.gradients]
        if moving != self.moving:
            self.moving, self.blocks = moving, [self.block(parts) for parts in divided(self.spans, moving)]

    def gather(self, steps: int, last: bool) -> None:
        """Add the gradients to those of the calls before; last: take the mean of all, and start anew."""
        total = self.state["gathered"]
        for i, (span, view) in enumerate(zip(self.spans, self.views)):
            if self.gradients[i] is not None:
                total[span] += self.gradients[i].reshape(-1)
                if last:
                    self.gradients[i] = total[span].reshape(view.shape) / steps
        if last:
            total[...] = 0

    def adopt(self, p: Tensor, view: Array) -> None:
        """Take over what was assigned to ``p.data``, and make it the view of the flat array again."""
        if (p.data.shape, p.data.dtype) != (view.shape, view.dtype):
            wrong = ShapeError if p.data.shape != view.shape else DTypeError
            raise wrong(
                f"A parameter of {view.shape} {view.dtype} was given data of {p.data.shape} {p.data.dtype} after its optimiser "
                "was made. Make a new optimiser for it."
            )
        if type(p.data) is not type(view):
            raise DeviceError(
                f"A parameter was moved to {p.device!r} after its optimiser was made. Move the model first, then make a new "
                "optimiser."
            )
        if LIVING.get(id(mutation.owner(p.data)), self) is not self:
            self.warn(
                SharedParametersWarning,
                "Another optimiser has taken over parameters that this one moves, and each keeps momentum and averages of its "
                "own. Step with one of them, or give each its own parameters.",
            )
        view[...] = p.data
        p.data = view

    def notice_growth(self) -> None:
        """Warn if a gradient holds that of an earlier step. One parameter, the smallest, speaks for all."""
        g = self.parameters[self.watched].grad
        if g.__class__ is Grown:
            self.warn(
                ZeroGradWarning,
                "step() with gradients that an earlier step has used already, and to which backward() has added since. Call "
                "zero_grad() before each backward(), or after each step() if you add up several batches.",
            )
        elif g.__class__ is Tensor:
            g.__class__ = Spent

    def warn(self, category: type[Warning], message: str) -> None:
        """Warn the caller of ``step``, once."""
        if category not in self.noticed:
            self.noticed.add(category)
            warnings.warn(message, category, stacklevel=5)

    def block(self, parts: list[Part]) -> Block:
        """The stretch of all arrays that holds these parts, which lie side by side."""
        start = self.spans[parts[0].of].start + parts[0].start
        size = sum(part.stop - part.start for part in parts)
        here = slice(start, start + size)
        s, r, buffer = self.scratch[:, :size]
        state = tuple(a[here] for slot, a in self.state.items() if slot not in self.more)
        return Block(parts, self.value[here], state, (s, r), buffer)

    def gradient(self, block: Block, scales: Sequence[float] | None = None, bound: float | None = None) -> Array:
        """The gradient of a block, flat: each parameter's multiplied by its scale, all clipped to [-bound, bound].

        The result may be the memory of ``p.grad``: it is for reading.
        """
        of, start, stop = block.parts[0]
        if len(block.parts) == 1:
            g = self.gradients[of].reshape(-1)[start:stop]
            if scales is not None:
                g = np.multiply(g, scales[of], out=block.buffer)
        else:  # whole parameters
            pieces = [self.gradients[part.of] for part in block.parts]
            if scales is not None:
                pieces = [piece * scales[part.of] for piece, part in zip(pieces, block.parts)]
            g = np.concatenate(pieces, axis=None, out=block.buffer)
        return g if bound is None else np.clip(g, -bound, bound, out=block.buffer)

    def stamp(self) -> None:
        """Note that the parameters have changed: a graph that was recorded before is no longer theirs."""
        mutation.stamp(self.value)


def divided(spans: Sequence[slice], moving: Sequence[bool]) -> Iterator[list[Part]]:
    """The parameters that move, as the parts of blocks: large ones cut into several, small neighbours together."""
    together: list[Part] = []
    filled = 0
    for i, (span, moves) in enumerate(zip(spans, moving)):
        size = span.stop - span.start
        small = moves and size <= SMALL
        if together and (not small or filled + size > BLOCK):
            yield together
            together, filled = [], 0
        if small:
            together.append(Part(i, 0, size))
            filled += size
        elif moves:
            pieces = -(-size // BLOCK)
            cuts = [size * k // pieces for k in range(pieces + 1)]
            yield from ([Part(i, a, b)] for a, b in pairwise(cuts))
    if together:
        yield together


def norm(g: Array) -> float:
    """The Euclidean norm of an array, also where its square would overflow."""
    flat = g.reshape(-1)
    with np.errstate(over="ignore"):
        square = float(np.dot(flat, flat))
    if not math.isinf(square):
        return math.sqrt(square)
    largest = float(abs(flat).max())
    return largest * norm(flat / largest) if math.isfinite(largest) else math.inf
