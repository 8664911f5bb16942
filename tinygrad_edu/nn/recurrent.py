"""Recurrent layers: a small network that walks along a sequence, with its last output as a second input.

What the inputs contribute is one matrix product for the whole sequence; each step then adds the product of the last
output and goes through the gates. Gates, biases and starts are Keras's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..engine import Array, Tensor, beside, random, raw
from ..engine.errors import ShapeError
from ..engine.variable import Variable
from . import init as start
from .linear import sizes
from .module import Module
from .parameter import Parameter

__all__ = ["GRU", "LSTM", "RNN", "Carrying", "unit_forget_bias", "walk_in_time", "zero_states"]

Step = Callable[..., tuple[Tensor, ...]]  # step(x, *states) -> the new states, the output first


def walk_in_time(
    step: Step,
    x: Tensor,
    states: Sequence[Any],
    mask: Any = None,
    go_backwards: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[list[Tensor], tuple[Any, ...]]:
    """Take a step for each time.

    step : step(x, *states) -> the new states, the first of which is the output
    x : (N, T, F)          states : arrays or Tensors (N, units)
    mask : (N, T) booleans; where it is False, a sample keeps its states, and its output repeats the last one, or is 0 with
        zero_output_for_mask.
    Returns the outputs in the order of the walk, and the last states.
    """
    times: Any = ops.unstack(x, axis=1)
    counts: Any = range(len(times))
    keep = None if mask is None else beside(x, raw(mask), bool)[:, :, None]  # (N, T, 1)
    outputs, now = [], tuple(states)
    for t in reversed(counts) if go_backwards else counts:
        new = step(times[t], *now)
        if keep is not None:
            new = tuple(ops.where(keep[:, t], a, b) for a, b in zip(new, now))
        outputs.append(ops.where(keep[:, t], new[0], 0.0) if keep is not None and zero_output_for_mask else new[0])
        now = new
    return outputs, now


def zero_states(x: Tensor, *units: int) -> tuple[Array, ...]:
    """States of zeros, (N, units) each, for a batch x."""
    return tuple(np.zeros_like(raw(x), shape=(x.shape[0], n)) for n in units)


def unit_forget_bias(bias: Array) -> Array:
    """The bias of an LSTM with 1 for the gate that forgets: at first it remembers (Jozefowicz et al., 2015)."""
    units = bias.shape[-1] // 4
    bias[..., units : 2 * units] = 1
    return bias


class Carrying:
    """What layers share that may go on, with each call, from where the last one ended."""

    stateful: bool
    carried: tuple[Variable, ...] | None = None  # the states that a stateful layer ended with

    def begin(self, x: Tensor, *units: int) -> Sequence[Any]:
        """The states to begin with, (N, units) each: those carried on, else zeros.

        Errors: ShapeError if the last call had another number of samples.
        """
        if self.carried is None:
            return zero_states(x, *units)
        last, now = len(self.carried[0]), x.shape[0]
        if last != now:
            name = getattr(self, "name", type(self).__name__)
            raise ShapeError(
                f"{name}: it is stateful, and its last call had {last} samples, this one {now}. Use a batch_size that divides "
                "the number of samples, or call reset_state() in between."
            )
        return [beside(x, state.data) for state in self.carried]

    def end(self, states: Sequence[Any]) -> None:
        """Carry these states on, if the layer is stateful."""
        if self.stateful:
            self.carried = tuple(Variable(s.data) for s in states)

    def reset_state(self) -> None:
        """Start the next call of a stateful layer with zeros."""
        self.carried = None


class Recurrent(Carrying, Module):
    """What RNN, LSTM and GRU share.

    x : (N, T, in)          out : (N, units), the last output; with return_sequences all, (N, T, units)
    input_size : None to take it from the first input.
    return_state : return the tuple (out, *states) instead, the states as they were at the end.
    go_backwards : walk from the end to the beginning; all outputs are then in that order.
    stateful : each call starts with the states that the last one ended with, until ``reset_state()``.
    weight : (in, gates * units), Glorot uniform          recurrent_weight : (units, gates * units), orthogonal
    bias : zeros but for what the class says; None with bias=False
    """

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __init__(
        self,
        input_size: int | None,
        hidden_size: int | None = None,
        bias: bool = True,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
    ) -> None:
        if hidden_size is None:
            input_size, hidden_size = None, input_size
        self.input_size, self.hidden_size = sizes(type(self).__name__, input_size, hidden_size)
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful = go_backwards, stateful
        self._rng = random.generator()
        units = self.gates * self.hidden_size
        self.weight: Any = None
        self.recurrent_weight = Parameter(start.get("orthogonal")((self.hidden_size, units), self._rng))
        self.bias: Any = Parameter(self.start_bias(units)) if bias else None
        if input_size is not None:
            self.build((1, 1, input_size))

    def start_bias(self, units: int) -> Array:
        """How the bias starts."""
        return start.zeros((units,))

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weight for inputs (N, T, in)."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"{type(self).__name__}: sequences (batch, time, features) are needed, not {input_shape}. For one feature: "
                "x[..., None]."
            )
        self.input_size = input_shape[-1]
        self.weight = Parameter(start.glorot_uniform((self.input_size, self.gates * self.hidden_size), self._rng))
        self.built = True

    def inputs(self, x: Tensor) -> Tensor:
        """What the inputs contribute to all steps: (N, T, in) -> (N, T, gates * units)."""
        return ops.linear(x, self.weight, self.bias)

    def step(self, x: Tensor, *states: Any) -> tuple[Tensor, ...]:
        """One step: what the input contributes, and the states; returns the new states."""
        raise NotImplementedError

    def forward(self, x: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        """(N, T, in) -> (N, units), (N, T, units), or a tuple of one of them and the states.

        initial_state : (N, units), or for LSTM a pair of them; zeros if None.  mask : (N, T), False for steps to skip.
        """
        if x.ndim != 3 or x.shape[1] == 0:
            raise ShapeError(f"{type(self).__name__}: sequences (batch, time > 0, features) are needed, not {x.shape}.")
        if initial_state is None:
            initial_state = self.begin(x, *[self.hidden_size] * self.states)
        states = initial_state if isinstance(initial_state, (tuple, list)) else (initial_state,)
        outputs, states = walk_in_time(self.step, self.inputs(x), states, mask, self.go_backwards)
        self.end(states)
        out = ops.stack(outputs, axis=1) if self.return_sequences else outputs[-1]
        return (out, *states) if self.return_state else out

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.input_size}, {self.hidden_size}"


class RNN(Recurrent):
    __doc__ = f"h' = tanh(x W + h U + b): the simple recurrent network (Elman, 1990).\n{Recurrent.__doc__}"
    gates = 1

    def step(self, x: Tensor, *states: Any) -> tuple[Tensor, ...]:
        """One step."""
        return (ops.tanh(x + states[0] @ self.recurrent_weight),)


class LSTM(Recurrent):
    __doc__ = f"A memory with gates for what enters, stays and leaves: ``ops.lstm_cell``.\n{Recurrent.__doc__}"
    gates, states = 4, 2  # the gates i, f, candidate, o; the states h and c

    def start_bias(self, units: int) -> Array:
        """Zeros, and ones for the gate that forgets."""
        return unit_forget_bias(start.zeros((units,)))

    def step(self, x: Tensor, *states: Any) -> tuple[Tensor, ...]:
        """One step."""
        h, c = states
        out: Any = ops.lstm_cell(x + h @ self.recurrent_weight, c)
        return tuple(out)


class GRU(Recurrent):
    __doc__ = f"A mixture of the last output and a new one: ``ops.gru_cell``.\n{Recurrent.__doc__}"
    gates = 3  # z, r, n; the bias is (2, 3 units): one row for the inputs, one for the last output

    def start_bias(self, units: int) -> Array:
        """Zeros."""
        return start.zeros((2, units))

    def inputs(self, x: Tensor) -> Tensor:
        """What the inputs contribute to all steps."""
        return ops.linear(x, self.weight, None if self.bias is None else self.bias[0])

    def step(self, x: Tensor, *states: Any) -> tuple[Tensor, ...]:
        """One step."""
        (h,) = states
        recurrent = ops.linear(h, self.recurrent_weight, None if self.bias is None else self.bias[1])
        return (ops.gru_cell(x, recurrent, h),)
