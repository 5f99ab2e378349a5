"""Which other files an ONNX file names: read from its protobuf, without the package `onnx`.

Tensors may lie in files beside the model. They occur as initializers, in attributes of nodes, in
sparse tensors, in subgraphs, functions and trainings; a text search would miss some spellings.
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto has the numbers of the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PureWindowsPath

from ...errors import InputError
from ...reading import read_data

_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {
        **{5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph"},
        **{22: "SparseTensor", 23: "SparseTensor"},
    },
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
"""Fields, by number, of each message that lead to the location of an external tensor."""
_KEY, _VALUE = 1, 2
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def external_files(path: Path, content: bytes) -> dict[str, bytes]:
    """Return the files with the external tensors of an ONNX file, by name, sorted, as read once.

    Raises InputError for bytes that are no protobuf, for a name that leads out of the file's
    folder, also by a link, and for a missing file.
    """
    try:
        names = sorted(set(_locations(memoryview(content))))
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{path}: not an ONNX file that onnxruntime can run; export it again"
        ) from error
    return {name: _beside(path, name) for name in names}


def _beside(path: Path, name: str) -> bytes:
    pure = PurePath(name)
    outside = pure.is_absolute() or PureWindowsPath(name).anchor or ".." in pure.parts
    if outside or not name.isprintable() or "\\" in name:
        raise InputError(f"{path}: refused: it names {name}; expected files in its folder")
    other = path.parent / name
    if not other.exists():
        raise InputError(f"{path}: its tensors in {name} are missing; put that file beside it")
    if not other.resolve().is_relative_to(path.parent.resolve()):
        raise InputError(f"{path}: refused: it names {name}; expected files in its folder")
    return read_data(other)


def _locations(content: memoryview) -> Iterator[str]:
    """Yield every location of an external tensor; ValueError or IndexError for no protobuf."""
    waiting = [("Model", content)]
    while waiting:
        kind, message = waiting.pop()
        texts: dict[int, list[str]] = {_KEY: [], _VALUE: []}
        for number, value in _fields(message):
            if kind == "Entry" and number in texts:
                texts[number].append(bytes(value).decode())
            elif inner := _MESSAGES.get(kind, {}).get(number):
                waiting.append((inner, value))
        if "location" in texts[_KEY]:  # of a field that is repeated, parsers take the last
            yield from texts[_VALUE]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number and the content of each field of a message that has a length."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        wire = key & 7
        if wire == _VARINT:
            _, place = _varint(message, place)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            place += 8 if wire == _EIGHT_BYTES else 4
        elif wire == _LENGTH:
            length, place = _varint(message, place)
            yield key >> 3, message[place : place + length]
            place += length
        else:  # groups, which ONNX never had
            raise ValueError(f"wire type {wire}")
    if place > len(message):
        raise ValueError("cut off")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("a number of more than ten bytes")
