"""The room as a whole: what it is made of, and that it says the same as the rooms below."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import tinygrad_edu as tg
from tinygrad_edu import keras

ROOM = Path(keras.__file__).parent
FILES = [f for f in sorted(ROOM.rglob("*.py")) if "utils" not in f.relative_to(ROOM).parts]


def imports(file: Path) -> set[str]:
    """The packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOM)))
def test_words_only(file: Path) -> None:
    assert "numpy" not in imports(file)


def test_imports_are_seen() -> None:
    assert "numpy" in imports(ROOM / "utils" / "arrays.py")


@pytest.mark.parametrize("name", keras.__all__)
def test_everything_public_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(keras, name)
    assert isinstance(value, str) or (value.__doc__ or "").strip()


@pytest.mark.parametrize(
    "room",
    ["activations", "backend", "callbacks", "config", "constraints", "datasets", "initializers", "layers", "losses", "metrics",
     "models", "ops", "optimizers", "optimizers.schedules", "preprocessing", "preprocessing.image", "preprocessing.sequence",
     "random", "regularizers", "saving", "utils"],
)  # fmt: skip
def test_submodules_are_modules_and_hold_what_they_list(room: str) -> None:
    module = importlib.import_module(f"tinygrad_edu.keras.{room}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert sorted(set(module.__all__)) == sorted(module.__all__)


def test_models_are_the_framework_s() -> None:
    assert tg.Sequential is tg.nn.Sequential is keras.Sequential is keras.models.Sequential
    assert tg.Model is tg.nn.Model is keras.Model
    assert keras.Input is keras.layers.Input is tg.nn.Input


def test_names_that_are_not_there_are_not_made_up() -> None:
    with pytest.raises(AttributeError):
        _ = keras.utils.plot_models
    with pytest.raises(AttributeError):
        _ = keras.applications


def test_clear_session_numbers_layers_anew() -> None:
    keras.backend.clear_session()
    assert [keras.layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]


def test_config() -> None:
    assert (keras.config.floatx(), keras.config.epsilon()) == ("float32", 1e-7)
    assert (keras.backend.backend(), keras.backend.image_data_format()) == ("numpy", "channels_last")
    assert keras.backend.is_keras_tensor(keras.Input((3,)))
    assert not keras.backend.is_keras_tensor(tg.tensor([1.0]))
    assert keras.backend.standardize_dtype(None) == "float32"
    assert keras.backend.is_float_dtype("float64")
    assert keras.backend.is_int_dtype("uint8")


@pytest.mark.parametrize(
    ("setter", "same", "other"),
    [("set_floatx", "float32", "float16"), ("set_epsilon", 1e-7, 1e-5), ("set_backend", "numpy", "jax"),
     ("set_image_data_format", "channels_last", "channels_first")],
)  # fmt: skip
def test_what_cannot_be_changed_says_what_to_do(setter: str, same: object, other: object) -> None:
    getattr(keras.config, setter)(same)
    with pytest.raises(ValueError, match=rf"{setter}\({other!r}\): only {same!r} is supported. \w+"):
        getattr(keras.config, setter)(other)


def test_limits_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "7")
    assert keras.config.max_epochs() == 7
    keras.config.set_max_epochs(3)
    assert keras.config.max_epochs() == 3
    keras.config.set_max_epochs(None)
    assert keras.config.max_epochs() is keras.config.max_steps_per_epoch() is None
