"""Class maps: scoring the classes of one taxonomy as those of another, in TOML.

    from = "cityscapes"                   # taxonomies, by name or path: the finer classes
    to = "camvid"                         # the coarser classes, in which the scores are
    [map]
    road = "road"                         # a class of `from` and its class of `to`; a class of
    sidewalk = "pavement"                 # `from` that is left out is unmapped

If the labels are in `to`, the predictions are mapped: a prediction of an unmapped class is wrong,
a miss for the true class and a false alarm for no class, as in cityscapesscripts. If the labels are
in `from`, the labels are mapped, and unmapped classes are ignored. In both cases labels of a class
of `to` that no class maps to are ignored: no model can predict it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..corruptions.checks import did_you_mean, unknown
from ..errors import InputError
from ..label_types import LabelMap, ignored_label, label_dtype
from .base import Dataset, Frame
from .class_map_mode import ClassMapMode
from .depth import depth_of
from .taxonomies import Taxonomy, load_taxonomy, read_text, read_toml

_FOLDER = files(__package__) / "data" / "maps"


@dataclass(frozen=True)
class ClassMap:
    """A map from the classes of `source` to those of `target`."""

    name: str
    source: Taxonomy
    target: Taxonomy
    targets: tuple[int | None, ...]
    """Class of `target` for each class of `source`; None: unmapped."""

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Names of the classes of `source` that are unmapped."""
        return _without_target(self.source.class_names, self.targets)

    @property
    def digest(self) -> str:
        """SHA-256 of the mapping; the map's name does not matter."""
        content = [self.source.class_names, self.target.class_names, self.targets]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class ClassMapSpec:
    """The class map in a run's specification."""

    name: str
    digest: str
    mode: ClassMapMode
    maps: Literal["labels", "predictions"]
    models: tuple[str, ...]
    """Classes of the models."""
    ignored: tuple[str, ...]
    """Classes of the labels that are left out of every score."""
    unmapped: tuple[str, ...]
    """Classes of the models that are not scored: wrong, or never predicted."""


@dataclass(frozen=True)
class MappedDataset:
    """A dataset with mapped labels, and the requirements on its models."""

    dataset: Dataset
    """The scored classes, and labels of these."""
    model_taxonomy: str
    """Name of the taxonomy of the models' classes."""
    kept_classes: tuple[int, ...]
    """Classes of the models that may be predicted."""
    prediction_lookup: LabelMap
    """Scored class of each kept class; the number of scored classes stands for unmapped."""
    spec: ClassMapSpec


@dataclass(frozen=True)
class MappedFrame:
    """A frame whose label is mapped to other classes."""

    frame: Frame
    classes: int
    """Number of classes of the label file."""
    lookup: LabelMap
    """Mapped value of each value of the label's type, (256,) or (65536,)."""
    name: str
    group: str
    condition: str

    def image(self) -> NDArray[np.uint8]:
        """As in `Frame`."""
        return self.frame.image()

    def depth(self) -> NDArray[np.float32]:
        """Return the depth in metres, (H, W), as `depth_of` does."""
        return depth_of(self.frame)

    def label(self) -> LabelMap:
        """Return the mapped class of each pixel, (H, W); InputError for an unknown one."""
        label = self.frame.label()
        unknown = label[(label >= self.classes) & (label != len(self.lookup) - 1)]
        if unknown.size:
            raise InputError(f"{self.name}: its label holds {unknown[0]}, no class; correct it")
        mapped: LabelMap = self.lookup[label]
        return mapped


_KEYS = ("from", "to", "map")


def map_names() -> tuple[str, ...]:
    """Return the names of the embedded class maps."""
    return tuple(sorted(Path(entry.name).stem for entry in _FOLDER.iterdir()))


