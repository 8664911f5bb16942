"""The benchmark itself: everybody computes the same thing, ratios are made from rounds, and nothing missing is hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from benchmarks import report
from benchmarks.processes import Missing, Processes
from benchmarks.race import Result
from benchmarks.rows import PEERS, TABLE, Entry, Row, Target

OURS, THEIRS = Entry("ours", "mlp"), Entry("pytorch", "mlp")
ROW = Row("row", "a row", "us", OURS, (THEIRS,), {"pytorch": Target(0.6, 0.5)})


def result(ours: list[float], theirs: list[float]) -> Result:
    return Result(ROW, {(OURS.title, False): ours, (THEIRS.title, False): theirs})


def test_ratio_is_the_median_over_rounds_not_the_ratio_of_medians():
    ratio = result([1.0, 2.0, 9.0], [2.0, 4.0, 3.0]).ratio(THEIRS)
    assert ratio is not None
    assert ratio.median == 0.5


@pytest.mark.parametrize(("ours", "verdict"), [(0.5, "stretch"), (0.6, "yes"), (0.61, "no")])
def test_verdict(ours, verdict):
    assert result([ours], [1.0]).ratio(THEIRS).verdict == verdict


def test_no_verdict_where_others_disturbed_the_turns():
    disturbed = result([0.5], [1.0])
    disturbed.disturbed = 0.5
    assert disturbed.ratio(THEIRS).verdict == "disturbed"


def test_table_and_json_hold_the_same_comparison(tmp_path):
    results = [result([1e-3, 1e-3], [2e-3, 2e-3])]
    results[0].missing["JAX jit"] = "not installed: pip install jax"
    report.save(tmp_path / "b.json", results, {})
    (row,) = json.loads((tmp_path / "b.json").read_text())["rows"]
    assert row["ratios"][0]["ratio"] == 0.5
    assert "0.50" in report.text(results)
    assert "| 0.50 |" in report.markdown(results)
    assert report.absent(results) == ["a row: JAX jit: not installed: pip install jax"]


def test_a_peer_that_is_not_installed_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(PEERS, "pytorch", ("PyTorch eager", "a_library_that_nobody_has"))
    with Processes() as processes, pytest.raises(Missing, match="pip install a_library_that_nobody_has"):
        processes.worker("pytorch")


def test_keys_are_unique_and_targets_name_contestants():
    assert len({row.key for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert set(row.targets) <= {other.label or other.peer for other in row.others}


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes() as running:
        yield running


@pytest.mark.oracle
@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer != "numpy_by_hand"])
def test_everybody_trains_the_same_mlp(processes, peer):
    """Same weights, same batch: the first losses agree with numpy by hand."""
    args = [64, 32] + [64] * (peer == "keras_fit")  # Keras: epochs of one batch
    losses = [
        processes.worker(p).ask("losses", work="mlp", args=a, n=4)["losses"]
        for p, a in ((peer, args), ("numpy_by_hand", [64, 32]))
    ]
    np.testing.assert_allclose(*losses, rtol=2e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("peer", ["ours", "jax_jit", "keras_fit", "mygrad_eager"])
def test_everybody_trains_the_same_cnn(processes, peer):
    """Without dropout, whose masks nobody shares."""
    args = [8, 0] + [8] * (peer == "keras_fit")
    losses = [
        processes.worker(p).ask("losses", work="cnn", args=a, n=4)["losses"]
        for p, a in ((peer, args), ("pytorch", [8, 0]))
    ]
    np.testing.assert_allclose(*losses, rtol=5e-6)


@pytest.mark.oracle
@pytest.mark.parametrize("peer", ["ours", "jax_jit", "hips_autograd", "mygrad_eager", "numpy_by_hand"])
def test_everybody_computes_the_same_chain(processes, peer):
    ends = [processes.worker(p).ask("losses", work="chain", args=[], n=2)["losses"] for p in (peer, "pytorch")]
    np.testing.assert_allclose(*ends, rtol=1e-6)
