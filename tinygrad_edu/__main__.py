"""The command line: ``python -m tinygrad_edu <command>``.

Each command is a module with ``add_arguments(parser)`` and ``run(arguments) -> exit code``, imported only when it is asked for.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {  # command -> (its module, one line of help)
    "info": ("tinygrad_edu.info", "what this machine computes with: numpy, BLAS, kernels, threads, and advice"),
    "verify": ("tinygrad_edu.verify.command", "check the gradients of every op, or of your own"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m tinygrad_edu", description="tinygrad_edu from the command line.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if given[:1] == [name]:
            command = importlib.import_module(module)
            command.add_arguments(sub)
            sub.set_defaults(run=command.run)
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main())
