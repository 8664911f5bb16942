"""Recurrent layers: the walk of ``nn.recurrent`` with Keras's options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ... import ops
from ...engine import Tensor, beside, random
from ...engine.errors import ShapeError
from ...engine.variable import Variable
from ...nn.recurrent import Carrying, unit_forget_bias, walk_in_time
from .. import activations, initializers
from .base import Layer, positive

__all__ = ["GRU", "LSTM", "SimpleRNN"]


class Walk(Carrying, Layer):
    """A layer that walks along sequences (N, T, ...), with states that it hands from step to step."""

    supports_masking = True
    return_sequences: bool
    return_state: bool

    @property
    def sizes(self) -> list[int]:
        """The width of each state."""
        raise NotImplementedError

    def walk(self, x: Tensor, states: Any, mask: Any) -> tuple[list[Tensor], tuple[Any, ...]]:
        """The outputs of all steps, in the order of the walk, and the last states."""
        raise NotImplementedError

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        """(N, T, in) -> (N, units), (N, T, units), or a list of one of them and the states."""
        x, sizes = sequences, self.sizes
        if isinstance(x, (list, tuple)):  # as old scripts write it: [sequences, *states]
            x, initial_state = x[0], list(x[1:])
        states = self.begin(x, *sizes) if initial_state is None else flat(initial_state)
        if len(states) != len(sizes):
            raise ShapeError(f"{self.name}: {len(sizes)} initial state(s) are needed, not {len(states)}.")
        outputs, states = self.walk(x, states, mask)
        self.end(states)
        out = ops.stack(outputs, axis=1) if self.return_sequences else outputs[-1]
        return [out, *self.arranged(states)] if self.return_state else out

    def arranged(self, states: Any) -> Any:
        """The states as they are returned."""
        return states

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the sequence if all outputs are returned."""
        own = previous_mask if self.return_sequences and not isinstance(previous_mask, list) else None
        return [own, *[None] * len(self.sizes)] if self.return_state else own

    @property
    def states(self) -> list[Variable] | None:
        """The states that a stateful layer goes on from, to be read or assigned; None before it knows how many samples come."""
        batch = self.input_shape[0] if self.stateful and self.input_shape else None
        if self.carried is None and batch is not None:
            zeros = initializers.zeros()
            self.carried = tuple(Variable(zeros((batch, n), self.dtype)) for n in self.sizes)
        return None if self.carried is None else list(self.carried)

    reset_states = Carrying.reset_state


class Gated(Layer):
    """What a recurrent layer and a cell share: the weights, and a step."""

    gates: ClassVar[int]
    count: ClassVar[int] = 1  # of states

    def keep(self, arguments: Any) -> None:
        """Store the arguments, and make the Generator of the dropout."""
        super().keep(arguments)
        if not positive(self.units):
            raise ValueError(f"{self.name}: units is a whole number > 0, not {self.units!r}.")
        for what in ("dropout", "recurrent_dropout"):
            if not 0 <= getattr(self, what) < 1:
                raise ValueError(f"{self.name}: {what} is at least 0 and below 1, not {getattr(self, what)!r}.")
        self._rng = random.generator(self.seed)

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        width = self.gates * self.units
        self.kernel = self.weight_for("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self.weight_for("recurrent", (self.units, width))
        self.bias = self.weight_for("bias", self.bias_shape(width)) if self.use_bias else None

    def bias_shape(self, width: int) -> tuple[int, ...]:
        """The shape of the bias."""
        return (width,)

    @property
    def sizes(self) -> list[int]:
        """The width of each state."""
        return [self.units] * self.count

    def inputs(self, x: Tensor) -> Tensor:
        """What the inputs contribute to all steps: (N, T, in) -> (N, T, gates * units)."""
        return ops.linear(x, self.kernel, self.bias)

    def step(self, x: Tensor, h: Any, *states: Any) -> tuple[Any, ...]:
        """One step: what the input contributes, the last output as the product sees it, and the states, h first."""
        raise NotImplementedError

    def prepared(self, x: Tensor) -> tuple[Tensor, Callable[..., tuple[Any, ...]]]:
        """What the inputs contribute to all steps, and the step, which drops the same at each."""
        keep = self.dropped(x, self.recurrent_dropout, self.units)
        on_inputs = self.dropped(x, self.dropout, x.shape[-1])
        contributions = self.inputs(x if on_inputs is None else ops.dropout(x, on_inputs[:, None], self.dropout))

        def step(now: Tensor, *held: Any) -> tuple[Any, ...]:
            h = held[0] if keep is None else ops.dropout(held[0], keep, self.recurrent_dropout)
            return self.step(now, h, *held)

        return contributions, step

    def dropped(self, x: Any, rate: float, width: int) -> Any:
        """What is kept of each sample, (N, width), in training; None for all."""
        if not self.training or rate == 0:
            return None
        return beside(x, self._rng.random((len(x), width), dtype="float32") >= rate)


class _Recurrent(Walk, Gated):
    """A small network that walks along a sequence, with its last output as a second input.

    inputs : (N, T, in)          out : (N, units), the last output; with return_sequences all, (N, T, units)
    return_state : return [out, *states] instead.  go_backwards : walk from the end; all outputs are then in that order.
    stateful : each call starts with the states that the last one ended with, until ``reset_state()``.
    dropout, recurrent_dropout : the share of the inputs, or of the last output, that is dropped at all steps of a sequence.
    kernel : (in, gates * units)          recurrent_kernel : (units, gates * units)          bias : (gates * units,)
    A call takes ``initial_state``, a list of states (N, units), and ``mask``, (N, T), False for steps to skip.
    """

    refused: ClassVar = {"use_cudnn": "auto"}
    zero_output_for_mask = False
    sizes = Gated.sizes

    def __init__(self, **kwargs: Any) -> None:
        self.zero_output_for_mask = kwargs.pop("zero_output_for_mask", False)
        super().__init__(**kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"{self.name}: sequences (batch, time, features) are needed, not {tuple(input_shape)}. For one feature give "
                "x[..., None]."
            )
        super().build(input_shape)

    def stored_as(self, i: int, name: str) -> str:
        """In the files of Keras the weights belong to the cell that the layer walks with."""
        return f"cell/vars/{i}"

    def walk(self, x: Tensor, states: Any, mask: Any) -> tuple[list[Tensor], tuple[Any, ...]]:
        """The outputs of all steps, in the order of the walk, and the last states."""
        contributions, step = self.prepared(x)
        return walk_in_time(step, contributions, states, mask, self.go_backwards, self.zero_output_for_mask)


def flat(states: Any) -> list[Any]:
    """A state, or lists of lists of them, as one list."""
    return [s for part in states for s in flat(part)] if isinstance(states, (list, tuple)) else [states]


class SimpleGates(Gated):
    """The rule of SimpleRNN and its cell."""

    gates = 1

    def step(self, x: Tensor, h: Any, *states: Any) -> tuple[Any, ...]:
        """One step."""
        return (self.activation(x + h @ self.recurrent_kernel),)


class SimpleRNN(SimpleGates, _Recurrent):
    __doc__ = f"h' = activation(x kernel + h recurrent_kernel + bias).\n\n{_Recurrent.__doc__}"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())


