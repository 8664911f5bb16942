"""From arrays, generators and loaders to batches."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor
from tinygrad_edu.engine.errors import DataError
from tinygrad_edu.training.data import Arrays, Column, Stream, class_weights, source
from tinygrad_edu.training.structure import leaves, pack, transform, unpack

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


def numbers(batches: Iterator) -> list[list[int]]:
    """The sample numbers in each batch."""
    return [unpack(batch)[1].data.tolist() for batch in batches]


@given(st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_every_sample_once(n: int, size: int, shuffled: bool) -> None:
    x, rng = np.arange(n), np.random.default_rng(0)
    batches = numbers(Arrays(x, x, batch_size=size, rng=rng if shuffled else None).epoch())
    assert sorted(i for batch in batches for i in batch) == list(range(n))
    assert [len(b) for b in batches[:-1]] == [size] * (len(batches) - 1)
    assert len(batches[-1]) == (n - 1) % size + 1


def test_in_order_unless_shuffled() -> None:
    assert numbers(Arrays(X, Y, batch_size=4).epoch()) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_new_order_every_epoch_and_rows_stay_together() -> None:
    data = Arrays(X, Y, batch_size=10, rng=np.random.default_rng(0))
    first, second = (tuple(t.data for t in next(data.epoch())) for _ in range(2))
    assert not np.array_equal(first[1], second[1])
    for x, y in (first, second):
        np.testing.assert_array_equal(x, X[y])


def test_structures_keep_their_form() -> None:
    data = source({"a": X, "b": [X, X + 1]}, (Y, Y), batch_size=10)
    x, y = next(data.epoch())
    assert set(x) == {"a", "b"}
    assert isinstance(x["b"], list)
    assert isinstance(y, tuple)
    np.testing.assert_array_equal(x["b"][1].data, X + 1)


def test_steps_go_round() -> None:
    data = Arrays(X, Y, batch_size=4, steps=2)
    assert [numbers(data.epoch()) for _ in range(3)] == [
        [[0, 1, 2, 3], [4, 5, 6, 7]],
        [[8, 9], [0, 1, 2, 3]],
        [[4, 5, 6, 7], [8, 9]],
    ]


def test_steps_without_a_batch_size_divide_the_data() -> None:
    assert [len(b) for b in numbers(Arrays(X, Y, steps=3).epoch())] == [4, 4, 2]


def test_default_batch_size() -> None:
    assert Arrays(np.zeros(100)).batch_size == 32


# -- memory ------------------------------------------------------------------------------------------------------------


def test_memory_of_a_batch_is_used_again_once_it_is_free() -> None:
    column = Column(X)
    first = column.rows(np.arange(3))
    address = first.data.ctypes.data
    del first
    assert column.rows(np.arange(3)).data.ctypes.data == address


@pytest.mark.parametrize("keep", ["tensor", "array", "view", "graph"])
def test_memory_that_somebody_holds_is_left_alone(keep: str) -> None:
    column = Column(X)
    held = []
    for i in range(5):
        t = column.rows(np.array([i, i]))
        w = Tensor(np.ones(2, np.float32), requires_grad=True)
        held.append({"tensor": t, "array": t.data, "view": t.data[1:], "graph": t * w}[keep])
    for i, h in enumerate(held):
        np.testing.assert_array_equal((h.data if isinstance(h, Tensor) else h)[-1], X[i])


def test_slices_share_the_data() -> None:
    assert np.shares_memory(Column(X).slice(2, 4).data, X)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool])
@pytest.mark.parametrize("shuffled", [False, True])
def test_pixels_become_floats_batch_by_batch(dtype: type, shuffled: bool) -> None:
    x = (np.arange(20).reshape(10, 2) % 2).astype(dtype)
    data = source(x, x[:, 0], rng=np.random.default_rng(0) if shuffled else None, batch_size=10, dtype=np.float32)
    (images, labels) = next(data.epoch())
    assert images.dtype == np.float32
    assert labels.dtype == dtype
    assert sorted(images.data[:, 1].tolist()) == sorted(x[:, 1].tolist())


def test_wide_integers_stay_for_they_may_be_indices() -> None:
    assert next(source(np.zeros((2, 2), np.int64)).epoch()).dtype == np.int64


def test_floats_take_the_dtype_of_the_model() -> None:
    x, y = next(source(X.astype(np.float64), Y / 3, dtype=np.float32).epoch())
    assert x.dtype == y.dtype == np.float32


def test_data_is_not_changed() -> None:
    x, y = X.copy(), Y.copy()
    for _ in Arrays(x, y, batch_size=3, rng=np.random.default_rng(0)).epoch():
        pass
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_data_that_is_not_contiguous() -> None:
    wide = np.arange(60, dtype=np.float32).reshape(10, 6)[:, ::3]
    batch = next(Arrays(wide, batch_size=10, rng=np.random.default_rng(0)).epoch())
    assert sorted(batch.data[:, 1].tolist()) == wide[:, 1].tolist()


# -- generators and loaders --------------------------------------------------------------------------------------------


def generator(batches: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for i in range(batches):
        yield X[i : i + 1], Y[i : i + 1]


def test_a_generator_is_one_epoch() -> None:
    data = source(generator(3))
    assert numbers(data.epoch()) == [[0], [1], [2]]
    assert data.steps == 3


def test_a_sample_of_a_generator_is_not_lost() -> None:
    data = source(generator(3))
    for _ in range(2):
        assert unpack(data.sample())[1].data.tolist() == [0]
    assert numbers(data.epoch()) == [[0], [1], [2]]


def test_a_generator_goes_on_with_steps() -> None:
    data = source(generator(5), steps=2)
    data.sample()
    assert [numbers(data.epoch()) for _ in range(2)] == [[[0], [1]], [[2], [3]]]


def test_a_generator_that_ends_early() -> None:
    data = source(generator(3), steps=2)
    numbers(data.epoch())
    with pytest.raises(DataError, match="ended after 1 of 2 batches"):
        numbers(data.epoch())


def test_a_generator_has_no_second_epoch() -> None:
    data = source(generator(3))
    numbers(data.epoch())
    with pytest.raises(DataError, match="ended after 0 of at least 1 batches"):
        numbers(data.epoch())


class Loader:
    """Can be iterated anew."""

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return generator(3)


def test_a_loader_starts_anew() -> None:
    data = source(Loader())
    assert data.steps == 3
    data.sample()
    assert [numbers(data.epoch()) for _ in range(2)] == [[[0], [1], [2]]] * 2


def test_a_loader_goes_round_with_steps() -> None:
    data = source(Loader(), steps=2)
    assert [numbers(data.epoch()) for _ in range(3)] == [[[0], [1]], [[2], [0]], [[1], [2]]]


def test_an_empty_stream() -> None:
    with pytest.raises(DataError, match="no batch at all"):
        source(generator(0)).sample()


def test_class_weights_of_batches() -> None:
    data = Stream(Loader(), weights={1: 3.0})
    assert [unpack(b)[2].data.tolist() for b in data.epoch()] == [[1], [3], [1]]


@pytest.mark.parametrize("argument", ["y", "sample_weight", "batch_size"])
def test_what_comes_with_the_batches_cannot_be_given(argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        source(generator(1), **{argument: 3})


# -- class weights -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [Y % 3, (Y % 3)[:, None], np.eye(3)[Y % 3], (Y % 3).astype(np.float32)])
def test_class_weights(y: np.ndarray) -> None:
    np.testing.assert_array_equal(class_weights(y, {0: 2.0, 2: 0.5}), np.array([2, 1, 0.5])[Y % 3])


def test_class_weights_and_sample_weights_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="cannot be used together"):
        source(X, Y, np.ones(10), class_weight={0: 2.0})


def test_class_weights_need_one_output() -> None:
    with pytest.raises(ValueError, match="one array of targets, this data has 2"):
        source(X, [Y, Y], class_weight={0: 2.0})


# -- structure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "packed"),
    [((1,), 1), ((1, 2), (1, 2)), ((1, 2, 3), (1, 2, 3)), ((1, None, 3), (1, None, 3)), (([1, 2],), ([1, 2],))],
)
def test_pack_and_unpack(parts: tuple, packed: object) -> None:
    assert pack(*parts) == packed
    assert unpack(packed) == (*parts, None, None)[:3]


def test_a_batch_of_four_parts() -> None:
    with pytest.raises(ValueError, match="this tuple has 4 entries"):
        unpack((1, 2, 3, 4))


def test_names_of_leaves() -> None:
    assert list(leaves({"a": 1, "b": [2, None, 3]}, "x")) == [("x['a']", 1), ("x['b'][0]", 2), ("x['b'][2]", 3)]
    assert list(leaves(1, "x")) == [("x", 1)]


def test_transform_keeps_the_form() -> None:
    assert transform(lambda v: v + 1, {"a": 1, "b": [2, None, (3,)]}) == {"a": 2, "b": [3, None, (4,)]}


def test_going_on_in_a_pass_draws_its_order_again_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    data = Arrays(np.arange(10.0)[:, None], batch_size=2, rng=rng)
    whole = [b.data.copy() for b in data.epoch()]
    rng.random()  # somebody draws meanwhile
    position, state = data.position(3), rng.bit_generator.state
    again = Arrays(np.arange(10.0)[:, None], batch_size=2, rng=np.random.default_rng(1))
    again.go_to(position)
    again.rng.bit_generator.state = state
    np.testing.assert_array_equal([b.data.copy() for b in again.epoch(3)], whole[3:])
    assert again.rng.bit_generator.state == state
