"""What every example of the gallery can be asked."""

import argparse


def parsed(about):
    """The options of a call: quick, and picture, a file name or None. about : the example's docstring."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="train for a shorter time")
    parser.add_argument("--picture", metavar="FILE", help="draw what came out, with matplotlib")
    return parser.parse_args()
