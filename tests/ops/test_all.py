"""What the package of ops makes public."""

from tinygrad_edu import ops
from tinygrad_edu.engine import OPS


def test_every_op_of_ours_is_public() -> None:
    """Also where a file carries the name of its function, as softmax does."""
    own = {name for name, op in OPS.items() if op.rule.__module__.startswith("tinygrad_edu.ops.")}
    assert all(hasattr(ops, name) for name in ops.__all__)
    assert own - set(ops.__all__) == {f"avg_pool{rank}d_spread" for rank in (1, 2, 3)}, (
        "the gradients of average pooling"
    )
