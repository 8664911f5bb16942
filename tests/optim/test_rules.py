"""The rules: hard values measured in Keras, and laws that hold for each of them."""

import numpy as np
import pytest
from helpers.optimizers import MEASURED, NAMES, parameter, step
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import optim

G = np.array([0.1, -0.2, 0.3], np.float32)


@pytest.mark.parametrize(("name", "options", "expected"), MEASURED, ids=str)
def test_three_steps_as_measured_in_keras(name, options, expected):
    v = parameter([1, 2, 3])
    optimizer = getattr(optim, name)([v], lr=0.1, **options)
    for s in (1, 2, 3):
        step(optimizer, [v], [G * s])
    np.testing.assert_allclose(v.data, expected, atol=5e-6)  # Keras computes 1 - 0.999^t in float32


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("Adam", {"beta_2": 0.5}, [0.700394, 2.299606, 2.700394]),
        ("Adam", {"beta_2": 0.5, "amsgrad": True}, [0.791805, 2.208195, 2.791805]),
        ("Nadam", {"beta_2": 0.5}, [0.885465, 2.114535, 2.885465]),
        ("Adamax", {"beta_2": 0.5}, [0.588723, 2.411277, 2.588723]),
        ("Lion", {}, [0.9, 2.1, 2.9]),
        ("Lion", {"beta_2": 0.9}, [0.5, 2.5, 2.5]),
    ],
    ids=str,
)
def test_gradients_that_turn_as_measured_in_keras(name, options, expected):
    """Here it shows what is remembered for how long, which a steady gradient hides."""
    v = parameter([1, 2, 3])
    optimizer = getattr(optim, name)([v], lr=0.1, **options)
    for s in (4, -1, 0.5, -1, 0.5):
        step(optimizer, [v], [G * s])
    np.testing.assert_allclose(v.data, expected, atol=5e-6)


@pytest.mark.parametrize(("name", "options", "expected"), MEASURED, ids=str)
def test_float32_stays_float32(name, options, expected):
    v = parameter([1, 2, 3])
    optimizer = getattr(optim, name)([v], lr=np.float64(0.1), **options)
    step(optimizer, [v], [G])
    state = [a for key, a in optimizer.state_dict().items() if key not in ("iterations", "learning_rate")]
    assert {v.dtype, *(a.dtype for a in state)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("name", "options", "expected"), MEASURED, ids=str)
def test_a_step_leaves_the_gradient_as_it_was(name, options, expected):
    parameters = [parameter(np.ones(20_000)), parameter([1, 2, 3])]
    optimizer = getattr(optim, name)(parameters, lr=0.1, **options)
    step(optimizer, parameters, [np.full(20_000, 0.5), G])
    assert (parameters[0].grad.data == 0.5).all()
    assert (parameters[1].grad.data == G).all()


@pytest.mark.parametrize("name", NAMES)
@given(cut=st.integers(1, 9))
def test_an_entry_moves_alike_wherever_it_lies(name, cut):
    """One parameter of ten entries moves as two of ``cut`` and the rest do."""
    rng = np.random.default_rng(cut)
    whole = parameter(rng.normal(size=10), np.float64)
    parts = [parameter(whole.data[:cut], np.float64), parameter(whole.data[cut:], np.float64)]
    one, two = getattr(optim, name)([whole], lr=0.1), getattr(optim, name)(parts, lr=0.1)
    for _ in range(3):
        g = rng.normal(size=10)
        step(one, [whole], [g])
        step(two, parts, [g[:cut], g[cut:]])
    np.testing.assert_array_equal(whole.data, np.concatenate([p.data for p in parts]))


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_downhill(name):
    w = parameter([1.0, -2.0], np.float64)
    optimizer = getattr(optim, name)([w], lr=1.0 if name == "Adadelta" else 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    assert (w.data**2).sum() < 4.99


@pytest.mark.parametrize(
    ("name", "options"),
    [("SGD", {"momentum": 1.5}), ("Adam", {"beta_1": 1.0}), ("RMSprop", {"rho": -0.1}), ("Lion", {"beta_2": 2})],
)
def test_an_impossible_share_is_refused_by_name(name, options):
    (option,) = options
    with pytest.raises(ValueError, match=option):
        getattr(optim, name)(**options)


def test_nadam_resumes_with_the_products_of_a_run_that_went_through():
    a, b = parameter([1, 2, 3]), parameter([1, 2, 3])
    through, stopped = optim.Nadam([a]), optim.Nadam([b])
    for _ in range(5):
        step(through, [a], [G])
        step(stopped, [b], [G])
    resumed = optim.Nadam([b])
    resumed.load_state_dict(stopped.state_dict())
    step(through, [a], [G])
    step(resumed, [b], [G])
    np.testing.assert_array_equal(a.data, b.data)
