"""Sequential and Model: a list of layers, errors that tell the whole story, training."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.engine.errors import DTypeError, ShapeError

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def layers():
    return [nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)]


def test_one_class_under_every_name():
    assert tg.Sequential is tg.nn.Sequential
    assert tg.Model is tg.nn.Model


@pytest.mark.parametrize(
    "make", [lambda ls: nn.Sequential(ls), lambda ls: nn.Sequential(*ls), lambda ls: nn.Sequential(tuple(ls))]
)
def test_layers_come_as_a_list_or_one_by_one(make):
    ls = layers()
    model = make(ls)
    x = Tensor(X)
    np.testing.assert_array_equal(model(x).data, ls[2](ls[1](ls[0](x))).data)


def test_it_is_a_list_of_layers():
    ls = layers()
    model = nn.Sequential(ls)
    assert (len(model), list(model), model[0], model[-1]) == (3, ls, ls[0], ls[2])
    assert isinstance(model[:2], nn.Sequential)
    assert list(model[:2]) == ls[:2]
    assert model.pop() is ls[2]
    model.add(nn.Dropout())
    assert repr(model[-1]) == "Dropout(0.5)"
    assert len(model.append(nn.ReLU())) == 4


def test_layers_are_named_by_their_number():
    model = nn.Sequential(layers())
    model.temperature = nn.Parameter([1.0])
    assert [n for n, _ in model.named_parameters()] == ["temperature", "0.weight", "0.bias", "2.weight", "2.bias"]


def test_an_empty_one_passes_on():
    assert nn.Sequential()(Tensor(X)).tolist() == X.tolist()


@pytest.mark.parametrize("wrong", [nn.ReLU, "relu", None], ids=str)
def test_what_is_no_layer_is_refused(wrong):
    with pytest.raises(TypeError, match="A layer is a Module") as error:
        nn.Sequential([nn.Linear(3, 2), wrong])
    assert ("brackets" in str(error.value)) is (wrong is nn.ReLU)


def test_arrays_and_lists_are_taken_as_inputs():
    model = nn.Sequential([nn.ReLU()])
    assert isinstance(model(X), Tensor)
    assert model([[1, -1]]).tolist() == [[1, 0]]


def test_inputs_may_be_nested():
    class Sum(nn.Model):
        def forward(self, x, scale=None):
            a, b = x.values() if isinstance(x, dict) else x
            return a + b if scale is None else (a + b) * scale

    model = Sum()
    for x in ({"a": X, "b": X}, [X, X], (X, Tensor(X))):
        out = model(x, None)
        assert isinstance(out, Tensor)
        np.testing.assert_array_equal(out.data, X + X)
    assert model([X, X], 2).tolist() == (2 * (X + X)).tolist()


def test_text_is_refused():
    with pytest.raises(DTypeError, match="numbers"):
        nn.Sequential([nn.ReLU()])([["a"]])


def test_a_wrong_shape_tells_the_chain_of_layers():
    model = nn.Sequential([nn.Linear(3, 5), nn.Dropout(), nn.Linear(4, 2), nn.ReLU()])
    with pytest.raises(ShapeError) as error:
        model(X)
    assert str(error.value) == (
        "linear: input (4, 5) against weight (4, 2). The input's last axis must be the weight's first, 4. "
        "Linear(5, 2) would fit; Linear(2) takes its input size from the data.\n"
        "  Sequential: input (4, 3)\n"
        "    0 Linear(3, 5) -> (4, 5)\n"
        "    1 Dropout(0.5) -> (4, 5)\n"
        "  > 2 Linear(4, 2) cannot take (4, 5)"
    )


def test_layers_build_themselves_or_by_build():
    for model in (nn.Sequential([nn.Flatten(), nn.Linear(5), nn.Linear(2)]) for _ in range(2)):
        model.build((None, 2, 3))
        assert [p.shape for p in model.parameters()] == [(6, 5), (5,), (5, 2), (2,)]
    model = nn.Sequential([nn.Linear(5)])
    model.add(nn.Linear(2))
    assert model(X).shape == (4, 2)


def test_a_hand_written_loop_learns():
    tg.set_random_seed(1)
    model = nn.Sequential([nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)])
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
    criterion, optimizer = nn.CrossEntropyLoss(), tg.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    assert (model(x).data.argmax(axis=1) == y).all()


def test_compile_and_fit_learn_the_same_task():
    tg.set_random_seed(1)
    model = tg.Sequential([nn.Linear(8), nn.Tanh(), nn.Linear(2), nn.Softmax()])
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
    model.compile(tg.optim.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=200, verbose=0)
    assert history.history["accuracy"][-1] == 1
    assert model.predict(x, verbose=0).shape == (4, 2)


def test_fitting_with_a_frozen_layer_leaves_it_alone():
    model = nn.Sequential([nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)])
    model[0].trainable = False
    before = model.state_dict()
    model.compile(tg.optim.SGD(0.1, weight_decay=0.1), "mse")
    model.fit(X, np.ones((4, 1), np.float32), epochs=2, verbose=0)
    after = model.state_dict()
    assert (after["0.weight"] == before["0.weight"]).all()
    assert (after["2.weight"] != before["2.weight"]).any()


def test_a_model_subclass_trains():
    class Net(tg.Model):
        def __init__(self):
            self.hidden, self.out, self.drop = nn.Linear(8), nn.Linear(1), nn.Dropout(0.1)

        def call(self, x, training=False):
            return self.out(self.drop(self.hidden(x), training=training))

    tg.set_random_seed(0)
    model = Net()
    model.compile("adam", "mse")
    losses = model.fit(X, X.sum(axis=1, keepdims=True), epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
