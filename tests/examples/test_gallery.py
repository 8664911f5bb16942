"""The gallery: every program is short, runs, and learns what it says."""

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
LEARNED = {
    "xor": lambda said: number(said, r"accuracy: (\S+)") > 0.98,
    "spirals": lambda said: number(said, r"test accuracy: (\S+)") > 0.85,
    "regression": lambda said: 0.9 < number(said, r"deviations: (\S+)") < 0.99,
    "autoencoder": lambda said: number(said, r"squared error (\S+);") < 0.6 * number(said, r"average image (\S+)"),
    "recurrent": lambda said: number(said, r"step  39: loss (\S+)") < 2.9,
    "transformer": lambda said: number(said, r"step  39: loss (\S+)") < 2.9,
    "newton": lambda said: number(said, r"Newton (\S+),") < number(said, r"descent (\S+) at"),
}


def number(text: str, pattern: str) -> float:
    return float(re.search(pattern, text)[1])


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Run a program as `python examples/NAME.py OPTIONS` does, and return what it printed."""

    def call(name: str, *options: str) -> str:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *options])
        monkeypatch.syspath_prepend(EXAMPLES)
        for shared in ("options", "recurrent"):  # its neighbours, which another test may have imported
            monkeypatch.delitem(sys.modules, shared, raising=False)
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize("name", LEARNED)
def test_it_learns(name: str, run) -> None:
    assert LEARNED[name](run(name, "--quick"))


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNED)
def test_it_draws(name: str, run, tmp_path: Path) -> None:
    run(name, "--quick", "--picture", str(tmp_path / "it.png"))
    assert (tmp_path / "it.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", LEARNED)
def test_it_is_short_and_in_the_gallery(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 80
    page = (EXAMPLES.parent / "docs" / "gallery.md").read_text()
    assert f"(../examples/{name}.py)" in page
    assert f"(gallery/{name}.png)" in page
