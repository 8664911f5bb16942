"""Mistakes that raise no error by themselves, and that training looks out for: each a warning of its own, given once a fit.

Everything here runs on the first batch, or costs less than a microsecond a step.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Array, Tensor, no_grad, random
from ..engine.errors import NotReadyError, TinygradEduWarning
from ..engine.tensor import ARGS, EDGES, OP
from .callbacks import Callback, TerminateOnNaN
from .callbacks.base import Logs
from .losses.base import target_kind
from .metrics import AccuracyByShape, BinaryAccuracy
from .rehearsal import kept, rehearsal
from .run import generators
from .structure import Nested, array, leaves, unpack

__all__ = [
    "AccuracyOfNumbersWarning",
    "LateSeedWarning",
    "NoGradientWarning",
    "NonFiniteLossWarning",
    "SortedLabelsWarning",
    "TrainingModeWarning",
    "UnscaledPixelsWarning",
    "Watch",
    "accuracy_of_numbers",
    "any_trainable",
    "late_seed",
    "order_of_labels",
    "pixels",
    "still",
]


class AccuracyOfNumbersWarning(TinygradEduWarning):
    """An accuracy, which counts right classes, of targets that are numbers to be predicted."""


class LateSeedWarning(TinygradEduWarning):
    """A seed that was set after the model had drawn from another: the run will not repeat."""


class NoGradientWarning(TinygradEduWarning):
    """Parameters that the loss does not depend on: they will never move."""


class NonFiniteLossWarning(TinygradEduWarning):
    """The loss has become NaN or infinite."""


class SortedLabelsWarning(TinygradEduWarning):
    """Data sorted by class, of which validation_split takes the last classes away from training."""


class UnscaledPixelsWarning(TinygradEduWarning):
    """Pixels from 0 to 255 that meet weights made for numbers around 1."""


class TrainingModeWarning(TinygradEduWarning):
    """A model that drops, or updates its statistics, while it is evaluated."""


class Watch(Callback):
    """Looks at the steps of a fit."""

    everywhere = False

    def on_train_begin(self, logs: Logs = None) -> None:
        """Begin anew; of a loss that is no number nothing is said where TerminateOnNaN does."""
        self.first = True
        self.wary = not any(isinstance(c, TerminateOnNaN) for c in self.model.current_run.stations.callbacks)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """See whether every parameter got a gradient in the first step, and whether the loss is a number."""
        if self.first:
            self.first = False
            moving = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
            idle = [name for name, p in moving if p.grad is None]
            if 0 < len(idle) < len(moving):  # a train_step of one's own may clear them all
                warnings.warn(
                    f"The loss does not depend on {listed(idle)}: no gradient after the first step. Are they used in forward, and "
                    "is nothing detached on the way? If it is meant, freeze them.",
                    NoGradientWarning,
                    stacklevel=6,
                )
        loss = (logs or {}).get("loss", 0.0)
        if self.wary and isinstance(loss, float) and not math.isfinite(loss):
            self.wary = False
            warnings.warn(
                f"The loss is {loss} from batch {batch + 1} of epoch {self.model.current_run.epoch + 1} on. Fit under "
                "tg.detect_anomaly() to see the op and the line that made the first one, try a smaller learning rate, or end such "
                "runs with callbacks.TerminateOnNaN().",
                NonFiniteLossWarning,
                stacklevel=6,
            )


def any_trainable(model: Any) -> None:
    """Refuse to train what is frozen as a whole.

    Errors: NotReadyError.
    """
    parameters = list(model.named_parameters())
    if parameters and not any(p.requires_grad for _, p in parameters):
        raise NotReadyError(
            f"All parameters are frozen ({listed([name for name, _ in parameters])}), so there is nothing to learn. Set "
            "trainable = True, or requires_grad, on those that are to move."
        )


def late_seed(model: Any) -> None:
    """Warn if the seed was set after the model was compiled, or after a layer took the Generator that it draws from."""
    late = [name.partition("[")[0] or "compile" for name, generator in generators(model) if random.is_late(generator)]
    if late:
        warnings.warn(
            f"set_random_seed came after the random numbers of {listed(late)} had been chosen, so this run will not repeat. Call "
            "it first of all, before the model is built and compiled.",
            LateSeedWarning,
            stacklevel=3,
        )


def accuracy_of_numbers(how: Any, targets: Nested, y_pred: Nested) -> None:
    """Warn if an accuracy is to compare targets that are not classes."""
    for i, (name, prediction, own) in enumerate(how.outputs(y_pred)):
        target = own(targets)
        if target is None or are_classes(array(target), prediction):
            continue
        metrics = [metric for spec, _ in how.specs for _, metric in leaves(how.of_output(spec, name, i))]
        for metric in metrics:
            if isinstance(metric, (AccuracyByShape, BinaryAccuracy)):
                example = array(target).reshape(-1)[0]
                warnings.warn(
                    f"{metric.name}{f' of {name}' if name else ''} counts how often a class is right, and the targets are numbers "
                    f"such as {example:g}: it will stay near 0 however well they are predicted. Use metrics=['mae'].",
                    AccuracyOfNumbersWarning,
                    stacklevel=5,
                )


def are_classes(y: Array, y_pred: Any) -> bool:
    """Whether targets are what an accuracy can count for these predictions: 0 or 1, class numbers, or shares of classes."""
    kind = target_kind(y, y_pred)
    if kind == "binary":
        return bool(((y == 0) | (y == 1)).all())
    return bool((y >= 0).all() and ((y == np.floor(y)).all() if kind == "sparse" else (y <= 1).all()))


def order_of_labels(first: Nested, last: Nested) -> None:
    """Warn if classes stand one after the other in the targets, and the last part has some that the first has not."""
    a, b = classes(first), classes(last)
    if a is None or b is None:
        return
    everything = np.concatenate([a, b])
    found = np.unique(everything)
    missing = np.setdiff1d(b, a)
    runs = 1 + np.count_nonzero(everything[1:] != everything[:-1])
    if missing.size and runs == found.size <= everything.size / 2:
        warnings.warn(
            f"validation_split takes the last samples, the data is sorted by class, and so class {listed(missing.tolist())} is not "
            "trained on at all. Shuffle x and y together first.",
            SortedLabelsWarning,
            stacklevel=3,
        )


def classes(y: Nested) -> Array | None:
    """Targets as class numbers; None if they do not look like classes."""
    if not isinstance(y, np.ndarray) or y.ndim not in (1, 2):
        return None
    if y.ndim == 2 and y.shape[1] > 1:
        one_hot = bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
        return y.argmax(axis=1) if one_hot else None
    return y.reshape(-1) if y.dtype.kind in "bui" else None


def pixels(model: Any, x: Nested) -> None:
    """Warn if pixels from 0 to 255 reach a matrix of weights as they are. Rescaling or normalising layers make it right."""
    if not isinstance(x, Tensor) or not are_pixels(x.data):
        return
    seen: set[int] = set()
    with rehearsal(model):
        stack = [model(x, training=False)]
    while stack:
        t = stack.pop()
        node = getattr(t, "node", None)
        if node is None or id(t) in seen:
            continue
        seen.add(id(t))
        stack += [source for source, _ in node[EDGES]]
        arguments = [a for a in node[ARGS] if isinstance(a, Tensor)]
        if any(a.node is None and a.requires_grad and a.ndim > 1 for a in arguments) and any(
            are_pixels(a.data) for a in arguments
        ):
            warnings.warn(
                f"x has pixels from 0 to 255, and {node[OP].name} meets them as they are, with weights made for numbers around "
                "1. Divide x by 255, or begin the model with a layer that does.",
                UnscaledPixelsWarning,
                stacklevel=3,
            )
            return


def are_pixels(a: Array) -> bool:
    """Whether these are whole numbers from 0 to 255, at least 64 a sample and some above 100."""
    if a.ndim < 2 or a[0].size < 64 or a.dtype.kind != "f":
        return False
    return bool(a.min() >= 0 and 100 < a.max() <= 255 and (a == np.floor(a)).all())


@contextmanager
def still(model: Any, batch: Any) -> Iterator[None]:
    """Warn if what runs inside changes in a model what only training changes: running statistics, dropout's draws.

    A model that draws on purpose also when it is called with training=False may do so.
    """
    variables, draws = kept(model), drawn(model)
    yield
    changed = [name for name, p, before in variables if not np.array_equal(p.data, before, equal_nan=True)]
    drew = {name for name, state in drawn(model).items() if state != draws[name]}
    if drew:
        drew -= own_draws(model, batch)
    if changed or drew:
        warnings.warn(
            f"Evaluation ran in training mode: {listed([*changed, *sorted(drew)])} changed. Call the model with training=False in "
            "test_step and predict_step, and leave training out in calls inside forward.",
            TrainingModeWarning,
            stacklevel=5,
        )


def own_draws(model: Any, batch: Any) -> set[str]:
    """The Generators that draw when the model is called with training=False; the model is left as it was."""
    draws = drawn(model)
    states = [(g, g.bit_generator.state) for _, g in generators(model)]
    with no_grad(), rehearsal(model):
        model(unpack(batch)[0], training=False)
    drew = {name for name, state in drawn(model).items() if state != draws[name]}
    for g, state in states:
        g.bit_generator.state = state
    return drew


def drawn(model: Any) -> dict[str, str]:
    """The state of each Generator, as text that can be compared."""
    return {name: repr(g.bit_generator.state) for name, g in generators(model)}


def listed(names: list[Any]) -> str:
    """Some names, in words."""
    return ", ".join(map(str, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
