"""The base class: what is moved, what is left alone, clipping, groups, learning rates, states, errors."""

import copy
import pickle

import numpy as np
import pytest
from helpers.optimizers import MEASURED, NAMES, parameter, step

from tinygrad_edu import Tensor, no_grad, optim
from tinygrad_edu.engine.errors import (
    CheckpointError,
    DTypeError,
    GraphError,
    InPlaceError,
    NotReadyError,
    ShapeError,
    UnknownNameError,
)
from tinygrad_edu.optim import SharedParametersWarning

ONES = np.ones(3, np.float32)


def test_the_loop_of_a_learner():
    w = parameter([1.0, 2.0])
    optimizer = optim.SGD([w], lr=0.1)
    optimizer.zero_grad()
    (w * w).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)


# -- what is moved -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_without_a_gradient_nothing_happens_to_a_parameter(name):
    a, b = parameter(ONES), parameter(ONES)
    optimizer = getattr(optim, name)([a, b], lr=0.1, weight_decay=0.5)
    step(optimizer, [a, b], [ONES, ONES])
    state = {k: v for k, v in optimizer.state_dict().items() if k.endswith(".0")}
    before = a.data.copy()
    step(optimizer, [a, b], [None, ONES])
    np.testing.assert_array_equal(a.data, before)
    assert all((optimizer.state_dict()[k] == v).all() for k, v in state.items())
    step(optimizer, [a, b], [ONES, None])
    assert (a.data != before).all()


def test_a_frozen_parameter_stays_even_with_a_gradient_left_over():
    a, b = parameter(ONES), parameter(ONES)
    optimizer = optim.SGD([a, b], lr=0.1)
    a.requires_grad = False
    step(optimizer, [a, b], [ONES, ONES])
    assert a.tolist() == [1, 1, 1]
    a.requires_grad = True
    step(optimizer, [a, b], [ONES, ONES])
    assert a.data[0] < 1


def test_a_tied_parameter_is_stepped_once():
    """ADVERSARIAL 30 (tinygrad#1047)."""
    a = parameter(ONES)
    optimizer = optim.SGD([a, a], lr=0.25, momentum=0.5)
    a.grad = Tensor(ONES)
    optimizer.step()
    assert a.tolist() == [0.75] * 3
    assert sorted(optimizer.state_dict()) == ["iterations", "learning_rate", "velocity.0"]


def test_parameters_of_different_dtypes_each_keep_theirs():
    a, b = parameter(ONES), parameter(ONES, np.float64)
    step(optim.Adam([a, b]), [a, b], [ONES, ONES])
    assert (a.dtype, b.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(a.data, b.data, rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0), (3, 4), (300, 500)], ids=str)
def test_every_shape_is_moved_and_kept(shape):
    p, other = parameter(np.ones(shape)), parameter([1.0])
    step(optim.SGD([p, other], lr=0.5), [p, other], [np.ones(shape), [1.0]])
    assert p.shape == shape
    assert (p.data == 0.5).all()


def test_a_gradient_in_another_memory_order_moves_its_own_entries():
    p = parameter(np.zeros((2, 3)))
    g = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    step(optim.SGD([p], lr=1.0), [p], [g])
    np.testing.assert_array_equal(p.data, -g)


# -- the flat buffer does not show -------------------------------------------------------------------------------------


def test_values_survive_binding():
    values = [np.arange(6.0).reshape(2, 3), np.array(7.0), np.arange(4.0)]
    parameters = [parameter(v) for v in values]
    optim.SGD(parameters)
    for p, v in zip(parameters, values):
        np.testing.assert_array_equal(p.data, v)


def test_the_array_of_a_user_is_never_changed():
    mine = ONES.copy()
    p = Tensor(mine, requires_grad=True)  # shares memory until an optimiser takes it
    step(optim.SGD([p], lr=0.5), [p], [ONES])
    assert (mine == 1).all()
    assert (p.data == 0.5).all()


