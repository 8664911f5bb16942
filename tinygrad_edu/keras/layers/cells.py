"""Recurrent cells, which do one step, and RNN, which walks along a sequence with any cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import ops
from ...engine import Tensor
from ...engine.errors import ShapeError
from ...nn.recurrent import walk_in_time, zero_states
from .. import initializers
from .base import Layer
from .recurrent import Gated, GRUGates, LSTMGates, SimpleGates, Walk, flat
from .wrappers import made

__all__ = ["RNN", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"]


class _Cell(Gated):
    """One step of the layer whose name it has, with the same weights and arguments.

    A call takes the inputs of the step, (N, in), and the states, a list of (N, units); it returns the output and the new states.
    In ``RNN`` the same is dropped at all steps, outside at each call anew.
    """

    @property
    def state_size(self) -> Any:
        """The width of the state, or a list of those of several."""
        return self.units if self.count == 1 else self.sizes

    @property
    def output_size(self) -> int:
        """The width of the output."""
        return int(self.units)

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        """States of zeros."""
        return zeros(self, batch_size)

    def call(self, inputs: Tensor, states: Any) -> tuple[Tensor, Any]:
        """(N, in), [(N, units), ...] -> (N, units), [(N, units), ...]."""
        contributions, step = self.prepared(inputs[:, None])  # a sequence of one step
        new = step(contributions[:, 0], *flat(states))
        return new[0], list(new) if isinstance(states, (list, tuple)) else new[0]


class SimpleRNNCell(SimpleGates, _Cell):
    __doc__ = f"h' = activation(x kernel + h recurrent_kernel + bias).\n\n{_Cell.__doc__}"

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())


class LSTMCell(LSTMGates, _Cell):
    __doc__ = f"A memory c with gates for what enters, stays and leaves. The states are h and c.\n\n{_Cell.__doc__}"

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())


class GRUCell(GRUGates, _Cell):
    __doc__ = f"A mixture of the last output and a new one.\n\n{_Cell.__doc__}"

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())


class StackedRNNCells(Layer):
    """Several cells as one: each takes what the one below it returns.

    cells : from the lowest to the highest.
    A call takes the inputs, (N, in), and the states, a list for each cell; it returns the highest output and the new states.
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = [checked(self.name, one) for one in cells]

    @property
    def state_size(self) -> list[Any]:
        """That of each cell."""
        return [one.state_size for one in self.cells]

    @property
    def output_size(self) -> int:
        """That of the highest cell."""
        return output_size(self.cells[-1])

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run ``call``; the states go by name, since lists in lists are no inputs with a shape."""
        named = dict(zip(("inputs", "states"), inputs)) | options
        return super().__call__(named.pop("inputs"), **named)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the cells."""
        for one in self.cells:
            one.build_for([input_shape])
            input_shape = (input_shape[0], output_size(one))

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """States of zeros, a list for each cell."""
        makers = [
            getattr(one, "get_initial_state", lambda batch_size, one=one: zeros(one, batch_size)) for one in self.cells
        ]
        return [make(batch_size=batch_size) for make in makers]

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """(N, in), states -> (N, units), new states."""
        new = []
        for one, own in zip(self.cells, states):
            inputs, now = one(inputs, own)
            new.append(now)
        return inputs, new


ZEROS = (None, _Cell.get_initial_state, StackedRNNCells.get_initial_state)  # what begins with zeros


