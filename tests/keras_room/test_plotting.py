"""Pictures of models: every call is a box, every way an arrow, and no program of the system is needed."""

from __future__ import annotations

import builtins
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu import keras
from tinygrad_edu.engine.errors import MissingExtraError, NotReadyError
from tinygrad_edu.keras import layers, ops


def towers() -> Any:
    left, right = keras.Input((6,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(4, activation="tanh", name="shared")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dropout(0.1)], name="inner")
    x = layers.Concatenate(name="join")([shared(left), inner(shared(left * 2.0)), ops.exp(right)])
    return keras.Model([left, right], [layers.Dense(3, name="a")(x), layers.Dense(1, name="b")(x)], name="towers")


def arrows(diagram: Any) -> set[tuple[str, str]]:
    return {(diagram.boxes[a].title, diagram.boxes[b].title) for a, b in diagram.arrows}


def test_every_call_is_a_box() -> None:
    diagram = keras.utils.model_to_dot(towers(), show_shapes=True)
    boxes = {box.lines: box.kind for box in diagram.boxes.values()}
    assert boxes["left", "(None, 6)"] == "input"
    assert boxes["a", "(None, 12) → (None, 3)"] == "output"
    assert boxes["join", "(None, 4), (None, 4), (None, 4) → (None, 12)"] == "module"
    assert len(diagram.boxes) == 10
    assert len(diagram.arrows) == 10
    assert ("Dense", "Sequential") in arrows(diagram)


def test_nested_models_open() -> None:
    diagram = keras.utils.model_to_dot(towers(), expand_nested=True)
    titles = [box.title for box in diagram.boxes.values()]
    assert "Sequential" not in titles
    assert titles.count("Dense") == 5
    assert {("Dense", "Dropout"), ("Dropout", "Concatenate")} <= arrows(diagram)


def test_boxes_tell_what_is_asked() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation="relu", name="d")])
    model.layers[0].trainable = False
    options = dict.fromkeys(
        ("show_shapes", "show_dtype", "show_layer_names", "show_layer_activations", "show_trainable"), True
    )
    diagram = keras.utils.plot_model(model, None, **options)
    assert [box.lines for box in diagram.boxes.values()][1] == (
        "d", "activation relu", "(None, 6) → (None, 4)", "float32", "frozen",
    )  # fmt: skip


def test_svg_stands_by_itself(tmp_path: Path) -> None:
    keras.utils.plot_model(towers(), tmp_path / "m.svg", show_layer_names=True)
    root = ElementTree.parse(tmp_path / "m.svg").getroot()
    text = " ".join(root.itertext())
    assert all(word in text for word in ("InputLayer", "Concatenate", "shared", "inner"))
    assert "http" not in (tmp_path / "m.svg").read_text().replace("http://www.w3.org/2000/svg", "")


def test_a_class_is_one_box() -> None:
    class Net(keras.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    net = Net()
    with pytest.raises(NotReadyError, match="is not built"):
        keras.utils.plot_model(net, None)
    net(ops.ones((1, 2)))
    assert len(keras.utils.plot_model(net, None).boxes) == 1


def test_other_words_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rankdir is 'TB' or 'LR'"):
        keras.utils.plot_model(towers(), None, rankdir="BT")
    with pytest.raises(ValueError, match=r"\.svg"):
        keras.utils.plot_model(towers(), tmp_path / "m.bmp")


def test_png_without_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return known(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"tinygrad-edu\[viz\]"):
        keras.utils.plot_model(towers(), tmp_path / "m.png")


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_pixels(ending: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    keras.utils.plot_model(towers(), tmp_path / f"m.{ending}", show_shapes=True, rankdir="LR", dpi=60)
    assert (tmp_path / f"m.{ending}").read_bytes()[:4] in (b"\x89PNG", b"%PDF")
