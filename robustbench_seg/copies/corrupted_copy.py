"""A corrupted copy on disk: <corruption>/<severity>/<image>, a manifest and a table of digests.

The images are PNG files with the paths and names of their sources. `images.csv` has a row for each
finished image, with the SHA-256 of its shape, type and pixels: see `shaped_digest`. Rows are
appended as images are written, and sorted when all are.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..datasets.image_files import read_image
from ..errors import InputError
from ..protocol.pixel_digests import pixel_digest, shaped_digest
from ..reading import open_data
from ..visible import cell
from ..writing import write_file
from .manifest import OLD_FORMAT, Manifest
from .sources import SourceImage

TABLE = "images.csv"
_COLUMNS = ("corruption", "severity", "image", "sha256")
_HERE = "./"
_AGAIN = "run the same robustseg corrupt again"

Digest = Callable[[NDArray[np.uint8]], str]


class CorruptedImage(NamedTuple):
    """An image of a copy: its condition, and its path in the condition's folder."""

    corruption: str
    severity: float
    image: str

    @property
    def path(self) -> str:
        """Path in the copy's folder."""
        return f"{self.corruption}/{self.severity}/{self.image}"


class CorruptedCopy:
    """A corrupted copy, complete or not."""

    def __init__(self, folder: Path, manifest: Manifest):
        self.folder = folder
        self.manifest = manifest
        self.conditions = manifest.suite.corrupted
        known = set(self.conditions)
        self.digests = {image: digest for image, digest in _rows(folder) if image[:2] in known}

    @classmethod
    def open(cls, folder: Path) -> CorruptedCopy:
        """Open a copy to read its images; InputError if there is none, or if it is damaged."""
        return cls(folder, Manifest.read(folder))

    @classmethod
    def create_or_resume(cls, folder: Path, manifest: Manifest) -> CorruptedCopy:
        """Create a copy, or resume one with the same manifest; OSError if writing fails."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder)
        copy = cls(folder, manifest)
        copy.write_table()  # without a row that was cut off when the last session was killed
        return copy

    @property
    def digest(self) -> Digest:
        """Function from pixels to their digest."""
        return pixel_digest if self.manifest.format == OLD_FORMAT else shaped_digest

    def missing(self, source: SourceImage) -> tuple[tuple[str, float], ...]:
        """Return the conditions (corruption, severity) under which an image is not yet copied."""
        return tuple(
            condition
            for condition in self.conditions
            if not self._holds(CorruptedImage(*condition, source.target))
        )

    def add(self, digests: Mapping[CorruptedImage, str]) -> None:
        """Append the digests of images that have been written."""
        with (self.folder / TABLE).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_row(*pair) for pair in digests.items())
        self.digests.update(digests)

    def write_table(self) -> None:
        """Write the table of digests, sorted by condition and image, atomically."""
        order = {condition: number for number, condition in enumerate(self.conditions)}
        images = sorted(self.digests, key=lambda image: (order[image[:2]], image.image))
        rows = StringIO(newline="")
        csv.writer(rows).writerow(_COLUMNS)
        csv.writer(rows).writerows(_row(image, self.digests[image]) for image in images)
        write_file(self.folder / TABLE, rows.getvalue().encode())

    def check(self, keys: Mapping[str, str], conditions: Collection[tuple[str, float]]) -> str:
        """Check that the images of some frames exist; return a digest of them.

        `keys` maps the name of each frame to the `image_key` of its image. Raises InputError for
        the first frame that was not copied, and for the first image that is missing.
        """
        digest = hashlib.sha256()
        for name, key in keys.items():
            if key not in self._targets:
                raise InputError(
                    f"{self.folder}: the image of frame {name} was not copied there; make a copy "
                    "of the images of this dataset"
                )
            for corruption, severity in conditions:
                image = CorruptedImage(corruption, severity, self._targets[key])
                if not self._holds(image):
                    raise InputError(f"{self.folder / image.path}: no such image; {_AGAIN}")
                row = (key, corruption, severity, self.digests[image])
                digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    def image(self, key: str, corruption: str, severity: float) -> NDArray[np.uint8]:
        """Return the corrupted image, uint8 (H, W, 3), of the source with an `image_key`.

        Raises InputError if it cannot be read, or if its pixels are not those that were written.
        """
        image = CorruptedImage(corruption, severity, self._targets[key])
        path = self.folder / image.path
        pixels = read_image(path)
        if pixels.shape[:2] != self._sizes[key] or self.digest(pixels) != self.digests[image]:
            raise InputError(
                f"{path}: its pixels are not those that were written; delete it and {_AGAIN}"
            )
        return pixels

    def _holds(self, image: CorruptedImage) -> bool:
        return image in self.digests and (self.folder / image.path).is_file()

    @cached_property
    def _targets(self) -> dict[str, str]:
        return {image.key: image.target for image in self.manifest.images}

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        return {image.key: (image.height, image.width) for image in self.manifest.images}


def _row(image: CorruptedImage, digest: str) -> tuple[str | float, ...]:
    # Spreadsheets would take some names for formulas.
    path = image.image if cell(image.image) == image.image else _HERE + image.image
    return (image.corruption, image.severity, path, digest)


def _rows(folder: Path) -> Iterator[tuple[CorruptedImage, str]]:
    path = folder / TABLE
    if not path.exists():
        return
    try:
        with open_data(path) as file, TextIOWrapper(file, "utf-8", newline="") as text:
            for row in csv.reader(text):
                # Neither the header, nor a row that was cut off while it was written.
                if len(row) == len(_COLUMNS) and len(row[3]) == 64:
                    image = row[2].removeprefix(_HERE)
                    severity = float(row[1]) if "." in row[1] else int(row[1])
                    yield CorruptedImage(row[0], severity, image), row[3]
    except InputError:
        raise
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path}: damaged ({error}); delete it and {_AGAIN}, which makes all images anew"
        ) from error
