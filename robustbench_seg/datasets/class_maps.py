"""Class maps: how the classes of one taxonomy are scored as those of another, in TOML.

    from = "cityscapes"                   # class files, by name or path: the finer classes
    to = "camvid"                         # the coarser ones, in which the scores are
    [map]
    road = "road"                         # every class of `from` goes onto one of `to`, or
    sidewalk = "pavement"                 # is left out, and then goes onto none

Where the labels are in `to`, the predictions are mapped: a prediction of a class that goes onto
none is wrong, missed for the true class and a false alarm for no other, as cityscapesscripts does.
Where the labels are in `from`, they are mapped, and those that go onto none are ignored. Either way
labels of a class that nothing goes onto are ignored, as no model could name it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .base import IGNORE, Dataset, Frame
from .taxonomies import Taxonomy, load_taxonomy, read_text, read_toml

Mode = Literal["wrong", "restricted"]
"""Predictions of classes that go onto none: wrong, or never made (argmax over the others)."""

_FOLDER = files(__package__) / "data" / "maps"


@dataclass(frozen=True)
class ClassMap:
    """Onto which class of `target` each of `source` goes; None: onto none."""

    name: str
    source: Taxonomy
    target: Taxonomy
    onto: tuple[int | None, ...]

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The names of the classes of `source` that go onto none."""
        pairs = zip(self.source.class_names, self.onto, strict=True)
        return tuple(name for name, place in pairs if place is None)

    @property
    def digest(self) -> str:
        """The SHA-256 of what goes onto what; the map's own name does not matter."""
        content = [self.source.class_names, self.target.class_names, self.onto]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class ClassMapSpec:
    """What a run's specification says of its class map."""

    name: str
    digest: str
    mode: Mode
    maps: Literal["labels", "predictions"]
    models: tuple[str, ...]
    """The classes that the models have."""
    ignored: tuple[str, ...]
    """Classes of the labels that are left out of every score."""
    unmapped: tuple[str, ...]
    """Classes of the models that are no class of the scores: wrong, or never predicted."""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ClassMapSpec:
        """Return the specification that `dataclasses.asdict` made plain values of."""
        names = {key: tuple(values[key]) for key in ("models", "ignored", "unmapped")}
        return cls(**{**values, **names})


@dataclass(frozen=True)
class Mapped:
    """A dataset as it is scored, and what its models must be like."""

    dataset: Dataset
    """With the classes that are scored, and labels of these."""
    weights: str
    """The name of the data whose classes the models have."""
    kept: tuple[int, ...]
    """The classes of the models that may be predicted."""
    scored_as: NDArray[np.uint8]
    """The class that each of the kept is scored as; the number of scored classes: as none."""
    spec: ClassMapSpec


@dataclass(frozen=True)
class MappedFrame:
    """A frame whose label has other classes than its file."""

    frame: Frame
    classes: int
    """How many classes its file has."""
    table: NDArray[np.uint8]
    """(256,): from a class, or IGNORE, to another, or IGNORE."""

    @property
    def name(self) -> str:
        """As in `Frame`."""
        return self.frame.name

    @property
    def group(self) -> str:
        """As in `Frame`."""
        return self.frame.group

    @property
    def condition(self) -> str:
        """As in `Frame`."""
        return self.frame.condition

    def image(self) -> NDArray[np.uint8]:
        """As in `Frame`."""
        return self.frame.image()

    def label(self) -> NDArray[np.uint8]:
        """Return the mapped class of each pixel, uint8 (H, W); InputError for an unknown one."""
        label = self.frame.label()
        strays = label[(label >= self.classes) & (label != IGNORE)]
        if strays.size:
            raise InputError(f"{self.name}: its label holds {strays[0]}, which is no class")
        return self.table[label]


def map_names() -> tuple[str, ...]:
    """Return the names of the class maps that are embedded."""
    return tuple(sorted(Path(entry.name).stem for entry in _FOLDER.iterdir()))