@pytest.mark.parametrize("replace", [True, False])
def test_data_that_was_written_or_replaced_is_what_moves(replace):
    p = parameter(ONES)
    optimizer = optim.SGD([p], lr=0.5)
    step(optimizer, [p], [ONES])
    if replace:
        p.data = np.full(3, 10, np.float32)
    else:
        p.data[...] = 10
    step(optimizer, [p], [ONES])
    assert p.tolist() == [9.5] * 3


def test_replaced_data_of_another_shape_or_dtype_is_refused():
    p = parameter(ONES)
    optimizer = optim.SGD([p])
    p.grad = Tensor(ONES)
    p.data = np.ones((3, 1), np.float32)
    with pytest.raises(ShapeError, match=r"\(3,\).*\(3, 1\).*new optimiser"):
        optimizer.step()
    p.data = np.ones(3)
    with pytest.raises(DTypeError, match="float64"):
        optimizer.step()


def test_a_gradient_of_another_shape_is_refused():
    p = parameter(ONES)
    optimizer = optim.SGD([p])
    p.grad = Tensor(np.ones((3, 1), np.float32))
    with pytest.raises(ShapeError, match="gradient of shape"):
        optimizer.step()


def test_two_optimisers_take_turns_on_one_parameter():
    p = parameter(ONES)
    first, second = optim.SGD([p], lr=0.5), optim.SGD([p], lr=0.25)
    step(second, [p], [ONES])
    with pytest.warns(SharedParametersWarning, match="Step with one of them"):
        step(first, [p], [ONES])
    with pytest.warns(SharedParametersWarning):
        step(second, [p], [ONES])
    step(first, [p], [ONES])  # said once by each
    assert p.tolist() == [-0.5] * 3


def test_a_step_between_forward_and_backward_is_noticed():
    """ADVERSARIAL 25 (warp#1350)."""
    w = parameter(ONES)
    optimizer = optim.SGD([w])
    loss = (w * w).sum()
    step(optimizer, [w], [ONES])
    with pytest.raises(InPlaceError, match="multiply"):
        loss.backward()


def test_making_an_optimiser_between_forward_and_backward_does_no_harm():
    w = parameter(ONES)
    loss = (w * w).sum()
    optimizer = optim.SGD([w], lr=0.25)
    loss.backward()
    optimizer.step()
    assert w.tolist() == [0.5] * 3


def test_a_step_works_inside_no_grad_too():
    w = parameter(ONES)
    with no_grad():
        step(optim.SGD([w], lr=0.5), [w], [ONES])
    assert w.tolist() == [0.5] * 3


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))], ids=["copy", "pickle"]
)
def test_a_copy_goes_its_own_way(copied):
    w = parameter(ONES)
    optimizer = optim.SGD([w], lr=0.5, momentum=0.5)
    step(optimizer, [w], [ONES])
    other, (v,) = copied((optimizer, [w]))
    step(other, [v], [ONES])
    assert (w.tolist(), v.tolist()) == ([0.5] * 3, [-0.25] * 3)
    step(optimizer, [w], [ONES])
    assert w.tolist() == [-0.25] * 3


# -- clipping ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ({"clipnorm": 1.0}, [[0.6, 0.8], [0.5]]),  # each by itself: norms 5 and 0.5
        ({"global_clipnorm": 1.0}, [[3 / 5.0249378, 4 / 5.0249378], [0.5 / 5.0249378]]),
        ({"clipvalue": 1.0}, [[1, 1], [0.5]]),
        ({"global_clipnorm": 100.0}, [[3, 4], [0.5]]),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [1, 20_000])
def test_clipping(option, expected, size):
    """Small parameters are gathered and clipped there, large ones on their own."""
    a, b = parameter(np.zeros((2, size))), parameter([0.0])
    g = np.zeros((2, size), np.float32)
    g[:, 0] = 3, 4
    step(optim.SGD([a, b], lr=1.0, **option), [a, b], [g, [0.5]])
    np.testing.assert_allclose(-a.data[:, 0], expected[0], rtol=1e-6)
    np.testing.assert_allclose(-b.data, expected[1], rtol=1e-6)


