"""The example frames of a report: pictures that the runs keep, grouped by frame and condition."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from ..datasets.base import ClassInfo
from ..protocol.cell import Cell
from ..protocol.condition import CLEAN
from ..reports.document import Gallery, Picture, PictureGroup, Section
from ..reports.text import percent
from ..runs.pictures import (
    CAPTIONS,
    ERRORS,
    IGNORED,
    INPUT,
    PREDICTION,
    RIGHT,
    TRUTH,
    WRONG,
    WRONG_PIXELS,
    error_map_of,
    has_own_colors,
)
from ..runs.run import StoredRun
from ..scores.breakdowns import frame_miou
from .words import corruption_name, severity_range

_NUMBERS = "The mIoU beside a prediction is that of this frame alone, over the classes it shows."

_WIDEST = 5
"""Most pictures in a row that are large enough to read."""


class Example(NamedTuple):
    """A picture of one frame under one condition: what `model` saw or predicted, or the labels."""

    model: str
    frame: str
    condition: str
    severity: float
    caption: str
    """One of `CAPTIONS`."""
    png: bytes
    miou: float = math.nan
    """The mIoU of the model on this frame alone; NaN of what all models share, or unknown."""

    @property
    def label(self) -> str:
        """Condition with its severity: "fog 3"."""
        return f"{self.condition} {self.severity}" if self.severity else self.condition


_Row = Mapping[str, Example]
"""The pictures of one caption, by model."""
_Shown = Mapping[str, _Row]
"""The pictures of a frame under a condition, by caption."""


def examples(run: StoredRun) -> list[Example]:
    """Return the pictures of a run, in the order of its conditions and models."""
    miou = _scores(run)
    return [
        Example(
            run.names[model.name],
            picture.cell.frame,
            *condition.key,
            picture.caption,
            picture.png,
            math.nan if picture.caption in (INPUT, TRUTH) else miou.get(picture.cell, math.nan),
        )
        for condition in run.spec.conditions
        for model in run.spec.models
        for picture in run.pictures
        if picture.cell.model == model.name
        and (picture.cell.condition, picture.cell.severity) == condition.key
    ]


def _scores(run: StoredRun) -> dict[Cell, float]:
    """Return the mIoU of the frame of each picture alone, by cell."""
    shown = {picture.cell for picture in run.pictures}
    found = {}
    for model, counts in run.pixel_counts.items():
        scores = frame_miou(counts) if shown else ()
        for frame, row in zip(run.frames, scores, strict=False):
            for (condition, severity, draw), score in zip(counts.draws, row, strict=True):
                found[Cell(model, condition, severity, frame, draw)] = float(score)
    return {cell: score for cell, score in found.items() if cell in shown}


def section(found: Iterable[Example], classes: Sequence[ClassInfo]) -> Section | None:
    """Return the section of the example frames, with the colours of at most 255 classes."""
    groups = picture_groups(found, derive=has_own_colors(classes))
    if not groups:
        return None
    legend = tuple((info.name, _hex(info.color)) for info in classes)
    captions = [each.caption for group in groups for each in group.pictures if each]
    gallery = Gallery(
        groups,
        legend if len(legend) <= 255 else (),  # more colours cannot be told apart
        _MARKS if any(caption.split(",")[0] == WRONG_PIXELS for caption in captions) else (),
    )
    numbers = (_NUMBERS,) if any("mIoU" in caption for caption in captions) else ()
    return Section("Example frames", (*numbers, gallery), short="Examples", terminal=False)


def _hex(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


_MARKS = tuple(
    (name, _hex(color))
    for name, color in (("right", RIGHT), ("wrong", WRONG), ("ignored", IGNORED))
)
"""The colours of error maps."""


def picture_groups(found: Iterable[Example], *, derive: bool = False) -> tuple[PictureGroup, ...]:
    """Group examples by frame and condition; a picture that all models share is shown once.

    Several severities of a corruption are a strip that begins with clean. With `derive`, error maps
    are made from predictions and labels where a run does not keep them.
    """
    groups = _grouped(found, derive=derive)
    first, _ = CLEAN.key
    strips = {frame for (_, frame), own in groups.items() if len(own) > 1}
    clean = {frame: groups.pop((first, frame), {}) for frame in strips}
    return tuple(
        _strip(condition, frame, {**clean[frame], **own})
        if len(own) > 1
        else _group(condition, frame, own)
        for (condition, frame), own in groups.items()
    )


def _grouped(
    found: Iterable[Example], *, derive: bool
) -> dict[tuple[str, str], dict[float, dict[str, dict[str, Example]]]]:
    """Return the examples by (condition, frame), severity, caption and model, with error maps."""
    groups: dict[tuple[str, str], dict[float, dict[str, dict[str, Example]]]] = {}
    for item in found:
        severities = groups.setdefault((item.condition, item.frame), {})
        empty: dict[str, dict[str, Example]] = {caption: {} for caption in CAPTIONS}
        severities.setdefault(item.severity, empty)[item.caption][item.model] = item
    if derive:
        for severities in groups.values():
            for shown in severities.values():
                _add_errors(shown)
    return groups


def error_gallery(
    found: Iterable[Example], frames: Mapping[str, str], classes: Sequence[ClassInfo]
) -> Gallery | None:
    """Return the errors of each model on some frames, clean and at one severity of a corruption.

    `frames` has what stands beside their names. None where no error map is known.
    """
    own = [item for item in found if item.frame in frames]
    by_frame: dict[str, list[tuple[str, _Shown]]] = {frame: [] for frame in frames}
    for (condition, frame), severities in _grouped(own, derive=has_own_colors(classes)).items():
        severity = sorted(severities)[len(severities) // 2]
        name = corruption_name(f"{condition} {severity:g}" if severity else condition)
        by_frame[frame].append((name, severities[severity]))
    groups = [
        PictureGroup(frame, frames[frame], tuple(pictures), columns=1 + len(columns[:_WIDEST]))
        for frame, columns in by_frame.items()
        if (pictures := _errors_of_frame(columns[:_WIDEST]))
    ]
    return Gallery(tuple(groups), marks=_MARKS) if groups else None


def _errors_of_frame(columns: Sequence[tuple[str, _Shown]]) -> list[Picture | None]:
    """Return the ground truth, and a row of error maps for each model; none if it has none."""
    errors = [(name, _errors(shown)) for name, shown in columns]
    truth = next((item for _, shown in columns for item in shown[TRUTH].values()), None)
    models = list(dict.fromkeys(model for _, row in errors for model in row))
    pictures: list[Picture | None] = []
    for model in models:
        first = truth and not pictures
        pictures.append(_picture(TRUTH, truth) if truth and first else None)
        for name, row in errors:
            item = row.get(model)
            label = f"{model}, {name}" if len(models) > 1 else name
            pictures.append(
                Picture(f"{label}: mIoU {percent(item.miou)}", item.png) if item else None
            )
    return pictures


def _add_errors(shown: dict[str, dict[str, Example]]) -> None:
    """Add the error maps of the predictions; those that a run keeps stay."""
    truth = next(iter(shown[TRUTH].values()), None)
    for model, item in shown[PREDICTION].items():
        if truth is None or model in shown[ERRORS]:
            continue
        if png := error_map_of(item.png, truth.png):
            shown[WRONG_PIXELS][model] = item._replace(caption=WRONG_PIXELS, png=png)


def _group(condition: str, frame: str, severities: Mapping[float, _Shown]) -> PictureGroup:
    """Return the pictures of a frame under one condition.

    Those of a few models are two rows: their predictions after the input, and their errors below
    after the ground truth.
    """
    ((severity, shown),) = severities.items()
    heading = corruption_name(f"{condition} {severity:g}" if severity else condition)
    above = [*_named(shown[INPUT]), *_named(shown[PREDICTION])]
    below = [*_named(shown[TRUTH]), *_named(_errors(shown))]
    if 2 < len(above) == len(below) <= _WIDEST:
        pictures = tuple(_picture(*each) for each in (*above, *below))
        return PictureGroup(heading, frame, pictures, columns=len(above))
    pictures = tuple(_picture(*each) for each in _rows(shown))
    return PictureGroup(
        heading, frame, pictures, columns=len(pictures) if 2 < len(pictures) <= _WIDEST else 0
    )


def _strip(condition: str, frame: str, severities: Mapping[float, _Shown]) -> PictureGroup:
    """Return the pictures of a frame at several severities, in a column each."""
    order = sorted(severities)
    columns = [dict(_rows(severities[severity])) for severity in order]
    pictures: list[Picture | None] = []
    for name in dict.fromkeys(name for column in columns for name in column):
        cells = [column.get(name) for column in columns]
        shared = name == TRUTH and len({cell and cell.png for cell in cells}) == 1
        for place, (severity, cell) in enumerate(zip(order, cells, strict=True)):
            if cell is None or (shared and place):
                pictures.append(None)
            else:
                pictures.append(_picture(name if shared else f"{name}, {_at(severity)}", cell))
    levels = severity_range(severity for severity in order if severity)
    aside = f"{frame}, {'clean and ' if 0 in order else ''}severities {levels}"
    return PictureGroup(corruption_name(condition), aside, tuple(pictures), columns=len(order))


def _rows(shown: _Shown) -> Iterator[tuple[str, Example]]:
    """Yield the pictures of a condition with names: input, each model's, ground truth."""
    yield from _named(shown[INPUT])
    of_models = zip_longest(_named(shown[PREDICTION]), _named(_errors(shown)))
    yield from (each for own in of_models for each in own if each)
    yield from _named(shown[TRUTH])


def _errors(shown: _Shown) -> dict[str, Example]:
    """Return one error map of each model, that by confidence if there is one."""
    found = {**shown[WRONG_PIXELS], **shown[ERRORS]}
    return {model: found[model] for model in shown[PREDICTION] if model in found}


def _at(severity: float) -> str:
    return f"severity {severity:g}" if severity else "clean"


def _named(own: _Row) -> Iterator[tuple[str, Example]]:
    """Yield the pictures of one caption with names: of models, unless all have the same."""
    same = len({(item.png, percent(item.miou)) for item in own.values()}) == 1
    for model, item in list(own.items())[: 1 if same else None]:
        yield item.caption if same else f"{item.caption}, {model}", item


def _picture(name: str, item: Example) -> Picture:
    known = item.caption == PREDICTION and not math.isnan(item.miou)
    return Picture(f"{name}: mIoU {percent(item.miou)}" if known else name, item.png)
