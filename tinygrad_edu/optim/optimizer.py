"""The base class of optimisers: which parameters, which learning rate, clipping and decay. A subclass adds the rule."""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, cast

import numpy as np

from ..engine import Array, Tensor, beside
from ..engine.device import host
from ..engine.errors import NotReadyError, UnknownNameError
from ._arguments import Kind, Options, arguments_of
from ._flat import Flat, norm
from ._groups import Group, Params, Rate, checked_rate, grouped, is_rate, value_of
from .state import fitting

__all__ = ["Optimizer", "Options", "Params", "Rate", "get"]


class Optimizer(metaclass=Kind):
    """Moves parameters along their gradients: ``zero_grad()``, ``loss.backward()``, ``step()``.

    params : Tensors, (name, Tensor) pairs as ``named_parameters()`` gives them, or groups: dicts with ``"params"`` and
        perhaps ``"lr"`` and ``"weight_decay"`` of their own. None: given later, by ``bind`` (``compile`` does). A number
        or a schedule in this place is the learning rate, and what follows is in Keras's order: ``SGD(0.01, 0.9)``.
    lr : a number, or a schedule: a function of the steps done so far. Readable and settable, also as ``learning_rate``.
    weight_decay : before each step every entry shrinks by the factor 1 - lr * weight_decay, biases included. This is the
        decoupled form (Loshchilov and Hutter 2019) for every rule, not an L2 term in the gradient.
    clipnorm, global_clipnorm, clipvalue : at most one of them. Scale each parameter's gradient to at most this norm;
        scale all gradients together to at most this norm; clip each entry to [-clipvalue, clipvalue].
    use_ema : keep an average of the parameters, average = ema_momentum average + (1 - ema_momentum) p after each step
        (Polyak 1990). It takes their place every ema_overwrite_frequency steps, and at the end of ``fit``.
    gradient_accumulation_steps : add up the gradients of so many calls of ``step``; the last one moves by their mean.
    name : for files.

    Parameters without a gradient and frozen ones stay as they are, decay included; a tied one is moved once. The values
    live in one flat array (``_flat.py``): ``p.data`` is replaced by a view of it.

    A rule of your own is a subclass: ``slots`` names the state arrays that it keeps, ``update`` changes arrays in place::

        class Momentum(Optimizer):
            slots = ("velocity",)

            def update(self, w, g, lr, t, scratch, velocity):
                velocity *= 0.9
                velocity -= lr * g
                w += velocity

    Errors: NotReadyError for a step before ``bind`` or before ``backward``; ValueError for options that contradict.
    """

    slots: tuple[str, ...] = ()
    start: float = 0.0  # what the state arrays start from
    first: tuple[str, ...] = ()  # common options that come before the rule's own by place
    weight_decay: float | None = None
    before_step: Callable[[], Any] | None = None  # called by step: gradients may still be changed
    known: ClassVar[dict[str, type[Optimizer]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Register the class under its name, for ``optim.get`` and ``compile(optimizer="...")``."""
        super().__init_subclass__(**options)
        Optimizer.known[cls.__name__.lower()] = cls

    def __init__(
        self,
        params: Params | Rate | None = None,
        lr: Rate = 0.001,
        *,
        learning_rate: Rate | None = None,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        if is_rate(params):
            params, learning_rate = None, cast(Rate, params)
        if learning_rate is not None and lr is not usual_rate(type(self)):
            raise TypeError(f"{type(self).__name__}: two learning rates. Give all but params and lr by keyword.")
        clips = [c for c in (clipnorm, global_clipnorm, clipvalue) if c is not None]
        if len(clips) > 1 or not all(c > 0 for c in clips):
            raise ValueError("Give at most one of clipnorm, global_clipnorm and clipvalue, and a number above 0.")
        self.lr = lr if learning_rate is None else learning_rate
        if weight_decay is not None:
            self.weight_decay = weight_decay
        self.clipnorm, self.global_clipnorm, self.clipvalue = clipnorm, global_clipnorm, clipvalue
        if not 0 <= ema_momentum <= 1:
            raise ValueError(f"ema_momentum is a number from 0 to 1, not {ema_momentum!r}.")
        for every in (ema_overwrite_frequency, gradient_accumulation_steps):
            if every is not None and every != max(int(every), 1):
                raise ValueError(
                    f"ema_overwrite_frequency and gradient_accumulation_steps are whole numbers from 1, not {every!r}."
                )
        self.use_ema, self.ema_momentum, self.ema_overwrite_frequency = use_ema, ema_momentum, ema_overwrite_frequency
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.name = name or type(self).__name__.lower()
        self.iterations = 0
        self.gathered = 0  # calls of step whose gradients have been added up
        self.groups: list[Group] = []
        if params is not None:
            self.bind(cast(Params, params))

    @abstractmethod
    def update(self, w: Array, g: Array, lr: float, t: int, scratch: tuple[Array, Array], *state: Array) -> None:
        """Move one block of parameters, in place.

        w, g : (n,) values, to be changed; gradient, to be read only.
        lr, t : the learning rate, and the number of this step, from 1.
        scratch : two arrays like w for intermediate results.          state : one array like w for each slot, to be changed.
        """

    # -- the loop ------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        flats = self._flats()
        if self.before_step is not None:
            self.before_step()
        for flat in flats:
            flat.collect()
        if not any(flat.blocks for flat in flats):
            raise NotReadyError(f"{self}: no parameter has a gradient. Call loss.backward() before step().")
        moves = self._gather(flats)
        scales = dict(zip(flats, self._scales(flats)))
        t = self.iterations + 1
        for group in self.groups:
            lr = value_of(self._lr if group.lr is None else group.lr, self.iterations)
            decay = self.weight_decay if group.weight_decay is None else group.weight_decay
            for flat in group.flats:
                for block in flat.blocks if moves else ():
                    g = flat.gradient(block, scales[flat], self.clipvalue)
                    if decay:
                        np.multiply(block.value, 1 - lr * decay, out=block.value)
                    self.update(block.value, g, lr, t, block.scratch, *block.state)
                if self.use_ema:
                    self._average(flat)
                for p in flat.parameters:
                    constraint = getattr(p, "constraint", None)
                    if constraint is not None and p.grad is not None:
                        p.data[...] = constraint(p.data)
                flat.stamp()
        self.iterations += moves

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Tensor] | None = None) -> None:
        """Move parameters along gradients that you have computed yourself.

        grads : a Tensor or array for each, None to leave one as it is.  trainable_variables : by default all of its own.
        """
        given = None if trainable_variables is None else list(trainable_variables)
        if given is not None and not self.groups:
            self.bind(given)
        own = [p for flat in self._flats() for p in flat.parameters]
        pairs = list(zip(own if given is None else given, grads, strict=True))
        unknown = {id(p) for p, _ in pairs} - set(map(id, own))
        if unknown:
            raise ValueError(f"{self} does not know {len(unknown)} of these parameters. Make a new optimiser for them.")
        before = [p.grad for p in own]
        for p in own:
            p.grad = None
        try:
            for p, g in pairs:
                p.grad = None if g is None else Tensor(g.data if isinstance(g, Tensor) else g, dtype=p.dtype)
            if any(p.grad is not None for p in own):
                self.step()
        finally:
            for p, g in zip(own, before):
                p.grad = g

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Tensor]]) -> int:
        """``apply`` of (gradient, parameter) pairs; returns ``iterations``."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [p for _, p in pairs])
        return self.iterations

    def _gather(self, flats: list[Flat]) -> bool:
        """Whether this call of step moves: the last of ``gradient_accumulation_steps``, by the mean of their gradients."""
        steps = self.gradient_accumulation_steps
        if steps is None:
            return True
        self.gathered = (self.gathered + 1) % steps
        for flat in flats:
            flat.gather(steps, last=self.gathered == 0)
        return self.gathered == 0

    def _average(self, flat: Flat) -> None:
        """Let the average of the parameters take in their values; perhaps put it in their place."""
        average, share = flat.state["average"], self.ema_momentum if self.iterations else 0.0
        average *= share
        average += (1 - share) * flat.value
        every = self.ema_overwrite_frequency
        if every is not None and (self.iterations + 1) % every == 0:
            flat.value[...] = average

    def finalize_variable_values(self, var_list: Any = None) -> None:
        """Put the average of the parameters in their place, if there is one; ``fit`` does at its end."""
        for flat in self._flats() if self.use_ema and self.groups else ():
            flat.value[...] = flat.state["average"]
            flat.stamp()

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for flat in self._flats():
            for p in flat.parameters:
                p.grad = None

    def _flats(self) -> list[Flat]:
        if not self.groups:
            raise NotReadyError(f"{self} has no parameters yet. Give model.parameters(), or call bind() or compile().")
        return [flat for group in self.groups for flat in group.flats]

    def _scales(self, flats: list[Flat]) -> list[Sequence[float] | None]:
        """What clipping by norm multiplies each parameter's gradient with; None: by 1."""
        limit = self.clipnorm or self.global_clipnorm
        if limit is None:
            return [None] * len(flats)
        norms = [[0.0 if g is None else norm(g) for g in flat.gradients] for flat in flats]
        if self.global_clipnorm:
            total = math.hypot(*(n for row in norms for n in row))
            norms = [[total] * len(row) for row in norms]
        return [[limit / max(n, limit) for n in row] for row in norms]

    # -- learning rate -------------------------------------------------------------------------------------------------

    @property
    def lr(self) -> LearningRate:
        """The learning rate of the next step. Set a number or a schedule."""
        return LearningRate(value_of(self._lr, self.iterations), self)

    @lr.setter
    def lr(self, rate: Rate) -> None:
        self._lr = checked_rate(rate)

    learning_rate = lr

    # -- parameters ----------------------------------------------------------------------------------------------------

    def bind(self, params: Params) -> None:
        """Take these parameters to move; a second time only the same ones.

        Errors: TypeError for what is not a Tensor; GraphError for a result of an op; DTypeError unless floating;
        ValueError for no parameters, or for others than before.
        """
        groups = list(grouped(params))
        if self.groups:
            before = {id(p) for flat in self._flats() for p in flat.parameters}
            if before != {id(p) for named, _ in groups for _, p in named}:
                raise ValueError(
                    f"{self} already moves other parameters, and has their state. Make a new optimiser for these."
                )
            return
        for named, own in groups:
            dtypes = dict.fromkeys(p.dtype for _, p in named)
            slots = dict.fromkeys(self.slots, self.start)
            more = [n for n, on in (("average", self.use_ema), ("gathered", self.gradient_accumulation_steps)) if on]
            flats = [Flat([(n, p) for n, p in named if p.dtype == d], slots, more) for d in dtypes]
            self.groups.append(Group(flats, **own))

    build = bind

    # -- saving --------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like this; a schedule as it is."""
        return {**arguments_of(self), "learning_rate": self._lr}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Another one with the same arguments, and no state."""
        return cls(**config)

    def state_dict(self) -> dict[str, Array]:
        """Copies of everything that a resumed run needs: ``iterations``, ``learning_rate``, ``<slot>.<parameter>``."""
        scalars = {"iterations": np.array(self.iterations), "learning_rate": np.array(self.lr)}
        if self.gradient_accumulation_steps:
            scalars["gathered"] = np.array(self.gathered)
        return scalars | {name: host(view.copy()) for name, view in self._state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state; a schedule in use stays and goes on from the loaded ``iterations``.

        Errors: CheckpointError with both sides' differences, before anything is written.
        """
        found = fitting(self.state_dict(), state, str(self))
        self.iterations = int(found["iterations"])
        self.gathered = int(found.get("gathered", 0))
        if not callable(self._lr):
            self.lr = float(found["learning_rate"])
        for name, view in self._state():
            view[...] = beside(view, found[name])

    def _state(self) -> Iterator[tuple[str, Array]]:
        """Each state array of each parameter, under its name, as a view in the parameter's shape."""
        for flat in self._flats():
            for slot, array in flat.state.items():
                for name, span, view in zip(flat.names, flat.spans, flat.views):
                    yield f"{slot}.{name}", array[span].reshape(view.shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.lr:g})"


class LearningRate(float):
    """A learning rate as it is read: a number that knows its optimiser, as scripts write ``learning_rate.assign(0.1)``."""

    optimizer: Optimizer

    def __new__(cls, rate: float, optimizer: Optimizer) -> Self:
        """A number."""
        self = super().__new__(cls, rate)
        self.optimizer = optimizer
        return self

    def assign(self, rate: Rate) -> None:
        """Give the optimiser another learning rate."""
        self.optimizer.lr = rate

    def numpy(self) -> float:
        """The number alone."""
        return float(self)

    def __reduce__(self) -> Any:
        return float, (float(self),)


def get(identifier: str | Optimizer | type[Optimizer]) -> Optimizer:
    """An optimiser by its name in any case, ready to be bound; an optimiser is returned as it is.

    Errors: UnknownNameError with the nearest name.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        if identifier.lower() not in Optimizer.known:
            raise UnknownNameError("optimizer", identifier, Optimizer.known)
        identifier = Optimizer.known[identifier.lower()]
    if isinstance(identifier, type):
        return identifier()
    raise TypeError(f"An optimizer is a name such as 'adam' or an optim.Optimizer, not {identifier!r}.")


def usual_rate(cls: type[Optimizer]) -> Any:
    """The learning rate that a class takes if none is given: its own, or of the class that it is made from."""
    found = (inspect.signature(c).parameters.get("lr") for c in cls.__mro__ if issubclass(c, Optimizer))
    return next((lr.default for lr in found if lr), None)


def fractions(**values: float) -> None:
    """Check that each value is a share: 0 <= value < 1."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} is at least 0 and below 1, not {value!r}.")


def blend(average: Array, value: Array, share: float, scratch: Array) -> None:
    """average += share * (value - average): an exponential moving average takes in a value, in place."""
    np.subtract(value, average, out=scratch)
    scratch *= share
    average += scratch
