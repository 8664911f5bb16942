"""The table of a model."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.engine.errors import ShapeError

MNIST = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃ Layer (type)      ┃ Output Shape ┃ Param # ┃
┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
│ linear (Linear)   │ (None, 128)  │ 100,480 │
├───────────────────┼──────────────┼─────────┤
│ re_lu (ReLU)      │ (None, 128)  │       0 │
├───────────────────┼──────────────┼─────────┤
│ linear_1 (Linear) │ (None, 10)   │   1,290 │
└───────────────────┴──────────────┴─────────┘
 Total params: 101,770 (397.54 KB)
 Trainable params: 101,770 (397.54 KB)
 Non-trainable params: 0 (0.00 B)"""


def mnist(first=784, second=128):
    return nn.Sequential([nn.Linear(first, 128), nn.ReLU(), nn.Linear(second, 10)])


def test_the_flagship(capsys):
    mnist().summary()
    assert capsys.readouterr().out == MNIST + "\n"


def test_shapes_from_an_input_shape_build_the_model():
    assert nn.summary(mnist(None, None), (None, 784)) == MNIST


def test_shapes_from_the_first_call():
    model = mnist(None, None)
    model(np.ones((32, 784), np.float32))
    assert nn.summary(model) == MNIST


def test_what_is_not_built_is_shown_as_such():
    text = nn.summary(mnist(None, None))
    assert "│ linear (Linear)   │ ?            │" in text
    assert "(unbuilt)" in text


def test_images_of_unknown_size_are_not_guessed():
    text = nn.summary(nn.Sequential([nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(36, 2)]))
    assert "│ conv2d (Conv2d)   │ ?            │      40 │" in text


def test_a_model_that_cannot_run_still_prints_unless_the_shape_was_asked_for():
    broken = mnist(784, 64)
    assert "│ linear_1 (Linear) │ ?            │     650 │" in nn.summary(broken)
    with pytest.raises(ShapeError, match="would fit"):
        nn.summary(broken, (None, 784))
    assert "forward" not in vars(broken[0]), "the layers are as before"


def test_frozen_parameters_and_the_optimisers_numbers_are_counted():
    model = mnist()
    model[0].freeze()
    model.compile("adam", "mse")
    assert "Optimizer" not in nn.summary(model)
    model.fit(np.ones((4, 784), np.float32), np.ones((4, 10), np.float32), verbose=0)
    lines = nn.summary(model).splitlines()[-4:]
    assert lines[0].startswith(" Total params: 305,312 (")  # 101,770 and twice that and two
    assert lines[1] == " Trainable params: 1,290 (5.04 KB)"
    assert lines[2] == " Non-trainable params: 100,480 (392.50 KB)"
    assert lines[3].startswith(" Optimizer params: 203,542 (")


def test_a_model_of_your_own_shows_its_parts_and_shared_ones_once():
    class Net(tg.Model):
        def __init__(self):
            self.shared = nn.Linear(3, 3)
            self.parts = [self.shared, nn.Linear(3, 1)]

        def forward(self, x):
            return self.parts[1](self.shared(self.shared(x)))

    text = nn.summary(Net(), (None, 3))
    assert text.startswith('Model: "net"')
    assert text.count("linear (Linear)") == 1
    assert "│ linear_1 (Linear) │ (None, 1)    │       4 │" in text


def test_a_summary_leaves_mode_and_weights_alone():
    model = nn.Sequential([nn.Linear(3, 3), nn.Dropout()])
    before = model.state_dict()
    nn.summary(model, (None, 3))
    assert model.training
    assert all((a == before[n]).all() for n, a in model.state_dict().items())
