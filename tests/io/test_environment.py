"""The environment that is recorded, and the warning on going on in another one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.io import ResumeWarning, environment

openblas = pytest.mark.skipif(environment()["blas"]["kernels"] is None, reason="this numpy's BLAS does not tell")


def test_it_names_versions_machine_and_blas():
    here = environment()
    assert here["tinygrad_edu"] == tg.__version__
    assert here["numpy"] == np.__version__
    assert here["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(here["blas"]) == {"name", "version", "kernels", "threads"}


@openblas
def test_kernels_and_threads_are_those_in_use():
    code = "from tinygrad_edu.io import environment as e; print(e()['blas']['kernels'], e()['blas']['threads'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Nehalem"},
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(tg.__file__).parents[1],
    )
    kernels, threads = done.stdout.split()
    assert threads == "1"
    assert kernels in ("Nehalem", environment()["blas"]["kernels"])  # no choice on ARM


def test_no_blas_library_beside_numpy_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(np, "__file__", str(tmp_path / "numpy" / "__init__.py"))
    assert environment()["blas"]["kernels"] is None


def test_going_on_where_it_was_saved_warns_of_nothing(tmp_path):
    tg.save({"w": np.eye(2)}, tmp_path / "run.npz")
    tg.load(tmp_path / "run.npz", resume=True)  # a warning would be an error


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"numpy": "1.0"}, f"numpy was 1.0, is {np.__version__}"),
        ({"blas": {**environment()["blas"], "threads": 99}}, "BLAS threads was 99, is "),
        ({"blas": {**environment()["blas"], "kernels": "Prescott"}}, "BLAS kernels was Prescott, is "),
        ({"blas": None}, "BLAS name was None"),
    ],
    ids=["numpy", "threads", "kernels", "nothing"],
)
def test_going_on_elsewhere_warns_and_names_the_difference(tmp_path, monkeypatch, other, said):
    path = tmp_path / "run.npz"
    with monkeypatch.context() as patch:
        patch.setattr("tinygrad_edu.io._format.environment", lambda: environment() | other)
        tg.save({"w": np.eye(2)}, path)
    with pytest.warns(ResumeWarning, match=said) as caught:
        tg.load(path, resume=True)
    assert str(caught[0].message).startswith(f"{path}: saved in another environment")
    assert caught[0].filename == __file__


def test_other_versions_of_python_make_no_difference(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("tinygrad_edu.io._format.environment", lambda: environment() | {"python": "3.99"})
        tg.save({"w": np.eye(2)}, tmp_path / "run.npz")
    tg.load(tmp_path / "run.npz", resume=True)  # a warning would be an error
