"""The example frames of a report: pictures that the runs keep, grouped by frame and condition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..datasets.base import ClassInfo
from ..reports.document import Gallery, Picture, PictureGroup, Section
from ..runs.run import StoredRun
from ..runs.store import CAPTIONS
from .words import corruption_name


class Example(NamedTuple):
    """A picture of one frame under one condition: what `model` saw or predicted, or the labels."""

    model: str
    frame: str
    condition: str
    """Name with the severity: "fog 3"."""
    caption: str
    """One of `CAPTIONS`."""
    png: bytes


def examples(run: StoredRun) -> list[Example]:
    """Return the pictures of a run, in the order of its conditions and models."""
    return [
        Example(
            run.names[model.name], picture.cell.frame, condition.label, picture.caption, picture.png
        )
        for condition in run.spec.conditions
        for model in run.spec.models
        for picture in run.pictures
        if picture.cell.model == model.name
        and (picture.cell.condition, picture.cell.severity) == condition.key
    ]


def section(found: Iterable[Example], classes: Sequence[ClassInfo]) -> Section | None:
    """Return the section of the example frames, with the colours of at most 255 classes."""
    groups = picture_groups(found)
    if not groups:
        return None
    legend = tuple((info.name, "#{:02x}{:02x}{:02x}".format(*info.color)) for info in classes)
    # More colours cannot be told apart.
    gallery = Gallery(groups, legend if len(legend) <= 255 else ())
    return Section("Example frames", (gallery,), short="Examples", terminal=False)


def picture_groups(found: Iterable[Example]) -> tuple[PictureGroup, ...]:
    """Group examples by condition and frame; a picture that all models share is shown once."""
    groups: dict[tuple[str, str], dict[str, dict[str, bytes]]] = {}
    for item in found:
        empty: dict[str, dict[str, bytes]] = {caption: {} for caption in CAPTIONS}
        captions = groups.setdefault((item.condition, item.frame), empty)
        captions[item.caption][item.model] = item.png
    return tuple(
        PictureGroup(corruption_name(condition), frame, tuple(_pictures(captions)))
        for (condition, frame), captions in groups.items()
    )


def _pictures(captions: Mapping[str, Mapping[str, bytes]]) -> Iterator[Picture]:
    """Yield the pictures of a frame, caption -> model -> PNG."""
    for caption, by_model in captions.items():
        if len(set(by_model.values())) == 1:
            yield Picture(caption, next(iter(by_model.values())))
        else:
            yield from (Picture(f"{caption}, {model}", png) for model, png in by_model.items())
