"""Any folder of images with a folder of labels: `--images`, `--labels` and a class file.

A label has the place and the name of its image, but for what the class file says that they end with
and for the extension, which is .png. Frames in one subfolder are of one group.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .files import FileFrame
from .split_index import IMAGES, SplitIndex, files_in, images_below
from .taxonomies import Taxonomy


def find_folder(images: Path, labels: Path, taxonomy: Taxonomy, split: str) -> SplitIndex:
    """Find the frames of two folders; InputError where one is missing, or empty.

    split only names them.
    """
    for option, folder in (("--images", images), ("--labels", labels)):
        if not folder.is_dir():
            raise InputError(f"{option} {folder}: no such folder")
    found = SplitIndex(taxonomy.name, split, taxonomy.classes, images, taxonomy.base)
    ending = taxonomy.image_suffix
    for path in sorted(images_below(images)):
        place = path.relative_to(images)
        if not path.stem.endswith(ending):
            continue
        name = place.with_name(path.stem.removesuffix(ending)).as_posix()
        label = labels / f"{name}{taxonomy.label_suffix}.png"
        group = "" if len(place.parts) == 1 else place.parent.as_posix()
        found.add(
            FileFrame(name, path, label, taxonomy.lookup, group, indexed=taxonomy.indexed),
            _expected(label, name),
        )
    if not found.frames and not found.unlabelled:
        which = f" that end with {ending}" if ending else ""
        raise InputError(f"--images {images}: no images{which}; looked for {' '.join(IMAGES)}")
    found.note_labels(sorted(images_below(labels)))
    return found


def _expected(label: Path, name: str) -> str:
    """Say which label was expected, and what there is of a like name."""
    stem = name.rpartition("/")[2]
    like = [path for path in files_in(label.parent, "*") if path.name.startswith(stem)]
    if like and like[0].suffix == ".png":
        ending = like[0].stem.removeprefix(stem)
        return f'{label}; there is {like[0].name}: give a class file with label_suffix = "{ending}"'
    return str(label)
