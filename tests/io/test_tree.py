"""Nested values: what goes in comes out, and what cannot go in is named with its place."""

import io
import zipfile
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest
from helpers.checkpoints import same
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tinygrad_edu.engine.errors import DTypeError
from tinygrad_edu.engine.random import generator
from tinygrad_edu.io import _format

dtypes = st.one_of(
    hnp.scalar_dtypes(),
    hnp.byte_string_dtypes(),
    hnp.unicode_string_dtypes(),
    st.sampled_from([np.dtype(np.longdouble), np.dtype(np.clongdouble), np.dtype("M8"), np.dtype("m8")]),
)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


def of_bytes(dtype: np.dtype, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    """Arrays with any bits: every NaN, and dates that are none."""
    size = dtype.itemsize * int(np.prod(shape))
    any_bits = st.binary(min_size=size, max_size=size).map(lambda b: np.frombuffer(b, dtype).reshape(shape))
    return any_bits if dtype.kind not in "bSU" else hnp.arrays(dtype, shape)


arrays = st.tuples(dtypes, shapes).flatmap(lambda both: of_bytes(*both))
layouts = st.sampled_from(
    [
        lambda a: a,
        np.transpose,
        lambda a: a[::-1] if a.ndim else a,
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
        lambda a: np.broadcast_to(a, (2, *a.shape)),
        np.asfortranarray,
    ]
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
trees = st.dictionaries(
    st.text(),
    st.recursive(
        plain | arrays,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=4).map(tuple)
            | st.dictionaries(st.text(), inner, max_size=4)
        ),
        max_leaves=6,
    ),
    max_size=3,
)


def written(state: object) -> io.BytesIO:
    """A file in memory, which spares the waiting for the disk."""
    file = io.BytesIO()
    _format.write(file, state)
    return file


def round_trip(state: object) -> dict:
    return _format.read(written(state))[0]


# --- what goes in comes out


@given(trees)
def test_any_tree_comes_back_as_it_was(tree):
    assert same(round_trip(tree), tree)


@given(arrays, layouts)
def test_any_array_in_any_layout_comes_back_in_c_order(array, layout):
    array = layout(array)
    out = round_trip({"a": array})["a"]
    assert same(out, np.array(array, order="C"))
    assert out.flags.c_contiguous
    assert out.flags.writeable
    assert out.flags.aligned


def test_the_comparison_of_these_tests_sees_a_difference():
    assert not same({"a": 0.0}, {"a": -0.0})
    assert not same((1,), [1])
    assert not same({"a": True}, {"a": 1})
    assert not same(np.zeros(2, ">f4"), np.zeros(2, "<f4"))
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert same([float("nan")], [float("nan")])


def test_tensors_and_numpy_scalars_come_back_as_arrays():
    out = round_trip({"t": tg.Tensor([1.0, 2.0], requires_grad=True), "s": np.float32(3), "f": np.float64(4)})
    assert same(out, {"t": np.array([1, 2], np.float32), "s": np.array(3, np.float32), "f": np.array(4.0)})


class Color(IntEnum):
    RED = 1


def test_subclasses_of_plain_values_come_back_as_plain_values():
    assert round_trip({"color": Color.RED}) == {"color": 1}


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_goes_on_where_it_was(kind):
    rng = np.random.Generator(getattr(np.random, kind)(7))
    rng.integers(0, 9, 5, np.uint8)  # half of a word is kept for the next draw
    state = round_trip({"rng": rng})["rng"]
    other = np.random.Generator(getattr(np.random, kind)(8))
    other.bit_generator.state = state
    np.testing.assert_array_equal(other.integers(0, 9, 50, np.uint8), rng.integers(0, 9, 50, np.uint8))


def test_a_generator_of_the_engine_goes_on_where_it_was():
    rng = generator()
    state = round_trip({"rng": rng})["rng"]
    expected = rng.random(3)
    rng.bit_generator.state = state
    np.testing.assert_array_equal(rng.random(3), expected)


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.just(np.eye(1)), max_size=2), max_size=3))
def test_zipfile_finds_nothing_wrong_and_names_are_safe_to_unpack(tree):
    with zipfile.ZipFile(written(tree)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert len(names) == len(set(names))
    for name in names:
        assert name.isascii()
        assert name.isprintable()
        assert not name.startswith("/")
        assert "\\" not in name
        assert ":" not in name
        assert all(part and not part.startswith(".") for part in name.split("/"))


# --- what cannot go in


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "'a/0' is a set"),
        (b"bytes", "'a/0' is a bytes"),
        (1j, "'a/0' is a complex"),
        (Path("x"), "'a/0' is a PosixPath|'a/0' is a WindowsPath"),
        (np.ma.array([1, 2], mask=[0, 1]), "'a/0' is a MaskedArray"),
        ({1: 2}, "'a/0' has the key 1; keys are strings"),
    ],
)
def test_what_cannot_be_saved_is_named_with_its_place(tmp_path, value, message):
    with pytest.raises(TypeError, match=message):
        tg.save({"a": [value]}, tmp_path / "run.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [object, [("x", float)], "V3"], ids=str)
def test_objects_and_records_are_refused(tmp_path, dtype):
    with pytest.raises(DTypeError, match="'layer/w' has dtype"):
        tg.save({"layer": {"w": np.empty(2, dtype)}}, tmp_path / "run.npz")


@pytest.mark.parametrize("state", [[1], 3, np.eye(2), None], ids=lambda s: type(s).__name__)
def test_the_state_itself_is_a_dict(tmp_path, state):
    with pytest.raises(TypeError, match="a model or a dict is expected, got a"):
        tg.save(state, tmp_path / "run.npz")


def test_a_tree_that_contains_itself_is_refused(tmp_path):
    state: dict = {}
    state["again"] = state
    with pytest.raises(ValueError, match=r"'again/again/again'\.\.\. goes deeper than 64 levels"):
        tg.save(state, tmp_path / "run.npz")


def test_a_key_too_long_for_the_archive_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is too long for a zip archive"):
        tg.save({"k" * 70_000: np.eye(1)}, tmp_path / "run.npz")


def test_more_plain_values_than_are_read_are_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(_format, "MAX_METADATA", 2000)
    with pytest.raises(ValueError, match="Give long lists of numbers as arrays"):
        tg.save({"history": list(range(1000))}, tmp_path / "run.npz")
