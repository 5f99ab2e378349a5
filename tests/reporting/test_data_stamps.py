"""Warnings about the frames of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robustbench_seg.reporting.data_stamps import data_stamps
from tests.helpers.sample_runs import frame, make_run, model

FRAMES = [frame(number, image_key="image 0") for number in range(30)]


@pytest.mark.parametrize(
    ("trained_on", "dataset", "words"),
    [
        ("streets", "streets", {"DEMONSTRATION"}),
        ("cityscapes", "streets", {"DEMONSTRATION", "OTHER DATA"}),
        ("streets", "camvid", {"OTHER DATA"}),
        ("the data of mine.pth", "camvid", set()),
        ("Cityscapes, fine and coarse", "cityscapes", set()),
        ("cityscapes", "my streets", set()),
    ],
)
def test_only_what_is_known_of_the_data_is_said(
    trained_on: str, dataset: str, words: set[str]
) -> None:
    models = [model("b0", trained_on=trained_on)]
    run = make_run(Path("a"), models, frames=FRAMES, dataset=dataset)
    assert {stamp.partition(":")[0] for stamp in data_stamps(run)} == words


def test_fewer_than_thirty_images_are_few() -> None:
    def few(**options: Any) -> list[str]:
        run = make_run(Path("a"), frames=FRAMES, **options)
        return [stamp for stamp in data_stamps(run) if stamp.startswith("FEW")]

    assert few(done=29) == ["FEW IMAGES: 29, fewer than 30; scores and ranks may differ on others"]
    assert not few(done=30)
