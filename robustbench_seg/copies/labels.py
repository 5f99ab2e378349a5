"""Labels among the images of a folder, which must not be corrupted."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..datasets.image_files import open_image
from ..errors import InputError
from ..names import sorted_paths

_WORDS = {
    *("label", "labels", "labelled", "mask", "masks", "gt", "groundtruth", "truth"),
    *("annotation", "annotations", "annot", "anno", "ann", "target", "targets"),
    *("semantic", "semantics", "seg", "segmentation", "segmentations", "sem"),
}
"""Words of names that mark labels, in lower case."""
_COLORS = 64
"""Most colours of a label; photographs have thousands."""
_PAIRS = 8
"""Pairs of files whose colours are compared, or files of a folder that is named like labels."""


def refuse_labels(folder: Path, images: Sequence[Path]) -> None:
    """Raise InputError if some of the images are labels of others, by their names or colours."""
    if not images:
        return
    root = Path(os.path.commonpath([path.parent for path in images]))
    stems = {_stem(path, root) for path in images}
    named = [path for path in images if _marked(path, root, stems)]
    label = named[0] if 0 < len(named) < len(images) else _drawn(images)
    if label is not None:
        raise InputError(
            f"{folder}: holds labels too, such as {label}; name the folder of images, without them"
        )
    if _is_named(root.resolve().parts[-2:]) and all(map(_few_colors, images[:_PAIRS])):
        raise InputError(f"{folder}: holds labels, such as {images[0]}; name the folder of images")


def _stem(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _marked(path: Path, root: Path, stems: set[str]) -> bool:
    """Return whether a folder of an image is named like labels, or its name is another's and so."""
    if _is_named(_folders(path, root)):
        return True
    name = _stem(path, root)
    return any(
        name[: end.start()] in stems
        and (_words(name[end.start() :]) & _WORDS or name.endswith("_L"))
        for end in re.finditer("[_.-]", name)
    )


def _is_named(folders: Sequence[str]) -> bool:
    """Return whether a folder is named like labels."""
    return any(_words(name) & _WORDS or name.endswith("annot") for name in folders)


def _folders(path: Path, root: Path) -> tuple[str, ...]:
    return path.relative_to(root).parts[:-1]


def _words(name: str) -> set[str]:
    """Return the words of a name such as gtFine or val_labels, in lower case."""
    return {word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", name)}


def _drawn(images: Sequence[Path]) -> Path | None:
    """Return an image of few colours beside one of the same name, in another folder, of many."""
    first: dict[str, Path] = {}
    pairs = 0
    for path in sorted_paths(images):
        other = first.setdefault(path.stem, path)
        if other.parent == path.parent:
            continue
        few, others_few = _few_colors(path), _few_colors(other)
        if few != others_few:
            return path if few else other
        pairs += 1
        if pairs == _PAIRS:
            break
    return None


def _few_colors(path: Path) -> bool:
    try:
        with open_image(path) as file:
            if file.mode in ("P", "1", "I;16", "I"):
                return True
            return file.convert("RGB").getcolors(_COLORS) is not None
    except InputError:  # reported when all images are read
        return False
