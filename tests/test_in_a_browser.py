"""The package in a browser's Python, Pyodide: no thread, process or socket, and a standard library with gaps.

The default test takes these away from an ordinary Python. Under ``pytest -m browser`` Pyodide itself runs, in node: it comes
from the npm registry, its numpy only from Pyodide's own servers, so where these cannot be reached the training is skipped with that
reason.
"""

import json
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LESSON = textwrap.dedent(
    """
    import numpy as np
    import tinygrad_edu as tg
    from tinygrad_edu import keras

    tg.set_random_seed(0)
    (x, y), _ = tg.datasets.mnist.load_data()
    x, y = x[:600].reshape(-1, 784).astype(np.float32) / 255, y[:600].astype(np.int64)
    model = tg.nn.Sequential([tg.nn.Linear(784, 32), tg.nn.ReLU(), tg.nn.Linear(32, 10)])
    model.compile("adam", tg.nn.CrossEntropyLoss(), metrics=["accuracy"])
    history = model.fit(x, y, epochs=6, batch_size=50, verbose=0).history
    assert history["accuracy"][-1] > 0.7, history
    tg.save(model, "model.npz")
    model.load_state_dict(tg.load("model.npz"))
    assert tg.gradcheck(tg.ops.tanh, np.linspace(-1, 1, 3))
    convnet = keras.Sequential(
        [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    convnet.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    convnet.fit(x[:32].reshape(-1, 28, 28, 1), y[:32], verbose=0)
    print("trained")
    """
)

WITHOUT = """
import sys, os
import numpy
import numpy.ctypeslib
for name in (
    "_posixsubprocess", "_multiprocessing", "_socket", "_ssl", "_curses", "_tkinter", "_dbm", "fcntl", "grp", "pwd", "resource",
    "syslog", "termios", "multiprocessing", "socket", "ssl", "subprocess", "mpi4py", "matplotlib",
):
    sys.modules.pop(name, None)
    sys.modules[name] = None  # import raises ModuleNotFoundError
def refuse(*_, **__):
    raise RuntimeError("can't start new thread")
import _thread, threading
_thread.start_new_thread = threading._start_new_thread = refuse
for name in ("fork", "posix_spawn", "system", "popen"):
    setattr(os, name, refuse)
"""


def from_the_docs():
    """The code in the box of docs/learn/in-your-browser.md."""
    page = (ROOT / "docs" / "learn" / "in-your-browser.md").read_text()
    code = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert code
    return f"{code[1]}\nassert right > 0.9\nprint('trained')\n"


@pytest.mark.parametrize("lesson", [LESSON, from_the_docs()], ids=["mnist", "docs"])
def test_a_network_trains_without_threads_processes_and_sockets(lesson, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + lesson],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("trained\n"), done.stderr
    assert done.returncode == 0


DRIVER = """
import { loadPyodide } from "./package/pyodide.mjs";
import { readFileSync } from "node:fs";
const python = await loadPyodide();
try {
  await python.loadPackage("numpy");
  python.runPython("import numpy");
} catch (error) {
  const lines = String(error).split("\\n").filter((line) => line.includes("rror"));
  console.log(JSON.stringify({ numpy: "loadPackage fails: " + lines.at(-1) }));
  process.exit(0);
}
python.unpackArchive(readFileSync("package.zip"), "zip");
try {
  python.runPython(readFileSync("lesson.py", "utf8"));
  console.log(JSON.stringify({ done: true }));
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
}
"""


@pytest.mark.browser
def test_a_network_trains_in_pyodide(tmp_path):
    if not shutil.which("npm"):
        pytest.skip("npm is not installed, and Pyodide comes by it")
    packed = subprocess.run(["npm", "pack", "pyodide"], cwd=tmp_path, capture_output=True, text=True, check=False)
    if packed.returncode:
        pytest.skip(f"npm cannot fetch pyodide: {packed.stderr[-200:]}")
    shutil.unpack_archive(next(tmp_path.glob("pyodide-*.tgz")), tmp_path)
    (tmp_path / "driver.mjs").write_text(DRIVER)
    (tmp_path / "lesson.py").write_text(LESSON)
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        for file in (ROOT / "tinygrad_edu").rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(ROOT))
    run = subprocess.run(["node", "driver.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    answer = json.loads(run.stdout.splitlines()[-1]) if run.stdout else {"error": run.stderr}
    if "numpy" in answer:
        pytest.skip(f"no build of numpy for Pyodide can be had here: {answer['numpy'][:200]}")
    assert answer == {"done": True}
