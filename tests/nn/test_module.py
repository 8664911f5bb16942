"""Module: how parts are found, modes, freezing, lazy building, states, looks."""

import copy
import pickle
import threading

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, no_grad, ops
from tinygrad_edu.engine.errors import CheckpointError, InPlaceError, NotReadyError


class Branches(nn.Module):
    """Parts in every place that is looked at."""

    def __init__(self):
        self.scale = nn.Parameter([2.0])
        self.stem = nn.Linear(3, 3)
        self.arms = [nn.Linear(3, 1), nn.Linear(3, 2)]
        self.heads = {"yes": nn.Linear(3, 1), "no": [nn.Parameter([1.0])]}
        self.count = nn.Parameter([0.0], trainable=False)
        self.other = "text"

    def forward(self, x):
        return self.arms[0](self.stem(x)) * self.scale


class Lazy(nn.Module):
    """A user's own layer that is built at its first call."""

    builds = 0

    def build(self, input_shape):
        self.builds += 1
        self.factor = nn.Parameter(np.ones(input_shape[-1]))

    def forward(self, x):
        return x * self.factor


class Mode(nn.Module):
    """Returns its mode, in and as an argument."""

    def forward(self, x, training=None):
        return self.training, training


# -- parts -------------------------------------------------------------------------------------------------------------


def test_parameters_are_found_in_attributes_lists_and_dicts():
    assert [name for name, _ in Branches().named_parameters()] == [
        "scale", "heads.no.0", "stem.weight", "stem.bias", "arms.0.weight", "arms.0.bias", "arms.1.weight", "arms.1.bias",
        "heads.yes.weight", "heads.yes.bias",
    ]  # fmt: skip


def test_no_call_of_super_is_needed_and_order_does_not_matter():
    module = Branches()
    module.late = nn.Linear(1, 1)
    assert "late.weight" in dict(module.named_parameters())
    del module.late
    assert "late.weight" not in dict(module.named_parameters())


def test_state_that_is_not_learned_is_saved_but_no_parameter():
    module = Branches()
    assert "count" not in dict(module.named_parameters())
    assert "count" in module.state_dict()
    assert not module.count.requires_grad


def test_a_tied_parameter_is_reported_once():
    module = Branches()
    module.arms[1] = module.arms[0]
    module.extra = module.stem.weight
    names = [name for name, _ in module.named_parameters()]
    assert "arms.1.weight" not in names
    assert len({id(p) for p in module.parameters()}) == len(names)


def test_modules_and_children():
    module = Branches()
    assert [name for name, _ in module.named_modules()] == ["", "stem", "arms.0", "arms.1", "heads.yes"]
    assert list(module.children()) == [module.stem, *module.arms, module.heads["yes"]]


def test_a_module_that_holds_itself_is_walked_once():
    module = Branches()
    module.stem.parent = module
    assert len(list(module.modules())) == 5


def test_apply_reaches_every_module():
    seen = []
    module = Branches()
    assert module.apply(seen.append) is module
    assert seen == list(module.modules())


# -- calling -----------------------------------------------------------------------------------------------------------


def test_call_is_another_name_for_forward():
    class Named(nn.Module):
        def call(self, x):
            return x + 1

    class Below(Named):
        def call(self, x):
            return super().call(x) * 2

    assert Named()(1) == Named().forward(1) == 2
    assert Below()(1) == Below().forward(1) == 4
    assert nn.Linear.call is nn.Linear.forward


def test_a_method_without_self_serves_as_forward():
    class Plain(nn.Module):
        forward = staticmethod(ops.tanh)

    assert Plain()(Tensor([0.0])).tolist() == [0]


def test_the_mode_of_one_call_reaches_everything_inside_and_ends_with_it():
    class Outer(nn.Module):
        def __init__(self):
            self.inner = Mode()

        def forward(self, x):
            return self.inner(x)

    outer = Outer()
    assert outer(0) == (True, True)
    assert outer(0, training=False) == (False, False)
    outer.inner.eval()
    assert outer(0) == (False, False)
    assert outer(0, training=True) == (True, True)
    assert outer(0) == (False, False)


