"""The entries of a leaderboard: which folders hold runs, and whether they share a protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import InputError
from ..models.catalogue import MODELS
from ..protocol.spec import Spec
from ..runs.database import FILE
from ..runs.run import StoredRun

UNKNOWN = "unknown"
"""Family and encoder of a model that is not of the catalogue."""


def find_runs(paths: Iterable[str | Path]) -> list[Path]:
    """Return the folders of runs: those named, and those in a folder that holds runs.

    Raises InputError for a folder without a run.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(each.parent for each in path.glob(f"*/{FILE}"))
        runs = [path] if (path / FILE).is_file() else inside
        if not runs:
            raise InputError(f"{path}: no run here (expected {FILE} in it, or in its folders)")
        found += (each for each in runs if each not in found)
    return found


def protocol(spec: Spec) -> Mapping[str, str]:
    """Return what the runs of a leaderboard have in common, in words with digests."""
    names = ", ".join(spec.class_names)
    copy = f", from a copy with digest {spec.copy.digest[:16]}" if spec.copy else ""
    region = f", only in the region {spec.region}" if spec.region else ""
    return {
        "suite": f"{spec.suite.name}, digest {spec.suite.digest[:16]}",
        "conditions": f"{len(spec.conditions)}"
        + (f", input scale {spec.input_scale:g}" if spec.input_scale else ""),
        "pixels": f"{spec.implementation} corruptions, seed {spec.seed}, draws {spec.draws}"
        f"{copy}{region}",
        "dataset": f"{spec.dataset}, {spec.split}",
        "frames": f"{len(spec.frames)}, digest of images and labels {spec.dataset_digest[:16]}"
        + (f", of depth {spec.depth_digest[:16]}" if spec.depth_digest else ""),
        "classes": names if len(spec.classes) <= 40 else f"{len(spec.classes)}",
    }


def check_protocol(runs: Sequence[StoredRun]) -> None:
    """Raise InputError that names the first run of another protocol, and what differs in it."""
    first, *others = runs
    for run in others:
        ours, theirs = protocol(first.spec), protocol(run.spec)
        differing = [name for name in ours if ours[name] != theirs[name]]
        if first.spec.class_names != run.spec.class_names and "classes" not in differing:
            differing.append("classes")
        if differing:
            words = "; ".join(f"{name} ({theirs[name]}, not {ours[name]})" for name in differing)
            raise InputError(
                f"{run.folder}: has another protocol than {first.folder}: {words}; rank runs of "
                "one protocol"
            )


def family(model: str) -> tuple[str, str]:
    """Return the family of a model NAME@WEIGHTS and its encoder: CNN or transformer."""
    known = MODELS.get(model.partition("@")[0])
    if known is None:
        return UNKNOWN, UNKNOWN
    return known.description, "transformer" if known.transformer else "CNN"
