"""Predictions that are saved already: found by frame and condition, checked, and read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..datasets.image_files import open_image
from ..datasets.split_index import images_below
from ..errors import InputError
from ..label_types import LabelMap
from ..models.base import SavedPredictions
from ..names import sorted_paths
from ..prefetch import prefetch
from ..progress import Progress
from ..protocol.condition import Draw
from ..protocol.input_geometry import Size
from ..protocol.pixel_digests import shaped_digest
from ..protocol.spec import Spec
from .layouts import CONFIDENCE_ENDING, CONFIDENCE_FOLDER, DRAW, FrameFiles, draw_folder
from .maps import ClassValues, confidences, read_confidence, stored_digest


class MapFile(NamedTuple):
    """A file of a map, and the digest of its pixels; "" where it is not known."""

    path: Path
    digest: str = ""


class MapFiles(NamedTuple):
    """The files of one prediction."""

    labels: MapFile
    confidence: MapFile | None = None
    """None: there is none, or it is not read."""


@dataclass(frozen=True)
class SavedMaps:
    """The saved predictions of a model for all frames and draws of a run."""

    classes: ClassValues
    files: Mapping[tuple[str, Draw], MapFiles]
    """By the name of the frame, and the draw of a condition."""

    @property
    def digest(self) -> str:
        """SHA-256 of all maps that are read, and of what they are for."""
        digest = hashlib.sha256()
        for (frame, draw), (labels, confidence) in self.files.items():
            row = [frame, *draw.condition.key, draw.number, labels.digest]
            row += [confidence.digest] if confidence else []
            digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    def read(
        self, frame: str, draw: Draw, size: Size
    ) -> tuple[LabelMap, NDArray[np.float32] | None]:
        """Return the class of each pixel, (H, W), and its confidence; None where it is not read.

        Raises InputError for a map that has changed since it was checked.
        """
        labels, confidence = self.files[frame, draw]
        found = self.classes.read(labels.path)
        _check(labels, found.shape, size, self.classes.digest(found))
        if confidence is None:
            return found, None
        levels = read_confidence(confidence.path)
        _check(confidence, levels.shape, size, shaped_digest(levels))
        return found, confidences(levels)


def _check(file: MapFile, shape: tuple[int, ...], size: Size, digest: str) -> None:
    if shape != size or file.digest not in ("", digest):
        raise InputError(f"{file.path}: its pixels have changed; run again in another folder")


def find_maps(
    saved: SavedPredictions,
    spec: Spec,
    names: Sequence[FrameFiles],
    *,
    with_confidence: bool,
    partial_data: bool,
    known: bool = False,
    progress: Progress,
) -> SavedMaps:
    """Find and check the maps of a run; `names` are the files of its frames, in their order.

    Headers of all files are read, and the pixels of those without a digest in the header, and of a
    frame under each condition. With `partial_data`, maps of other frames are passed over; with
    `known`, digests are left to the driver of this worker. Raises InputError for the first map that
    is missing, superfluous, of another size, or that holds a value of no class.
    """
    files = {
        (frame, draw): found
        for draw, seen in _frames_by_draw(spec).items()
        for frame, found in _of_draw(saved.folder, draw, seen, names, partial_data).items()
    }
    if with_confidence:
        _check_all_or_none([*files.values()])
    else:
        files = {key: found._replace(confidence=None) for key, found in files.items()}
    sizes = {frame.name: (frame.height, frame.width) for frame in spec.frames}
    firsts = {draw: frame for frame, draw in reversed(files)}
    classes = ClassValues(saved.values)
    checked: dict[tuple[str, Draw], MapFiles] = {}
    jobs = (
        partial(_checked, found, sizes[frame], classes, firsts[draw] == frame, known)
        for (frame, draw), found in files.items()
    )
    for key, found in zip(files, prefetch(jobs, cpu_count() or 1), strict=True):
        checked[key] = found
        progress("checking predictions", len(checked), len(files), key[0])
    # In the order of the frames: their digest does not depend on how the folder was searched.
    order = [(frame.name, draw) for frame in spec.frames for draw in spec.draws_of_frame(frame)]
    return SavedMaps(classes, {key: checked[key] for key in order})


def _frames_by_draw(spec: Spec) -> dict[Draw, set[str]]:
    found: dict[Draw, set[str]] = {}
    for frame in spec.frames:
        for draw in spec.draws_of_frame(frame):
            found.setdefault(draw, set()).add(frame.name)
    return found


def _of_draw(
    root: Path, draw: Draw, seen: set[str], names: Sequence[FrameFiles], partial_data: bool
) -> dict[str, MapFiles]:
    """Return the files of the frames that are seen in a draw, by frame; InputError."""
    folder, wanted = root / draw_folder(draw), [each for each in names if each.frame in seen]
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; the predictions under {draw.condition.label} belong there"
        )
    labels, sure = _by_frame(root, folder, wanted, partial_data)
    missing = [each for each in wanted if each.frame not in labels]
    if missing:
        more = f" ({len(missing) - 1} more are missing)" if len(missing) > 1 else ""
        raise InputError(
            f"{folder}: no label map of frame {missing[0].frame}{more}; expected "
            f"{missing[0].stem}_pred.png or {missing[0].stem}.png"
        )
    return {
        name: MapFiles(MapFile(path), MapFile(sure[name]) if name in sure else None)
        for name, path in labels.items()
    }


def _by_frame(
    root: Path, folder: Path, wanted: Sequence[FrameFiles], partial_data: bool
) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the label maps and the confidence maps in a folder, by frame; InputError."""
    by_base: dict[str, list[FrameFiles]] = {}
    for each in wanted:
        for base in {each.stem, each.frame.rpartition("/")[2]}:
            by_base.setdefault(base, []).append(each)
    labels: dict[str, Path] = {}
    confidence: dict[str, Path] = {}
    for path in _pngs(folder):
        relative = path.relative_to(root).with_suffix("").as_posix()
        is_confidence = (
            relative.endswith(CONFIDENCE_ENDING) or path.parent.name == CONFIDENCE_FOLDER
        )
        frame = _frame_of(relative, by_base)
        if frame is None:
            if partial_data:
                continue
            raise InputError(
                f"{path}: belongs to no frame of the data; remove it, or name the data and split "
                "that were predicted"
            )
        other = (confidence if is_confidence else labels).setdefault(frame, path)
        if other != path:
            raise InputError(f"{path}: is a map of frame {frame}, and so is {other}; remove one")
    return labels, confidence


