"""The pictures of the course and the gallery, drawn from code: the same code gives the same bytes.

python docs/drawing                  all of them, into docs/learn/pictures/ and docs/gallery/ (some minutes)
python docs/drawing 05 07 spirals    those whose names begin so
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import by_hand  # noqa: F401 - both enter their pictures
import networks  # noqa: F401
from style import DRAWINGS, save, shrunk

DOCS = Path(__file__).parents[1]
EXAMPLES = ("xor", "spirals", "regression", "autoencoder", "recurrent", "transformer", "newton")


def main(wanted: tuple[str, ...]) -> None:
    """Draw and save."""
    for name, draw in DRAWINGS.items():
        if name.startswith(wanted):
            save(draw(), DOCS / "learn" / "pictures" / f"{name}.png")
    for name in EXAMPLES:
        if name.startswith(wanted):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "picture.png"
                subprocess.run([sys.executable, DOCS.parent / "examples" / f"{name}.py", "--picture", path], check=True)
                shrunk(path, DOCS / "gallery" / f"{name}.png")


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or ("",))
