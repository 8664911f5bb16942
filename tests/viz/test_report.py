"""The report as a file. What its JavaScript computes is tested in a browser: test_browser.py."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, viz
from tinygrad_edu.keras import layers
from tinygrad_edu.viz._charts import chart, round_steps
from tinygrad_edu.viz._program import PORTABLE, NotPortableError, Program

rng = np.random.default_rng(0)
X, Y = rng.random((60, 784)).astype(np.float32), np.arange(60) % 10
HISTORY = {"loss": [2.0, 1.0], "val_loss": [2.1, 1.2]}


def dense(hidden: int = 16) -> nn.Sequential:
    tg.set_random_seed(0)
    return nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Dropout(0.5), nn.Linear(hidden, 10), nn.Softmax())


def written(tmp_path: Path, model: Any, x: Any = X, y: Any = Y, history: Any = HISTORY, **options: Any) -> str:
    return viz.report(history, model, (x, y), tmp_path / "report.html", **options).read_text()


def program_in(page: str) -> dict[str, Any]:
    return json.loads(re.search(r"const network = begin\((.*?)\);</script>", page)[1])


class Outline(HTMLParser):
    """The headings, and every address that the page would load something from."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "poster", "data", "action")]

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass


def test_the_page_has_its_parts(tmp_path: Path) -> None:
    page = written(tmp_path, dense(), title="A <trained> network")
    assert Outline(page).headings == [
        "Draw a digit", "How it learned", "What is taken for what", "The network", "What it looks for", "Worst mistakes",
    ]  # fmt: skip
    assert "<h1>A &lt;trained&gt; network</h1>" in page


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    page = written(tmp_path, dense())
    assert all(address.startswith("data:image/png;base64,") for address in Outline(page).addresses)
    assert not re.findall(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)\w+\.\w+", page)
    assert "@import" not in page
    assert "url(" not in page.replace("url(#tg-head)", "")


@pytest.mark.parametrize("hidden", [500, 520, 1130])
def test_the_page_stays_under_three_megabytes(tmp_path: Path, hidden: int) -> None:
    """The largest network in 32 bits, the smallest and the largest in 16."""
    page = written(tmp_path, dense(hidden))
    assert len(page.encode()) < 3e6
    assert program_in(page)["bits"] == (32 if hidden == 500 else 16)


def test_classes_have_names(tmp_path: Path) -> None:
    page = written(tmp_path, dense(), classes=[f"kind {i}" for i in range(10)])
    assert program_in(page)["classes"][3] == "kind 3"
    assert "Draw one" in Outline(page).headings
    assert "<th>kind 3</th>" in page


def test_names_stay_names(tmp_path: Path) -> None:
    bad = "</script><b onclick='x'>"
    page = written(tmp_path, dense(), classes=[bad, *"123456789"], title=bad)
    assert program_in(page)["classes"][0] == bad
    assert page.count("</script>") == 1
    assert "<b onclick" not in page


def test_without_a_history_there_are_no_curves(tmp_path: Path) -> None:
    assert "How it learned" not in written(tmp_path, dense(), history=None)


def test_the_range_of_the_pixels_is_kept(tmp_path: Path) -> None:
    program = program_in(written(tmp_path, dense(), x=(X * 2 - 1)))
    assert program["range"] == pytest.approx([-1, 1], abs=1e-3)


REASONS = {
    "an op that it does not know": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.GELU()), X, "op gelu (in layer 2, GELU)",
    ),
    "too many weights": (lambda: dense(1200), X, "954,010 weights are too many for a page; 900,000 would do"),
    "samples that are no images": (lambda: nn.Sequential(nn.Linear(5, 10)), X[:, :5], "(5,), are not square images"),
    "images with colours": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 10)), X[:, :192].reshape(-1, 8, 8, 3), "(8, 8, 3), are not square",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", REASONS)
