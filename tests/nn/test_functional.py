"""Symbolic tensors, and the models that are made of them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import gradcheck, nn, optim, set_random_seed
from tinygrad_edu.engine.errors import DataError, GraphError, NotReadyError, ShapeError, UnknownNameError
from tinygrad_edu.training import losses

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((5, 4)).astype("float32"), RNG.standard_normal((5, 3)).astype("float32")


@pytest.fixture(autouse=True)
def seed() -> None:
    set_random_seed(1)


class Twice(nn.Module):
    """A layer with two inputs and a dict for its output."""

    def forward(self, xs):
        return {"sum": xs[0] + xs[1], "parts": list(xs)}


def two_inputs() -> nn.Model:
    a, b = nn.Input((4,), name="a"), nn.Input((3,), name="b")
    shared = nn.Linear(5)
    to_four = nn.Linear(4)
    hidden = nn.ReLU()(shared(a) + shared(to_four(b)))
    return nn.Model(inputs=[a, b], outputs=[nn.Linear(1)(hidden), hidden])


def test_layers_and_operators_on_symbols_know_their_shapes() -> None:
    x = nn.Input((None, 4))
    assert nn.Linear(7)(x).shape == (None, None, 7)
    assert (2 * x[:, 0] - 1).shape == (None, 4)
    assert (-x @ np.ones((4, 2), "float32")).shape == (None, None, 2)
    assert (np.float32(1) / (x**2 + 1)).shape == (None, None, 4)
    assert nn.Input((4,), batch_size=8).shape == (8, 4)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 2,
        lambda x: 2 - x,
        lambda x: x - 2,
        lambda x: 2 / x,
        lambda x: x / 2,
        lambda x: 2**x,
        lambda x: x**2,
        lambda x: x @ np.arange(12, dtype="float32").reshape(4, 3),
        lambda x: np.arange(10, dtype="float32").reshape(2, 5) @ x,
        lambda x: abs(-x),
        lambda x: x[:, ::2],
    ],
)
def test_operators_compute_what_they_do_on_arrays(f) -> None:
    x = nn.Input((4,), batch_size=5)
    np.testing.assert_allclose(nn.Model(x, f(x))(A).data, f(A), rtol=1e-5)


def test_a_functional_model_computes_what_its_layers_do() -> None:
    a, b = nn.Input((4,)), nn.Input((4,))
    first, second = nn.Linear(4, 3), nn.Linear(4, 3)
    model = nn.Model([a, b], first(a) * second(b) + 1)
    x, y = RNG.standard_normal((2, 5, 4)).astype("float32")
    np.testing.assert_array_equal(model([x, y]).data, (first(nn.Parameter(x)) * second(nn.Parameter(y)) + 1).data)


def test_a_shared_layer_is_one_layer() -> None:
    model = two_inputs()
    assert [type(layer).__name__ for layer in model.layers].count("Linear") == 3
    assert sum(p.size for p in model.parameters()) == (4 * 5 + 5) + (3 * 4 + 4) + (5 + 1)


def test_its_gradients_are_right() -> None:
    model = two_inputs().astype("float64")
    assert gradcheck(lambda a, b: (model([a, b])[0] ** 2).sum(), A.astype("float64"), B.astype("float64"))


@pytest.mark.parametrize("x", [[A, B], (A, B), {"a": A, "b": B}, {"b": B, "a": A}])
def test_inputs_come_as_list_or_by_name(x) -> None:
    model = two_inputs()
    np.testing.assert_array_equal(model(x)[0].data, model([A, B])[0].data)


def test_a_list_of_one_counts_as_that_one() -> None:
    x = nn.Input((4,))
    model = nn.Model([x], [x * 2])
    assert (model.input, model.input_shape, model.output_shape) == (x, (None, 4), (None, 4))
    np.testing.assert_array_equal(model(A).data, 2 * A)
    np.testing.assert_array_equal(model([A]).data, 2 * A)


def test_build_notes_the_shape_that_it_was_given() -> None:
    model = nn.Sequential(nn.Linear(3))
    model.build((None, 4))
    assert (model.built, model.input_shape, model.output_shape) == (True, (None, 4), (None, 3))


def test_dicts_of_inputs_and_outputs() -> None:
    xs = {"one": nn.Input((4,)), "two": nn.Input((4,))}
    model = nn.Model(xs, Twice()(list(xs.values())))
    out = model({"two": 2 * A, "one": A})
    np.testing.assert_allclose(out["sum"].data, 3 * A, rtol=1e-6)
    np.testing.assert_array_equal(out["parts"][1].data, 2 * A)


def test_a_model_within_a_model() -> None:
    inner = two_inputs()
    a, b = nn.Input((4,), name="a"), nn.Input((3,), name="b")
    outer = nn.Model([a, b], inner([a, b])[0] * 2)
    np.testing.assert_array_equal(outer([A, B]).data, inner([A, B])[0].data * 2)
    assert outer.get_layer("functional") is inner


def test_a_model_of_what_lies_between() -> None:
    model = nn.Sequential(nn.Input((4,)), nn.Linear(6), nn.ReLU(), nn.Linear(2))
    features = nn.Model(model.inputs, [model[1]._ends[1], model.output])
    hidden, out = features(A)
    np.testing.assert_array_equal(out.data, model(A).data)
    assert hidden.shape == (5, 6)


def test_it_trains_and_saves() -> None:
    model = two_inputs()
    model.compile(optim.Adam(lr=0.05), ["mse", None])
    before = model.evaluate([A, B], [A[:, :1], None], verbose=0, return_dict=True)["loss"]
    model.fit({"a": A, "b": B}, [A[:, :1], None], epochs=30, verbose=0)
    assert model.evaluate([A, B], [A[:, :1], None], verbose=0, return_dict=True)["loss"] < before / 2
    other = two_inputs()
    other.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(other([A, B])[0].data, model([A, B])[0].data)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_compute_the_same_and_stand_alone(how) -> None:
    model = two_inputs()
    twin = how(model)
    texts: list[str] = []
    for m in (model, twin):
        m.summary(print_fn=texts.append)
    assert texts[0] == texts[1]
    np.testing.assert_array_equal(twin([A, B])[0].data, model([A, B])[0].data)
    next(twin.parameters()).data[...] += 1
    assert (twin([A, B])[0].data != model([A, B])[0].data).any()


def test_dropout_heeds_the_mode_and_a_fixed_one() -> None:
    x = nn.Input((100,))
    model = nn.Model(x, [nn.Dropout(0.5)(x), nn.Dropout(0.5)(x, training=True)])
    ones = np.ones((1, 100), "float32")
    free, fixed = model(ones, training=False)
    assert (free.data == 1).all()
    assert (fixed.data == 0).any()
    assert (model(ones, training=True)[0].data == 0).any()


def doubled(x: nn.SymbolicTensor) -> nn.Model:
    return nn.Model(x, x * 2)


def test_a_rank_is_adjusted_where_one_number_is_a_feature() -> None:
    assert doubled(nn.Input((1,)))(np.ones(3, "float32")).shape == (3, 1)
    assert doubled(nn.Input(()))(np.ones((3, 1), "float32")).shape == (3,)


def test_whole_numbers_become_the_input_s_dtype() -> None:
    assert doubled(nn.Input((2,)))(np.ones((3, 2), "uint8")).dtype == "float32"
    assert doubled(nn.Input((2,), dtype="int32"))(np.ones((3, 2), "uint8")).dtype == "int32"


SUMMARY = """\
Model: "net"
┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)    ┃ Output Shape ┃ Param # ┃ Connected to               ┃
┡━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ in (InputLayer) │ (None, 3)    │       0 │ -                          │
├─────────────────┼──────────────┼─────────┼────────────────────────────┤
│ linear (Linear) │ (None, 3)    │      12 │ in[0][0], linear[0][0]     │
├─────────────────┼──────────────┼─────────┼────────────────────────────┤
│ add (Add)       │ (None, 3)    │       0 │ linear[0][0], linear[1][0] │
└─────────────────┴──────────────┴─────────┴────────────────────────────┘
 Total params: 12 (48.00 B)
 Trainable params: 12 (48.00 B)
 Non-trainable params: 0 (0.00 B)
