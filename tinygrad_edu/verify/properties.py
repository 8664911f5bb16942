"""What every op must do, by name. The same functions serve ``check_op``, the command line and the tests of any package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine import Op
from ..engine.domain import Sample
from .conduct import broadcasting, layouts, protocol, purity, value
from .derivatives import gradient, holomorphic, policy, second
from .precision import dtypes

__all__ = ["PROPERTIES", "SHARE"]

PROPERTIES: dict[str, Callable[[Op, Sample], Any]] = {
    "value": value,
    "gradient": gradient,
    "second": second,
    "policy": policy,
    "holomorphic": holomorphic,
    "dtypes": dtypes,
    "layouts": layouts,
    "broadcasting": broadcasting,
    "protocol": protocol,
    "purity": purity,
}
# How many examples each deserves, in proportion: what finds most mistakes gets most, what costs most gets fewer.
SHARE = {
    "value": 0.12,
    "gradient": 0.15,
    "second": 0.06,
    "policy": 0.01,
    "holomorphic": 0.05,
    "dtypes": 0.08,
    "layouts": 0.05,
    "broadcasting": 0.05,
    "protocol": 0.04,
    "purity": 0.05,
}