def test_the_mode_of_one_call_ends_with_an_error_too():
    class Fails(nn.Module):
        def forward(self, x):
            raise KeyError

    module = Fails()
    with pytest.raises(KeyError):
        module(0, training=False)
    assert module.training


def test_the_mode_of_one_call_is_that_of_its_thread():
    module, seen = Mode(), []

    class Waits(nn.Module):
        def forward(self, x):
            thread = threading.Thread(target=lambda: seen.append(module(0)))
            thread.start()
            thread.join()

    Waits()(0, training=False)
    assert seen == [(True, True)]


def test_train_and_eval_set_the_mode_of_all():
    module = Branches()
    assert module.eval() is module
    assert not any(m.training for m in module.modules())
    module.train()
    assert all(m.training for m in module.modules())


# -- freezing ----------------------------------------------------------------------------------------------------------


def test_a_frozen_part_gets_no_gradient_and_thaws():
    module = Branches()
    module.stem.freeze()
    module(Tensor(np.ones((2, 3), np.float32))).sum().backward()
    assert module.stem.weight.grad is None
    assert module.arms[0].weight.grad is not None
    assert not module.stem.trainable
    assert module.trainable
    module.unfreeze()
    assert module.stem.weight.requires_grad
    assert not module.count.requires_grad, "state is never learned"


def test_trainable_set_before_building_holds_after_it():
    layer = nn.Linear(4)
    layer.trainable = False
    layer(Tensor(np.ones((2, 3), np.float32)))
    assert not layer.weight.requires_grad
    assert not layer.bias.requires_grad


# -- building ----------------------------------------------------------------------------------------------------------


def test_a_layer_is_built_once_by_its_first_call():
    layer = Lazy()
    assert not layer.built
    for _ in range(2):
        layer(Tensor([[1.0, 2.0]]))
    assert (layer.built, layer.builds, layer.input_shape) == (True, 1, (1, 2))


def test_a_layer_is_built_once_by_build():
    layer = Lazy()
    layer.build((None, 2))
    layer.build((None, 2))
    layer(Tensor([[1.0, 2.0]]))
    assert layer.builds == 1


def test_build_may_call_super():
    class Twice(Lazy):
        def build(self, input_shape):
            super().build(input_shape)
            self.second = nn.Parameter([1.0])

    class Keras(nn.Module):
        def build(self, input_shape):
            self.weight = nn.Parameter([1.0])
            super().build(input_shape)

        def forward(self, x):
            return x * self.weight

    assert len(list(built(Twice(), (1, 2)).parameters())) == 2
    assert len(list(built(Keras(), (1, 2)).parameters())) == 1


def built(module, *shapes):
    module.build(*shapes)
    return module


def test_building_a_module_of_parts_builds_them():
    class Two(nn.Module):
        def __init__(self):
            self.first, self.second = nn.Linear(4), Lazy()

        def forward(self, x):
            return self.second(self.first(x))

    module = built(Two(), (None, 3))
    assert module.first.weight.shape == (3, 4)
    assert module.second.factor.shape == (4,)
    assert module.input_shape == (None, 3)


def test_build_is_told_the_shape_of_every_input_it_asks_for():
    class Both(nn.Module):
        def build(self, left, right):
            self.weight = nn.Parameter(np.zeros((left[-1], right[-1])))

        def forward(self, left, right, flag=None):
            return ops.sum(left @ self.weight * right)

    module = Both()
    module(Tensor(np.ones((1, 2))), Tensor(np.ones((1, 3))), None)
    assert module.weight.shape == (2, 3)


def test_build_is_told_the_shapes_in_a_list_of_inputs():
    class Joined(nn.Module):
        def build(self, input_shape):
            self.shapes = input_shape

        def forward(self, xs):
            return xs[0]

    module = Joined()
    module([Tensor(np.ones((1, 2))), Tensor(np.ones((1, 3)))])
    assert module.shapes == [(1, 2), (1, 3)]


