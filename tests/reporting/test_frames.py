"""The frames of a run that lost most."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.frames import lost_most
from robustbench_seg.reporting.report import Report
from robustbench_seg.reports.document import Gallery
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.pictures import Picture
from tests.helpers.sample_report import png
from tests.helpers.sample_runs import make_run, model


def test_a_report_ranks_frames_as_a_comparison_does_and_shows_errors() -> None:
    run = make_run(Path("a"), [model("b0"), model("b1")])
    frames = compare_runs([run]).frames
    change = frames["change"].groupby(level="frame", sort=False).mean().sort_values()
    for name in change.index[[1, 3, 4, 5]]:
        for place, (condition, severity) in enumerate((("clean", 0), ("fog", 1), ("fog", 3))):
            cells = [Cell(each, condition, severity, str(name)) for each in ("b0", "b1")]
            run.pictures += [Picture(cell, "prediction", png(place)) for cell in cells]
            run.pictures.append(Picture(cells[0], "ground truth", png(9)))
    section = lost_most(Report(run))
    assert section is not None
    table, about, gallery = section.parts
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows[::2]] == list(change.index[:5])
    row = frames.loc[("b1", change.index[0])]
    assert [cell.text for cell in table.rows[1]][1:4:2] == ["b1", f"{100 * row['suite']:.1f}"]
    assert table.rows[1][5].text == row["worst"].replace("_", " ")
    assert about == "Predictions are kept of the first 4 frames, of which these lost most."
    assert isinstance(gallery, Gallery)
    shown = [(group.heading, group.aside) for group in gallery.groups]
    assert shown == [(change.index[place], f"number {place + 1} of 12") for place in (1, 3, 4)]
    captions = [
        each.caption.partition(": ")[0] if each else "" for each in gallery.groups[0].pictures
    ]
    assert captions == ["ground truth", "b0, clean", "b0, fog 3", "", "b1, clean", "b1, fog 3"]
    assert gallery.groups[0].columns == 3


@pytest.mark.parametrize("done", [0, 1])
def test_a_single_frame_is_not_ranked(done: int) -> None:
    assert lost_most(Report(make_run(Path("a"), done=done))) is None
