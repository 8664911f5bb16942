"""`tinygrad_edu.info`: the facts are this machine's, and the advice follows from them."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu import info
from tinygrad_edu.__main__ import main

FACTS = {"kernels": "SkylakeX", "threads": 2, "cores": 2, "avx512": True, "environment": {}}


def test_facts_name_the_numpy_that_computes():
    facts = info.collect()
    assert facts["numpy"] == np.__version__
    assert facts["cores"] >= 1


def test_report_has_a_line_for_each_fact_and_ends_with_the_advice():
    lines = info.report().splitlines()
    assert {line.split()[0] for line in lines} == {*info.collect(), "advice"}
    assert lines[-1].split(maxsplit=1)[1] == info.advice(info.collect())


def test_the_command_prints_the_report(capsys):
    assert main(["info"]) == 0
    assert capsys.readouterr().out == info.report() + "\n"


def test_the_command_gives_the_same_facts_as_json(capsys):
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == info.collect() | {"advice": info.advice(info.collect())}


def test_nothing_to_change():
    assert info.advice(FACTS) == "Nothing to change."


def test_kernels_held_below_the_cpu_are_named_with_the_command():
    facts = FACTS | {"kernels": "Haswell", "environment": {info.CORETYPE: "Haswell"}}
    assert "AVX-512" in info.advice(facts)
    assert f"unset {info.CORETYPE}" in info.advice(facts)


def test_a_fixed_choice_that_may_be_right_is_only_mentioned():
    facts = FACTS | {"kernels": "Haswell", "avx512": False, "environment": {info.CORETYPE: "Haswell"}}
    assert "AVX-512" not in info.advice(facts)
    assert f"unset {info.CORETYPE}" in info.advice(facts)


def test_one_thread_on_two_cores_is_mentioned():
    assert "one of 2 cores" in info.advice(FACTS | {"environment": {"OMP_NUM_THREADS": "1"}})


@pytest.mark.skipif(
    info.collect()["kernels"] is None or platform.machine() not in ("x86_64", "AMD64"),
    reason="numpy has another BLAS than OpenBLAS here, or the CPU other kernels",
)
def test_kernels_are_those_that_the_environment_chose():
    code = "from tinygrad_edu import info; print(info.collect()['kernels'])"
    env = os.environ | {info.CORETYPE: "Haswell"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Haswell"
