"""Every registered op with samples must have every property: a test an op and property, none of them written by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tinygrad_edu  # noqa: F401 - registers the ops
from tinygrad_edu.engine import OPS
from tinygrad_edu.verify import strategies
from tinygrad_edu.verify.properties import PROPERTIES, SHARE

# Without samples, each with the reason.
WITHOUT = {
    "alias": "the engine's own: gives a walk a point to stop at; every nested transform in tests/engine runs it",
}
OURS = {name: op for name, op in OPS.items() if op.rule.__module__.startswith("tinygrad_edu.")}


@pytest.mark.parametrize("prop", PROPERTIES)
@pytest.mark.parametrize("name", sorted(name for name, op in OURS.items() if op.samples))
def test_op(name, prop):
    @settings(
        max_examples=max(3, round(settings.default.max_examples * SHARE[prop])), suppress_health_check=HealthCheck
    )
    @given(strategies.samples(name))
    def holds(sample):
        PROPERTIES[prop](OURS[name], sample)

    with np.errstate(all="ignore"):
        holds()


def test_an_op_without_samples_has_a_written_reason():
    assert {name for name, op in OURS.items() if not op.samples} == set(WITHOUT)
