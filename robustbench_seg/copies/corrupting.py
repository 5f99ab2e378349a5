"""Making a corrupted copy: find the images -> check them -> make what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from corruptions import corrupt, image_key

from ..errors import InputError
from ..folders import check_folder
from ..processes import ProcessPool, stopped
from ..progress import Progress, silent
from ..protocol.suites import load_suite
from ..versions import CORRUPTING, versions
from .corrupted_copy import Copy, Place
from .digests import pixel_digest
from .manifest import MANIFEST, Manifest, refuse_another
from .png import write_png
from .sources import SourceImage, find_sources, read_source


@dataclass(frozen=True)
class Task:
    """An image of a folder, and the conditions under which it has yet to be made in another."""

    image: SourceImage
    conditions: tuple[tuple[str, int], ...]
    seed: int
    source: Path
    out: Path


def corrupt_folder(
    source: str | Path,
    out: str | Path,
    *,
    suite: str = "cityscapes-c",
    corruptions: Sequence[str] | None = None,
    severities: Sequence[int] | None = None,
    split: str | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress = silent,
) -> Copy:
    """Write a corrupted copy of a folder of images, or of a split of a Cityscapes tree.

    An image `a/b.jpg` in `source` becomes `<corruption>/<severity>/a/b.png` in `out`, under every
    condition of the suite. A copy that was begun with the same arguments is completed. `workers`
    is a number of processes; with more than one, what a script runs must be guarded by
    `if __name__ == "__main__"`. Raises InputError, before any image is made, for whatever is wrong
    with the arguments or with an image.
    """
    source, out = Path(source), Path(out)
    chosen = load_suite(suite).select(corruptions, severities)
    if not chosen.corrupted:
        raise InputError(f"--suite {suite}: has no corruptions; use a suite that has some")
    _check_numbers(seed, workers)
    paths = find_sources(source, split)
    _check_out(source, out)
    versions_now = versions(CORRUPTING)
    refuse_another(out, suite=chosen, seed=seed, versions=versions_now)

    with ProcessPool.of(workers) as crew:
        images = _read_all(crew, source, paths, progress)
        refuse_another(out, images=images)
        try:
            copy = Copy.begin(out, Manifest(chosen, seed, versions_now, images))
            _make_missing(crew, source, copy, progress)
            copy.write_table()
        except OSError as error:
            raise InputError(
                f"{error.filename or out}: cannot be written ({error.strerror}); what is done is "
                "kept, and the same command goes on"
            ) from error
    return copy


def corrupt_image(task: Task) -> list[tuple[Place, str]]:
    """Read an image, write it under the task's conditions, and return what was written."""
    image = read_source(task.source / task.image.path)
    if image_key(image) != task.image.key:
        raise InputError(f"{task.source / task.image.path}: was changed while it was copied")
    written = []
    for corruption, severity in task.conditions:
        if stopped():
            break
        place = Place(corruption, severity, task.image.target)
        path = task.out / place.path
        path.parent.mkdir(parents=True, exist_ok=True)
        corrupted = corrupt(image, corruption, severity, seed=task.seed, key=task.image.key)
        write_png(path, corrupted)
        written.append((place, pixel_digest(corrupted)))
    return written


def _read_all(
    crew: ProcessPool, source: Path, paths: Sequence[str], progress: Progress
) -> tuple[SourceImage, ...]:
    """Read all images, so that what is wrong with one is known before any is corrupted."""
    images: list[SourceImage] = []

    def note(image: SourceImage) -> None:
        images.append(image)
        progress("checking images", len(images), len(paths), "")

    crew.run(partial(SourceImage.of, source), paths, note)
    return tuple(sorted(images, key=lambda image: image.path))


def _make_missing(crew: ProcessPool, source: Path, copy: Copy, progress: Progress) -> None:
    manifest = copy.manifest
    total = len(manifest.images) * len(manifest.suite.corrupted)
    tasks = [
        Task(image, missing, manifest.seed, source, copy.folder)
        for image in manifest.images
        if (missing := copy.missing(image))
    ]
    made = total - sum(len(task.conditions) for task in tasks)
    progress("corrupting", made, total, "")

    def note(written: list[tuple[Place, str]]) -> None:
        nonlocal made
        copy.add(written)
        made += len(written)
        progress("corrupting", made, total, "")

    crew.run(corrupt_image, tasks, note)


def _check_numbers(seed: int, workers: int) -> None:
    if not isinstance(seed, int) or seed < 0:
        raise InputError(f"--seed {seed}: must be a whole number, 0 or more")
    if workers < 1:
        raise InputError(f"--workers {workers}: must be at least 1")


def _check_out(source: Path, out: Path) -> None:
    check_folder(out, MANIFEST, "OUT")
    if out.resolve().is_relative_to(source.resolve()):
        raise InputError(f"OUT {out}: is in {source}, whose images are read; name a folder outside")
