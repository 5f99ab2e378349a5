"""Taxonomies: the classes of a dataset, and the values that stand for them in label files, in TOML.

name = "yard"                         # shown with the results
classes = [                           # in the order of the model's outputs
  { name = "grass", color = [0, 160, 0], category = "nature" },
  { name = "path", color = [90, 90, 90], category = "flat" },
]                                     # or an embedded taxonomy: classes = "cityscapes"
values = [1, 2]                       # of the classes in label files; default: 0, 1, 2, ...
ignore = [0, 255, [0, 0, 0]]          # values and colours left out of every score
                                      # default: 255, or 65535 for more than 255 classes
indexed = true                        # label files are palette images whose indices are the values
channel = "red"                       # label files are RGB images, with the values in one channel
image_suffix = "_rgb"                 # endings of the names of images and labels,
label_suffix = "_labels"              # before the extension

A taxonomy whose classes are those of an embedded one has all keys of that but `name` and `title`,
unless it gives them itself; `values` without `ignore` ignores 255. Label files in RGB are read by
the colours, if each class has one of its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from .. import reading
from ..corruptions.checks import did_you_mean, unknown
from ..errors import InputError
from ..label_types import MOST_CLASSES, ignored_label, label_dtype
from .base import ClassInfo
from .label_files import CHANNELS, LARGEST, Channel, Color

_KEYS = {
    *("name", "title", "classes", "values", "ignore", "indexed", "channel"),
    *("image_suffix", "label_suffix"),
}
_FOLDER = files(__package__) / "data" / "taxonomies"


@dataclass(frozen=True)
class Taxonomy:
    """The classes of some labels, and their values in label files."""

    name: str
    title: str
    classes: tuple[ClassInfo, ...]
    lookup: Mapping[int, int]
    """From each value that a label file may hold to its class, or to that of ignored pixels."""
    base: str = ""
    """Name of the taxonomy whose classes these are, if it is another."""
    indexed: bool = False
    """Whether label files may be palette images, whose indices are the values."""
    colors: Mapping[Color, int] = field(default_factory=dict)
    """From each colour (RGB) that an RGB label may hold to its class, or to the same."""
    channel: Channel | None = None
    """Channel of RGB label files that holds the values; None: none does."""
    image_suffix: str = ""
    label_suffix: str = ""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the model's outputs."""
        return tuple(info.name for info in self.classes)


@cache
def taxonomy_names() -> tuple[str, ...]:
    """Return the names of the embedded taxonomies."""
    return tuple(sorted(Path(entry.name).stem for entry in _FOLDER.iterdir()))


def load_taxonomy(name: str, folder: Path | None = None, option: str = "--classes") -> Taxonomy:
    """Return an embedded taxonomy by name, or read a file; paths are relative to a folder.

    Raises InputError, which begins with the option, for an unknown name, and for a file that cannot
    be read or is not a taxonomy.
    """
    if name in taxonomy_names():
        return _embedded(name)
    path = (folder or Path()) / name
    if not path.exists():
        known = f"{', '.join(taxonomy_names())}{did_you_mean(name, taxonomy_names())}"
        raise InputError(f"{option} {name}: no such file; give a TOML file, or one of {known}")
    return _parse(f"{option} {path}", path.stem, read_text(option, path))


@cache
def _embedded(name: str) -> Taxonomy:
    return _parse(name, name, _embedded_text(name))


def _embedded_text(name: str) -> str:
    return (_FOLDER / f"{name}.toml").read_text("utf-8")


def read_text(option: str, path: Path) -> str:
    """Return the text of a file; InputError if it is not UTF-8 text, or too long."""
    try:
        return reading.read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{option} {path}: cannot be read as text ({error}); give a UTF-8 file"
        ) from error


