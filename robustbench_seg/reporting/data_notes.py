"""What a reader must know of the data of a run: class maps, and conditions that were taken."""

from __future__ import annotations

from collections.abc import Sequence

from ..protocol.spec import Spec
from ..runs.run import StoredRun

_SHOWN = 12


def class_map_notes(spec: Spec) -> list[str]:
    """Say how the classes of the models are scored as others, where they are."""
    found = spec.class_map
    if found is None:
        return []
    notes = [
        f"Class map {found.name} (digest {found.digest[:16]}): the {found.maps} are mapped, from "
        f"the {len(found.models)} classes of the models onto the {len(spec.classes)} that are "
        "scored."
        if found.maps == "predictions"
        else f"Class map {found.name} (digest {found.digest[:16]}): the labels are mapped onto the "
        f"{len(spec.classes)} classes of the models."
    ]
    if found.ignored:
        notes.append(f"Labels of these classes are ignored: {_few(found.ignored)}.")
    if found.unmapped and found.mode == "restricted":
        notes.append(
            "The models' argmax is restricted to mapped classes; these are never predicted: "
            f"{_few(found.unmapped)}."
        )
    elif found.unmapped:
        notes.append(f"A prediction of an unmapped class is wrong: {_few(found.unmapped)}.")
    return notes


def taken_notes(run: StoredRun) -> list[str]:
    """Say over which frames and classes each condition goes, where frames were taken in them."""
    spec, finished = run.spec, set(run.frames)
    parts = []
    for name in (condition.name for condition in spec.conditions):
        frames = [item.name for item in spec.frames if item.condition == name]
        frames = [item for item in frames if item in finished]
        if frames:
            present = int(spec.class_set(frames).sum())
            count = f"{len(frames)} frame{'s' if len(frames) > 1 else ''}"
            parts.append(f"{name}, {count} with {present} of {len(spec.classes)} classes")
    return [
        "Nothing was made of the frames: each was taken in one condition, and is scored as it is. "
        f"mIoU is the mean over the classes with ground truth in its frames: {'; '.join(parts)}."
    ]


def _few(names: Sequence[str]) -> str:
    """List names; of many, the first ones: all of them are in the provenance."""
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"
