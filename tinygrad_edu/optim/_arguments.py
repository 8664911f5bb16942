"""The arguments of optimisers: in Keras's order where the learning rate comes first, and as plain data."""

from __future__ import annotations

import inspect
from abc import ABCMeta
from typing import Any, TypedDict

from ._groups import Rate, is_rate

__all__ = ["Kind", "Options", "arguments_of"]


class Options(TypedDict, total=False):
    """What every optimiser takes by keyword, whatever its rule; without ``learning_rate`` in Keras's order."""

    learning_rate: Rate | None
    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    gradient_accumulation_steps: int | None
    name: str | None


class Kind(ABCMeta):
    """The class of optimiser classes: ``SGD(0.01, 0.9)`` is a learning rate and a momentum, as in Keras."""

    @property
    def __signature__(cls) -> inspect.Signature:
        """The arguments of a class, for editors and for people who ask."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make one, with arguments after a learning rate under their names."""
        if len(args) > 1 and is_rate(args[0]) and takes_parameters(cls):
            order = ["learning_rate", *in_order(cls)]
            if len(args) > len(order):
                raise TypeError(f"{cls.__name__} takes at most {len(order)} arguments: {', '.join(order)}.")
            given = dict(zip(order, args))
            twice = sorted(set(given) & set(kwargs))
            if twice:
                raise TypeError(f"{cls.__name__}: {', '.join(twice)} given twice, by place and by name.")
            args, kwargs = (), given | kwargs
        return super().__call__(*args, **kwargs)


def takes_parameters(cls: Any) -> bool:
    """Whether the first argument is the parameters to move, as it is unless a subclass has other ideas."""
    return list(inspect.signature(cls.__init__).parameters)[1:3] == ["params", "lr"]


def in_order(cls: Any) -> list[str]:
    """The arguments after the learning rate: the rule's own, then those of every optimiser."""
    own = [n for n, p in list(inspect.signature(cls.__init__).parameters.items())[3:] if p.kind is not p.VAR_KEYWORD]
    shared = [n for n in Options.__annotations__ if n != "learning_rate"]
    first = [n for n in cls.first if n in shared]  # AdamW's weight decay
    return list(dict.fromkeys([*first, *(n for n in own if n not in Options.__annotations__), *shared]))


def arguments_of(optimizer: Any) -> dict[str, Any]:
    """The arguments that make another optimiser like this one; a schedule as it is."""
    return {name: getattr(optimizer, name) for name in ("name", *in_order(type(optimizer)))}
