"""What one batch does, in methods that are made to be overridden, and the loss and metrics that they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import optim
from ..engine import Tensor, random
from ..engine.errors import NotReadyError
from .compiled import Compiled
from .metrics import Metric
from .structure import Batch, Nested, detached, leaves, plain, samples, transform, unpack

__all__ = ["Steps"]


class Steps:
    """compile, and the steps of training, evaluation and prediction.

    Attributes: ``optimizer``; ``losses``, penalties that the last call of the model made, such as regularisers;
    ``shuffle_rng``, which draws the order of the samples (save it with a checkpoint that is to be resumed).
    """

    optimizer: Any = None
    losses: Sequence[Tensor] = ()
    output_names: list[str] | None = None
    shuffle_rng: np.random.Generator | None = None
    _compiled: Compiled | None = None
    _kept: Sequence[Metric] = ()  # the metrics of the model's own and its layers' that were found last

    if TYPE_CHECKING:  # what the class that mixes this in brings

        def __call__(self, x: Any, *, training: bool) -> Any:
            """The predictions for a batch."""

        def named_parameters(self) -> Iterator[tuple[str, Any]]:
            """What the optimiser moves."""

    @contextmanager
    def mode(self, training: bool) -> Iterator[None]:
        """The mode inside a ``with`` block. A Module's own ``mode`` comes first; this is for models that have none."""
        yield

    # -- how to train --------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Nested = None,
        loss_weights: Nested = None,
        metrics: Nested = None,
        weighted_metrics: Nested = None,
        run_eagerly: bool = True,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how the model is trained: optimiser, loss and metrics.

        optimizer : a name such as "adam", or an ``optim.Optimizer``.
        loss : a name such as "mse", a function of (y_true, y_pred), a ``losses.Loss``, or a module of ``nn``.
        loss_weights : factors of the losses of several outputs.
        metrics : names such as "accuracy", functions or ``metrics.Metric`` objects.
        weighted_metrics : metrics that heed sample weights.
        The others are Keras's. Everything is run as it is written, step by step, so only their plain values are taken.
        Errors: UnknownNameError for an unknown name, at once, with the nearest one there is.
        """
        if steps_per_execution != 1:
            raise ValueError(
                f"steps_per_execution={steps_per_execution}: every step is run by itself here. Leave it out."
            )
        if jit_compile not in ("auto", False):
            raise ValueError("jit_compile=True: nothing is compiled here. Leave it out.")
        self.optimizer = optim.get(optimizer)
        self.shuffle_rng = self.shuffle_rng or random.generator()
        self._compiled = Compiled(loss, loss_weights, metrics, weighted_metrics, self.output_names)

    @property
    def compiled(self) -> bool:
        """Whether ``compile`` has been called."""
        return self._compiled is not None

    def _how(self, what: str) -> Compiled:
        if self._compiled is None:
            raise NotReadyError(
                f"{what}() before compile(). Call compile(optimizer='adam', loss=..., metrics=[...]) first."
            )
        return self._compiled

    # -- one batch, made to be overridden ------------------------------------------------------------------------------

    def train_step(self, data: Batch) -> dict[str, Any]:
        """Learn from one batch: predict, compare, walk back, move the weights.

        data : x, (x, y) or (x, y, sample_weight) of Tensors; ``training.unpack`` gives all three.
        Returns the logs: loss and metrics of the epoch so far.
        """
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self._how("fit").tracker.update_state(loss.item(), samples(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Batch) -> dict[str, Any]:
        """Evaluate one batch; the arguments and logs of ``train_step``."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self._how("evaluate").tracker.update_state(loss.item(), samples(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Batch) -> Nested:
        """The predictions for one batch."""
        return self(unpack(data)[0], training=False)

    def compute_loss(
        self,
        x: Nested = None,
        y: Nested = None,
        y_pred: Nested = None,
        sample_weight: Nested = None,
        training: bool = True,
    ) -> Tensor:
        """The number to be minimised for one batch: the compiled loss plus the model's own penalties.

        Called by keyword. training : the same in both modes here; an override may tell them apart by ``self.training``.
        """
        how = self._how("compute_loss")
        penalties = list(self.losses)
        if how.losses is None and penalties:
            return sum(penalties[1:], penalties[0])
        loss = how.loss(y, y_pred, sample_weight)
        return sum(penalties, loss) if penalties else loss

    def compute_metrics(self, x: Nested, y: Nested, y_pred: Nested, sample_weight: Nested = None) -> dict[str, Any]:
        """Let every metric take in one batch; returns all results so far."""
        how = self._how("compute_metrics")
        if y is not None and how.specs:
            how.update(*(transform(detached, part) for part in (y, y_pred, sample_weight)))
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """Loss and metrics since the last reset, by name; those of an overridden ``metrics`` in place of them all."""
        if type(self).metrics is not Steps.metrics:
            return named(self.metrics)
        return self._how("get_metrics_result").result() | named(self._kept)

    @property
    def metrics(self) -> list[Any]:
        """Every metric: the mean of the loss, those of ``compile``, and those that the model and its layers keep as attributes.

        Override it to choose which ones logs show, and which are reset with each epoch.
        """
        compiled = [] if self._compiled is None else self._compiled.metrics
        self._kept = kept(self)  # looked for here, and not at every step
        return [*compiled, *self._kept]

    @property
    def known_metrics(self) -> list[Any]:
        """``metrics``, without looking for them again: quick enough for every step."""
        if type(self).metrics is not Steps.metrics:
            return self.metrics
        return [] if self._compiled is None else [*self._compiled.metrics, *self._kept]

    @property
    def metrics_names(self) -> list[str]:
        """What ``evaluate`` returns, in its order."""
        return [] if self._compiled is None else list(self.get_metrics_result())

    def reset_metrics(self) -> None:
        """Start all means anew; called before each epoch and evaluation."""
        for metric in self.metrics:
            metric.reset_state()


def kept(model: Any) -> list[Metric]:
    """The metrics among the attributes of a model and of the layers in it; other models in it keep theirs to themselves."""
    found: dict[int, Metric] = {}
    stack, seen = [model], set()
    while stack:
        part = stack.pop()
        if id(part) not in seen and (part is model or not isinstance(part, Steps)):
            seen.add(id(part))
            found |= {id(value): value for _, value in leaves(vars(part)) if isinstance(value, Metric)}
            stack += reversed(list(part.children())) if hasattr(part, "children") else []
    return list(found.values())


def named(metrics: Iterable[Metric]) -> dict[str, Any]:
    """Results by the names of their metrics; a result that is a dict gives several."""
    logs: dict[str, Any] = {}
    for metric in metrics:
        value = metric.result()
        logs |= transform(plain, value if isinstance(value, dict) else {metric.name: value})
    return logs
