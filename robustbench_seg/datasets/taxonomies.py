"""Class files: what the values of label files mean, in TOML; those that are embedded have names.

name = "yard"                         # shown with the results
classes = [                           # in the order of the model's outputs
  { name = "grass", color = [0, 160, 0], category = "nature" },
  { name = "path", color = [90, 90, 90], category = "flat" },
]                                     # or the name of a class file: classes = "cityscapes"
values = [1, 2]                       # in the files; without it 0, 1, 2, ...
ignore = [0, 255]                     # left out; without it 255
indexed = true                        # the files are palette images whose indices are the values
image_suffix = "_rgb"                 # what the names of images and labels end with,
label_suffix = "_labels"              # before the extension
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import InputError
from .base import IGNORE, ClassInfo
from .classes import CAMVID, CITYSCAPES

_KEYS = {
    *("name", "title", "classes", "values", "ignore", "indexed", "image_suffix", "label_suffix"),
}
_FOLDER = files(__package__) / "data" / "classes"


@dataclass(frozen=True)
class Taxonomy:
    """The classes of some labels, and how label files write them."""

    name: str
    title: str
    classes: tuple[ClassInfo, ...]
    lookup: Mapping[int, int]
    """From each value that a label file may hold to its class, or to IGNORE."""
    base: str = ""
    """The name of the class file whose classes these are, where it is another."""
    indexed: bool = False
    """Whether label files may be palette images, whose indices are the values."""
    image_suffix: str = ""
    label_suffix: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the model's outputs."""
        return tuple(info.name for info in self.classes)


def _plain(name: str, title: str, classes: tuple[ClassInfo, ...], *ignore: int) -> Taxonomy:
    lookup = {value: value for value in range(len(classes))} | dict.fromkeys(ignore, IGNORE)
    return Taxonomy(name, title, classes, lookup)


_BUILT_IN = {
    taxonomy.name: taxonomy
    for taxonomy in (
        _plain("cityscapes", "Cityscapes, 19 classes by train ID", CITYSCAPES, 255),
        _plain("camvid", "CamVid, 11 classes, 11 is void", CAMVID, 11, 255),
    )
}


def taxonomy_names() -> tuple[str, ...]:
    """Return the names of the class files that are embedded."""
    embedded = (Path(entry.name).stem for entry in _FOLDER.iterdir() if ".toml" in entry.name)
    return (*_BUILT_IN, *sorted(embedded))


def load_taxonomy(name: str, folder: Path | None = None, option: str = "--classes") -> Taxonomy:
    """Return an embedded class file by name, or read one; paths are relative to a folder.

    Raises InputError, which begins with the option, for an unknown name, and for a file that cannot
    be read or says something else than a class file does.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name in taxonomy_names():
        return _parse(f"{option} {name}", name, (_FOLDER / f"{name}.toml").read_text("utf-8"))
    path = (folder or Path()) / name
    if not path.is_file():
        known = ", ".join(taxonomy_names())
        raise InputError(f"{option} {name}: no such file; give one in TOML, or one of {known}")
    return _parse(f"{option} {path}", path.stem, read_text(option, path))


def read_text(option: str, path: Path) -> str:
    """Return the text of a file; InputError where it is none."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{option} {path}: cannot be read as text ({error})") from error


def read_toml(where: str, text: str) -> dict[str, Any]:
    """Parse TOML; InputError, which begins with `where`."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of numbers of 5000 digits, of deep nesting
        raise InputError(f"{where}: not TOML ({error})") from error


def _parse(where: str, stem: str, text: str) -> Taxonomy:
    values = read_toml(where, text)
    if unknown := sorted(values.keys() - _KEYS):
        raise InputError(f"{where}: unknown key {unknown[0]}; known: {', '.join(sorted(_KEYS))}")
    name = str(values.get("name", stem))
    base = ""
    if isinstance(values.get("classes"), str):
        if values["classes"] not in taxonomy_names():
            known_names = ", ".join(taxonomy_names())
            raise InputError(f"{where}: classes {values['classes']!r}; known: {known_names}")
        known = load_taxonomy(values["classes"])
        classes, base = known.classes, known.base or known.name
    else:
        classes = _classes(where, values.get("classes"))
    ids = _integers(where, "values", values.get("values", [*range(len(classes))]))
    if len(ids) != len(classes):
        raise InputError(f"{where}: values has {len(ids)} numbers for {len(classes)} classes")
    ignored = _integers(where, "ignore", values.get("ignore", [IGNORE]))
    if both := sorted({*ids} & {*ignored}):
        raise InputError(f"{where}: {both[0]} is in both values and ignore")
    suffixes = [values.get(key, "") for key in ("image_suffix", "label_suffix")]
    for suffix in suffixes:
        # A class file is someone else's: it may not lead out of the folders that the user names.
        if not isinstance(suffix, str) or set(suffix) & set("/\\:\0"):
            raise InputError(f"{where}: suffix {suffix!r:.60}; expected a part of a file's name")
    lookup = {value: number for number, value in enumerate(ids)} | dict.fromkeys(ignored, IGNORE)
    return Taxonomy(
        name,
        str(values.get("title", name)),
        classes,
        lookup,
        base,
        values.get("indexed") is True,
        *suffixes,
    )


def _classes(where: str, entries: Any) -> tuple[ClassInfo, ...]:
    form = '{ name = "road", color = [128, 64, 128], category = "flat" }'
    if not isinstance(entries, list) or not 1 <= len(entries) <= IGNORE:
        raise InputError(f"{where}: classes must be 1 to {IGNORE} entries like {form}")
    classes = []
    for number, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, dict) else None
        color = entry.get("color", _color(number)) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name or color is None or not _is_color(color):
            raise InputError(f"{where}: class {number} is {entry!r:.60}; expected {form}")
        classes.append(ClassInfo(name, tuple(color), str(entry.get("category", ""))))
    names = [info.name for info in classes]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{where}: two classes are called {twice}")
    return tuple(classes)


def _is_color(color: Any) -> bool:
    return isinstance(color, list) and len(color) == 3 and all(_is_byte(part) for part in color)


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _integers(where: str, key: str, given: Any) -> list[int]:
    if not isinstance(given, list) or not all(_is_byte(value) for value in given):
        raise InputError(f"{where}: {key} is {given!r:.60}; expected a list of numbers 0-255")
    if len({*given}) < len(given):
        raise InputError(f"{where}: {key} has a number twice")
    return given


def _color(number: int) -> list[int]:
    """Return a colour for a class that has none: the bits of its number, highest first."""
    bits = [(number + 1) >> place & 1 for place in range(9)]
    return [sum(bits[3 * step + channel] << 7 - step for step in range(3)) for channel in range(3)]
