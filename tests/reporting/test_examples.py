"""Example frames: strips over severities, error maps, and the number beside each prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.reporting.examples import examples, section
from robustbench_seg.reports.document import Gallery, PictureGroup
from robustbench_seg.reports.formats import html
from robustbench_seg.runs.pictures import ERRORS, INPUT, PREDICTION, TRUTH, Picture, palette_png
from robustbench_seg.scores.breakdowns import frame_miou
from tests.helpers.sample_report import png
from tests.helpers.sample_runs import CLASSES, make_run, model

ROAD, SKY, _ = (info.color for info in CLASSES)
FRAME = "frame_1"
KEYS = (("clean", 0), ("fog", 1), ("fog", 2), ("fog", 3), ("gaussian_noise", 3))


def labels(*colors: tuple[int, int, int]) -> bytes:
    return palette_png(
        np.arange(len(colors), dtype=np.uint8)[np.newaxis], np.array(colors, np.uint8)
    )


TRUE, FOUND = labels(ROAD, SKY, (0, 0, 0)), labels(ROAD, ROAD, SKY)


def shown(*names: str, errors: bool = False) -> Gallery:
    """Return the examples of a run of models, whose first keeps what all share."""
    run = make_run(Path("a"), [model(name) for name in names])
    for name in names:
        for place, (condition, severity) in enumerate(KEYS):
            cell = Cell(name, condition, severity, FRAME)
            run.pictures.append(Picture(cell, PREDICTION, FOUND))
            if name == names[0]:
                run.pictures += [Picture(cell, INPUT, png(place)), Picture(cell, TRUTH, TRUE)]
            if errors:
                run.pictures.append(Picture(cell, ERRORS, png(9)))
    found = section(examples(run), run.spec.classes)
    assert found is not None
    (gallery,) = (part for part in found.parts if isinstance(part, Gallery))
    return gallery


def captions(group: PictureGroup) -> list[str]:
    return [picture.caption if picture else "" for picture in group.pictures]


def test_several_severities_are_a_strip_that_begins_with_clean() -> None:
    strip, noise = shown("b0").groups
    assert (strip.heading, strip.columns) == ("fog", 4)
    assert strip.aside == "frame_1, clean and severities 1\u20133"
    found = captions(strip)
    assert found[:4] == [
        "input, clean",
        "input, severity 1",
        "input, severity 2",
        "input, severity 3",
    ]
    assert found[8] == "errors, clean"
    assert found[12:] == ["ground truth", "", "", ""]
    assert (noise.heading, noise.columns) == ("gaussian noise 3", 4)
    assert [caption.partition(":")[0] for caption in captions(noise)] == [
        "input", "prediction", "errors", "ground truth",
    ]  # fmt: skip


def test_a_prediction_has_the_score_of_its_frame_alone() -> None:
    run = make_run(Path("a"))
    counts = run.pixel_counts["b0"]
    place = list(counts.draws).index(("fog", 3, 0))
    score = 100 * frame_miou(counts)[run.frames.index(FRAME), place]
    strip, _ = shown("b0").groups
    assert captions(strip)[7] == f"prediction, severity 3: mIoU {score:.1f}"


def test_errors_of_a_few_models_stand_below_their_predictions() -> None:
    noise = shown("b0", "b1").groups[1]
    found = [caption.partition(":")[0] for caption in captions(noise)]
    assert found[:3] == ["input", "prediction, b0", "prediction, b1"]
    assert found[3:] == ["ground truth", "errors, b0", "errors, b1"]
    assert noise.columns == 3
    many = shown(*(f"b{number}" for number in range(5))).groups[1]
    assert captions(many)[2] == "errors, b0"
    assert many.columns == 0


@pytest.mark.parametrize("kept", [True, False])
def test_error_maps_are_made_where_the_run_keeps_none(kept: bool) -> None:
    gallery = shown("b0", errors=kept)
    (errors,) = (each for each in gallery.groups[1].pictures if each and "errors" in each.caption)
    made = labels((225, 225, 225), (213, 94, 0), (0, 0, 0))
    assert errors.png == (png(9) if kept else made)
    assert [name for name, _ in gallery.marks] == ([] if kept else ["right", "wrong", "ignored"])


def test_a_page_has_a_strip_in_columns() -> None:
    page = html.macro("gallery", shown("b0"))
    assert page.count('class="pictures strip" style="--columns: 4"') == 2
    assert page.count('<div class="empty"></div>') == 3
    assert 'aria-label="Colours of the error maps"' in page
