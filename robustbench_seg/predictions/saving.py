"""Saving predictions of a run and their images: encoded where made, written by its process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..datasets.taxonomies import load_taxonomy
from ..errors import InputError
from ..models.about_predictions import ABOUT
from ..names import slug
from ..png import encode_png
from ..protocol.cell import Cell
from ..protocol.condition import Condition, Draw
from ..protocol.options import MapLayout, SavedKind
from ..protocol.spec import Spec
from ..scores.counters import Prediction
from ..writing import write_file
from .layouts import LAYOUTS, FrameFiles, draw_folder
from .maps import ClassValues, encode_confidence

FOLDER, IMAGES = "predictions", "images"
"""Folders of a run that hold a folder for each model."""
IMAGE = "{group}/{stem}.png"
"""Path of an image in the folder of a condition: see `layouts.Layout`."""


class EncodedFile(NamedTuple):
    """A file as bytes, and where it belongs in the run's folder."""

    path: str
    content: bytes


@dataclass(frozen=True)
class Saving:
    """What is saved of each prediction, and where.

    `classes` are the models' own, before a class map; those that they predict may be fewer, and
    `predicted` are their numbers.
    """

    kinds: tuple[SavedKind, ...]
    layout: MapLayout
    spec: Spec
    names: Sequence[FrameFiles]
    """Files of the frames, in their order."""
    classes: tuple[str, ...]
    predicted: Sequence[int]

    def check(self) -> None:
        """Raise InputError for classes that the layout has no values for, and for equal paths."""
        _ = self._values
        paths: dict[str, str] = {}
        form = LAYOUTS[self.layout].labels
        for frame, files in zip(self.spec.frames, self.names, strict=True):
            path = f"{frame.condition}/{files.path(form)}"
            other = paths.setdefault(path, frame.name)
            if other != frame.name:
                advice = "use bravo" if self.layout != "bravo" else "rename one"
                raise InputError(
                    f"--save-layout {self.layout}: the maps of frames {other} and {frame.name} "
                    f"would have one name; {advice}"
                )
        folders = [self._folder(model.name) for model in self.spec.models]
        if len(set(folders)) < len(folders):
            raise InputError("--save: two models would have one folder; evaluate them apart")

    @property
    def needs_probabilities(self) -> bool:
        """Whether predictions need their probabilities for what is saved."""
        return "confidence" in self.kinds

    def encode(
        self, cell: Cell, prediction: Prediction, image: NDArray[np.uint8] | None
    ) -> list[EncodedFile]:
        """Return the files of a prediction in the model's own classes, and of its image."""
        return [
            EncodedFile(path, self._encoded(kind, prediction, image))
            for kind, path in zip(self.kinds, self.paths(cell), strict=True)
        ]

    def _encoded(
        self, kind: SavedKind, prediction: Prediction, image: NDArray[np.uint8] | None
    ) -> bytes:
        if kind == "labels":
            return self._values.encode(prediction.labels)
        if kind == "images":
            assert image is not None  # saved predictions are refused
            return encode_png(image)
        assert prediction.probabilities is not None  # `needs_probabilities` asks for them
        return encode_confidence(prediction.probabilities.top)

    def paths(self, cell: Cell) -> list[str]:
        """Return the paths of the files of a cell in the run's folder."""
        layout = LAYOUTS[self.layout]
        forms = {"labels": layout.labels, "confidence": layout.confidence, "images": IMAGE}
        files = self._files[cell.frame]
        draw = Draw(self._conditions[cell.condition, cell.severity], cell.draw)
        return [
            f"{self._folder(cell.model, kind)}/{draw_folder(draw)}/{files.path(forms[kind])}"
            for kind in self.kinds
        ]

    def unsaved(self, folder: Path, cells: Iterable[Cell]) -> set[Cell]:
        """Return those of some cells of which the folder of a run lacks a file."""
        return {
            cell
            for cell in cells
            if not all((folder / path).is_file() for path in self.paths(cell))
        }

    def begin(self, folder: Path) -> None:
        """Write what the predictions are into the folder of each model.

        Raises InputError if it holds predictions that are saved in another way, or if it cannot be
        written.
        """
        if self.kinds == ("images",):
            return
        for model in self.spec.models:
            path = folder / self._folder(model.name) / ABOUT
            about = {
                "model": model.name,
                "trained_on": model.trained_on,
                "note": model.weights.get("note", ""),
                "classes": list(self.classes),
                "values": list(self._class_values),
                **self._region,
            }
            # JSON's texts, lists and numbers are TOML as well.
            lines = [f"# Saved by robustseg eval, in the layout {self.layout}."]
            lines += [f"{key} = {json.dumps(value)}" for key, value in about.items()]
            content = ("\n".join(lines) + "\n").encode()
            if path.exists() and path.read_bytes() != content:
                raise InputError(
                    f"--save-layout {self.layout}: {path.parent} holds predictions that are saved "
                    "in another way; use the same options, or remove the folder"
                )
            self.write(folder, [EncodedFile(f"{self._folder(model.name)}/{ABOUT}", content)])

    def write(self, folder: Path, files: Iterable[EncodedFile]) -> None:
        """Write files atomically into the folder of a run; InputError if that fails."""
        try:
            for path, content in files:
                write_file(folder / path, content, folder)
        except OSError as error:
            raise InputError(
                f"--save: {error.filename or folder} cannot be written ({error.strerror}); what is "
                "counted is kept; run the same command again to resume"
            ) from error

    def _folder(self, model: str, kind: SavedKind = "labels") -> str:
        return f"{IMAGES if kind == 'images' else FOLDER}/{slug(model)}"

    @property
    def _region(self) -> dict[str, str | int]:
        """What tells the images from those that are corrupted everywhere."""
        region, seed = self.spec.region, self.spec.seed
        if region is None:
            return {}
        return {"region": str(region), **({"seed": seed} if region.seeded else {})}

    @cached_property
    def _files(self) -> Mapping[str, FrameFiles]:
        return {files.frame: files for files in self.names}

    @cached_property
    def _conditions(self) -> Mapping[tuple[str, float], Condition]:
        return {condition.key: condition for condition in self.spec.conditions}

    @cached_property
    def _class_values(self) -> tuple[int, ...]:
        """Value of each of the models' classes."""
        name = LAYOUTS[self.layout].taxonomy
        if not name:
            return tuple(range(len(self.classes)))
        taxonomy = load_taxonomy(name)
        if taxonomy.class_names != self.classes:
            raise InputError(
                f"--save-layout {self.layout}: is for the classes of {taxonomy.base}, and the "
                "models have others; use bravo"
            )
        values = {number: value for value, number in taxonomy.lookup.items()}
        return tuple(values[number] for number in range(len(self.classes)))

    @cached_property
    def _values(self) -> ClassValues:
        return ClassValues(tuple(self._class_values[number] for number in self.predicted))