def read_toml(where: str, text: str) -> dict[str, Any]:
    """Parse TOML; InputError, which begins with `where`, if it is malformed."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of numbers of 5000 digits, of deep nesting
        raise InputError(f"{where}: not TOML ({error}); correct it") from error


def _parse(where: str, stem: str, text: str) -> Taxonomy:
    given = read_toml(where, text)
    for key in sorted(given.keys() - _KEYS):
        raise InputError(f"{where}: {unknown('key', key, tuple(sorted(_KEYS)))}")
    name, base = str(given.get("name", stem)), ""
    if isinstance(classes := given.get("classes"), str):
        if classes not in taxonomy_names():
            raise InputError(f"{where}: {unknown('classes', classes, tuple(taxonomy_names()))}")
        base = _embedded(classes).base or classes
    title, values = str(given.get("title", name)), _completed(given)
    infos = _classes(where, values.get("classes"))
    ids = _integers(where, "values", values.get("values", [*range(len(infos))]))
    if len(ids) != len(infos):
        raise InputError(
            f"{where}: values has {len(ids)} numbers for {len(infos)} classes; give one each"
        )
    ignore = ignored_label(label_dtype(len(infos)))
    ignored = values.get("ignore", [ignore])
    void = [tuple(each) for each in ignored if _is_color(each)] if isinstance(ignored, list) else []
    if void:
        ignored = [each for each in ignored if not _is_color(each)]
    ignored = _integers(where, "ignore", ignored)
    colors = {info.color: number for number, info in enumerate(infos)}
    if not all("color" in entry for entry in values["classes"]) or len(colors) < len(infos):
        colors = {}
    if both := [each for each in (*ids, *colors) if each in (*ignored, *void)]:
        raise InputError(f"{where}: {both[0]} stands for a class and is in ignore; remove one")
    colors |= dict.fromkeys(void, ignore)
    suffixes = [values.get(key, "") for key in ("image_suffix", "label_suffix")]
    for suffix in suffixes:
        # The file may be someone else's: it must not lead out of the folders that the user names.
        if not isinstance(suffix, str) or set(suffix) & set("/\\:\0"):
            raise InputError(f"{where}: suffix {suffix!r:.60}; expected a part of a file's name")
    indexed, channel = values.get("indexed", False), values.get("channel")
    if not isinstance(indexed, bool):
        raise InputError(f"{where}: indexed is {indexed!r:.60}; expected true or false")
    if channel not in (None, *CHANNELS):
        raise InputError(f"{where}: channel is {channel!r:.60}; expected {', '.join(CHANNELS)}")
    lookup = {value: number for number, value in enumerate(ids)} | dict.fromkeys(ignored, ignore)
    return Taxonomy(name, title, infos, lookup, base, indexed, colors, channel, *suffixes)


def _completed(given: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of a file, completed by those of the embedded taxonomy in `classes`."""
    classes = given.get("classes")
    if not isinstance(classes, str):
        return given
    base = _completed(read_toml(classes, _embedded_text(classes)))
    if "values" in given:  # what is ignored stands beside the values that it belongs to
        base.pop("ignore", None)
    return {**base, **given, "classes": base["classes"]}


def _classes(where: str, entries: Any) -> tuple[ClassInfo, ...]:
    form = '{ name = "road", color = [128, 64, 128], category = "flat" }'
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{where}: classes must be 1 to {MOST_CLASSES} entries like {form}")
    if len(entries) > MOST_CLASSES:
        raise InputError(
            f"{where}: has {len(entries)} classes, and {MOST_CLASSES} are the most: each image in "
            "work takes 8 bytes of memory for each pair of classes; merge rare ones"
        )
    classes: dict[str, ClassInfo] = {}
    for number, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, dict) else None
        color: Any = entry.get("color", _color(number)) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name or not _is_color(color):
            raise InputError(f"{where}: class {number} is {entry!r:.60}; expected {form}")
        if name in classes:
            raise InputError(f"{where}: two classes are named {name}; rename one of them")
        classes[name] = ClassInfo(name, tuple(color), str(entry.get("category", "")))
    return tuple(classes.values())


def _is_color(color: Any) -> bool:
    numbers = isinstance(color, list) and len(color) == 3 and all(map(_is_number, color))
    return numbers and max(color) <= 255


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _integers(where: str, key: str, given: Any) -> list[int]:
    if not isinstance(given, list) or not all(map(_is_number, given)):
        raise InputError(f"{where}: {key} is {given!r:.60}; expected a list of numbers 0-{LARGEST}")
    if len({*given}) < len(given):
        raise InputError(f"{where}: {key} has a number twice; remove one")
    return given


def _color(number: int) -> list[int]:
    """Return the default colour of a class: the bits of its number, highest first."""
    bits = [(number + 1) >> place & 1 for place in range(12)]
    return [sum(bits[3 * step + channel] << 7 - step for step in range(4)) for channel in range(3)]


CITYSCAPES = _embedded("cityscapes").classes
CAMVID = _embedded("camvid").classes
