"""Runs and copies with severities between whole ones, and with parameters of a suite file."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

import robustbench_seg
from robustbench_seg.corruptions import InputError
from tests.helpers.trees import write_folders

MODEL = """
import numpy as np
def make(): return lambda image: np.asarray(image[..., 0] > 128, np.int64)
"""
SUITE = """
title = "Mist"
source = "a test"
severities = [1, 1.5, 2]

[[category]]
name = "weather"
corruptions = ["contrast", "fog"]
counted = [1, 1.5, 2]

[corruption.fog]
density = [0.5, 1]
"""


def test_a_run_and_a_copy_have_the_same_scores_and_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    images, labels = write_folders(tmp_path)
    classes = ", ".join(f'{{ name = "{number}" }}' for number in range(19))
    for file, text in {
        "model.py": MODEL,
        "mist.toml": SUITE,
        "thick.toml": SUITE.replace("[0.5, 1]", "[2, 4]"),
        "classes.toml": f"classes = [{classes}]",
    }.items():
        Path(file).write_text(text)
    evaluate = partial(
        robustbench_seg.evaluate,
        "python:model.py:make",
        suite="mist.toml",
        images=images,
        labels=labels,
        classes="classes.toml",
        measure=["miou"],
    )
    run = evaluate(out="run")
    tidy = run.table("tidy")
    keys = [("contrast", 1.5), ("fog", 1.0), ("fog", 1.5), ("fog", 2.0)]
    miou = tidy[tidy["metric"] == "miou"].set_index(["condition", "severity"])["value"]
    assert {*keys} < {*miou.index}
    assert miou["fog", 1.5] != miou["fog", 1]

    with sqlite3.connect("run/run.sqlite") as database:  # as if it had been killed before them
        stored = {row[0] for row in database.execute("SELECT severity FROM cells")}
        database.execute("DELETE FROM cells WHERE severity = 1.5")
    database.close()
    assert {json.dumps(each) for each in stored} == {"0", "1", "1.5", "2"}
    assert not robustbench_seg.Run.open("run").complete
    pd.testing.assert_frame_equal(evaluate(out="run").table("tidy"), tidy)

    robustbench_seg.corrupt_folder(images, "copy", suite="mist.toml", workers=1)
    assert Path("copy/fog/1.5").is_dir()
    read = evaluate(out="read", copy="copy").table("tidy")
    pd.testing.assert_frame_equal(read, tidy)
    with pytest.raises(InputError, match="was made without fog at severity 1, or with other"):
        evaluate(out="other", copy="copy", suite="thick.toml")

    report = run.report()
    assert any(each.startswith("OTHER PARAMETERS: fog: those of") for each in report.stamps)
    assert any(each.endswith("by severity: density 0.5, 1.") for each in report.notes)