def _pngs(folder: Path) -> Iterator[Path]:
    """Yield the PNG files in a folder, without those of further draws."""
    for path in sorted_paths(images_below(folder)):
        first = path.relative_to(folder).parts[0]
        if path.suffix.lower() == ".png" and not first.startswith(DRAW):
            yield path


def _frame_of(relative: str, by_base: Mapping[str, Sequence[FrameFiles]]) -> str | None:
    """Return the frame whose name a file has, with or without an ending; None for no frame's.

    Where several frames have the same name in other folders, the file's folders tell which.
    """
    above, _, stem = relative.rpartition("/")
    ends = [len(stem), *(sign.start() for sign in re.finditer(r"[^0-9A-Za-z]", stem))]
    for base in (stem[:end] for end in sorted(ends, reverse=True)):
        frames = by_base.get(base, ())
        if len(frames) == 1:
            return frames[0].frame
        place = f"/{above}/{base}"
        for each in frames:
            in_group = f"/{each.group}/{base}"
            if place.endswith((f"/{each.frame}", in_group)):
                return each.frame
    return None


def _check_all_or_none(files: Sequence[MapFiles]) -> None:
    without = [found.labels.path for found in files if found.confidence is None]
    if 0 < len(without) < len(files):
        raise InputError(
            f"{without[0]}: has no confidence map, and others have; add the missing ones, or leave "
            "out --measure calibration"
        )


def _checked(
    files: MapFiles, size: Size, classes: ClassValues, thoroughly: bool, known: bool
) -> MapFiles:
    """Return the files with their digests; InputError for a map that cannot be scored."""

    def digest_of_labels(path: Path) -> str:
        return classes.digest(classes.read(path))

    labels = _with_digest(files.labels, size, digest_of_labels, thoroughly, known)
    confidence = files.confidence
    if confidence is not None:
        confidence = _with_digest(
            confidence, size, lambda path: shaped_digest(read_confidence(path)), thoroughly, known
        )
    return MapFiles(labels, confidence)


def _with_digest(
    file: MapFile, size: Size, computed: Callable[[Path], str], thoroughly: bool, known: bool
) -> MapFile:
    with open_image(file.path) as opened:
        shape, digest = (opened.height, opened.width), stored_digest(opened)
    if shape != size:
        raise InputError(
            f"{file.path}: has {shape[1]}x{shape[0]} pixels, and the label of its frame "
            f"{size[1]}x{size[0]}; save predictions at the size of the labels"
        )
    if (digest and not thoroughly) or known:
        return file._replace(digest=digest)
    found = computed(file.path)
    if digest not in ("", found):
        raise InputError(f"{file.path}: its pixels are not those that were saved; save it again")
    return file._replace(digest=found)
