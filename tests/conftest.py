"""What every test runs under: hypothesis's profiles and the check for leaked global state."""

import os
from collections.abc import Iterator

# With pytest -n the workers share the cores, and BLAS threads that wait for one another would take them all. Before numpy loads.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from helpers import built_in  # noqa: F401 - before any test registers an op
from hypothesis import settings

from tinygrad_edu.engine import modes
from tinygrad_edu.nn.naming import forget_names

# No deadline: a shared machine's hiccup is not a failure. The default draws the same examples at every run, so that a
# red test is red again; `ci` and `intense` look for new ones (pytest --hypothesis-profile=intense, or the environment's
# HYPOTHESIS_PROFILE).
settings.register_profile("default", deadline=None, derandomize=True)
settings.register_profile("ci", deadline=None, derandomize=False, max_examples=300, print_blob=True)
settings.register_profile("intense", deadline=None, derandomize=False, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def no_leaked_state() -> Iterator[None]:
    """Fail the test that leaves a mode (no_grad, anomaly detection, a default) other than it found it."""
    before = modes.snapshot()
    yield
    assert modes.snapshot() == before, "the test leaked global state"


@pytest.fixture(autouse=True)
def names_from_the_start() -> None:
    """The first Dense of a test is ``dense``, whatever ran before."""
    forget_names()
