"""What ``compile`` was told, resolved from names: for each output a loss and metrics, and the means that go into logs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ..engine import Tensor
from ..engine.errors import NotReadyError, ShapeError, UnknownNameError
from . import losses as loss_words
from . import metrics as metric_words
from .metrics import Mean
from .structure import Nested, leaves, plain, transform

__all__ = ["Compiled"]


class Output(NamedTuple):
    """One output of the model: its name ("" if it is the only one), its predictions, and how to find what belongs to it."""

    name: str
    prediction: Any
    own: Callable[[Nested], Any]


class Compiled:
    """Losses, their weights, and metrics. For several outputs each argument is a list in their order or a dict by name.

    given : what they were, for files.  tracker : the running mean of the loss that is minimised.
    """

    def __init__(
        self,
        loss: Nested = None,
        loss_weights: Nested = None,
        metrics: Nested = None,
        weighted_metrics: Nested = None,
        output_names: list[str] | None = None,
    ) -> None:
        self.given = {
            "loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics,
        }  # fmt: skip
        self.losses = transform(loss_words.get, loss)
        self.loss_weights = transform(checked_weight, loss_weights)
        self.specs = [
            (transform(metric_words.get, [spec] if is_single(spec) else spec), weighted)
            for spec, weighted in ((metrics, False), (weighted_metrics, True))
            if spec is not None
        ]
        self.output_names = output_names
        self.names = [""]  # of the last batch's outputs; "" is the only one
        self.tracker = Mean("loss")
        self.parts: dict[str, Mean] = {}  # the loss of each output, if there are several

    # -- outputs -------------------------------------------------------------------------------------------------------

    def outputs(self, y_pred: Nested) -> list[Output]:
        """The outputs of a batch. One in a list or dict counts as that one, without a name in logs."""
        if not isinstance(y_pred, (list, tuple, dict)) or len(y_pred) == 1:
            return [Output("", only(y_pred), only)]
        self.names = names = self.names_of(y_pred)
        predictions = y_pred.values() if isinstance(y_pred, dict) else y_pred
        return [
            Output(name, p, partial(part, name=name, i=i, names=names))
            for i, (name, p) in enumerate(zip(names, predictions))
        ]

    def names_of(self, y_pred: Nested) -> list[str]:
        """The names of several outputs: the dict's, else the model's, else output_1, output_2, ..."""
        if isinstance(y_pred, dict):
            return list(y_pred)
        return self.output_names or [f"output_{i + 1}" for i in range(len(y_pred))]

    # -- the loss ------------------------------------------------------------------------------------------------------

    def loss(self, y: Nested, y_pred: Nested, sample_weight: Nested = None) -> Tensor:
        """The loss of a batch: each output's, times its weight, added up."""
        total: Any = None
        for name, prediction, own in self.outputs(y_pred):
            loss, target, factor = own(self.losses), own(y), own(self.loss_weights)
            if loss is None:
                continue
            if target is None:
                raise ShapeError(f"{loss.name}: there are no targets. Give y, or data that yields (x, y).")
            value = loss(target, prediction, own(sample_weight))
            if name:
                self.expect([name])
                self.parts[name].update_state(value.item(), len(prediction))
            value = value if factor is None else value * factor
            total = value if total is None else total + value
        if total is None:
            raise NotReadyError(
                "There is no loss to minimise. Give compile(loss=...), or write compute_loss or train_step."
            )
        return total  # type: ignore[no-any-return]

    def expect(self, names: list[str]) -> None:
        """Have a mean for the loss of each of these outputs."""
        for name in names:
            self.parts.setdefault(name, Mean(f"{name}_loss"))

    def check(self, y: Nested, targets: Nested, y_pred: Nested) -> None:
        """Let each loss look at all targets at hand, and compute it for a few samples, before training starts.

        Errors: UnknownNameError for losses, weights or metrics of an output that the model does not have.
        """
        for _, prediction, own in self.outputs(y_pred):
            loss, target = own(self.losses), own(targets)
            if loss is not None and target is not None:
                loss.check(target, prediction)
        self.loss(y, y_pred)
        self.parts.clear()
        for nested in (self.losses, self.loss_weights, *(spec for spec, _ in self.specs)):
            for key in nested if isinstance(nested, dict) and self.names != [""] else ():
                if key not in self.names:
                    raise UnknownNameError("output", key, self.names)

    # -- metrics -------------------------------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, the losses of several outputs, and every metric, in the order of logs."""
        return [self.tracker, *self.parts.values(), *(m for spec, _ in self.specs for _, m in leaves(spec))]

    def update(self, y: Nested, y_pred: Nested, sample_weight: Nested = None) -> None:
        """Let every metric take in a batch."""
        for i, (name, prediction, own) in enumerate(self.outputs(y_pred)):
            target, weight = own(y), own(sample_weight)
            for spec, weighted in self.specs:
                for _, metric in leaves(self.of_output(spec, name, i)):
                    metric.update_state(target, prediction, weight if weighted else None)

    def of_output(self, spec: Nested, name: str, i: int) -> Nested:
        """The metrics of one output."""
        if not name:
            return spec
        if not isinstance(spec, dict) and len(spec) != len(self.names):
            raise ValueError(
                f"metrics: the model has {len(self.names)} outputs; give a list of as many lists, or a dict by output name."
            )
        return spec.get(name) if isinstance(spec, dict) else spec[i]

    def result(self) -> dict[str, float]:
        """Everything by its name in logs."""
        logs: dict[str, Any] = {m.name: m.result() for m in (self.tracker, *self.parts.values())}
        for spec, weighted in self.specs:
            for i, name in enumerate(self.names):
                for _, metric in leaves(self.of_output(spec, name, i)):
                    value = metric.result()
                    for word, one in value.items() if isinstance(value, dict) else [(metric.name, value)]:
                        key = f"{name}_{word}" if name else word
                        key = f"weighted_{key}" if weighted and key in logs else key
                        logs[unused(key, logs)] = plain(one)
        return logs

    def reset(self) -> None:
        """Start all means anew."""
        for metric in self.metrics:
            metric.reset_state()


def checked_weight(weight: Any) -> float:
    if isinstance(weight, (int, float)):
        return weight
    raise TypeError(f"loss_weights: numbers expected, got {weight!r}. Names of metrics go into metrics=[...].")


def unused(key: str, logs: dict[str, Any]) -> str:
    """A key that the logs do not have: auc, auc_1, auc_2."""
    keys = itertools.chain([key], (f"{key}_{n}" for n in itertools.count(1)))
    return next(k for k in keys if k not in logs)


def is_single(spec: Any) -> bool:
    return not isinstance(spec, (list, tuple, dict))


def only(nested: Nested) -> Any:
    """What belongs to a single output: the thing itself, or the one entry of a list or dict."""
    if not isinstance(nested, (list, tuple, dict)):
        return nested
    if len(nested) != 1:
        raise ShapeError(
            f"The model has one output, but {len(nested)} were given for it: {type(nested).__name__} {nested!r:.60}."
        )
    return only(next(iter(nested.values() if isinstance(nested, dict) else nested)))


def part(nested: Nested, name: str, i: int, names: list[str]) -> Any:
    """What belongs to one of several outputs: the entry of a list or dict; anything else is for all of them."""
    if isinstance(nested, dict):
        for key in nested:
            if key not in names:
                raise UnknownNameError("output", key, names)
        return nested.get(name)
    if isinstance(nested, (list, tuple)):
        if len(nested) != len(names):
            raise ShapeError(f"The model has {len(names)} outputs ({', '.join(names)}), but {len(nested)} were given.")
        return nested[i]
    return nested