class LSTMGates(Gated):
    """The rule of LSTM and its cell."""

    gates, count = 4, 2

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        super().build(input_shape)
        if self.bias is not None and self.unit_forget_bias:
            unit_forget_bias(self.bias.data)

    def step(self, x: Tensor, h: Any, *states: Any) -> tuple[Any, ...]:
        """One step."""
        z, c = x + h @ self.recurrent_kernel, states[1]
        if self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid:
            return tuple(ops.lstm_cell(z, c))
        i, f, candidate, o = ops.split(z, 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        return gate(o) * self.activation(c), c


class LSTM(LSTMGates, _Recurrent):
    __doc__ = f"""A memory c with gates for what enters, stays and leaves (Hochreiter and Schmidhuber, 1997).

    i, f, candidate, o = the four blocks of x kernel + h recurrent_kernel + bias
    c' = f c + i candidate; h' = o activation(c'). The states are h and c.

    unit_forget_bias : the bias of f starts at 1.
    {_Recurrent.__doc__}"""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())


class GRUGates(Gated):
    """The rule of GRU and its cell."""

    gates = 3

    def bias_shape(self, width: int) -> tuple[int, ...]:
        """Two rows with reset_after: for the inputs, and for the last output."""
        return (2, width) if self.reset_after else (width,)

    def inputs(self, x: Tensor) -> Tensor:
        """What the inputs contribute to all steps."""
        bias: Any = self.bias
        return ops.linear(x, self.kernel, bias[0] if self.reset_after and bias is not None else bias)

    def step(self, x: Tensor, h: Any, *states: Any) -> tuple[Any, ...]:
        """One step."""
        if not self.reset_after:
            return self.step_before(x, h, states[0])
        y = ops.linear(h, self.recurrent_kernel, None if self.bias is None else self.bias[1])
        if self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid:
            return (ops.gru_cell(x, y, states[0]),)
        (xz, xr, xn), (yz, yr, yn) = ops.split(x, 3, axis=-1), ops.split(y, 3, axis=-1)
        z, r = self.recurrent_activation(xz + yz), self.recurrent_activation(xr + yr)
        return (z * states[0] + (1 - z) * self.activation(xn + r * yn),)

    def step_before(self, x: Tensor, h: Any, last: Any) -> tuple[Any, ...]:
        """One step with the reset before the product."""
        xz, xr, xn = ops.split(x, 3, axis=-1)
        uz, ur, un = ops.split(self.recurrent_kernel, 3, axis=-1)
        z, r = self.recurrent_activation(xz + h @ uz), self.recurrent_activation(xr + h @ ur)
        return (z * last + (1 - z) * self.activation(xn + (r * h) @ un),)


class GRU(GRUGates, _Recurrent):
    __doc__ = f"""A mixture of the last output and a new one (Cho et al., 2014).

    z, r = gates of x kernel + h recurrent_kernel + bias; n = activation(x's third block + r times h's)
    h' = z h + (1 - z) n

    reset_after : apply r after the matrix product, with a bias (2, 3 * units); False: before it, with (3 * units,).
    {_Recurrent.__doc__}"""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