def load_class_map(name: str) -> ClassMap:
    """Return an embedded class map by name, or read a file; its paths are relative to its folder.

    Raises InputError for an unknown name, and for a file that is not a class map.
    """
    option = "--class-map"
    if name in map_names():
        return _parse(f"{option} {name}", name, (_FOLDER / f"{name}.toml").read_text("utf-8"), None)
    path = Path(name)
    if not path.exists():
        known = f"{', '.join(map_names())}{did_you_mean(name, map_names())}"
        raise InputError(f"{option} {name}: no such file; give a TOML file, or one of {known}")
    return _parse(f"{option} {path}", path.stem, read_text(option, path), path.parent)


def _parse(where: str, name: str, text: str, folder: Path | None) -> ClassMap:
    values = read_toml(where, text)
    ends = values.get("from"), values.get("to")
    pairs = values.get("map")
    if not all(isinstance(end, str) for end in ends) or not isinstance(pairs, dict):
        raise InputError(f'{where}: expected from = "...", to = "..." and a table [map]')
    for key in sorted(values.keys() - {*_KEYS}):
        raise InputError(f"{where}: {unknown('key', key, _KEYS)}")
    for end in ends:
        # The file may be someone else's: it must not lead out of its folder.
        if folder and not (folder / str(end)).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{where}: refused: it names {end}, outside its own folder")
    source, target = (load_taxonomy(str(end), folder, f"{where}:") for end in ends)
    if source.class_names == target.class_names:
        raise InputError(f"{where}: from and to have the same classes; leave it out")
    for key, value in pairs.items():
        if key not in source.class_names:
            raise InputError(f"{where}: {key!r} is no class of {source.name}")
        if value not in target.class_names:
            raise InputError(f"{where}: {key} = {value!r}, which is no class of {target.name}")
    if not pairs:
        raise InputError(f"{where}: [map] is empty; map at least one class")
    targets = tuple(
        target.class_names.index(pairs[key]) if key in pairs else None for key in source.class_names
    )
    return ClassMap(name, source, target, targets)


def apply_class_map(dataset: Dataset, class_map: ClassMap, mode: ClassMapMode) -> MappedDataset:
    """Map a dataset whose classes are those of the map's `source` or `target`.

    Raises InputError for other classes, and for an unknown mode.
    """
    if mode not in get_args(ClassMapMode):
        raise InputError(f"--class-map-mode {mode}: use one of {', '.join(get_args(ClassMapMode))}")
    source, target = class_map.source, class_map.target
    from_source = class_map.targets
    from_target = tuple(
        number if number in from_source else None for number in range(len(target.classes))
    )
    if dataset.class_names == target.class_names:
        labels, models, taxonomy = from_target, from_source, source
    elif dataset.class_names == source.class_names:
        labels, models, taxonomy = from_source, from_target, target
    else:
        raise InputError(
            f"--class-map {class_map.name}: is from {source.name} to {target.name}, and the labels "
            f"of {dataset.name} have the classes of neither; use another map"
        )
    dtype = label_dtype(len(target.classes))
    ignore = ignored_label(dtype)
    lookup = np.full(ignored_label(label_dtype(len(labels))) + 1, ignore, dtype)
    lookup[: len(labels)] = [ignore if label is None else label for label in labels]
    names = taxonomy.class_names
    kept = [number for number, scored in enumerate(models) if mode == "wrong" or scored is not None]
    unmapped = len(target.classes)
    predictions = [unmapped if (scored := models[number]) is None else scored for number in kept]
    return MappedDataset(
        dataset=replace(
            dataset,
            classes=target.classes if taxonomy is target else dataset.classes,
            frames=[
                MappedFrame(each, len(labels), lookup, each.name, each.group, each.condition)
                for each in dataset.frames
            ],
        ),
        model_taxonomy=taxonomy.base or taxonomy.name,
        kept_classes=tuple(kept),
        prediction_lookup=np.array(predictions, dtype),
        spec=ClassMapSpec(
            class_map.name,
            class_map.digest,
            mode,
            "predictions" if taxonomy is source else "labels",
            names,
            _without_target(dataset.class_names, labels),
            _without_target(names, models),
        ),
    )


def _without_target(names: tuple[str, ...], targets: tuple[int | None, ...]) -> tuple[str, ...]:
    return tuple(name for name, target in zip(names, targets, strict=True) if target is None)
