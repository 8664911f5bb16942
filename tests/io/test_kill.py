"""kill -9 at random moments while saving: the last good checkpoint always loads."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as tg

# A child saves one state after the other and reports each that was saved. It is killed, and what then is in the file must
# be the last state that was reported, or the one after it, whole.
SCRIPT = """
import os, random, signal, sys, time
import numpy as np, tinygrad_edu as tg

path, kills = sys.argv[1], int(sys.argv[2])
folder = os.path.dirname(path)
moments = random.Random(kills)

def state(n):
    return {f"layer{i}": np.full(100_000, n + i) for i in range(5)} | {"n": np.array(n)}

tg.save(state(0), path)
n = interrupted = 0
for _ in range(kills):
    reports, report = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            n += 1
            tg.save(state(n), path)
            os.write(report, b".")
    os.close(report)
    time.sleep(moments.uniform(0, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    reported = n + len(os.read(reports, 10_000))
    os.close(reports)
    interrupted += any(name.endswith(".saving") for name in os.listdir(folder))
    found = tg.load(path)
    n = int(found["n"])
    assert n in (reported, reported + 1), (n, reported)
    assert all((found[name] == value).all() for name, value in state(n).items())
tg.save(state(n), path)
assert os.listdir(folder) == [os.path.basename(path)], os.listdir(folder)
print(interrupted)
"""

formats = pytest.mark.parametrize(
    "name",
    [
        "run.npz",
        pytest.param(
            "run.safetensors",
            marks=pytest.mark.skipif(not importlib.util.find_spec("safetensors"), reason="needs the extra `io`"),
        ),
    ],
)


def survives(path: Path, kills: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, path, str(kills)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(tg.__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= kills // 4, "too few kills came while saving to say anything"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@formats
def test_the_last_good_checkpoint_loads_after_a_kill(tmp_path, name):
    survives(tmp_path / name, 10)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@formats
def test_the_last_good_checkpoint_loads_after_200_kills(tmp_path, name):
    survives(tmp_path / name, 200)
