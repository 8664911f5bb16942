"""Hypothesis strategies for broken files.

Broken are a file's bytes, and, with checksums and framing made right again, what lies behind them: members, metadata,
headers, numbers in the directory.
"""

import copy
import gzip
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .checkpoints import opened, saved, sealed, with_directory
from .idx import idx_bytes, idx_header

# --- broken bytes

NUMBERS = [0, 1, 2, 7, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]
packed = st.sampled_from(
    [
        struct.pack(order + size, number & (256 ** struct.calcsize(size) - 1))
        for number in NUMBERS
        for order in "<>"
        for size in "BHIQ"
    ]
)
places = st.integers(0, 1 << 16)
edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "write", "delete", "insert", "repeat", "cut"]),
        places,
        places,
        packed | st.binary(max_size=6),
    ),
    min_size=1,
    max_size=3,
)


def edited(content: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    """The content after the edits."""
    made = bytearray(content)
    for kind, place, size, value in changes:
        at, size = place % (len(made) + 1), size % 64 + 1
        if kind == "flip" and made:
            made[at % len(made)] ^= 1 << size % 8
        elif kind == "write":
            made[at : at + len(value)] = value
        elif kind == "delete":
            del made[at : at + size]
        elif kind == "insert":
            made[at:at] = value
        elif kind == "repeat":
            made[at:at] = made[at : at + size]
        elif kind == "cut":
            del made[at:]
    return bytes(made)


# --- broken JSON

words = st.sampled_from(
    [
        "",
        "..",
        "/etc",
        "nan",
        "inf",
        "tuple",
        "<f4",
        ">f8",
        "|b1",
        "|O",
        "<U4",
        "<M8[s]",
        "F32",
        "BF16",
        "BOOL",
        "model",
    ]
)
values = (
    st.none() | st.booleans() | st.sampled_from([*NUMBERS, -1, 10**30, 0.5, -0.0]) | words
    | st.sampled_from([[], {}, [[]], [2, 3], [0, 2**62, 2], [1] * 65, ["model", "weight"], ["steps", 0], {"a": None}])
)  # fmt: skip


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a parsed JSON document, as a holder and a key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from nodes(value[key])


@st.composite
def broken_json(draw: st.DrawFn, text: bytes) -> bytes:
    """The document with some values replaced, removed or doubled, or with its text edited."""
    about = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        there = list(nodes(about))
        if not there:
            break
        holder, key = draw(st.sampled_from(there))
        action = draw(st.sampled_from(["replace", "replace", "replace", "remove", "double"]))
        if action == "replace":
            holder[key] = copy.deepcopy(draw(values))
        elif action == "remove":
            del holder[key]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
    made = json.dumps(about).encode()
    return edited(made, draw(edits)) if draw(st.integers(0, 3)) == 0 else made


# --- broken checkpoints

CHECKPOINT = saved()


@st.composite
def broken_members(draw: st.DrawFn) -> bytes:
    """A checkpoint with right framing and checksums, and wrong members."""
    *arrays, (name, text) = opened(CHECKPOINT)
    text = draw(broken_json(text))
    if draw(st.booleans()):
        i = draw(st.integers(0, len(arrays) - 1))
        action = draw(st.sampled_from(["edit", "rename", "drop", "double", "swap"]))
        other, content = arrays[i]
        if action == "edit":
            arrays[i] = (other, edited(content, draw(edits)))
        elif action == "rename":
            arrays[i] = (draw(st.sampled_from(["../x.npy", "/x.npy", "metadata.json", "", "x" * 1000])), content)
        elif action == "drop":
            del arrays[i]
        elif action == "double":
            arrays.append(arrays[i])
        else:
            arrays.reverse()
    contents = [*arrays, (name, text)]
    return sealed(agreed(contents) if draw(st.booleans()) else contents)


def agreed(contents: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The same members, with the checksums in the metadata made right where it can be done."""
    *arrays, (name, text) = contents
    try:
        about = json.loads(text)
        for item, (_, content) in zip(about["arrays"], arrays):
            item["crc32"] = zlib.crc32(content)
    except (ValueError, TypeError, KeyError):
        return contents
    return [*arrays, (name, json.dumps(about).encode())]


@st.composite
def broken_directory(draw: st.DrawFn) -> bytes:
    """A checkpoint with an end that fits, and a directory that does not."""

    def change(entries: list[bytearray]) -> None:
        i = draw(st.integers(0, len(entries) - 1))
        action = draw(st.sampled_from(["edit", "size", "start", "double", "drop", "swap"]))
        if action == "edit":
            entries[i][:] = edited(bytes(entries[i]), draw(edits))
        elif action == "size":
            entries[i][-24:-8] = struct.pack("<Q", draw(st.sampled_from(NUMBERS))) * 2
        elif action == "start":
            entries[i][-8:] = struct.pack("<Q", draw(st.sampled_from(NUMBERS)))
        elif action == "double":
            entries.append(entries[i])
        elif action == "drop":
            del entries[i]
        else:
            entries.reverse()

    return with_directory(change)


# --- broken .safetensors and IDX files

HEADER = {
    "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "mask": {"dtype": "BOOL", "shape": [2], "data_offsets": [24, 26]},
    "__metadata__": {"format": "np"},
}
DATA = bytes(24) + b"\0\1"
SAFETENSORS = struct.pack("<Q", len(json.dumps(HEADER))) + json.dumps(HEADER).encode() + DATA


@st.composite
def broken_safetensors(draw: st.DrawFn) -> bytes:
    """A file with the right length of its header, and a wrong header."""
    header = draw(broken_json(json.dumps(HEADER).encode()))
    return struct.pack("<Q", len(header)) + header + DATA


IDX = idx_bytes(np.arange(12, dtype=np.int16).reshape(3, 4))
IDX_GZIP = gzip.compress(IDX, mtime=0)
broken_idx = st.one_of(
    edits.map(lambda e: edited(IDX, e)),
    st.builds(
        lambda code, shape, data: idx_header(code, shape) + data,
        st.sampled_from([8, 9, 11, 12, 13, 14, 0]),
        st.lists(st.sampled_from([n for n in NUMBERS if n < 2**32]), max_size=6),
        st.binary(max_size=64),
    ),
)
zeros = st.builds(lambda header, n: header + bytes(n), broken_idx, st.sampled_from([0, 100, 100_000, 1_000_000]))