def test_gradients_too_large_to_be_squared_are_clipped_to_the_norm():
    p = parameter([0.0, 0.0])
    step(optim.SGD([p], lr=1.0, global_clipnorm=1.0), [p], [[3e30, 4e30]])
    np.testing.assert_allclose(p.data, [-0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize(
    "options", [{"clipnorm": 1, "clipvalue": 1}, {"clipnorm": 0}, {"global_clipnorm": -1}], ids=str
)
def test_clipping_options_that_contradict_are_refused(options):
    with pytest.raises(ValueError, match="at most one of clipnorm"):
        optim.SGD(**options)


# -- groups, decay, learning rate --------------------------------------------------------------------------------------


def test_groups_have_their_own_rate_and_decay():
    a, b, c = (parameter(ONES) for _ in range(3))
    groups = [{"params": [a], "lr": 0.5}, {"params": [b], "weight_decay": 0.0}, {"params": [c]}]
    step(optim.SGD(groups, lr=0.25, weight_decay=0.5), [a, b, c], [ONES] * 3)
    assert (a.data[0], b.data[0], c.data[0]) == (0.25, 0.75, 0.625)


def test_a_number_or_a_schedule_in_first_place_is_the_learning_rate():
    assert optim.SGD(0.5).lr == 0.5
    assert optim.Adam(lambda step: 0.25).lr == 0.25
    assert optim.SGD(learning_rate=0.125).lr == 0.125


def test_two_learning_rates_are_refused():
    with pytest.raises(TypeError, match="two learning rates"):
        optim.SGD(lr=0.1, learning_rate=0.2)


def test_after_a_learning_rate_arguments_are_in_keras_s_order():
    sgd = optim.SGD(0.01, 0.9, True, 0.1, 1.0)
    assert (sgd.lr, sgd.momentum, sgd.nesterov, sgd.weight_decay, sgd.clipnorm) == (0.01, 0.9, True, 0.1, 1.0)
    adamw = optim.AdamW(0.01, 0.1, 0.8)
    assert (adamw.lr, adamw.weight_decay, adamw.beta_1, adamw.beta_2) == (0.01, 0.1, 0.8, 0.999)
    with pytest.raises(TypeError, match="momentum given twice, by place and by name"):
        optim.SGD(0.01, 0.9, momentum=0.8)
    with pytest.raises(
        TypeError, match="SGD takes at most 12 arguments: learning_rate, momentum, nesterov, weight_decay"
    ):
        optim.SGD(*([0.1] * 13))


def test_a_rule_of_one_s_own_may_have_other_arguments():
    class Ours(optim.SGD):
        def __init__(self, learning_rate=0.1, boost=2.0):
            super().__init__(learning_rate=learning_rate * boost)

    assert Ours(0.5, 4.0).lr == 2.0


@pytest.mark.parametrize("cls", sorted(set(optim.Optimizer.known.values()), key=lambda c: c.__name__))
def test_a_configuration_makes_the_same_optimizer(cls):
    if not cls.__module__.startswith("tinygrad_edu"):
        return
    options = {
        "weight_decay": 0.1,
        "use_ema": True,
        "ema_momentum": 0.5,
        "gradient_accumulation_steps": 3,
        "name": "mine",
    }
    config = cls(learning_rate=0.25, **options).get_config()
    assert {**config, **options, "learning_rate": 0.25} == config
    assert cls.from_config(config).get_config() == config


# -- averages of the parameters, gradients of several batches ----------------------------------------------------------


def test_the_average_starts_with_the_first_step_and_takes_over_when_told():
    p = parameter([0.0])
    optimizer = optim.SGD([p], lr=1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)
    seen = []
    for _ in range(3):
        step(optimizer, [p], [[-1.0]])
        seen.append(p.data[0])
    assert seen == [1, 2, 2.25]  # averages 1, 1.5, 2.25
    step(optimizer, [p], [[-1.0]])
    assert p.data[0] == 3.25
    optimizer.finalize_variable_values()
    assert p.data[0] == 2.75


def test_several_batches_move_once_by_their_mean():
    p, q = parameter([0.0]), parameter([0.0])
    optimizer = optim.Adam([p], lr=0.1, gradient_accumulation_steps=3, clipvalue=1.0)
    whole = optim.Adam([q], lr=0.1, clipvalue=1.0)
    for k in range(6):
        step(optimizer, [p], [[1.0 + k % 3]])
        assert optimizer.iterations == (k + 1) // 3
    for _ in range(2):
        step(whole, [q], [[2.0]])
    assert p.data[0] == q.data[0]


def test_a_run_within_gathered_batches_goes_on_from_its_state():
    def optimizer(p):
        return optim.SGD([p], lr=1.0, gradient_accumulation_steps=2, use_ema=True)

    p, q = parameter([0.0]), parameter([0.0])
    first, second = optimizer(p), optimizer(q)
    step(first, [p], [[4.0]])
    second.load_state_dict(first.state_dict())
    for o, parameters in ((first, [p]), (second, [q])):
        step(o, parameters, [[2.0]])
    assert p.data[0] == q.data[0] == -3
    assert np.array_equal(first.state_dict()["average.0"], second.state_dict()["average.0"])


@pytest.mark.parametrize(
    "options", [{"ema_momentum": 2}, {"ema_overwrite_frequency": 0}, {"gradient_accumulation_steps": 1.5}]
)
def test_counts_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="ema_"):
        optim.SGD(**options)


# -- gradients from elsewhere ------------------------------------------------------------------------------------------


def test_apply_moves_along_gradients_that_are_given():
    p, q = parameter([1.0]), parameter([1.0])
    optimizer = optim.SGD(0.5)
    optimizer.apply([np.array([1.0]), None], [p, q])
    assert optimizer.apply_gradients([([1.0], q)]) == 2
    assert (p.data[0], q.data[0]) == (0.5, 0.5)
    assert p.grad is None
    with pytest.raises(ValueError, match="does not know 1 of these"):
        optimizer.apply([[1.0]], [parameter([1.0])])


def test_the_learning_rate_can_be_read_and_set_under_both_names():
    optimizer = optim.SGD(lr=0.5)
    optimizer.learning_rate = np.float32(0.25)
    assert optimizer.lr == optimizer.learning_rate == 0.25
    assert isinstance(optimizer.lr, float)


def test_a_learning_rate_can_be_assigned_where_it_is_read():
    optimizer = optim.Adam(lr=0.5)
    rate = optimizer.learning_rate
    rate.assign(0.125)
    assert (float(rate), optimizer.lr) == (0.5, 0.125)
    assert type(optimizer.lr.numpy()) is type(pickle.loads(pickle.dumps(optimizer.lr))) is float
    with pytest.raises(ValueError, match="number >= 0"):
        rate.assign(-1)


def test_a_schedule_is_asked_with_the_steps_done():
    p = parameter([0.0])
    optimizer = optim.SGD([p], lr=lambda step: 2.0**-step)
    rates = []
    for _ in range(3):
        rates.append(optimizer.lr)
        step(optimizer, [p], [[1.0]])
    assert rates == [1, 0.5, 0.25]
    assert p.tolist() == [-1.75]


@pytest.mark.parametrize("rate", [-0.1, float("nan"), "fast", True, [0.1]], ids=str)
def test_an_impossible_learning_rate_is_refused(rate):
    with pytest.raises(ValueError, match="learning rate is a number >= 0 or a schedule"):
        optim.SGD(lr=rate)


# -- state -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options", "expected"), MEASURED, ids=str)
def test_a_resumed_run_is_bit_identical(name, options, expected):
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(6, 3)).astype(np.float32)
    make = lambda p: getattr(optim, name)([("w", p)], lr=0.1, **options)
    p = parameter(ONES)
    optimizer = make(p)
    for g in gradients[:3]:
        step(optimizer, [p], [g])
    q = parameter(p.data)
    resumed = make(q)
    resumed.load_state_dict(optimizer.state_dict())
    for g in gradients[3:]:
        step(optimizer, [p], [g])
        step(resumed, [q], [g])
    np.testing.assert_array_equal(p.data, q.data)


