"""The report in a real browser: the network behind the canvas is ours, and it reads what is drawn.

pytest -m browser          needs playwright (`pip install ".[browser]"`) and Chromium; CHROMIUM names another executable
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, viz
from tinygrad_edu.datasets import mnist
from tinygrad_edu.keras import Input, layers

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in which an error of the script, or a request to anywhere, fails the test."""
    context = browser.new_context(viewport={"width": 1100, "height": 900}, offline=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on(
        "request", lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    yield page
    context.close()
    assert not wrong


@pytest.fixture(scope="module")
def data() -> Any:
    (images, digits), (test_images, test_digits) = mnist.load_data()
    scaled = [(i / np.float32(255)).astype(np.float32) for i in (images, test_images)]
    return (scaled[0], digits), (scaled[1][:2000], test_digits[:2000])


@pytest.fixture(scope="module")
def convnet(data: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A trained network that is not confused by where and how thickly a digit is drawn, and its report."""
    (x, y), (x_test, y_test) = data
    tg.set_random_seed(0)
    model = tg.Sequential(
        nn.RandomTranslation(0.08, 0.08), nn.RandomRotation(0.04), nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 24, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(10), nn.Softmax(),
    )  # fmt: skip
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    path = tmp_path_factory.mktemp("report") / "report.html"
    history = viz.Report(path, (x_test[:, None], y_test))
    model.fit(x[:30000, None], y[:30000], batch_size=100, epochs=3, callbacks=[history], verbose=0)
    return model, path


def arc(cx: float, cy: float, rx: float, ry: float, begin: float, end: float) -> list[tuple[float, float]]:
    """Points of an ellipse; angles in turns, clockwise from the right."""
    steps = [begin + (end - begin) * i / 24 for i in range(25)]
    return [(cx + rx * math.cos(2 * math.pi * t), cy + ry * math.sin(2 * math.pi * t)) for t in steps]


STROKES = {  # as one draws them, x to the right and y down, from 0 to 1
    0: [arc(0.5, 0.5, 0.3, 0.42, 0.75, -0.25)],
    1: [[(0.52, 0.08), (0.48, 0.92)]],
    2: [[*arc(0.5, 0.3, 0.27, 0.22, 0.53, 1.06), (0.22, 0.9), (0.82, 0.88)]],
    3: [[*arc(0.46, 0.28, 0.27, 0.2, 0.55, 1.22), *arc(0.46, 0.7, 0.32, 0.22, 0.78, 1.44)]],
    4: [[(0.3, 0.1), (0.2, 0.55), (0.78, 0.52)], [(0.68, 0.12), (0.62, 0.95)]],
    5: [[(0.75, 0.1), (0.34, 0.11), (0.29, 0.45), *arc(0.47, 0.66, 0.3, 0.23, 0.67, 1.42)]],
    6: [[(0.62, 0.08), (0.4, 0.3), (0.29, 0.6), *arc(0.5, 0.7, 0.21, 0.2, 0.5, -0.5)]],
    7: [[(0.2, 0.14), (0.8, 0.12), (0.62, 0.45), (0.45, 0.92)]],
    8: [[*arc(0.5, 0.29, 0.19, 0.2, 0.95, 0.25), *arc(0.5, 0.71, 0.24, 0.22, 0.75, 1.75), *arc(0.5, 0.29, 0.19, 0.2, 0.25, -0.05)]],
    9: [[*arc(0.48, 0.32, 0.22, 0.22, 0.0, -1.0), (0.69, 0.5), (0.62, 0.94)]],
}  # fmt: skip


def draw(page: Any, digit: int, scale: float = 0.8, left: float = 0.1, top: float = 0.1) -> str:
    """Draw a digit with the mouse; what the page reads."""
    page.click("#clear")
    frame = page.locator("#pad").bounding_box()
    for stroke in STROKES[digit]:
        places = [
            (frame["x"] + (left + scale * x) * frame["width"], frame["y"] + (top + scale * y) * frame["height"])
            for x, y in stroke
        ]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.inner_text("#answer")


def test_a_drawn_one_seven_and_zero_are_recognised(page: Any, convnet: Any) -> None:
    page.goto(convnet[1].as_uri())
    assert {digit: draw(page, digit) for digit in (1, 7, 0)} == {1: "1", 7: "7", 0: "0"}


@pytest.mark.parametrize(("scale", "left", "top"), [(0.8, 0.1, 0.1), (0.4, 0.05, 0.5), (0.95, 0.02, 0.02)])
def test_nine_of_ten_drawn_digits_are_recognised(
    page: Any, convnet: Any, scale: float, left: float, top: float
) -> None:
    """Wherever on the canvas they are drawn, and however large."""
    page.goto(convnet[1].as_uri())
    read = [draw(page, digit, scale, left, top) for digit in range(10)]
    assert sum(answer == str(digit) for digit, answer in enumerate(read)) >= 9, read


def test_the_canvas_responds_and_clears(page: Any, convnet: Any) -> None:
    page.goto(convnet[1].as_uri())
    assert page.inner_text("#answer") == "?"
    draw(page, 0)
    assert page.locator(".bar.best b").inner_text() == "0"
    shown = page.eval_on_selector_all("#layers canvas", "all => all.map((c) => Number(c.dataset.tiles))")
    assert shown == [12, 12, 12, 24, 24, 24, 1]  # the channels of each layer; of a row of numbers, one
    page.click("#clear")
    assert page.inner_text("#answer") == "?"
    assert page.locator(".bar.best").count() == 0
    page.locator("#samples button").nth(7).click()
    assert page.inner_text("#answer") == "7"


def test_the_ink_is_where_the_mouse_was(page: Any, convnet: Any) -> None:
    page.goto(convnet[1].as_uri())
    page.mouse.wheel(0, 60)
    draw(page, 1, scale=0.6, left=0.3, top=0.2)
    code = "() => Array.from(document.getElementById('pad').getContext('2d').getImageData(0, 0, 280, 280).data)"
    ink = np.array(page.evaluate(code)).reshape(280, 280, 4)[..., 3] > 128
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    pen = 18  # drawn from (0.612, 0.248) to (0.588, 0.752) of the canvas
    assert [rows[0], rows[-1], columns[0], columns[-1]] == pytest.approx(
        [0.248 * 280 - pen / 2, 0.752 * 280 + pen / 2, 0.588 * 280 - pen / 2, 0.612 * 280 + pen / 2], abs=4
    )


def test_drawings_are_centred_by_mass_in_a_box_of_twenty(page: Any, convnet: Any) -> None:
    page.goto(convnet[1].as_uri())
    strokes = [[[30 + 100 * x, 90 + 100 * y] for x, y in stroke] for stroke in STROKES[4]]
    image = np.array(page.evaluate("(s) => Array.from(imageOf(s, 28))", strokes)).reshape(28, 28)
    rows, columns = (np.flatnonzero(image.sum(axis=axis) > 0.05) for axis in (1, 0))
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
    at = np.arange(28) + 0.5
    assert (image.sum(axis=1) @ at) / image.sum() == pytest.approx(14, abs=0.2)
    assert (image.sum(axis=0) @ at) / image.sum() == pytest.approx(14, abs=0.2)
    assert image.min() >= 0
    assert image.max() <= 1.001


NETWORKS: dict[str, tuple[tuple[int, ...], Any]] = {
    "dense": ((784,), lambda: [nn.Linear(784, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10), nn.Softmax()]),
    "from flat images": ((28, 28), lambda: [nn.Flatten(), nn.Linear(784, 16), nn.Tanh(), nn.Linear(16, 10)]),
    "convolutions, channels first": ((1, 28, 28), lambda: [
        nn.Conv2d(1, 6, 5, padding=2, stride=2), nn.BatchNorm2d(6), nn.LeakyReLU(0.1), nn.MaxPool2d(3, 2, 1),
        nn.Conv2d(6, 8, 3, groups=2, dilation=2), nn.ReLU(), nn.AvgPool2d(2, 1, 1), nn.Flatten(), nn.Linear(10), nn.Softmax(),
    ]),
    "convolutions, channels last": ((28, 28, 1), lambda: [
        layers.Conv2D(6, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(8, 3, padding="same", strides=2),
        layers.BatchNormalization(), layers.Activation("sigmoid"), layers.AveragePooling2D(padding="same"), layers.Flatten(),
        layers.Dropout(0.5), layers.Dense(12, activation="elu"), layers.Dense(10, activation="softmax"),
    ]),
    "pixels from 0 to 255": ((28, 28), lambda: [
        layers.Rescaling(1 / 255), layers.Reshape((28, 28, 1)), layers.Conv2D(4, 5, activation="silu"),
        layers.GlobalAveragePooling2D(), layers.Dense(10), layers.Softmax(),
    ]),
}  # fmt: skip


def functional() -> Any:
    """A network with a shortcut: layers that are no chain."""
    x = Input((28, 28, 1))
    h = layers.Conv2D(4, 3, activation="relu")(x)
    h = layers.Add()([h, layers.Conv2D(4, 3, padding="same", activation="tanh")(h)])
    h = layers.Flatten()(layers.MaxPooling2D(4)(h))
    return tg.Model(x, layers.Dense(10, activation="softmax")(h))


@pytest.mark.parametrize("name", [*NETWORKS, "with a shortcut"])
def test_the_page_computes_what_we_compute(page: Any, data: Any, tmp_path: Path, name: str) -> None:
    tg.set_random_seed(1)
    shape, made = NETWORKS.get(name, ((28, 28, 1), None))
    x, y = data[1][0][:40].reshape(-1, *shape), data[1][1][:40]
    model = functional() if made is None else tg.Sequential(made())
    model(x[:32], training=True)  # builds it, and moves the statistics of batch normalisation
    for _, p in model.named_variables():
        p.data[...] += np.random.default_rng(2).uniform(0, 0.1, p.shape)
    top = 255 if "255" in name else 1
    page.goto(viz.report(None, model, (x * top, y), tmp_path / "r.html").as_uri())
    theirs = np.array(
        page.evaluate("(images) => images.map((i) => network.forward(i))", (x * top).reshape(40, -1).tolist())
    )
    assert np.abs(theirs - model.predict(x * top, verbose=0)).max() < 1e-5


def test_sixteen_bits_round_the_weights_and_nothing_else(page: Any, data: Any, tmp_path: Path) -> None:
    tg.set_random_seed(1)
    x, y = data[1][0][:20].reshape(-1, 784), data[1][1][:20]
    model = tg.Sequential(nn.Linear(784, 520), nn.ReLU(), nn.Linear(520, 10), nn.Softmax())
    page.goto(viz.report(None, model, (x, y), tmp_path / "r.html").as_uri())
    assert page.evaluate("network.program.bits") == 16
    theirs = np.array(page.evaluate("(images) => images.map((i) => network.forward(i))", x.tolist()))
    for _, p in model.named_variables():
        p.data[...] = p.data.astype(np.float16)
    assert np.abs(theirs - model.predict(x, verbose=0)).max() < 1e-5


def test_halves_of_every_kind_are_read(page: Any, convnet: Any) -> None:
    page.goto(convnet[1].as_uri())
    bits = np.arange(2**16, dtype=np.uint16)
    ours = bits.view(np.float16).astype(np.float64)
    finite = np.isfinite(ours)
    theirs = np.array(page.evaluate("(all) => all.map(half)", bits[finite].tolist()))
    assert (theirs == ours[finite]).all()


def test_a_network_that_the_page_cannot_run_says_so(page: Any, data: Any, tmp_path: Path) -> None:
    x, y = data[1][0][:50], data[1][1][:50]
    model = tg.Sequential(layers.LSTM(8), layers.Dense(10, activation="softmax"))
    model(x[:1])
    page.goto(viz.report({"loss": [2.0, 1.0]}, model, (x, y), tmp_path / "r.html").as_uri())
    assert "uses the op" in page.inner_text("#no-canvas")
    assert page.locator("#pad").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_into_a_telephone(browser: Any, convnet: Any, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme, has_touch=True)
    page = context.new_page()
    page.goto(convnet[1].as_uri())
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert width <= 390
