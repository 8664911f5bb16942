"""Every registered op with samples must have every property: a test an op and property, none of them written by hand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import tinygrad_edu  # noqa: F401 - registers the ops
from tinygrad_edu.engine import OPS
from tinygrad_edu.verify import strategies
from tinygrad_edu.verify.properties import PROPERTIES

# Without samples, each with the reason.
WITHOUT = {
    "alias": "the engine's own: gives a walk a point to stop at; every nested transform in tests/engine runs it",
}
# Of hypothesis's number of examples (100 by default, --hypothesis-profile=intense for more), the part for each property.
SHARE = {
    "value": 0.12, "gradient": 0.15, "second": 0.06, "holomorphic": 0.05, "dtypes": 0.05, "layouts": 0.05, "broadcasting": 0.05,
    "protocol": 0.04, "purity": 0.05,
}  # fmt: skip
OURS = sorted(name for name, op in OPS.items() if op.rule.__module__.startswith("tinygrad_edu.") and op.samples)


@pytest.mark.parametrize("prop", PROPERTIES)
@pytest.mark.parametrize("name", OURS)
def test_op(name: str, prop: str) -> None:
    examples = max(3, round(settings.default.max_examples * SHARE[prop]))

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(strategies.samples(name))
    def holds(sample):
        PROPERTIES[prop](OPS[name], sample)

    with np.errstate(all="ignore"):
        holds()


def test_an_op_without_samples_has_a_written_reason():
    bare = {name for name, op in OPS.items() if op.rule.__module__.startswith("tinygrad_edu.") and not op.samples}
    assert bare == set(WITHOUT)
