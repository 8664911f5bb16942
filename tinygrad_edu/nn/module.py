"""Module: something with parameters that computes.

There is no registration: a module's parts are its attributes. Assign a ``Parameter``, a ``Module``, or a list or dict of
them, in whatever order, and they are found under the attribute's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from ..engine import Tensor, mutation
from ..engine.errors import NotReadyError
from ..optim.state import fitting
from .parameter import Parameter

__all__ = ["Module"]


class Module:
    """Something that computes with parameters: subclass it, assign the parts in ``__init__``, define ``forward``.

    ::

        class Residual(Module):
            def __init__(self, size):
                self.inner = Linear(size, size)

            def forward(self, x):
                return x + self.inner(x)

    ``call`` is another name for ``forward``. A ``forward`` with a parameter ``training`` is given the mode.
    Parameters whose sizes depend on the input are made in ``build(input_shape)``, which runs before the first call.

    Attributes: ``training``, the mode; ``built``, whether ``build`` has run.
    """

    training: bool = True
    built: bool = False
    forward: Callable[..., Any]
    call: Callable[..., Any]
    _wants_mode = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Make ``forward`` and ``call`` names of one function, and note whether it takes ``training``."""
        super().__init_subclass__(**options)
        own = vars(cls)
        if "forward" in own or "call" in own:
            cls.forward = cls.call = own.get("forward") or own["call"]
            code = getattr(cls.forward, "__code__", None)
            cls._wants_mode = (
                code is not None and "training" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            )

    def __call__(self, *inputs: Any, training: bool | None = None, **options: Any) -> Any:
        """Run ``forward``.

        training : the mode for this call; None leaves it as ``train()`` and ``eval()`` have set it.
        """
        if training is not None and training is not self.training:
            with self.mode(training):
                return self(*inputs, **options)
        if not self.built and inputs:
            self.build_for(inputs[0])
        if self._wants_mode:
            options["training"] = self.training
        return self.forward(*inputs, **options)

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the parameters that depend on the input's shape, (batch, ...); by default there are none."""

    def build_for(self, x: Any) -> None:
        """Build for an input, once."""
        self.build(tuple(np.shape(x)))
        self.built = True

    def waits(self) -> bool:
        """Whether parameters of its own are still to come, with the first input."""
        return not self.built and type(self).build is not Module.build

    # -- parts ---------------------------------------------------------------------------------------------------------

    def parts(self) -> Iterator[tuple[str, Parameter | Module]]:
        """The parameters and modules among the attributes, with their names."""
        for name, value in vars(self).items():
            yield from within(name, value)

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (part for _, part in self.parts() if isinstance(part, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module itself and all inside, each once, with dotted names."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                inner = [(f"{name}.{n}" if name else n, m) for n, m in module.parts() if isinstance(m, Module)]
                stack.extend(reversed(inner))

    def modules(self) -> Iterator[Module]:
        """The module itself and all inside, each once."""
        return (module for _, module in self.named_modules())

    def named_variables(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters, trainable or not, each once, with dotted names: what ``state_dict`` holds."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, part in module.parts():
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
        for name, module in self.named_modules():
            if module.waits():
                raise NotReadyError(
                    f"{type(module).__name__}{f' {name!r}' if name else ''} has no parameters yet: its input size is not known. "
                    "Call the model once, or build(input_shape)."
                )
        return (p for _, p in self.named_parameters())

    # -- modes ---------------------------------------------------------------------------------------------------------

    def train(self, training: bool = True) -> Self:
        """Set the mode of this module and all inside: dropout drops, batch norm looks at the batch."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Leave training mode: the same as ``train(False)``."""
        return self.train(False)

    @contextmanager
    def mode(self, training: bool) -> Iterator[None]:
        """The mode inside a ``with`` block; each part gets its own back."""
        before = [(module, module.training) for module in self.modules()]
        self.train(training)
        try:
            yield
        finally:
            for module, was in before:
                module.training = was

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for _, p in self.named_parameters():
            p.grad = None

    def freeze(self) -> Self:
        """Keep all parameters as they are: no gradient, no step. They count as non-trainable until ``unfreeze``."""
        for _, p in self.named_parameters():
            p.requires_grad = False
        return self

    def unfreeze(self) -> Self:
        """Undo ``freeze``."""
        for _, p in self.named_parameters():
            p.requires_grad = True
        return self

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call ``function(module)`` for this module and all inside."""
        for module in list(self.modules()):
            function(module)
        return self

    # -- saving --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """A copy of every parameter's values, by name."""
        return {name: p.data.copy() for name, p in self.named_variables()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Take over values. Every name, shape and dtype is checked before anything is written.

        strict : False to ignore names that only one side has.
        Errors: CheckpointError that lists the differences of both sides; the module is then as before.
        """
        own = dict(self.named_variables())
        values = fitting({n: p.data for n, p in own.items()}, state, type(self).__name__, strict)
        for name, value in values.items():
            own[name].data[...] = value
            mutation.stamp(own[name].data)

    # -- looks ---------------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets of the representation."""
        return ""

    def __repr__(self) -> str:
        inner = [(name, repr(part)) for name, part in self.parts() if isinstance(part, Module)]
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


def as_input(x: Any) -> Any:
    """What a model was called with, as a Tensor: arrays and lists are welcome."""
    return x if isinstance(x, Tensor) else Tensor(x)
