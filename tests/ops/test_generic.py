"""Every registered op with samples must have every property: a test an op and property, none of them written by hand."""

from helpers.built_in import BUILT_IN

from tinygrad_edu.verify import pytest_suite

# Without samples, each with the reason.
WITHOUT = {
    "alias": "the engine's own: gives a walk a point to stop at; every nested transform in tests/engine runs it",
}
OURS = {name: op for name, op in sorted(BUILT_IN.items()) if op.rule.__module__.startswith("tinygrad_edu.")}
TestOps = pytest_suite(*(op for op in OURS.values() if op.samples))


def test_an_op_without_samples_has_a_written_reason():
    assert {name for name, op in OURS.items() if not op.samples} == set(WITHOUT)