def test_the_state_is_named_after_the_parameters_and_copied():
    p = parameter(np.ones((2, 3)))
    optimizer = optim.Adam([("layer.weight", p)])
    step(optimizer, [p], [np.ones((2, 3))])
    state = optimizer.state_dict()
    assert {k: v.shape for k, v in state.items()} == {
        "iterations": (), "learning_rate": (), "m.layer.weight": (2, 3), "v.layer.weight": (2, 3),
    }  # fmt: skip
    state["m.layer.weight"][...] = 9
    assert (optimizer.state_dict()["m.layer.weight"] != 9).all()


def test_a_loaded_learning_rate_counts_unless_a_schedule_rules():
    p = parameter(ONES)
    state = optim.SGD([p], lr=0.5).state_dict()
    plain, scheduled = optim.SGD([p], lr=0.1), optim.SGD([p], lr=lambda step: 0.25)
    plain.load_state_dict(state)
    scheduled.load_state_dict(state)
    assert (plain.lr, scheduled.lr) == (0.5, 0.25)


def test_a_state_that_does_not_fit_changes_nothing():
    p = parameter(ONES)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.9)
    step(optimizer, [p], [ONES])
    before = optimizer.state_dict()
    wrong = before | {"iterations": np.array(99), "velocity.0": np.zeros((1, 3), np.float32), "extra": np.zeros(1)}
    wrong["learning_rate"] = np.float32(0.5)
    with pytest.raises(CheckpointError, match="only in the state: extra") as error:
        optimizer.load_state_dict(wrong)
    assert "velocity.0 is (3,) float32 in SGD(lr=0.5), (1, 3) float32 in the state" in str(error.value)
    assert "learning_rate is () float64 in SGD(lr=0.5), () float32 in the state" in str(error.value)
    assert all((optimizer.state_dict()[k] == v).all() for k, v in before.items())


