"""The files of a split: its frames, and everything that is wrong with the rest."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..names import sorted_paths
from .base import ClassInfo, Dataset
from .files import FileFrame
from .frame_list import listed_frames

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff", ".webp")


@dataclass
class SplitIndex:
    """The frames of a split in their order, and its problems, a line each."""

    name: str
    split: str
    classes: tuple[ClassInfo, ...]
    root: Path
    taxonomy: str = ""
    frames: list[FileFrame] = field(default_factory=list)
    missing: list[tuple[FileFrame, str]] = field(default_factory=list)
    """Frames without a label, with what is wrong."""
    without_image: list[str] = field(default_factory=list)
    """Labels without an image, which do not prevent an evaluation."""
    unused: list[str] = field(default_factory=list)
    """Files among the images that are no frame, which do not prevent an evaluation either."""

    @property
    def unlabelled(self) -> list[str]:
        """Images without a label."""
        return [problem for _, problem in self.missing]

    def only(self, listed: Path) -> None:
        """Keep the frames that a file lists, in its order; InputError for an unknown one."""
        labelled = {frame.name for frame in self.frames}
        frames = listed_frames(listed, [*self.frames, *(frame for frame, _ in self.missing)])
        names = {frame.name for frame in frames}
        self.frames = [frame for frame in frames if frame.name in labelled]
        self.missing = [(frame, problem) for frame, problem in self.missing if frame.name in names]
        # The other files belong to frames that are not listed.
        self.without_image, self.unused = [], []

    def dataset(self) -> Dataset:
        """Return the split; InputError, which names the first, if images have no label."""
        if self.unlabelled:
            others = len(self.unlabelled) - 1
            more = f" ({others} more; robustseg datasets check lists them)" if others else ""
            raise InputError(f"{self.unlabelled[0]}{more}")
        return self.pairs()

    def pairs(self) -> Dataset:
        """Return the frames that have both an image and a label."""
        root = str(self.root)
        unused = (*self.unused, *self.without_image)
        return Dataset(
            self.name, self.split, self.classes, self.frames, root, self.taxonomy, unused
        )

    def add(self, frame: FileFrame, expected: str = "") -> None:
        """Add a frame if its label exists, else a line with the label that was expected."""
        if frame.label_path.is_file():
            self.frames.append(frame)
        else:
            problem = f"{frame.image_path}: no label; expected {expected or frame.label_path}"
            self.missing.append((frame, problem))

    def note_labels(self, labels: Collection[Path]) -> None:
        """Add a line for each of the labels that belongs to no frame."""
        used = {frame.label_path for frame in self.frames}
        self.without_image += [
            f"{path}: no image for this label" for path in labels if path not in used
        ]

    def note_images(
        self,
        folder: Path,
        expected: str,
        ending: str = "",
        beside: Path | None = None,
        labels: Collection[Path] = (),
    ) -> None:
        """Add a line for each file in a folder of images, and below it, that is no frame.

        Names without the ending, in upper or lower case, are passed over. Labels may be `beside`
        the images: in their folder, or in a folder in it.
        """
        frames = (*self.frames, *(frame for frame, _ in self.missing))
        known = {*(frame.image_path for frame in frames), *labels}
        self.unused += [
            f"{path}: is not {expected}, in {' '.join(IMAGES)}"
            for path in files_in(folder, "**/*")
            if path not in known
            and path.stem.casefold().endswith(ending.casefold())
            and not (beside and _is_label(path, folder, beside))
        ]


def _is_label(path: Path, images: Path, labels: Path) -> bool:
    """Return whether a file that is no image belongs to the folder of labels, not the images'."""
    if images.resolve() == labels.resolve():  # class files and notes lie there too
        return path.suffix.lower() not in IMAGES
    return path.resolve().is_relative_to(labels.resolve())


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted, without hidden ones."""
    try:
        return sorted(
            path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."
        )
    except OSError:  # no folder, or one that cannot be read
        return []


def files_in(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a pattern, sorted, without hidden ones (macOS writes a `._` for each)."""
    return sorted_paths(
        path for path in folder.glob(pattern) if path.name[0] != "." and path.is_file()
    )


def images_in(folder: Path, pattern: str) -> list[Path]:
    """Return the images of a pattern without extension, in every format, as `files_in`."""
    return [path for path in files_in(folder, f"{pattern}.*") if path.suffix.lower() in IMAGES]


def require_split(images: Path, split: str, known: Collection[str]) -> None:
    """Raise InputError, which lists the known splits, if a split's folder does not exist."""
    if not images.is_dir():
        raise InputError(
            f"--split {split}: {images} is not a folder; splits: {', '.join(known) or 'none'}"
            f"{did_you_mean(split, known)}"
        )


def require_images(images: Collection[object], folder: Path, expected: str) -> None:
    """Raise InputError if there are no images."""
    if not images:
        raise InputError(f"{folder}: no images; expected {expected}")


def images_of(
    folder: Path, split: str, known: Collection[str], pattern: str, expected: str
) -> list[Path]:
    """Return the images of a split's folder, as `images_in`; InputError if there are none."""
    require_split(folder, split, known)
    images = images_in(folder, pattern)
    require_images(images, folder, expected)
    return images


def require_labels(labels: Path, what: str) -> None:
    """Raise InputError if the folder of a split's labels does not exist."""
    if not labels.is_dir():
        raise InputError(f"{labels}: no such folder; {what}")


def images_below(folder: Path) -> Iterator[Path]:
    """Yield the images in a folder and its subfolders, following links, without hidden ones."""
    for parent, folders, names in os.walk(folder, followlinks=True):
        above = map(os.path.realpath, Path(parent).parents)
        if os.path.realpath(parent) in above:  # a link to a folder above: an endless loop
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGES:
                yield Path(parent, name)