class RNN(Walk):
    """A walk along sequences with a cell, or with several, each on what the one below it returns.

    cell : a cell, or a list of them. A cell of one's own is a layer with ``call(inputs, states)``, which returns the output
        and a list of the new states, and with ``state_size``, the width of its state or a list of widths; ``output_size``,
        the width of its output, is the first of them unless given; ``get_initial_state(batch_size)``, if it does not begin
        with zeros.
    inputs : (N, T, ...)          out : (N, units), the last output; with return_sequences all, (N, T, units)
    The other arguments, and what a call takes, are those of ``SimpleRNN``; with several cells the states are a list for each.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else checked(self.name, cell)

    @property
    def parts(self) -> list[Any]:
        """The cells."""
        plain = isinstance(self.cell, StackedRNNCells) and type(self.cell).call is StackedRNNCells.call
        return self.cell.cells if plain else [self.cell]

    @property
    def sizes(self) -> list[int]:
        """The width of each state of each cell."""
        return flat(self.cell.state_size)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the cells."""
        if len(input_shape) < 3:
            raise ShapeError(f"{self.name}: sequences (batch, time, features) are needed, not {tuple(input_shape)}.")
        self.cell.build_for([(input_shape[0], *input_shape[2:])])

    def begin(self, x: Tensor, *units: int) -> Any:
        """The states to begin with: those carried on, else what the cells say, else zeros."""
        if self.carried is not None:
            return super().begin(x, *units)
        states: list[Any] = []
        for part in self.parts:
            if getattr(type(part), "get_initial_state", None) in ZEROS:
                states += zero_states(x, *flat(part.state_size))
            else:
                states += [s.to(x.device) for s in flat(part.get_initial_state(batch_size=x.shape[0]))]
        return states

    def walk(self, x: Tensor, states: Any, mask: Any) -> tuple[list[Tensor], tuple[Any, ...]]:
        """All steps of the first cell, then all of the next: each needs only the output of the one below at the same step."""
        if self.go_backwards:
            x, mask = ops.flip(x, 1), None if mask is None else mask[:, ::-1]
        left, ends, outputs = list(states), list[Any](), list[Tensor]()
        for part in self.parts:
            x = ops.stack(outputs, axis=1) if outputs else x
            count = len(flat(part.state_size))
            own, left = left[:count], left[count:]
            hide = self.zero_output_for_mask and part is self.parts[-1]
            if isinstance(part, _Cell) and type(part).call is _Cell.call:
                contributions, step = part.prepared(x)  # one product for all steps
                outputs, last = walk_in_time(step, contributions, own, mask, zero_output_for_mask=hide)
                ends += last
            else:
                own = [*zero_states(x, output_size(part)), *own]
                outputs, last = walk_in_time(calls(part), x, own, mask, zero_output_for_mask=hide)
                ends += last[1:]
        return outputs, tuple(ends)

    def arranged(self, states: Any) -> Any:
        """The states, in a list for each of several cells."""
        if not isinstance(self.cell, StackedRNNCells):
            return states
        left = iter(states)
        return [flat([shaped(n, left)]) for n in self.cell.state_size]


def checked(name: str, cell: Any) -> Any:
    """A cell, perhaps from its description.

    Errors: TypeError for what is no layer, or has no state_size.
    """
    cell = made(cell)
    if not hasattr(cell, "state_size"):
        raise TypeError(f"{name}: {cell!r} is no cell. A cell has state_size, and call(inputs, states).")
    return cell


def calls(cell: Any) -> Any:
    """Calls of a cell as steps whose first state is the last output."""
    size = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]

    def step(x: Tensor, last: Any, *held: Any) -> tuple[Any, ...]:
        out, new = cell(x, shaped(size, iter(held)))
        return (out, *flat(new))

    return step


def shaped(size: Any, states: Iterator[Any]) -> Any:
    """The next states, in lists as their sizes are."""
    return [shaped(n, states) for n in size] if isinstance(size, (list, tuple)) else next(states)


def output_size(cell: Any) -> int:
    """The width of a cell's output."""
    return int(getattr(cell, "output_size", None) or flat(cell.state_size)[0])


def zeros(cell: Any, batch_size: int) -> list[Tensor]:
    """States of zeros for a cell."""
    return [Tensor(initializers.zeros()((batch_size, n), cell.dtype)) for n in flat(cell.state_size)]
