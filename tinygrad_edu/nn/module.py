"""Module: something with parameters that computes.

There is no registration: a module's parts are its attributes. Assign a ``Parameter``, a ``Module``, or a list or dict of
them, in whatever order, and they are found under the attribute's name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Self

import numpy as np

from ..engine import Tensor, beside, mutation, no_grad
from ..engine.device import HOST, host, moved
from ..engine.errors import NotReadyError
from ..engine.looks import drawn
from ..io.objects import Configured
from ..optim.state import fitting
from ..training.rehearsal import rehearsal
from .parameter import Parameter
from .symbolic import connect, symbolic

__all__ = ["Module"]


_forced: ContextVar[bool | None] = ContextVar("tinygrad_edu.training", default=None)  # by ``training=`` of a call


class Module(Configured):
    """Something that computes with parameters: subclass it, assign the parts in ``__init__``, define ``forward``.

    ::

        class Residual(Module):
            def __init__(self, size):
                self.inner = Linear(size, size)

            def forward(self, x):
                return x + self.inner(x)

    ``call`` is another name for ``forward``. A ``forward`` with a parameter ``training`` is given the mode.

    Parameters whose sizes depend on the input are made in ``build``, which runs before the first call::

        class Scale(Module):
            def build(self, input_shape):
                self.factor = Parameter(np.ones(input_shape[-1]))

            def forward(self, x):
                return x * self.factor

    Attributes: ``training``, the mode; ``trainable``, False while frozen; ``built``, False until the first call or
    ``build``; ``input_shape``, of the first call.
    """

    built: bool = False
    input_shape: Any = None
    forward: Callable[..., Any]
    call: Callable[..., Any]
    _training = True
    _trainable = True
    _wants_mode = False
    _ends: tuple[Any, Any] | None = None  # the symbolic input and output of its first use in a functional model

    def __init_subclass__(cls, **options: Any) -> None:
        """Make ``forward`` and ``call`` names of one function, and let ``build`` run once."""
        super().__init_subclass__(**options)
        own = vars(cls)
        if "forward" in own or "call" in own:
            cls.forward = cls.call = own.get("forward") or own["call"]
            cls._wants_mode = "training" in names_of(cls.forward)
        if "build" in own:
            cls.build = once(own["build"])  # type: ignore[method-assign]

    def __call__(self, *inputs: Any, training: bool | None = None, **options: Any) -> Any:
        """Run ``forward``; on symbolic tensors, become part of a functional model.

        training : the mode of this call, for all that it calls in turn; None: as ``train()`` and ``eval()`` have set it.
        """
        if symbolic(inputs) or (options and symbolic(options.values())):
            return connect(self, inputs, options if training is None else options | {"training": training})
        if training is not None and training is not _forced.get():
            token = _forced.set(bool(training))
            try:
                return Module.__call__(self, *inputs, **options)
            finally:
                _forced.reset(token)
        if self._wants_mode:
            options["training"] = self.training
        if self.built:
            return self.forward(*inputs, **options)
        shapes = [shape_of(x) for x in inputs]
        self.build_for(shapes)
        out = self.forward(*inputs, **options)
        self.built, self.input_shape = True, shapes[0] if len(shapes) == 1 else shapes
        return out

    def build(self, *input_shapes: Any) -> None:
        """Make the parameters that depend on the shapes of the inputs, (batch, ...); the batch may be None.

        By default zeros of these shapes are passed through, for which each part builds itself.
        """
        if type(self).build is Module.build:  # and not super().build() of a layer that has made its parameters
            self.pass_zeros(*input_shapes)
            self.input_shape = input_shapes[0] if len(input_shapes) == 1 else list(input_shapes)

    def build_for(self, shapes: Sequence[Any]) -> None:
        """Make the parameters of its own that wait for the shapes of a call's inputs."""
        if self.waits():
            self.build(*shapes[: len(names_of(type(self).build)) - 1])  # without self

    def pass_zeros(self, *input_shapes: Any) -> Any:
        """What comes out for one sample of zeros, out of training and without a graph."""
        with no_grad(), rehearsal(self):
            return self(*(self._zeros(shape) for shape in input_shapes), training=False)

    def waits(self) -> bool:
        """Whether parameters of its own are still to come, with the first input."""
        return not self.built and type(self).build is not Module.build

    def _zeros(self, shape: Any) -> Any:
        """A sample of zeros, of the dtype and device of the parameters; lists and dicts of shapes give lists and dicts."""
        if isinstance(shape, dict):
            return {name: self._zeros(s) for name, s in shape.items()}
        if isinstance(shape, (list, tuple)) and any(isinstance(s, (list, tuple)) for s in shape):
            return [self._zeros(s) for s in shape]
        sizes = [1 if n is None or i == 0 else n for i, n in enumerate(shape)]
        like = next((p.data for _, p in self.named_variables()), np.zeros(0, np.float32))
        return Tensor(np.zeros_like(like, shape=sizes))

    # -- parts ---------------------------------------------------------------------------------------------------------

    def named_parts(self) -> Iterator[tuple[str, Parameter | Module]]:
        """The parameters and modules among the attributes, with their names."""
        for name, value in vars(self).items():
            yield from within(name, value)

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (part for _, part in self.named_parts() if isinstance(part, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module itself and all inside, each once, with dotted names."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                inner = [(f"{name}.{n}" if name else n, m) for n, m in module.named_parts() if isinstance(m, Module)]
                stack.extend(reversed(inner))

    def modules(self) -> Iterator[Module]:
        """The module itself and all inside, each once."""
        return (module for _, module in self.named_modules())

    def named_variables(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters, trainable or not, each once, with dotted names: what ``state_dict`` holds."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, part in module.named_parts():
                if isinstance(part, Parameter) and id(part) not in seen:
                    seen.add(id(part))
                    yield f"{prefix}.{name}" if prefix else name, part

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters that gradients move, each once, with dotted names; frozen ones included."""
        return ((name, p) for name, p in self.named_variables() if p.trainable)

    def parameters(self) -> Iterator[Parameter]:
        """The parameters that gradients move, each once.

        Errors: NotReadyError if a part is not built yet: its parameters do not exist.
        """
        self._ready()
        return (p for _, p in self.named_parameters())

    def _ready(self) -> None:
        """Refuse to list parameters while some do not exist."""
        for name, module in self.named_modules():
            if module.waits():
                raise NotReadyError(
                    f"{module!r}{f' at {name!r}' if name else ''} has no parameters yet: its input size is not known. Call "
                    "the model once, or build(input_shape)."
                )

    # -- modes ---------------------------------------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        """The mode: in training, dropout drops and batch norm looks at the batch."""
        forced = _forced.get()
        return self._training if forced is None else forced

    @training.setter
    def training(self, training: bool) -> None:
        self._training = training

    def train(self, training: bool = True) -> Self:
        """Set the mode of this module and all inside."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Leave training mode: the same as ``train(False)``."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for _, p in self.named_parameters():
            p.grad = None

    @property
    def trainable(self) -> bool:
        """False keeps all parameters, those to be built included, as they are: no gradient, no step."""
        return self._trainable

    @trainable.setter
    def trainable(self, trainable: bool) -> None:
        for module in self.modules():
            module._trainable = bool(trainable)
        for _, p in self.named_parameters():
            p.requires_grad = bool(trainable)

    def freeze(self) -> Self:
        """Set ``trainable`` to False; the parameters then count as non-trainable."""
        self.trainable = False
        return self

    def unfreeze(self) -> Self:
        """Undo ``freeze``."""
        self.trainable = True
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call ``function(module)`` for this module and all inside."""
        for module in list(self.modules()):
            function(module)
        return self

    # -- saving --------------------------------------------------------------------------------------------------------

    def stored_as(self, i: int, name: str) -> str:
        """Where a model's file keeps this parameter: the i-th of its own, those that gradients move first."""
        return f"vars/{i}"

    def state_dict(self) -> dict[str, Any]:
        """A copy of every parameter's values, by name; of tied ones under the first name.

        Errors: NotReadyError if a part is not built yet.
        """
        self._ready()
        return {name: host(p.data.copy()) for name, p in self.named_variables()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Take over values. Every name, shape and dtype is checked before anything is written.

        strict : False to ignore names that only one side has.
        Errors: CheckpointError that lists the differences of both sides; the module is then as before. NotReadyError if a
        part is not built yet.
        """
        self._ready()
        own = dict(self.named_variables())
        values = fitting({n: p.data for n, p in own.items()}, state, type(self).__name__, strict)
        for name, value in values.items():
            own[name].data[...] = beside(own[name], value)
            mutation.stamp(own[name].data)

    @property
    def device(self) -> str:
        """Where the parameters live: "cpu", or a GPU such as "cuda:0"."""
        return next((p.device for _, p in self.named_variables()), HOST)

    def to(self, device: str) -> Self:
        """Move all parameters to a device, in place; forgets their gradients. Make or compile the optimiser afterwards.

        Errors: NotReadyError if a part is not built yet; MissingExtraError without CuPy; DeviceError if it is not there.
        """
        self._ready()
        for _, p in self.named_variables():
            p.data, p.grad = moved(p.data, device), None
        return self

    def astype(self, dtype: Any) -> Self:
        """Convert all parameters to a dtype, such as float64 to check gradients; forgets their gradients."""
        self._ready()
        for _, p in self.named_variables():
            p.data, p.grad = p.data.astype(dtype), None
        return self

    # -- looks ---------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets of the representation."""
        return ""

    def _repr_html_(self) -> str:
        return drawn("html", self)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        inner = [(name, repr(part)) for name, part in self.named_parts() if isinstance(part, Module)]
        head = f"{type(self).__name__}({self.extra_repr()}"
        if not inner:
            return head + ")"
        lines = [f"({name}): {text}".replace("\n", "\n  ") for name, text in inner]
        return head + "\n  " + "\n  ".join(lines) + "\n)"


def within(name: str, value: Any) -> Iterator[tuple[str, Parameter | Module]]:
    """The parameters and modules in a value: itself, or those in a list, tuple or dict."""
    if isinstance(value, (Parameter, Module)):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from within(f"{name}.{i}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from within(f"{name}.{key}", item)


def shape_of(x: Any) -> Any:
    """The shape of an input; of a list or dict of inputs, a list or dict of shapes."""
    if isinstance(x, dict):
        return {name: shape_of(v) for name, v in x.items()}
    if isinstance(x, (list, tuple)) and any(hasattr(v, "shape") for v in x):
        return [shape_of(v) for v in x]
    return tuple(np.shape(x))


def names_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()


def once(build: Callable[..., None]) -> Callable[..., None]:
    """``build`` as it runs for a module: the first time only, and leaving frozen what is frozen."""

    @functools.wraps(build)
    def building(self: Module, *input_shapes: Any) -> None:
        if self.built:
            return
        build(self, *input_shapes)
        self.built = True
        if not self.trainable:
            self.freeze()

    return building
