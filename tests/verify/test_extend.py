"""The example package outside of the project: its own tests pass, and so does the command line on its ops."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXTEND = ROOT / "examples" / "extend"


def run(*arguments):
    """Python in the package's folder; what it printed, or the failure."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXTEND), str(ROOT)])}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=EXTEND, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass():
    assert "26 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_the_command_line_verifies_its_ops():
    assert "2 of 2 ops passed" in run(
        "-m", "tinygrad_edu", "verify", "wavy.ops:snake", "wavy.ops:shrink", "--order", "2"
    )
