"""A corrupted copy on disk: <corruption>/<severity>/<image>, a manifest and a table of digests.

The images are PNG files with the paths and names of those that they were made of. `images.csv`
has a row for each that is there whole, with the SHA-256 of its pixels (RGB bytes, row by row).
Rows are appended as images are made, and put in order when all are.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..datasets.files import read_image
from ..errors import InputError
from .digests import pixel_digest
from .manifest import Manifest
from .sources import SourceImage

TABLE = "images.csv"
_COLUMNS = ("corruption", "severity", "image", "sha256")


@dataclass(frozen=True, order=True)
class Place:
    """Where an image of a copy is: its condition, and its path in the folder of that."""

    corruption: str
    severity: int
    image: str

    @property
    def path(self) -> str:
        """The path in the copy's folder."""
        return f"{self.corruption}/{self.severity}/{self.image}"


class Copy:
    """A corrupted copy, whole or begun."""

    def __init__(self, folder: Path, manifest: Manifest):
        self.folder = folder
        self.manifest = manifest
        conditions = set(manifest.suite.corrupted)
        self.digests = {
            place: digest
            for place, digest in _rows(folder)
            if (place.corruption, place.severity) in conditions
        }

    @classmethod
    def open(cls, folder: Path) -> Copy:
        """Open a copy to read its images; InputError if there is none, or if it is damaged."""
        return cls(folder, Manifest.read(folder))

    @classmethod
    def begin(cls, folder: Path, manifest: Manifest) -> Copy:
        """Begin a copy, or go on with one of the same manifest; OSError where that is refused."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder)
        copy = cls(folder, manifest)
        copy.write_table()  # without the row that was being written when the last session ended
        return copy

    def missing(self, image: SourceImage) -> tuple[tuple[str, int], ...]:
        """Return the conditions under which an image has yet to be made."""
        places = (Place(*condition, image.target) for condition in self.manifest.suite.corrupted)
        return tuple(
            (place.corruption, place.severity)
            for place in places
            if place not in self.digests or not (self.folder / place.path).is_file()
        )

    def add(self, rows: Iterable[tuple[Place, str]]) -> None:
        """Note images that have been written, with their digests."""
        new = dict(rows)
        with (self.folder / TABLE).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_cells(new))
        self.digests.update(new)

    def write_table(self) -> None:
        """Write the digests in the order of their conditions and images, whole or not at all."""
        order = {condition: n for n, condition in enumerate(self.manifest.suite.corrupted)}
        rows = sorted(
            self.digests.items(),
            key=lambda row: (order[row[0].corruption, row[0].severity], row[0].image),
        )
        partial = self.folder / f"{TABLE}.partial"
        with partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([_COLUMNS, *_cells(dict(rows))])
        partial.replace(self.folder / TABLE)

    def check(self, keys: Mapping[str, str], conditions: Collection[tuple[str, int]]) -> str:
        """Check that all images of some frames are there; return a digest of them.

        `keys` maps the names of the frames to the `image_key`s of their images. Raises InputError
        for the first frame that was not copied, and for the first image that is absent.
        """
        digest = hashlib.sha256()
        for name, key in keys.items():
            if key not in self._targets:
                raise InputError(f"{self.folder}: the image of frame {name} was not copied there")
            for corruption, severity in conditions:
                place = self._place(key, corruption, severity)
                if place not in self.digests or not (self.folder / place.path).is_file():
                    raise InputError(
                        f"{self.folder / place.path}: no such image; run the same "
                        "robustseg corrupt again to complete the copy"
                    )
                row = (key, corruption, severity, self.digests[place])
                digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    def image(self, key: str, corruption: str, severity: int) -> NDArray[np.uint8]:
        """Return the image, uint8 (H, W, 3), that was made of the one with this `image_key`.

        Raises InputError where it cannot be read or its pixels are not those that were written.
        """
        place = self._place(key, corruption, severity)
        path = self.folder / place.path
        image = read_image(path)
        if pixel_digest(image) != self.digests[place]:
            raise InputError(
                f"{path}: its pixels are not those that were written; delete it and run the same "
                "robustseg corrupt again"
            )
        return image

    def _place(self, key: str, corruption: str, severity: int) -> Place:
        return Place(corruption, severity, self._targets[key])

    @cached_property
    def _targets(self) -> dict[str, str]:
        return {image.key: image.target for image in self.manifest.images}


def _cells(digests: dict[Place, str]) -> Iterator[tuple[str, int, str, str]]:
    for place, digest in digests.items():
        yield place.corruption, place.severity, place.image, digest


def _rows(folder: Path) -> Iterator[tuple[Place, str]]:
    path = folder / TABLE
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                # A row that was cut off while it was written is none; neither is the header.
                if len(row) == len(_COLUMNS) and len(row[3]) == 64:
                    yield Place(row[0], int(row[1]), row[2]), row[3]
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path}: damaged ({error}); delete it, and the images are made again"
        ) from error
