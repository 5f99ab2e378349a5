"""Where the corrupted images of a run come from: made on the fly, or read from a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corruptions import BY_CHANCE, Implementation
from corruptions.reference import require_opencv

from ..copies.corrupted_copy import Copy
from ..datasets.base import Dataset
from ..errors import InputError
from ..protocol.input_geometry import Scale
from ..protocol.request import Request
from ..protocol.spec import CopySpec, FrameSpec
from ..protocol.suites.corruption import Suite, load_suite
from ..protocol.suites.files import find_suite
from ..protocol.suites.resolution import ResolutionSuite
from ..scores.policy import Column
from .condition import CLEAN, Clean, Condition, Corrupted, Rescaled, Stored

DEFAULT_SUITE = "cityscapes-c"


@dataclass(frozen=True)
class ConditionSource:
    """A suite, and what makes or has its images."""

    suite: Suite | ResolutionSuite
    seed: int
    implementation: Implementation
    copy: Copy | None

    def conditions(self, input_scale: float | None = None, draws: int = 1) -> tuple[Condition, ...]:
        """Return the clean condition and all conditions of the suite, in its order.

        With an input scale, all of them are rescaled. What has chance is there once a draw.
        """
        if isinstance(self.suite, ResolutionSuite):
            return (
                Clean(),
                *(
                    Rescaled(shift.name, 0, image, shift.scale, shift.window)
                    for shift in self.suite.shifts
                    for image in self._images(shift.image, draws)
                ),
            )
        made = (
            Clean(),
            *(
                image
                for condition in self.suite.conditions()
                for image in self._images(condition, draws)
            ),
        )
        if input_scale is None:
            return made
        scale = Scale("scale", input_scale)
        return tuple(Rescaled(item.name, item.severity, item, scale) for item in made)

    def _images(self, corrupted: tuple[str, int] | None, draws: int) -> tuple[Condition, ...]:
        if corrupted is None:
            return (Clean(),)
        if corrupted[1] == 0:  # the frame itself, as it was taken
            return (Clean(corrupted[0]),)
        if self.copy is not None:
            return (Stored(*corrupted, self.copy),)
        times = draws if corrupted[0] in BY_CHANCE else 1
        return tuple(Corrupted(*corrupted, self.implementation, draw) for draw in range(times))

    def check(self, frames: Sequence[FrameSpec]) -> CopySpec | None:
        """Return what a specification says of the copy, if there is one.

        Raises InputError for the first image of these frames that it lacks.
        """
        if self.copy is None:
            return None
        keys = {frame.name: frame.image_key for frame in frames}
        digest = self.copy.check(keys, _corrupted(self.suite))
        return CopySpec(digest, self.copy.manifest.versions)


def find_source(request: Request) -> ConditionSource:
    """Resolve what a request says of conditions; InputError where its options do not agree."""
    seed, implementation = request.seed, request.implementation
    if request.conditions is None:
        if implementation == "imagecorruptions":
            require_opencv()
        return ConditionSource(
            _suite_of(request, load_suite(DEFAULT_SUITE)), seed or 0, implementation, None
        )

    copy = Copy.open(Path(request.conditions))
    made = copy.manifest
    chosen = _suite_of(request, made.suite)
    for name, severity in _corrupted(chosen):
        if (name, severity) not in made.suite.conditions():
            raise InputError(
                f"--conditions {request.conditions}: was made without {name} at severity "
                f"{severity}; choose among its own with --corruptions and --severities"
            )
    if seed not in (None, made.seed):
        raise InputError(
            f"--seed {seed}: the images in {request.conditions} were made with {made.seed}"
        )
    for option, given in (
        ("--draws", request.draws > 1 and request.draws),
        ("--implementation", implementation != "native" and implementation),
    ):
        if given:
            raise InputError(
                f"{option} {given}: the images in {request.conditions} are made; leave it out"
            )
    return ConditionSource(chosen, made.seed, implementation, copy)


def from_dataset(dataset: Dataset, request: Request) -> ConditionSource:
    """Return the conditions that the frames of a dataset were taken in.

    Raises InputError for an option that chooses conditions to make, as there is nothing to choose.
    """
    adverse = [name for name in dataset.conditions if name != CLEAN]
    chosen = {
        "--suite": request.suite,
        "--corruptions": request.corruptions,
        "--severities": request.severities,
        "--conditions": request.conditions,
        "--draws": None if request.draws == 1 else request.draws,
    }
    if option := next((name for name, value in chosen.items() if value is not None), None):
        raise InputError(
            f"{option}: the frames of {dataset.name} were taken in {', '.join(adverse)}; leave it "
            f"out, or take one alone, as --split {dataset.split}/{adverse[0]}"
        )
    suite = Suite(
        name="adverse",
        title=f"{dataset.name}: frames that were taken in {', '.join(adverse)}",
        source="the dataset has a folder for each condition",
        columns=tuple(Column(name, "adverse", (0,)) for name in adverse),
        severities=(0,),
    )
    return ConditionSource(suite, request.seed or 0, "native", None)


def _suite_of(request: Request, default: Suite) -> Suite | ResolutionSuite:
    suite = find_suite(request.suite) if request.suite else default
    return suite.select(request.corruptions, request.severities)


def _corrupted(suite: Suite | ResolutionSuite) -> tuple[tuple[str, int], ...]:
    """Return the corruptions and severities of which a suite needs images."""
    if isinstance(suite, ResolutionSuite):
        return tuple(image for image in suite.images if image is not None)
    return suite.conditions()
