"""Learning rates that change with the steps: those of ``optim.schedules``."""

from ...io.objects import serialize
from ...optim import schedules
from ...optim.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from ...optim.schedules import Schedule as LearningRateSchedule
from .._registry import reader

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip

deserialize = reader(
    "optimizers.schedule", {name: getattr(schedules, name) for name in schedules.__all__ if name != "Schedule"}
)