def test_where_there_is_no_canvas_the_page_says_why(tmp_path: Path, why: str) -> None:
    made, x, text = REASONS[why]
    page = written(tmp_path, made(), x=x)
    assert "There is no canvas for this network" in page
    assert text in page
    assert "<script>" not in page


def test_a_classifier_of_anything_gets_a_page(tmp_path: Path) -> None:
    tg.set_random_seed(0)
    page = written(tmp_path, nn.Sequential(nn.Linear(5, 3)), x=X[:, :5], y=Y % 3)
    assert Outline(page).headings == ["Draw one", "How it learned", "What is taken for what", "The network"]


def test_the_callback_writes_the_page_with_its_own_curves(tmp_path: Path) -> None:
    model = dense()
    model.compile("sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[viz.Report(tmp_path / "r.html", (X, Y), title="Mine")])
    page = (tmp_path / "r.html").read_text()
    assert "<h1>Mine</h1>" in page
    assert "epoch 3, training" in page


# -- the program that the page runs ------------------------------------------------------------------------------------


def test_a_program_is_what_was_recorded() -> None:
    program = Program(dense(), X)
    assert [(step["op"], step["from"]) for step in program.steps] == [
        ("linear", [0, -1, -2]), ("relu", [1]), ("linear", [2, -3, -4]), ("softmax", [3]),
    ]  # fmt: skip
    assert program.steps[-1]["axis"] == 1
    assert [(call.name, step) for call, step in program.layers] == [("0", 1), ("1", 2), ("3", 3)]
    assert program.size == 784 * 16 + 16 + 160 + 10


def test_what_does_not_depend_on_the_image_is_computed_beforehand() -> None:
    """Keras's kernels are turned for our convolution: the page gets them turned."""
    model = tg.Sequential(layers.Conv2D(2, 3, strides=2, padding="same"), layers.Flatten(), layers.Dense(10))
    x = X.reshape(-1, 28, 28, 1)
    model(x[:1])
    program = Program(model, x)
    assert [step["op"] for step in program.steps] == ["transpose", "conv2d", "transpose", "reshape", "linear"]
    assert program.constants[0].shape == (2, 1, 3, 3)
    assert program.steps[0]["axes"] == [0, 3, 1, 2]
    options = {name: program.steps[1][name] for name in ("stride", "padding", "groups")}
    assert options == {"stride": (2, 2), "padding": ((0, 1), (0, 1)), "groups": 1}


def test_the_page_knows_every_op_of_the_list() -> None:
    script = Path(viz.__file__).with_name("page").joinpath("network.js").read_text()
    known = set(re.findall(r"^  (\w+):", script[script.index("const OPS") :], re.MULTILINE))
    renamed = {"reshape", "ravel", "flatten", "squeeze", "expand_dims", "alias", "transpose", "swapaxes", "moveaxis"}
    assert known == set(PORTABLE) - renamed | {"reshape", "transpose"}


def test_a_model_without_a_row_of_numbers_is_refused() -> None:
    with pytest.raises(NotPortableError, match="one row of numbers"):
        Program(nn.Sequential(nn.Conv2d(1, 2, 3)), X.reshape(-1, 1, 28, 28))


# -- charts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.93, 0.99, [0.94, 0.96, 0.98]), (3, 3, [3.0]), (-7, 12, [-5, 0, 5, 10])],
)
def test_axes_are_marked_with_round_numbers(low: float, high: float, steps: list[float]) -> None:
    assert round_steps(low, high) == steps


def test_a_chart_puts_what_is_more_higher_and_what_is_later_to_the_right() -> None:
    path = re.search(r'points="([^"]*)"', chart("loss", [1.0, 3.0, 2.0]))[1]
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in path.split())
    assert x0 < x1 < x2
    assert y1 < y2 < y0


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [1.0, float("nan"), 2.0], [float("inf")], list(range(500))])
def test_every_history_can_be_drawn(values: list[float]) -> None:
    drawn = chart("loss", values)
    assert "nan" not in re.sub(r"<b.*", "", drawn)
    assert "polyline" in drawn
