"""Resolves which suite a request means, and where its images come from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..copies.corrupted_copy import CorruptedCopy
from ..copies.manifest import OLD_FORMAT
from ..corruptions.reference import require_known
from ..datasets.base import Dataset
from ..errors import InputError
from ..inference.condition_images import ConditionImages
from ..protocol.condition import CLEAN
from ..protocol.frame_spec import FrameSpec
from ..protocol.request import Request
from ..protocol.spec import CopySpec
from ..protocol.suites import Suite, TakenSuite, load_suite

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A suite, and where its images come from."""

    suite: Suite
    images: ConditionImages
    copy: CorruptedCopy | None = None
    """Corrupted copy that has the images; None: they are made."""

    def check(self, frames: Sequence[FrameSpec]) -> CopySpec | None:
        """Return what a specification records of the copy; None without one.

        Raises InputError for the first image of these frames that the copy lacks.
        """
        if self.copy is None:
            return None
        keys = {frame.name: frame.image_key for frame in frames}
        return CopySpec(self.copy.check(keys, self.suite.corrupted), self.copy.manifest.versions)


def find_source(request: Request) -> Source:
    """Return the suite of a request and the source of its images.

    Raises InputError where the options contradict each other or the copy.
    """
    seed, implementation = request.seed, request.implementation
    if request.copy is None:
        suite = request.chosen_suite()
        if implementation == "imagecorruptions":
            require_known(suite.corrupted)
        if request.depth is not None and not suite.needs_depth:
            raise InputError(
                f"--depth {request.depth}: nothing in {suite.name} needs depth; leave it out, or "
                "add --suite street-3d"
            )
        return Source(suite, ConditionImages(seed or 0, implementation))
    copy = CorruptedCopy.open(Path(request.copy))
    made = copy.manifest
    if made.format == OLD_FORMAT:
        _log.info(
            "%s: its digests are of the old kind, of version 0.1.0, without the shape of an image; "
            "sizes are compared with its manifest",
            request.copy,
        )
    suite = load_suite(request.suite) if request.suite else made.suite
    chosen = suite.select(request.corruptions, request.severities)
    there = made.suite.corrupted
    for (name, severity), parameters in chosen.corrupted.items():
        if there.get((name, severity)) != parameters:
            raise InputError(
                f"--copy {request.copy}: was made without {name} at severity "
                f"{severity}, or with other parameters; choose among its own with --corruptions "
                "and --severities"
            )
    if seed not in (None, made.seed):
        raise InputError(f"--seed {seed}: the images in {request.copy} were made with {made.seed}")
    advice = f"the images in {request.copy} are made; leave it out"
    if request.draws > 1:
        raise InputError(f"--draws {request.draws}: {advice}")
    if implementation != "native":
        raise InputError(f"--implementation {implementation}: {advice}")
    if request.depth is not None:
        raise InputError(f"--depth {request.depth}: {advice}")
    return Source(chosen, ConditionImages(made.seed, implementation, copy.image), copy)


def taken_source(dataset: Dataset, request: Request) -> Source:
    """Return the suite of the conditions in which a dataset's frames were taken.

    Raises InputError for an option that chooses conditions, since there are none to choose.
    """
    adverse = [name for name in dataset.conditions if name != CLEAN.name]
    chosen = {
        "--suite": request.suite,
        "--corruptions": request.corruptions,
        "--severities": request.severities,
        "--copy": request.copy,
        "--region": request.region,
        "--draws": None if request.draws == 1 else request.draws,
    }
    if option := next((name for name, value in chosen.items() if value is not None), None):
        raise InputError(
            f"{option}: the frames of {dataset.name} were taken in {', '.join(adverse)}; leave it "
            f"out, or take one alone, as --split {dataset.split}/{adverse[0]}"
        )
    return Source(TakenSuite.of(dataset.name, adverse), ConditionImages(request.seed or 0))
