"""examples/mnist.py: every option does what --help says, on a small part of MNIST and, once, on the whole."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.idx import write_idx

import tinygrad_edu as tg
from tinygrad_edu.datasets import mnist

SCRIPT = Path(__file__).parents[2] / "examples" / "mnist.py"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1,000 training and 200 test images."""
    folder = tmp_path_factory.mktemp("mnist")
    for name, count, (images, labels) in zip(("train", "t10k"), (1000, 200), mnist.load_data()):
        write_idx(folder / f"{name}-images-idx3-ubyte", images[:count])
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels[:count])
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to write to, and no matplotlib, whose pictures take longer than the trainings here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: object) -> str:
    """What the script prints."""
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return capsys.readouterr().out


def accuracy(output: str) -> float:
    """The number in the last line."""
    found = re.fullmatch(r"test accuracy: (0\.\d{4})", output.splitlines()[-1])
    assert found, output[-300:]
    return float(found[1])


@pytest.mark.parametrize("network", ["default", "seed", "deep"])
def test_every_network_trains(
    network: str, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    epochs = {"default": 2, "seed": 100, "deep": 2}[network]
    output = run(monkeypatch, capsys, "--network", network, "--data", small, "--epochs", epochs)
    assert accuracy(output) > 0.3
    assert "Total params" in output
    assert "read as" in output
    assert len(re.findall(r"^digit ", output, re.MULTILINE)) == 10


def test_the_whole_set_in_one_epoch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    assert accuracy(run(monkeypatch, capsys, "--epochs", 1)) > 0.92


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "at_least", "at_most"),
    [
        ([], 0.97, 1),
        (["--network", "seed"], 0.9, 1),
        (["--network", "seed", "--init", "guide"], 0.8, 0.88),
        (["--network", "deep"], 0.982, 1),
    ],
)
def test_figures(
    arguments: list[str],
    at_least: float,
    at_most: float,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    assert at_least <= accuracy(run(monkeypatch, capsys, *arguments)) <= at_most


def test_the_same_seed_gives_the_same_run(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    weights = []
    for i, seed in enumerate((3, 3, 4)):
        run(monkeypatch, capsys, "--data", small, "--epochs", 1, "--seed", seed, "--save", f"{i}.npz")
        weights.append(np.concatenate([a.ravel() for a in tg.load(f"{i}.npz").values()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_saved_weights_are_those_that_were_tested(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    output = run(monkeypatch, capsys, "--data", small, "--epochs", 2, "--save", "digits.npz")
    model = tg.Sequential(tg.nn.Linear(784, 128), tg.nn.ReLU(), tg.nn.Linear(128, 10))
    model.load_state_dict(tg.load("digits.npz"))
    _, (images, digits) = mnist.load_data(small)
    right = model.predict(images.reshape(-1, 784) / np.float32(255), verbose=0).argmax(axis=1) == digits
    assert accuracy(output) == pytest.approx(right.mean())


def test_batch_size_and_epochs(small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    output = run(monkeypatch, capsys, "--data", small, "--epochs", 3, "--batch-size", 100)
    assert re.findall(r"Epoch (\d)/(\d)", output) == [("1", "3"), ("2", "3"), ("3", "3")]
    assert len(re.findall(r"^9/9 - ", output, re.MULTILINE)) == 3  # of 900 images, 100 held back


def test_the_guide_starts_elsewhere(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for init in ("he", "guide"):
        run(
            monkeypatch,
            capsys,
            "--network",
            "seed",
            "--init",
            init,
            "--data",
            small,
            "--epochs",
            1,
            "--save",
            f"{init}.npz",
        )
    spread = {init: tg.load(f"{init}.npz")["0.weight"].std() for init in ("he", "guide")}
    assert spread["he"] == pytest.approx(np.sqrt(2 / 784), rel=0.05)
    assert spread["guide"] == pytest.approx(1 / np.sqrt(12), rel=0.05)


def test_a_picture_where_matplotlib_is_installed(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.figure")
    pytest.importorskip("matplotlib")
    output = run(monkeypatch, capsys, "--data", small, "--epochs", 1, "--picture", "run.png")
    assert "picture: run.png" in output
    assert Path("run.png").read_bytes().startswith(b"\x89PNG")


def test_no_picture_without_matplotlib(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert "picture" not in run(monkeypatch, capsys, "--data", small, "--epochs", 1)
    assert not Path("mnist.png").exists()


def test_help_names_every_option(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, capsys, "--help")
    assert end.value.code == 0
    text = capsys.readouterr().out
    for option in ("--network", "--init", "--epochs", "--batch-size", "--seed", "--data", "--save", "--picture"):
        assert option in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "huge"], "invalid choice: 'huge'"),
        (["--epochs", "many"], "invalid int value"),
        (["--colour"], "unrecognized arguments"),
    ],
)
def test_bad_options(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, capsys, *arguments)
    assert message in capsys.readouterr().err


def test_a_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        run(monkeypatch, capsys, "--data", "nowhere")


def test_table_counts() -> None:
    script = runpy.run_path(str(SCRIPT))
    true, predicted = np.array([0, 0, 9, 3], dtype=np.uint8), np.array([0, 1, 9, 3])
    counts = script["confusion"](true, predicted)
    assert (counts[0, 0], counts[0, 1], counts[9, 9], counts.sum()) == (1, 1, 1, 4)
    lines = script["table"](counts).splitlines()
    assert lines[1].split() == ["digit", "0", "1", "1", *"." * 8, "50.0%"]
    assert len({len(line) for line in lines}) == 1


def test_the_report_is_written(small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    output = run(monkeypatch, capsys, "--data", small, "--epochs", 1, "--report", "page.html")
    assert "report: page.html" in output
    assert "<canvas id=" in Path("page.html").read_text()