"""


def test_an_intermediate_symbol_can_be_an_input() -> None:
    x = nn.Input((4,))
    hidden = nn.Linear(6)(x)
    out = nn.Linear(2)(hidden) * 3
    head = nn.Model(hidden, out)
    whole = nn.Model(x, [hidden, out])
    h, y = whole(A)
    np.testing.assert_array_equal(head(h).data, y.data)
    head.summary(print_fn=lambda text: None)


def test_the_summary_says_what_is_connected_to_what(capsys: pytest.CaptureFixture[str]) -> None:
    x = nn.Input((3,), name="in")
    layer = nn.Linear(3)
    nn.Model(x, (y := layer(x)) + layer(y), name="net").summary()
    assert capsys.readouterr().out == SUMMARY


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_an_input_that_is_missing_is_named() -> None:
    a, b = nn.Input((4,), name="a"), nn.Input((4,), name="b")
    with pytest.raises(GraphError, match=r"also need the input 'b' \(None, 4\)"):
        nn.Model(a, a + b)


def test_what_is_not_symbolic_is_refused() -> None:
    with pytest.raises(TypeError, match="symbolic tensors"):
        nn.Model(A, A)
    with pytest.raises(TypeError, match="both are needed"):
        nn.Model(nn.Input((3,)))


def test_wrong_inputs_are_named() -> None:
    model = two_inputs()
    with pytest.raises(ShapeError, match=r"Input 'b': shape \(None, 3\) expected, \(5, 4\) came"):
        model([A, A])
    with pytest.raises(ShapeError, match=r"has 2 input\(s\), a \(None, 4\), b \(None, 3\); 1 came"):
        model([A])
    with pytest.raises(DataError, match="'b' is missing"):
        model({"a": A, "c": B})


def test_a_layer_that_cannot_take_a_shape_says_so_when_called() -> None:
    with pytest.raises(ShapeError, match=r"Linear\(4, 2\) cannot take \(None, 5\)"):
        nn.Linear(4, 2)(nn.Input((5,)))


def test_a_failure_while_running_tells_the_story() -> None:
    x = nn.Input((None,), name="x")
    y = nn.Input((None,), name="y")
    model = nn.Model([x, y], x * 2 + y)
    with pytest.raises(
        ShapeError, match=r"input x \(5, 4\)\n.*\n.*multiply -> \(5, 4\)\n  > add cannot take \(5, 4\), \(5, 3\)"
    ):
        model([A, B])


@pytest.mark.parametrize("use", [np.asarray, bool, list, np.exp])
def test_values_that_are_not_there_are_not_made_up(use) -> None:
    with pytest.raises(TypeError):
        use(nn.Input((3,)))


@pytest.mark.parametrize("shape", [3, (0,), (2.5,), (True,), ("a",)])
def test_a_shape_is_checked(shape) -> None:
    with pytest.raises(TypeError, match="shape"):
        nn.Input(shape)


def test_input_shape_and_batch_shape_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="batch_shape"):
        nn.Input((3,), batch_shape=(2, 3))
    with pytest.raises(TypeError, match="leave batch_size out"):
        nn.Input(batch_shape=(2, 3), batch_size=2)


# -- Sequential's chain ------------------------------------------------------------------------------------------------


def test_an_input_in_front_builds_each_layer_when_it_is_added() -> None:
    model = nn.Sequential([nn.Input((4,))])
    model.add(nn.Linear(3))
    assert model[0].weight.shape == (4, 3)
    assert (model.built, model.input_shape, model.output_shape) == (True, (None, 4), (None, 3))
    model.add(nn.Linear(2))
    assert model.output_shape == (None, 2)
    model.pop()
    assert model.output_shape == (None, 3)


def test_a_layer_that_does_not_fit_is_not_added() -> None:
    model = nn.Sequential(nn.Input((4,)), nn.Linear(3))
    with pytest.raises(ShapeError):
        model.add(nn.Linear(4, 2))
    assert len(model) == 1
    assert model.output_shape == (None, 3)


def test_ends_are_known_after_the_first_call() -> None:
    model = nn.Sequential(nn.Linear(3))
    with pytest.raises(NotReadyError, match=r"Put Input\(shape=...\) first"):
        _ = model.output
    model(A)
    assert model.output.shape == (None, 3)


def test_an_input_stands_in_front() -> None:
    with pytest.raises(TypeError, match="in front"):
        nn.Sequential(nn.Linear(3), nn.Input((3,)))


def test_names_and_get_layer() -> None:
    model = nn.Sequential([nn.Linear(4, 3), nn.Linear(3, 2)], name="net")
    assert model.name == "net"
    assert model.get_layer("linear_1") is model[1] is model.get_layer(index=1)
    with pytest.raises(UnknownNameError, match="Did you mean 'linear'"):
        model.get_layer("linar")
    with pytest.raises(TypeError, match="a name or an index"):
        model.get_layer()


def test_a_model_may_call_its_parts_what_it_likes() -> None:
    class Net(nn.Model):
        def __init__(self) -> None:
            self.layers, self.input, self.output, self.name = [nn.Linear(4, 3)], nn.ReLU(), nn.Linear(3, 1), "mine"

        def forward(self, x):
            return self.output(self.layers[0](self.input(x)))

    assert Net()(A).shape == (5, 1)
    assert set(Net().state_dict()) == {"layers.0.weight", "layers.0.bias", "output.weight", "output.bias"}


def test_a_model_without_call_says_what_it_needs() -> None:
    with pytest.raises(NotReadyError, match="must define call"):
        nn.Model()(A)


@pytest.mark.parametrize(
    "loss", [losses.SparseCategoricalCrossentropy(from_logits=True), nn.CrossEntropyLoss()], ids=["loss", "module"]
)
def test_a_compiled_model_can_be_pickled(loss) -> None:
    """So other processes get it, and train on as here."""
    y = np.arange(5) % 3
    model = nn.Sequential(nn.Linear(A.shape[1], 3))
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(A, y, verbose=0)
    twin = pickle.loads(pickle.dumps(model))
    first, second = (m.fit(A, y, epochs=2, verbose=0).history for m in (model, twin))
    assert first == second
