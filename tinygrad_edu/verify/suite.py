"""A pytest helper: the tests that every built-in op has, for ops of your own, in your own suite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import MissingExtraError
from .one_op import op_of
from .properties import PROPERTIES, SHARE

__all__ = ["pytest_suite"]


def pytest_suite(*ops: Any) -> type:
    """A class with one test for each property and op.

    Give it a name that begins with Test, and pytest finds it::

        TestMyOps = pytest_suite(softclip, snake)

    ops : functions decorated with ``@op(samples=...)``, or names of registered ones.
    Inputs are drawn by hypothesis, which shrinks a failing one; how many, its profile decides (``settings``'
    max_examples, 100 by default, of which the gradient gets 15).
    """
    try:
        import pytest
    except ImportError as error:
        raise MissingExtraError("pytest", "test", "verify.pytest_suite") from error
    found = [op_of(op) for op in ops]
    of_each = pytest.mark.parametrize("op", found, ids=[op.name for op in found])
    return type("TestOps", (), {f"test_{prop}": of_each(property_test(prop)) for prop in PROPERTIES})


def property_test(prop: str) -> Callable[..., None]:
    """One property as a test of an op, on inputs that hypothesis draws."""
    from . import strategies  # first: it says what to install where hypothesis is missing
    from hypothesis import HealthCheck, given, settings, strategies as st  # isort: skip

    profile: Any = settings.default

    @settings(max_examples=max(3, round(profile.max_examples * SHARE[prop])), suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test(self: Any, op: Any, data: Any) -> None:
        with np.errstate(all="ignore"):
            PROPERTIES[prop](op, data.draw(strategies.samples(op)))

    test.__doc__ = PROPERTIES[prop].__doc__
    return test
