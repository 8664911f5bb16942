"""gradcheck_model: a whole model along random directions, and each of its layers entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from .. import ops
from ..engine import Tensor, no_grad
from ..engine.errors import GradientMismatch, NotVerifiableError
from .functions import FEWEST, gradcheck
from .inputs import is_module
from .report import GradcheckReport

__all__ = ["gradcheck_model"]

SAMPLES = 2  # of the batch, on which a layer is checked
LARGE = 200_000  # inputs and parameters of a layer times results, beyond which directions must do


def gradcheck_model(
    model: Any,
    x: Any,
    y: Any = None,
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    directions: int = FEWEST,
    seed: int = 0,
    raise_on_fail: bool = True,
) -> GradcheckReport:
    """Check a model: its loss along random directions of each parameter, and the full Jacobian of each layer.

    model : a module, checked out of training mode.
    x : a batch of inputs, (N, ...).  y : targets.
    loss : takes the prediction and y; by default cross-entropy for integers, mean squared error for floats, and without y a
        fixed random combination of the outputs.
    directions : how many for each parameter, 5 at least.
    Layers are checked on two samples of the batch, as they arrive there in the model; a layer too large for its full Jacobian
    is checked along directions, and the method column says so. Parameters are promoted to float64 for the while.
    Errors: GradientMismatch with the report, which names layer and parameter.
    """
    if not is_module(model):
        raise NotVerifiableError(
            f"gradcheck_model: {getattr(model, '__name__', type(model).__name__)} is no module. A function is checked by "
            "gradcheck(f, x)."
        )
    score = loss or default_loss(y, seed)
    report = GradcheckReport(type(model).__name__)
    with evaluating(model):
        layers = calls(model, x)
        add(report, "", lambda module, *given: score(module(*given), y), model, (x,), directions, seed)
        for name, layer, inputs in layers:
            few = tuple(v[:SAMPLES] if np.ndim(v) else v for v in inputs)
            each = None if weight(layer, few) <= LARGE else directions
            add(
                report,
                f"{name} ({type(layer).__name__}): ",
                lambda module, *given: module(*given),
                layer,
                few,
                each,
                seed,
            )
    if raise_on_fail and not report.passed:
        mismatch = GradientMismatch(str(report))
        mismatch.report = report
        raise mismatch
    return report


def add(
    report: GradcheckReport,
    prefix: str,
    f: Callable[..., Any],
    module: Any,
    inputs: tuple[Any, ...],
    directions: int | None,
    seed: int,
) -> None:
    """The rows of one module: f(module, *inputs) by the module's parameters and those inputs that are floating."""
    free = [i for i, v in enumerate(inputs) if np.asarray(v).dtype.kind == "f"]

    def call(module: Any, *given: Any) -> Any:
        full = list(inputs)
        for i, v in zip(free, given, strict=True):
            full[i] = v
        return f(module, *full)

    if not free and not any(p.requires_grad for _, p in module.named_parameters()):
        return  # a layer of labels or indices alone
    given = [inputs[i] for i in free]
    found = gradcheck(call, module, *given, directions=directions, seed=seed, raise_on_fail=False)
    plain: Callable[[str], str] = lambda text: text.replace("module.", "").replace("input 1", "x")
    report.rows += [replace(row, input=prefix + plain(row.input), worst=plain(row.worst)) for row in found.rows]
    report.mistakes += [prefix + text for text in found.mistakes]
    report.notes += [prefix + text for text in found.notes if "promoted" not in text]


def default_loss(y: Any, seed: int) -> Callable[[Any, Any], Any]:
    """What the targets ask for."""
    if y is None:

        def combination(prediction: Any, _: Any) -> Any:
            return (prediction * np.random.default_rng(seed).uniform(0.5, 1.5, prediction.shape)).sum()

        return combination
    return ops.cross_entropy if np.asarray(y).dtype.kind in "iu" else ops.mse


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Out of training mode, and back to what each part was in."""
    modes = [(m, m.training) for m in model.modules()]
    for m, _ in modes:
        m.training = False
    try:
        yield
    finally:
        for m, mode in modes:
            m.training = mode


def calls(model: Any, x: Any) -> list[tuple[str, Any, tuple[Any, ...]]]:
    """Each layer, a module without modules inside, with its name and the inputs of its first call."""
    found: dict[int, tuple[Any, ...]] = {}

    def watching(layer: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*inputs: Any, **options: Any) -> Any:
            found.setdefault(id(layer), tuple(v.numpy() if isinstance(v, Tensor) else v for v in inputs))
            return forward(*inputs, **options)

        return watched

    with no_grad():
        model(x)  # builds what waits for its first input
        layers = [
            (name, m) for name, m in model.named_modules() if not any(True for _ in m.children()) and m is not model
        ]
        for _, layer in layers:
            layer.forward = watching(layer, layer.forward)
        try:
            model(x)
        finally:
            for _, layer in layers:
                del layer.forward
    return [(name, layer, found[id(layer)]) for name, layer in layers if id(layer) in found]


def weight(layer: Any, inputs: tuple[Any, ...]) -> int:
    """How many entries the layer's Jacobian has."""
    with no_grad():
        out = layer(*inputs)
    results = sum(np.size(t) for t in (out if isinstance(out, tuple) else (out,)))
    free = sum(p.size for _, p in layer.named_parameters()) + sum(np.size(v) for v in inputs)
    return int(results * free)
