"""Making a corrupted copy: find the images, check them, make those that are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..corruptions import corrupt, image_key
from ..corruptions.finding import check_sizes, try_out
from ..datasets.copied import MANIFEST
from ..datasets.depth_files import read_depth
from ..errors import InputError
from ..folders import check_folder
from ..png import write_png
from ..prefetch import prefetch
from ..processes import report_progress, run_in_processes, stopped
from ..progress import Progress
from ..protocol.own_corruptions import choices, require
from ..protocol.pixel_digests import shaped_digest
from ..protocol.suites import Suite
from ..runs.database import exclusive_lock
from ..versions import CORRUPTING, versions
from .corrupted_copy import CorruptedCopy, CorruptedImage, Digest
from .manifest import Manifest, refuse_another
from .sources import SourceImage, depth_file, find_sources, read_source

LOCK = "copy.lock"
"""Lock file of the process that makes the copy."""


@dataclass(frozen=True)
class Task:
    """An image of the source folder, and the conditions under which it is not yet copied."""

    image: SourceImage
    conditions: Mapping[tuple[str, float], Mapping[str, float]]
    """Corruptions and severities, with parameters in place of those of the severity."""
    seed: int
    source: Path
    out: Path
    digest: Digest
    depth: Path | None
    """File of the depth of the image; None where no corruption needs it."""
    own: tuple[str, ...]
    """Corruptions of one's own, as `require` reads them."""

    def __str__(self) -> str:
        return f"image {self.image.path}"


def corrupt_folder(
    source: Path,
    out: Path,
    split: str | None,
    suite: Suite,
    seed: int,
    workers: int,
    progress: Progress,
    depth: Path | None = None,
) -> CorruptedCopy:
    """Write the images of a folder under every condition of a suite: see `api.corrupt_folder`."""
    if not suite.corrupted:
        advice = "use a suite that has some"
        if any(condition.attack for condition in suite.conditions):
            advice = "robustseg eval --save images keeps attacked images"
        raise InputError(f"--suite {suite.name}: has no corruptions; {advice}")
    paths = find_sources(source, split)
    check_folder(out, MANIFEST, "OUT")
    if out.resolve().is_relative_to(source.resolve()):
        raise InputError(f"OUT {out}: is in {source}, whose images are read; name a folder outside")
    installed = versions(CORRUPTING)
    refuse_another(out, suite=suite, seed=seed, versions=installed)

    depths = {path: depth_file(source, path, depth) for path in paths if suite.needs_depth}
    images = _read_all(source, paths, depths, workers, progress)
    for image in images:
        try:
            check_sizes([name for name, _ in suite.corrupted], [(image.height, image.width)])
        except InputError as error:
            raise InputError(f"{source / image.path}: {error} with --corruptions") from error
    if suite.own:
        try_out(suite.corrupted, read_source(source / paths[0]))
    try:
        out.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(out, LOCK, "OUT"):
            format_ = refuse_another(out, images=images)
            manifest = Manifest(suite, seed, installed, images, format_)
            copy = CorruptedCopy.create_or_resume(out, manifest)
            _make_missing(source, depths, copy, workers, progress)
            copy.write_table()
    except OSError as error:
        raise InputError(
            f"{error.filename or out}: cannot be written ({error.strerror}); finished images are "
            "kept; run the same command again to resume"
        ) from error
    return copy


def corrupt_image(task: Task) -> dict[CorruptedImage, str]:
    """Write an image under the conditions of a task; return the digests of what was written."""
    require(task.own)
    source = task.source / task.image.path
    image = read_source(source)
    if image_key(image) != task.image.key:
        raise InputError(f"{source}: was changed while it was copied; name a new OUT")
    depth = None
    if task.depth is not None:
        depth = read_depth(task.depth)
        if shaped_digest(depth) != task.image.depth_key:
            raise InputError(f"{task.depth}: was changed while it was used; name a new OUT")
    written: dict[CorruptedImage, str] = {}
    for (corruption, severity), parameters in task.conditions.items():
        if stopped():
            break
        target = CorruptedImage(corruption, severity, task.image.target)
        path = task.out / target.path
        corrupted = corrupt(
            *(image, corruption, severity),
            seed=task.seed,
            key=task.image.key,
            parameters=parameters,
            depth=depth,
        )
        write_png(path, corrupted, task.out)
        written[target] = task.digest(corrupted)
        report_progress()
    return written


def _read_all(
    source: Path,
    paths: Sequence[str],
    depths: Mapping[str, Path],
    threads: int,
    progress: Progress,
) -> tuple[SourceImage, ...]:
    """Read all images, so that an unusable one is reported before any is corrupted."""
    jobs = (partial(SourceImage.of, source, path, depths.get(path)) for path in paths)
    images: list[SourceImage] = []
    for image in prefetch(jobs, threads):
        images.append(image)
        progress("checking images", len(images), len(paths), "")
    return tuple(images)


def _make_missing(
    source: Path,
    depths: Mapping[str, Path],
    copy: CorruptedCopy,
    workers: int,
    progress: Progress,
) -> None:
    total = len(copy.manifest.images) * len(copy.conditions)
    own = choices(copy.manifest.suite.own)
    facts = copy.manifest.seed, source, copy.folder, copy.digest
    tasks = [
        Task(image, conditions, *facts, depths.get(image.path), own)
        for image in copy.manifest.images
        if (conditions := {each: copy.conditions[each] for each in copy.missing(image)})
    ]
    made = total - sum(len(task.conditions) for task in tasks)
    progress("corrupting", made, total, "")
    for written in run_in_processes(corrupt_image, tasks, workers):
        copy.add(written)
        made += len(written)
        progress("corrupting", made, total, "")
