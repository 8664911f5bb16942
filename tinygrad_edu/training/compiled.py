"""What ``compile`` was told, resolved from names: for each output a loss and metrics, and the means that go into logs."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..engine import Tensor
from ..engine.errors import NotReadyError, ShapeError, UnknownNameError
from . import losses as loss_words
from . import metrics as metric_words
from .losses import Loss
from .metrics import Mean
from .structure import Nested, leaves, transform

__all__ = ["Compiled"]


class Term(NamedTuple):
    """One output of the model, with what belongs to it."""

    name: str  # "" if it is the only one
    y: Any
    y_pred: Any
    weight: Any


class Compiled:
    """Losses, their weights, and metrics. For several outputs each argument is a list in their order or a dict by name.

    tracker : the running mean of the loss that is minimised.
    """

    def __init__(
        self,
        loss: Nested = None,
        loss_weights: Nested = None,
        metrics: Nested = None,
        weighted_metrics: Nested = None,
        output_names: list[str] | None = None,
    ) -> None:
        self.losses = transform(loss_words.get, loss)
        self.loss_weights = transform(checked_weight, loss_weights)
        self.specs = [
            (transform(metric_words.get, [spec] if is_single(spec) else spec), weighted)
            for spec, weighted in ((metrics, False), (weighted_metrics, True))
            if spec is not None
        ]
        self.output_names = output_names
        self.outputs = [""]  # names of the last batch's outputs; "" is the only one
        self.tracker = Mean("loss")
        self.parts: dict[str, Mean] = {}  # the loss of each output, if there are several

    # -- outputs -------------------------------------------------------------------------------------------------------

    def terms(self, y: Nested, y_pred: Nested, sample_weight: Nested = None) -> list[Term]:
        """The outputs of a batch, each with its targets and weights."""
        if not isinstance(y_pred, (list, tuple, dict)):
            return [Term("", only(y), y_pred, only(sample_weight))]
        names = self.outputs = self.names(y_pred)
        outputs = y_pred.values() if isinstance(y_pred, dict) else y_pred
        return [
            Term(name, part(y, name, i, names), p, part(sample_weight, name, i, names))
            for i, (name, p) in enumerate(zip(names, outputs))
        ]

    def names(self, y_pred: Nested) -> list[str]:
        """The names of several outputs: the dict's, else the model's, else output_1, output_2, ..."""
        if isinstance(y_pred, dict):
            return list(y_pred)
        return self.output_names or [f"output_{i + 1}" for i in range(len(y_pred))]

    # -- the loss ------------------------------------------------------------------------------------------------------

    def loss(self, y: Nested, y_pred: Nested, sample_weight: Nested = None) -> Tensor:
        """The loss of a batch: each output's, times its weight, added up."""
        terms = self.terms(y, y_pred, sample_weight)
        if self.losses is None:
            raise NotReadyError(
                "There is no loss to minimise. Give compile(loss=...), or write compute_loss or train_step."
            )
        names = [term.name for term in terms]
        total: Any = None
        for i, term in enumerate(terms):
            loss = part(self.losses, term.name, i, names) if term.name else only(self.losses)
            if loss is None:
                continue
            if term.y is None:
                raise ShapeError(f"{loss.name}: there are no targets. Give y, or data that yields (x, y).")
            value = loss(term.y, term.y_pred, term.weight)
            if term.name:
                self.parts.setdefault(term.name, Mean(f"{term.name}_loss")).update_state(value.item(), len(term.y_pred))
            factor = part(self.loss_weights, term.name, i, names) if term.name else only(self.loss_weights)
            value = value if factor is None else value * factor
            total = value if total is None else total + value
        if total is None:
            raise NotReadyError("No output has a loss. Give compile(loss=...) one for at least one output.")
        return total  # type: ignore[no-any-return]

    def check(self, y: Nested, targets: Nested, y_pred: Nested) -> None:
        """Compute the loss of a few samples, and let each loss look at all targets at hand, before training starts."""
        self.loss(y, y_pred)
        self.parts.clear()
        if targets is None:
            return
        terms = self.terms(targets, y_pred)
        names = [term.name for term in terms]
        for i, term in enumerate(terms):
            loss = part(self.losses, term.name, i, names) if term.name else only(self.losses)
            if isinstance(loss, Loss):
                loss.check(term.y, term.y_pred)

    # -- metrics -------------------------------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, the losses of several outputs, and every metric, in the order of logs."""
        return [self.tracker, *self.parts.values(), *(m for spec, _ in self.specs for _, m in leaves(spec))]

    def update(self, y: Nested, y_pred: Nested, sample_weight: Nested = None) -> None:
        """Let every metric take in a batch."""
        terms = self.terms(y, y_pred, sample_weight)
        for spec, weighted in self.specs:
            for i, term in enumerate(terms):
                for _, metric in leaves(self.of_output(spec, term.name, i, len(terms))):
                    metric.update_state(term.y, term.y_pred, term.weight if weighted else None)

    def of_output(self, spec: Nested, name: str, i: int, count: int) -> Nested:
        """The metrics of one output."""
        if not name:
            return spec
        if not isinstance(spec, dict) and len(spec) != count:
            raise ValueError(
                f"metrics: the model has {count} outputs; give a list of {count} lists, or a dict by output name."
            )
        return spec.get(name) if isinstance(spec, dict) else spec[i]

    def result(self) -> dict[str, float]:
        """Everything by its name in logs."""
        logs = {m.name: m.result() for m in (self.tracker, *self.parts.values())}
        for spec, weighted in self.specs:
            for i, name in enumerate(self.outputs):
                for _, metric in leaves(self.of_output(spec, name, i, len(self.outputs))):
                    key = f"{name}_{metric.name}" if name else metric.name
                    logs[f"weighted_{key}" if weighted and key in logs else key] = metric.result()
        return logs

    def reset(self) -> None:
        """Start all means anew."""
        for metric in self.metrics:
            metric.reset_state()


def checked_weight(weight: Any) -> float:
    if isinstance(weight, (int, float)):
        return weight
    raise TypeError(f"loss_weights: numbers expected, got {weight!r}. Names of metrics go into metrics=[...].")


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
