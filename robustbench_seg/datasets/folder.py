"""Two folders, of images and of labels: `--images`, `--labels` and a taxonomy.

A label has the relative path of its image, except for the suffixes in the taxonomy and for the
extension. The frames of a subfolder are one group. Both may be the same folder, if the suffixes
tell labels from images, or else if the images are JPEG files, which labels cannot be.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from pathlib import Path

from ..errors import InputError
from ..label_types import label_dtype
from ..names import sorted_paths
from .files import FileFrame
from .label_files import Color
from .split_index import IMAGES, SplitIndex, files_in, images_below
from .taxonomies import Taxonomy, taxonomy_names


def index_folders(images: Path, labels: Path, taxonomy: Taxonomy, split: str) -> SplitIndex:
    """Index two folders as a split of a name; InputError if one is missing or has no images."""
    for option, folder in (("--images", images), ("--labels", labels)):
        if not folder.is_dir():
            raise InputError(f"{option} {folder}: no such folder; name another")
    index = SplitIndex(taxonomy.name, split, taxonomy.classes, images, taxonomy.base)
    image_paths, label_paths = _divided(images, labels, taxonomy)
    stored: dict[str, list[Path]] = {}
    for path in label_paths:
        stored.setdefault(_key(path, labels, taxonomy.label_suffix), []).append(path)
    keys: set[str] = set()
    palette: dict[int, Color] = {}
    listings: dict[Path, list[str]] = {}
    for path in image_paths:
        relative = path.relative_to(images)
        name = relative.with_name(path.stem.removesuffix(taxonomy.image_suffix)).as_posix()
        key = _key(path, images, taxonomy.image_suffix)
        keys.add(key)
        expected = labels / f"{name}{taxonomy.label_suffix}.png"
        found = stored.get(key, [])
        label = found[0] if len(found) == 1 else expected
        group = "" if len(relative.parts) == 1 else relative.parent.as_posix()
        frame = FileFrame(
            *(name, path, label, taxonomy.lookup, group),
            indexed=taxonomy.indexed,
            colors=taxonomy.colors,
            channel=taxonomy.channel,
            dtype=label_dtype(len(taxonomy.classes)),
            palette=palette,
        )
        if len(found) > 1 and expected not in found:
            both = " and ".join(each.name for each in found)
            index.missing.append((frame, f"{path}: has the labels {both}; keep one of them"))
            continue
        index.add(frame, "" if label.is_file() else _expected(label, name, taxonomy, listings))
    if not image_paths:
        ending = taxonomy.image_suffix
        which = f" that end with {ending}" if ending else ""
        if not ending and images.resolve() == labels.resolve():
            which = " in JPEG beside the labels; give a taxonomy with image_suffix or label_suffix"
        raise InputError(f"--images {images}: no images{which}; looked for {' '.join(IMAGES)}")
    ending = taxonomy.image_suffix
    named = f"an image whose name ends with {ending}" if ending else "an image"
    index.note_images(images, named, ending, labels, label_paths)
    index.note_labels([path for key, paths in stored.items() if key not in keys for path in paths])
    return index


def _divided(images: Path, labels: Path, taxonomy: Taxonomy) -> tuple[list[Path], list[Path]]:
    """Return the images and the labels, sorted, also where one folder holds both."""
    endings = taxonomy.image_suffix, taxonomy.label_suffix
    found, drawn = (
        sorted_paths(path for path in images_below(folder) if path.stem.endswith(ending))
        for folder, ending in zip((images, labels), endings, strict=True)
    )
    if images.resolve() != labels.resolve():
        return _outside(found, images, labels), _outside(drawn, labels, images)
    if endings == ("", ""):
        found = [path for path in found if path.suffix.lower() in (".jpg", ".jpeg")]
    # The longer suffix tells more: where "_rgb" ends an image, "_rgb_mask" ends a mask.
    if len(taxonomy.label_suffix) > len(taxonomy.image_suffix):
        return sorted({*found} - {*drawn}), drawn
    return found, sorted({*drawn} - {*found})


def _outside(paths: list[Path], folder: Path, other: Path) -> list[Path]:
    """Return the paths in a folder without those in the other one, which may lie in it."""
    if not other.resolve().is_relative_to(folder.resolve()):
        return paths
    return [path for path in paths if not path.resolve().is_relative_to(other.resolve())]


def _key(path: Path, folder: Path, ending: str) -> str:
    """Return what an image and its label have in common."""
    name = path.relative_to(folder).with_name(path.stem.removesuffix(ending)).as_posix()
    return unicodedata.normalize("NFC", name)  # macOS decomposes accents in names: NFD


def _expected(label: Path, name: str, taxonomy: Taxonomy, listings: dict[Path, list[str]]) -> str:
    """Return the label's path, with a hint if a file of a similar name exists.

    `listings` caches the names in each folder, ordered without regard to case.
    """
    names = listings.get(label.parent)
    if names is None:
        names = sorted((path.name for path in files_in(label.parent, "*")), key=str.casefold)
        listings[label.parent] = names
    stem = name.rpartition("/")[2]
    place = bisect_left(names, stem.casefold(), key=str.casefold)
    similar = names[place] if place < len(names) else ""
    if not similar.casefold().startswith(stem.casefold()):
        return str(label)
    found, ending = f"{label}; {similar} exists", Path(similar).stem.removeprefix(stem)
    if not similar.startswith(stem):
        return f"{found}, in other letters; write both names alike"
    if Path(similar).suffix.lower() not in IMAGES:
        return f"{found}, which is not read; convert it to PNG"
    lines = f'label_suffix = "{ending}"'
    if taxonomy.name in taxonomy_names():
        lines = f'classes = "{taxonomy.name}" and {lines}'
    return f"{found}: give a taxonomy with {lines}"
