"""Runs and copies under corruptions in a user's file, and reports without that file."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.corruptions import InputError, catalogue
from robustbench_seg.protocol.own_corruptions import choices, require
from robustbench_seg.protocol.suites import CorruptionSuite, load_suite, suite_from_dict
from tests.helpers.documents import code_blocks
from tests.helpers.paths import ROOT
from tests.helpers.trees import noise_image, save, write_folders

RAIN = """
import numpy as np
from helper import SPEED

def drizzle(image, severity, generator):
    drops = generator.random(image.shape[:2]) < SPEED * severity
    return np.where(drops[..., np.newaxis], 200, image).astype(np.uint8)

def grey(image, severity):
    return np.full_like(image, 40 * severity)
"""
WET = """
title = "Wet"
source = "a test"
severities = [1, 3]

[[category]]
name = "water"
corruptions = ["python:rain.py:drizzle", "fog"]
counted = [1, 3]
"""
MODEL = """
import numpy as np
def make(): return lambda image: np.asarray(image[..., 0] > 128, np.int64)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the current folder, with a suite, two corruptions and a model."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "rain.py": RAIN,
        "helper.py": "SPEED = 0.1",
        "wet.toml": WET,
        "model.py": MODEL,
    }.items():
        (tmp_path / name).write_text(text)
    yield tmp_path
    forget()


def forget() -> None:
    for name in set(catalogue.REGISTRY) - catalogue.BUILT_IN:
        del catalogue._CORRUPTIONS[name]
    sys.modules.pop("helper", None)


def suite(file: str = "wet.toml") -> CorruptionSuite:
    found = load_suite(file)
    assert isinstance(found, CorruptionSuite)
    return found


def test_a_suite_knows_what_identifies_them_also_without_their_code(folder: Path) -> None:
    made = suite()
    (own,) = made.own
    assert (own.name, own.origin, own.random) == ("drizzle", "rain.py:drizzle", True)
    found = choices(made.own)
    forget()
    assert suite_from_dict(made.to_dict()) == made
    assert {each.name: each.random for each in made.conditions} == {"drizzle": True, "fog": True}
    require(found)
    assert "drizzle" in catalogue.REGISTRY

    forget()
    (folder / "helper.py").write_bytes(b"# coding: latin-1\nSPEED = 0.2  # \xe9")  # it is imported
    assert suite().digest != made.digest
    assert "own" not in load_suite("cityscapes-c").to_dict()


def test_own_corruptions_are_added_to_those_that_are_chosen_of_a_suite() -> None:
    chosen = load_suite("cityscapes-c").select(["python:rain.py:grey", "fog"], [2])
    assert isinstance(chosen, CorruptionSuite)
    columns = [(each.corruption, each.category, each.counted) for each in chosen.columns]
    assert columns == [("fog", "weather", (2,)), ("grey", "own", (2,))]
    assert chosen.title == "Cityscapes-C with grey (part: fog, grey; severities 2)"
    assert load_suite("cityscapes-c").select(["grey"]).own  # it is known by its name now


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("python:gone.py:grey", "no such file: gone.py"),
        ("python:rain.py:gone", "rain.py has no function gone"),
        ("python:rain.py", "write python:FILE.py:FUNCTION"),
        ("python:bad.py:grey", r"the import failed: NameError: .* \(bad.py line 1\)"),
        ("python:exits.py:grey", r"the import failed: SystemExit: 0"),
        ("python:rain.py:mean", "the corruption mean has the name of a score"),
    ],
)
def test_what_cannot_be_used_is_refused(folder: Path, choice: str, words: str) -> None:
    (folder / "bad.py").write_text("nothing")
    (folder / "exits.py").write_text("import sys; sys.exit(0)")
    (folder / "rain.py").write_text(f"{RAIN}\ndef mean(image, severity): return image\n")
    with pytest.raises(InputError, match=words):
        load_suite("cityscapes-c").select([choice])


def test_a_run_goes_on_and_is_reported_without_the_file(folder: Path) -> None:
    images, labels = write_folders(folder)
    classes = ", ".join(f'{{ name = "{number}" }}' for number in range(19))
    (folder / "classes.toml").write_text(f"classes = [{classes}]")

    def evaluated() -> robustbench_seg.Run:
        return robustbench_seg.evaluate(
            "python:model.py:make",
            suite="wet.toml",
            images=images,
            labels=labels,
            classes="classes.toml",
            out="run",
        )

    made = evaluated().table("tidy")
    forget()
    pd.testing.assert_frame_equal(evaluated().table("tidy"), made)
    (folder / "helper.py").write_text("SPEED = 0.2")
    forget()
    with pytest.raises(InputError, match="differs in suite"):
        evaluated()
    (folder / "rain.py").unlink()
    run = robustbench_seg.Run.open("run")
    assert "drizzle" in run.table("suite").columns.get_level_values("corruption")
    assert any("rain.py:drizzle" in note for note in run.report().notes)


def test_copies_hold_their_images(folder: Path) -> None:
    save(folder / "photos/a.png", noise_image())
    robustbench_seg.corrupt_folder("photos", "copy", suite="wet.toml", workers=1)
    made = robustbench_seg.corrupt(noise_image(), "drizzle", 3)
    np.testing.assert_array_equal(np.asarray(Image.open("copy/drizzle/3/a.png")), made)


@pytest.mark.slow
def test_the_example_of_the_documentation_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "own-corruptions.md").read_text("utf-8")
    (example,) = (block for block in code_blocks(page) if "@robustbench_seg" in block)
    (folder / "page.py").write_text(example)
    small = partial(robustbench_seg.evaluate, limit=1, severities=[1], out="run")
    monkeypatch.setattr(robustbench_seg, "evaluate", small)
    found = runpy.run_path("page.py", {"image": noise_image()})
    assert (found["wet"] == 200).any()
    assert found["run"].spec.suite.corruptions == ("fog", "drizzle")