def load_class_map(name: str) -> ClassMap:
    """Return an embedded class map by name, or read one; its paths are relative to its folder.

    Raises InputError for an unknown name, and for a file that is no class map.
    """
    option = "--class-map"
    if name in map_names():
        return _parse(f"{option} {name}", name, (_FOLDER / f"{name}.toml").read_text("utf-8"), None)
    path = Path(name)
    if not path.is_file():
        known = ", ".join(map_names())
        raise InputError(f"{option} {name}: no such file; give one in TOML, or one of {known}")
    return _parse(f"{option} {path}", path.stem, read_text(option, path), path.parent)


def _parse(where: str, name: str, text: str, folder: Path | None) -> ClassMap:
    values = read_toml(where, text)
    ends = values.get("from"), values.get("to")
    pairs = values.get("map")
    if not all(isinstance(end, str) for end in ends) or not isinstance(pairs, dict):
        raise InputError(f'{where}: expected from = "...", to = "..." and a table [map]')
    if unknown := sorted(values.keys() - {"from", "to", "map"}):
        raise InputError(f"{where}: unknown key {unknown[0]}; known: from, to, map")
    for end in ends:
        # A class map is someone else's: what it names is embedded, or in its own folder.
        if folder and not (folder / str(end)).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{where}: refused: it names {end}, outside its own folder")
    source, target = (load_taxonomy(str(end), folder, f"{where}:") for end in ends)
    if source.class_names == target.class_names:
        raise InputError(f"{where}: from and to have the same classes")
    for key, value in pairs.items():
        if key not in source.class_names:
            raise InputError(f"{where}: {key!r} is no class of {source.name}")
        if value not in target.class_names:
            raise InputError(f"{where}: {key} = {value!r}, which is no class of {target.name}")
    if not pairs:
        raise InputError(f"{where}: [map] is empty")
    onto = tuple(
        target.class_names.index(pairs[key]) if key in pairs else None for key in source.class_names
    )
    return ClassMap(name, source, target, onto)


def mapped(dataset: Dataset, class_map: ClassMap, mode: Mode) -> Mapped:
    """Return a dataset as it is scored by a map whose `source` or `target` it has the classes of.

    Raises InputError where it has neither's, and for an unknown mode.
    """
    if mode not in get_args(Mode):
        raise InputError(f"--class-map-mode {mode}: use one of {', '.join(get_args(Mode))}")
    source, target = class_map.source, class_map.target
    reached = {place for place in class_map.onto if place is not None}
    own = dict(enumerate(class_map.onto))
    kept_target = {
        place: place if place in reached else None for place in range(len(target.classes))
    }
    if dataset.class_names == target.class_names:
        labels, models, model_classes = kept_target, own, source
    elif dataset.class_names == source.class_names:
        labels, models, model_classes = own, kept_target, target
    else:
        raise InputError(
            f"--class-map {class_map.name}: is from {source.name} to {target.name}, and the labels "
            f"of {dataset.name} have the classes of neither"
        )
    table = np.full(256, IGNORE, np.uint8)
    table[list(labels)] = [IGNORE if place is None else place for place in labels.values()]
    names = model_classes.class_names
    unmapped = tuple(names[number] for number, place in models.items() if place is None)
    kept = [number for number, place in models.items() if mode == "wrong" or place is not None]
    as_none = len(target.classes)
    return Mapped(
        dataset=replace(
            dataset,
            classes=target.classes if model_classes is target else dataset.classes,
            frames=[MappedFrame(frame, len(labels), table) for frame in dataset.frames],
        ),
        weights=model_classes.base or model_classes.name,
        kept=tuple(kept),
        scored_as=np.array(
            [as_none if (place := models[number]) is None else place for number in kept], np.uint8
        ),
        spec=ClassMapSpec(
            class_map.name,
            class_map.digest,
            mode,
            "predictions" if model_classes is source else "labels",
            names,
            tuple(dataset.class_names[number] for number, place in labels.items() if place is None),
            unmapped,
        ),
    )