@pytest.mark.parametrize(
    "ask", [nn.Module.parameters, nn.Module.state_dict, lambda m: m.load_state_dict({}), lambda m: m.astype(float)]
)
def test_what_is_not_built_yet_says_so(ask):
    """An optimiser or a file would silently miss it."""
    module = Branches()
    module.stem = nn.Linear(3)
    with pytest.raises(NotReadyError, match=r"Linear\(3\) at 'stem' has no parameters yet.*build\(input_shape\)"):
        ask(module)


# -- state -------------------------------------------------------------------------------------------------------------


def test_a_state_is_a_copy_and_comes_back():
    module, other = Branches(), Branches()
    state = module.state_dict()
    assert all(type(a) is np.ndarray for a in state.values())
    other.load_state_dict(state)
    assert all((a == state[n]).all() for n, a in other.state_dict().items())
    state["scale"][...] = 9
    assert module.scale.tolist() == [2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"stem.bias": np.zeros((1, 3), np.float32)},
            r"stem.bias is \(3,\) float32 in Branches, \(1, 3\) float32 in the state",
        ),
        ({"stem.bias": np.zeros(3)}, "float64 in the state"),
        ({"extra": np.zeros(3)}, "only in the state: extra"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_before_any_write(change, message):
    """ADVERSARIAL 30 (pytorch#8282): a broadcastable wrong shape too."""
    module = Branches()
    before = module.state_dict()
    wrong = {n: a + 1 for n, a in before.items()} | change
    with pytest.raises(CheckpointError, match=message):
        module.load_state_dict(wrong)
    assert all((a == before[n]).all() for n, a in module.state_dict().items())


def test_a_missing_name_is_refused_unless_not_strict():
    module = Branches()
    state = {n: a + 1 for n, a in module.state_dict().items()}
    del state["scale"]
    with pytest.raises(CheckpointError, match="only in Branches: scale"):
        module.load_state_dict(state)
    module.load_state_dict(state | {"extra": np.zeros(1)}, strict=False)
    assert (module.scale.tolist(), module.count.tolist()) == ([2], [1])


def test_a_long_list_of_differences_is_cut():
    with pytest.raises(CheckpointError, match="and 5 more"):
        nn.Sequential().load_state_dict({f"layer{i}": np.zeros(1) for i in range(25)})


def test_loading_between_forward_and_backward_is_noticed():
    module = Branches()
    loss = module(Tensor(np.ones((2, 3), np.float32))).sum()
    module.load_state_dict(module.state_dict())
    with pytest.raises(InPlaceError):
        loss.backward()


def test_a_model_in_float64():
    module = Branches().astype(np.float64)
    out = module(Tensor(np.ones((2, 3))))
    assert out.dtype == np.float64
    assert {p.dtype for p in module.parameters()} == {np.dtype(np.float64)}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_a_copy_is_equal_and_apart(copied):
    module = Branches()
    other = copied(module)
    assert all((a == module.state_dict()[n]).all() for n, a in other.state_dict().items())
    assert not other.count.trainable
    with no_grad():
        other.scale.assign_(5.0)
    assert module.scale.tolist() == [2]


def test_zero_grad():
    module = Branches()
    module(Tensor(np.ones((2, 3), np.float32))).sum().backward()
    module.zero_grad()
    assert all(p.grad is None for p in module.parameters())


# -- looks -------------------------------------------------------------------------------------------------------------


def test_a_module_prints_as_a_tree():
    class Deep(nn.Module):
        def __init__(self):
            self.body = nn.Sequential([nn.Linear(2, 3, bias=False), nn.Dropout(0.25)])
            self.head = nn.Linear(1)

    assert repr(Deep()) == (
        "Deep(\n"
        "  (body): Sequential(\n"
        "    (0): Linear(2, 3, bias=False)\n"
        "    (1): Dropout(0.25)\n"
        "  )\n"
        "  (head): Linear(1)\n"
        ")"
    )


def test_a_parameter_copies_what_it_is_given():
    mine = np.ones(3, np.float32)
    p = nn.Parameter(mine)
    p.data[...] = 2
    assert mine.tolist() == [1, 1, 1]
    assert p.requires_grad
    assert p.is_leaf