# -- errors ------------------------------------------------------------------------------------------------------------


def test_a_step_before_its_time_says_what_is_missing():
    with pytest.raises(NotReadyError, match="no parameters yet"):
        optim.SGD().step()
    with pytest.raises(NotReadyError, match=r"loss\.backward\(\) before step\(\)"):
        optim.SGD([parameter(ONES)]).step()


class Callable:
    def parameters(self):
        return [parameter(ONES)]

    def __call__(self, x):
        return x

    def __repr__(self):
        return "callable"


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([], ValueError, "there are none"),
        ([np.ones(3)], TypeError, "not ndarray"),
        (Callable(), TypeError, r"callable\.parameters\(\)"),
        ([parameter(ONES) * 2], GraphError, "leaves"),
        ([Tensor(np.arange(3))], DTypeError, "int64"),
        ([{"params": [parameter(ONES)], "momentum": 0.9}], TypeError, "'momentum'"),
        ([("w", parameter(ONES)), ("w", parameter(ONES))], ValueError, "different names"),
        ("weights", TypeError, "not str"),
    ],
    ids=str,
)
def test_what_cannot_be_moved_is_refused(params, error, message):
    with pytest.raises(error, match=message):
        optim.SGD(params)


def test_binding_again_takes_the_same_parameters_only():
    p = parameter(ONES)
    optimizer = optim.SGD([p])
    optimizer.bind([p])
    with pytest.raises(ValueError, match="already moves other parameters"):
        optimizer.bind([parameter(ONES)])


@pytest.mark.parametrize("word", ["adamw", "AdamW", "ADAMW", optim.AdamW, optim.AdamW()], ids=str)
def test_an_optimiser_by_name(word):
    assert type(optim.get(word)) is optim.AdamW


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'adam'"):
        optim.get("adamm")
    with pytest.raises(TypeError, match="'adam'"):
        optim.get(3)


def test_a_rule_of_your_own_is_one_method_and_has_a_name():
    class Sign(optim.Optimizer):
        slots = ("count",)

        def update(self, w, g, lr, t, scratch, count):
            count += 1
            w -= lr * np.sign(g)

    try:
        p = parameter([1.0, 1.0])
        optimizer = optim.get("sign")
        optimizer.lr = 0.5
        optimizer.bind([p])
        step(optimizer, [p], [[3.0, -4.0]])
        assert p.tolist() == [0.5, 1.5]
        assert optimizer.state_dict()["count.0"].tolist() == [1, 1]
    finally:
        del optim.Optimizer.known["sign"]
