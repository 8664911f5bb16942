"""What of a model goes over to another framework: its layers with weights, each with the arrays that it owns."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from ..engine import Array
from ..engine.device import host
from ..engine.errors import CheckpointError, MissingExtraError, TinygradEduWarning
from ..nn import Module, Parameter

__all__ = ["ExchangeWarning", "Layout", "Part", "State", "check_epsilon", "imported", "paired", "parts"]

State: TypeAlias = dict[str, Array]


class ExchangeWarning(TinygradEduWarning):
    """Weights went over, and something that is no weight makes the predictions differ."""


class Layout(NamedTuple):
    """How a layer's weights are laid out elsewhere.

    to : our arrays by our names -> theirs by theirs.
    back : theirs by their names, and ours as they are now -> ours.
    """

    to: Callable[[State], State]
    back: Callable[[State, State], State]


class Part(NamedTuple):
    """A layer with weights: its name in the model, the arrays by their names in the layer, and which of them it shares.

    tied : those that belong to an earlier layer.
    """

    name: str
    layer: Module
    own: State
    tied: frozenset[str]


def parts(model: Module, whole: Callable[[Module], bool] = lambda module: False) -> Iterator[Part]:
    """The layers of a model that have weights, in its order.

    whole : layers that count as one, with all that is inside.
    """
    model.state_dict()  # all weights must exist
    seen: set[int] = set()
    inside: set[int] = set()
    for name, module in model.named_modules():
        if id(module) in inside:
            continue
        one = whole(module)
        if one:
            inside |= set(map(id, module.modules()))
        named = module.named_variables() if one else module.named_parts()
        own = {n: p for n, p in named if isinstance(p, Parameter)}
        if own:
            tied = frozenset(n for n, p in own.items() if id(p) in seen)
            seen |= {id(p) for p in own.values()}
            yield Part(name, module, {n: host(p.data) for n, p in own.items()}, tied)


def paired(ours: Sequence[str], theirs: Sequence[str], what: str) -> list[tuple[str, str]]:
    """Which of our layers goes with which of theirs: those of one name if all names agree, else in order.

    what : whose the other layers are, for the message.
    Errors: CheckpointError with both lists and the first difference, if one side has more.
    """
    if set(ours) == set(theirs):
        return [(name, name) for name in ours]
    if len(ours) == len(theirs):
        return list(zip(ours, theirs))
    lines = [f"{a or '-':<30} {b or '-'}" for a, b in itertools.zip_longest(ours, theirs)]
    alone = next(i for i, (a, b) in enumerate(itertools.zip_longest(ours, theirs)) if a is None or b is None)
    raise CheckpointError(
        f"The model has {len(ours)} layers with weights, {what} has {len(theirs)}; number {alone + 1} has no partner. Nothing was "
        "changed.\n  " + "\n  ".join([f"{'here':<30} there", *lines])
    )


def check_epsilon(name: str, ours: Mapping[str, Any], theirs: Any) -> str | None:
    """What to say about a norm whose epsilon is another one there."""
    mine, other = (
        ours.get("epsilon"),
        next((getattr(theirs, n) for n in ("epsilon", "eps") if hasattr(theirs, n)), None),
    )
    if mine is None or other is None or mine == other:
        return None
    return (
        f"{name} adds epsilon={mine:g} here and {other:g} there, so predictions will differ a little. Make them equal."
    )


def imported(package: str, extra: str, purpose: str) -> Any:
    """A package that is not ours.

    Errors: MissingExtraError with the command that installs it.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(package, extra, purpose) from error
