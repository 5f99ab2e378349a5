"""The frames of a run that lost most."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.reporting.comparison import compare_runs
from robustbench_seg.reporting.frames import lost_most
from robustbench_seg.reporting.report import Report
from robustbench_seg.reports.table import Table
from robustbench_seg.runs.store import Picture
from tests.helpers.sample_report import png
from tests.helpers.sample_runs import make_run, model


def test_a_report_ranks_frames_as_a_comparison_does() -> None:
    run = make_run(Path("a"), [model("b0"), model("b1")])
    frames = compare_runs([run]).frames
    change = frames["change"].groupby(level="frame", sort=False).mean().sort_values()
    shown = str(change.index[2])
    run.pictures.append(Picture(Cell("b0", "fog", 3, shown), "prediction", png(1)))
    section = lost_most(Report(run))
    assert section is not None
    note, table = section.parts
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows[::2]] == list(change.index[:5])
    row = frames.loc[("b1", change.index[0])]
    assert [cell.text for cell in table.rows[1]][1:4:2] == ["b1", f"{100 * row['suite']:.1f}"]
    assert table.rows[1][5].text == row["worst"].replace("_", " ")
    assert note == f"The run keeps pictures of {shown}, which is number 3 of 12 by its loss."


@pytest.mark.parametrize("done", [0, 1])
def test_a_single_frame_is_not_ranked(done: int) -> None:
    assert lost_most(Report(make_run(Path("a"), done=done))) is None
