"""The mutation tool: it plants real mistakes, puts everything back, and the generic tests notice what it plants."""

import numpy as np
import pytest
from mutation import run
from mutation.equivalent import EQUIVALENT
from mutation.mutants import mutants

from tinygrad_edu import ops
from tinygrad_edu.engine import OPS
from tinygrad_edu.engine.errors import GradientMismatch


def test_planted_mistakes_are_noticed():
    outcomes = list(run.attack(["multiply", "maximum", "tanh"]))
    assert len(outcomes) > 25
    assert not [o.mutant.key for o in outcomes if not o.killer and o.mutant.key not in EQUIVALENT]


def test_without_the_tests_of_gradients_most_live(monkeypatch):
    monkeypatch.setattr(run, "ORDER", ("value", "protocol"))
    outcomes = list(run.attack(["multiply"]))
    assert all(not o.killer for o in outcomes)


def test_the_kinds_of_mistake():
    kinds = {m.kind for name in ("matmul", "max", "divide", "where", "softmax", "relu6") for m in mutants(OPS[name])}
    assert kinds >= {
        "sign", "factor", "dropped factor", "swapped operand", "dropped transpose", "dropped sum", "off-by-one axis", "off by one",
        "wrong tie rule", "wrong branch",
    }  # fmt: skip


def test_a_mutant_is_one_change_of_the_gradient_and_is_taken_back():
    x = np.array([0.5])
    value, gradient = ops.tanh(x), lambda: OPS["tanh"].rule(x)[1](1.0)
    right = gradient()
    (sign,) = (m for m in mutants(OPS["tanh"]) if m.kind == "sign" and m.before.startswith("lambda"))
    with run.planted(sign):
        assert gradient() == -right
        assert ops.tanh(x) == value
    assert gradient() == right


def test_a_mistake_that_never_ends_is_stopped():
    def endless():
        while True:
            pass

    with pytest.raises(run.OutOfTimeError), run.limited(0.05):
        endless()


def test_an_op_that_fails_by_itself_is_not_attacked(monkeypatch):
    def always(op, sample):
        raise GradientMismatch("a false alarm")

    monkeypatch.setitem(run.PROPERTIES, "purity", always)
    with pytest.raises(AssertionError, match="tanh, with nothing planted, fails 'purity'"):
        list(run.attack(["tanh"]))


def test_code_that_several_ops_share_is_tested_by_all_of_them():
    (shared,) = {m.function for m in mutants(OPS["sinc"]) if m.function.__name__ == "polynomial"}
    assert {"erf", "erfc", "ndtr", "sinc"} <= set(run.users_of([shared])[shared])


def test_an_equivalent_mutant_has_its_reason():
    assert all(len(reason.split()) > 3 for reason in EQUIVALENT.values())
