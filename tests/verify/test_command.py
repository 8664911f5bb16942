"""``python -m tinygrad_edu verify``."""

import json
import subprocess
import sys

import pytest

from tinygrad_edu.__main__ import main

MINE = """
import tinygrad_edu as tg
from tinygrad_edu.engine.domain import reals

@tg.op(samples=reals(-3, 3), name="mine")
def mine(x):
    return x * x, lambda g: 2 * g * x

@tg.op(samples=reals(-3, 3), name="broken")
def broken(x):
    return x * x, lambda g: -2 * g * x

not_an_op = 3
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "my_ops.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    from tinygrad_edu.engine import OPS

    sys.modules.pop("my_ops", None)
    OPS.pop("mine", None)
    OPS.pop("broken", None)


def test_a_table_and_exit_code_0(capsys):
    assert main(["verify", "tanh", "matmul", "--order", "2"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split("  ")[0] == "op"
    assert "worst error, order 2" in out
    assert "2 of 2 ops passed in" in out


def test_a_users_op_and_what_is_wrong_with_it(mine, capsys):
    assert main(["verify", "my_ops:mine", "my_ops:broken"]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 ops passed" in out
    assert "sign flipped" in out
    assert out.splitlines()[3].split() == ["broken", "WRONG", "100%", "FAILED"]


def test_json(mine, capsys):
    assert main(["verify", "tanh", "my_ops:broken", "--json", "--seed", "3"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(op["name"], op["passed"]) for op in found["ops"]] == [("tanh", True), ("broken", False)]
    assert "sign flipped" in found["ops"][1]["failures"]["gradient"]
    assert found["seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tanhh"], "Did you mean 'tanh'"),
        (["nowhere:x"], "cannot import 'nowhere'"),
        (["my_ops:mnie"], "Did you mean 'mine'"),
        (["my_ops:not_an_op"], "not an op"),
        (["tanh", "--order", "0"], "derivatives begin with order 1"),
    ],
)
def test_a_wrong_question_has_exit_code_2(mine, capsys, arguments, message):
    assert main(["verify", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_bar_is_drawn_only_if_somebody_is_looking(capsys, monkeypatch):
    main(["verify", "tanh"])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main(["verify", "tanh", "exp"])
    assert "1/2 exp" in capsys.readouterr().err


def test_without_a_command_the_help(capsys):
    assert main([]) == 2
    assert "verify" in capsys.readouterr().err


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", "verify", "exp"], capture_output=True, text=True, check=True
    )
    assert "1 of 1 ops passed" in done.stdout
