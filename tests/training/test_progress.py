"""The progress bar: in a terminal, a notebook and a log file, against its exact text."""

import io
import os
import re
from contextlib import redirect_stdout
from types import SimpleNamespace

import pytest
from helpers.net import Net

from tinygrad_edu.training.callbacks import ProgressBar, progress
from tinygrad_edu.training.callbacks.base import CallbackList

ANSI = re.compile(r"\x1b\[\d+m")


class Screen(io.StringIO):
    """A place for output that may be a terminal."""

    encoding = "utf-8"

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is set."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now.seconds)
    return now


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide terminal that can do everything."""
    monkeypatch.setenv("TERM", "xterm")
    wide(monkeypatch, 200)


def wide(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))


def run(
    clock: SimpleNamespace,
    screen: Screen,
    verbose: int | str = 1,
    steps: int = 4,
    pace: float = 0.5,
    epochs: int = 1,
    known: bool = True,
) -> Screen:
    """Epochs of some steps, each taking as long, with two numbers in the logs."""
    bar = ProgressBar(verbose)
    stations = CallbackList([bar], epochs=epochs, steps=steps if known else None)
    with redirect_stdout(screen):
        stations.on_train_begin()
        for epoch in range(epochs):
            stations.on_epoch_begin(epoch)
            for step in range(steps):
                clock.seconds += pace
                stations.on_train_batch_end(step, {"accuracy": 0.25 * (step + 1), "loss": 2.5e-4})
            stations.on_epoch_end(epoch, {"accuracy": 1.0, "loss": 2.5e-4, "val_loss": -12.0})
    return screen


def pictures(screen: Screen) -> list[str]:
    """What stood on the line, one after the other, without colours."""
    return [p.rstrip() for p in ANSI.sub("", screen.getvalue()).split("\r")]


def test_in_a_terminal_one_line_is_drawn_again_and_again(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True))
    assert pictures(terminal) == [
        "",
        "1/4 ━━━━━━━━━━━━━━━━━━━━ 1s 500ms/step - accuracy: 0.2500 - loss: 2.5000e-04",
        "2/4 ━━━━━━━━━━━━━━━━━━━━ 1s 500ms/step - accuracy: 0.5000 - loss: 2.5000e-04",
        "3/4 ━━━━━━━━━━━━━━━━━━━━ 0s 500ms/step - accuracy: 0.7500 - loss: 2.5000e-04",
        "4/4 ━━━━━━━━━━━━━━━━━━━━ 0s 500ms/step - accuracy: 1.0000 - loss: 2.5000e-04",
        "4/4 ━━━━━━━━━━━━━━━━━━━━ 2s 500ms/step - accuracy: 1.0000 - loss: 2.5000e-04 - val_loss: -12.0000",
    ]
    assert terminal.getvalue().count("\n") == 1


def test_colours_are_keras_s(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), steps=2)
    assert terminal.getvalue().startswith(
        f"\r\x1b[1m1/2\x1b[0m \x1b[32m{'━' * 10}\x1b[0m\x1b[37m{'━' * 10}\x1b[0m \x1b[1m0s\x1b[0m 500ms/step - accuracy: 0.2500"
    )


def test_a_shorter_line_leaves_nothing_of_a_longer_one(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), steps=3, pace=100)  # the clock goes from 3:20 to 0s
    widths = [len(ANSI.sub("", p).rstrip("\n")) for p in terminal.getvalue().split("\r")[1:]]
    assert widths == sorted(widths)


def test_drawn_at_most_every_twentieth_of_a_second(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), steps=1000, pace=0.001)
    assert 20 <= len(pictures(terminal)) - 2 <= 21


def test_cut_to_the_width_of_the_terminal(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    wide(monkeypatch, 45)
    screen = run(clock, Screen(terminal=True))
    *drawn, last = pictures(screen)
    assert max(map(len, drawn)) == 44
    assert last.endswith("val_loss: -12.0000")


def test_in_a_log_file_one_plain_line_an_epoch(clock: SimpleNamespace) -> None:
    log_file = run(clock, Screen(terminal=False), epochs=2)
    line = "4/4 - 2s - 500ms/step - accuracy: 1.0000 - loss: 2.5000e-04 - val_loss: -12.0000\n"
    assert log_file.getvalue() == f"Epoch 1/2\n{line}Epoch 2/2\n{line}"


def test_a_log_file_is_plain_ascii(clock: SimpleNamespace) -> None:
    log_file = run(clock, Screen(terminal=False))
    assert log_file.getvalue().isascii()
    assert "\x1b" not in log_file.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_verbose_2_is_a_line_an_epoch_everywhere(clock: SimpleNamespace, terminal: bool) -> None:
    out = run(clock, Screen(terminal), verbose=2)
    assert out.getvalue() == "4/4 - 2s - 500ms/step - accuracy: 1.0000 - loss: 2.5000e-04 - val_loss: -12.0000\n"


def test_verbose_0_is_silent(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), verbose=0)
    assert not terminal.getvalue()


def test_auto_is_1(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), verbose="auto")
    assert "━" in terminal.getvalue()


def test_epoch_heading_only_for_several(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), epochs=1)
    assert "Epoch" not in terminal.getvalue()
    terminal = run(clock, Screen(terminal=True), epochs=2)
    assert "Epoch 1/2\n" in terminal.getvalue()


def test_unknown_number_of_steps(clock: SimpleNamespace) -> None:
    terminal = run(clock, Screen(terminal=True), known=False)
    first, *_, last = pictures(terminal)[1:]
    assert first == "      1/Unknown 0s 500ms/step - accuracy: 0.2500 - loss: 2.5000e-04"
    assert last.startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ 2s 500ms/step")


def test_in_a_notebook_it_is_drawn_in_place(clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    OutStream = type("OutStream", (Screen,), {"__module__": "ipykernel.iostream"})
    screen = run(clock, OutStream(terminal=False))
    assert len(pictures(screen)) == 6


@pytest.mark.parametrize(("variable", "value", "encoding"), [("TERM", "dumb", "utf-8"), ("TERM", "xterm", "ascii")])
def test_a_terminal_that_cannot_is_a_log_file(
    variable: str, value: str, encoding: str, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    screen = Screen(terminal=True)
    screen.encoding = encoding
    run(clock, screen)
    assert screen.getvalue().startswith("4/4 - 2s")


@pytest.mark.parametrize(
    ("pace", "text"),
    [(3.2, "3s/step"), (0.0123, "12ms/step"), (4e-4, "400us/step"), (1.0, "1s/step"), (0.001, "1ms/step")],
)
def test_pace(pace: float, text: str, clock: SimpleNamespace) -> None:
    log_file = run(clock, Screen(terminal=False), steps=1, pace=pace)
    assert f" {text} " in log_file.getvalue()


def test_the_first_step_does_not_count_once_there_are_more(clock: SimpleNamespace) -> None:
    stations, log_file = CallbackList([ProgressBar(1)], epochs=1, steps=3), Screen(terminal=False)
    with redirect_stdout(log_file):
        stations.on_epoch_begin(0)
        for step, seconds in enumerate((10, 11, 12)):
            clock.seconds = seconds
            stations.on_train_batch_end(step, {})
        stations.on_epoch_end(0, {})
    assert log_file.getvalue() == "3/3 - 12s - 1s/step\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5s"), (60, "60s"), (65, "1:05"), (3600, "60:00"), (3725, "1:02:05")]
)
def test_clock(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5000"),
        (1e-3, "1.0000e-03"),
        (-2.0, "-2.0000"),
        (-1e-5, "-1.0000e-05"),
        (float("nan"), "nan"),
        ([1], "[1]"),
    ],
)
def test_number(value: object, text: str) -> None:
    assert progress.number(value) == text


# -- in fit, evaluate and predict --------------------------------------------------------------------------------------


def net() -> Net:
    model = Net(2, 3)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


DATA = [[0.0, 1.0]] * 40, [1] * 40


@pytest.fixture
def log_file() -> Screen:
    return Screen(terminal=False)


def test_fit_with_validation_is_one_line(log_file: Screen) -> None:
    with redirect_stdout(log_file):
        net().fit(*DATA, validation_split=0.5)
    line = r"1/1 - 0s - \d+\ws/step - accuracy: \S+ - loss: \S+ - val_accuracy: \S+ - val_loss: \S+\n"
    assert re.fullmatch(line, log_file.getvalue())


def test_evaluate_and_predict_have_a_line_of_their_own(log_file: Screen) -> None:
    with redirect_stdout(log_file):
        net().evaluate(*DATA)
        net().predict(DATA[0])
    first, second = log_file.getvalue().splitlines()
    assert re.fullmatch(r"2/2 - 0s - \d+\ws/step - accuracy: \S+ - loss: \S+", first)
    assert re.fullmatch(r"2/2 - 0s - \d+\ws/step", second)


def test_evaluate_after_fit_has_a_line_again(log_file: Screen) -> None:
    model, bar = net(), ProgressBar()
    with redirect_stdout(log_file):
        model.fit(*DATA, callbacks=[bar])
        model.evaluate(*DATA, callbacks=[bar])
    assert len(log_file.getvalue().splitlines()) == 2
