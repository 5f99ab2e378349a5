"""Where the corrupted images of a run come from: made on the fly, or read from a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corruptions import IMPLEMENTATIONS, Implementation, Suite, load_suite
from corruptions.reference import require_opencv

from ..copies.copy import Copy
from ..errors import InputError
from .conditions import Clean, Condition, Corrupted, Stored
from .spec import CopySpec, FrameSpec

DEFAULT_SUITE = "cityscapes-c"


@dataclass(frozen=True)
class Origin:
    """A suite, and what makes or has its images."""

    suite: Suite
    seed: int
    implementation: Implementation
    copy: Copy | None

    def conditions(self) -> tuple[Condition, ...]:
        """Return the clean condition and all conditions of the suite, in its order."""
        copy = self.copy
        return (
            Clean(),
            *(
                Corrupted(name, severity, self.implementation)
                if copy is None
                else Stored(name, severity, copy)
                for name, severity in self.suite.conditions()
            ),
        )

    def check(self, frames: Sequence[FrameSpec]) -> CopySpec | None:
        """Return what a specification says of the copy, if there is one.

        Raises InputError for the first image of these frames that it lacks.
        """
        if self.copy is None:
            return None
        keys = {frame.name: frame.image_key for frame in frames}
        digest = self.copy.check(keys, self.suite.conditions())
        return CopySpec(digest, self.copy.manifest.versions)


def find_origin(
    *,
    suite: str | None,
    corruptions: Sequence[str] | None,
    severities: Sequence[int] | None,
    seed: int | None,
    implementation: Implementation,
    conditions: str | Path | None,
) -> Origin:
    """Resolve the arguments of `evaluate` of these names; InputError where they do not agree."""
    if seed is not None and (not isinstance(seed, int) or seed < 0):
        raise InputError(f"--seed {seed}: must be a whole number, 0 or more")
    if implementation not in IMPLEMENTATIONS:
        names = ", ".join(IMPLEMENTATIONS)
        raise InputError(f"--implementation {implementation}: use one of {names}")
    if implementation == "reference":
        require_opencv()
    if conditions is None:
        chosen = load_suite(suite or DEFAULT_SUITE).select(corruptions, severities)
        return Origin(chosen, seed or 0, implementation, None)

    copy = Copy.open(Path(conditions))
    made = copy.manifest
    chosen = (load_suite(suite) if suite else made.suite).select(corruptions, severities)
    for name, severity in chosen.conditions():
        if (name, severity) not in made.suite.conditions():
            raise InputError(
                f"--conditions {conditions}: was made without {name} at severity {severity}; "
                "choose among its own with --corruptions and --severities"
            )
    if seed not in (None, made.seed):
        raise InputError(f"--seed {seed}: the images in {conditions} were made with {made.seed}")
    if implementation != "ours":
        raise InputError(
            f"--implementation {implementation}: the images in {conditions} are made; leave it out"
        )
    return Origin(chosen, made.seed, implementation, copy)
