"""Two folders, of images and of labels: `--images`, `--labels` and a taxonomy.

A label has the relative path of its image, except for the suffixes in the taxonomy and for the
extension, which is .png. The frames of a subfolder are one group.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .files import FileFrame
from .split_index import IMAGES, SplitIndex, files_in, images_below
from .taxonomies import Taxonomy


def index_folders(images: Path, labels: Path, taxonomy: Taxonomy, split: str) -> SplitIndex:
    """Index two folders as a split of a name; InputError if one is missing or has no images."""
    for option, folder in (("--images", images), ("--labels", labels)):
        if not folder.is_dir():
            raise InputError(f"{option} {folder}: no such folder; name another")
    index = SplitIndex(taxonomy.name, split, taxonomy.classes, images, taxonomy.base)
    ending = taxonomy.image_suffix
    for path in sorted(images_below(images)):
        if not path.stem.endswith(ending):
            continue
        relative = path.relative_to(images)
        name = relative.with_name(path.stem.removesuffix(ending)).as_posix()
        label = labels / f"{name}{taxonomy.label_suffix}.png"
        group = "" if len(relative.parts) == 1 else relative.parent.as_posix()
        index.add(
            FileFrame(
                *(name, path, label, taxonomy.lookup, group),
                indexed=taxonomy.indexed,
                colors=taxonomy.colors,
                channel=taxonomy.channel,
            ),
            _expected(label, name),
        )
    if not index.frames and not index.unlabelled:
        which = f" that end with {ending}" if ending else ""
        raise InputError(f"--images {images}: no images{which}; looked for {' '.join(IMAGES)}")
    index.note_labels(sorted(images_below(labels)))
    return index


def _expected(label: Path, name: str) -> str:
    """Return the label's path, with a hint if a label of a similar name exists."""
    stem = name.rpartition("/")[2]
    similar = [path for path in files_in(label.parent, "*") if path.name.startswith(stem)]
    if similar and similar[0].suffix == ".png":
        ending = similar[0].stem.removeprefix(stem)
        return f'{label}; {similar[0].name} exists: give a taxonomy with label_suffix = "{ending}"'
    return str(label)
