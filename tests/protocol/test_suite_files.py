"""Suites of resolutions as files: the embedded ones, those of users, and invalid ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.protocol.suites import TakenSuite, load_suite, suite_from_dict
from tests.helpers.paths import ROOT
from tests.helpers.suite_files import MINE


@pytest.mark.parametrize("name", ["resolution", "resolution-short-side", "resolution-table1c"])
def test_embedded_suites_are_read_and_stored(name: str) -> None:
    suite = load_suite(name)
    assert suite.name == name
    assert len(suite.conditions) in (4, 7)
    assert suite_from_dict(json.loads(json.dumps(asdict(suite)))) == suite
    assert suite.digest == suite_from_dict(json.loads(json.dumps(asdict(suite)))).digest


def test_the_file_in_the_documentation_is_a_suite(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "resolution.md").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    names = [condition.name for condition in load_suite(tmp_path / "mine.toml").conditions]
    assert len(names) == 12
    assert {"scale 0.5, slide", "fog 3, scale 2, whole"} <= set(names)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "Half, in fog"', "", "title is missing"),
        ("scales = [0.5, 1.0]", "scales = []", "scales: expected rising factors"),
        ("scales = [0.5, 1.0]", "scales = [1.0, 0.5]", "scales: expected rising factors"),
        ("scales = [0.5, 1.0]", "scales = [true]", "scales: expected rising factors"),
        ("scales = [0.5, 1.0]", "scales = [0.0, 1.0]", "scales: expected rising factors"),
        ("scales = [0.5, 1.0]", "scales = [1.0, 99.0]", "scales: expected rising factors"),
        ("scales = [0.5, 1.0]", "scales = [nan]", "scales: expected rising factors"),
        ("scales = [0.5, 1.0]", "short_sides = [0.5]", "short_sides: expected rising whole"),
        ("scales = [0.5, 1.0]", "scales = [1]\nshort_sides = [5]", "leave one of them out"),
        ('"fog 3"', '"frog 3"', "'frog 3': unknown corruption 'frog'; choose from"),
        ('"fog 3"', '"fog 9"', "'fog 9': severity: expected a number from 1 to 5"),
        ('"fog 3"', '"fog"', "'fog': severity: expected a number from 1 to 5"),
        ('"fog 3"', '"glass_blur:2.5"', "'glass_blur:2.5': severity: there is none between 2"),
        ('"fog 3"', '"clean"', "images: expected a list"),
        ('"scale 1, slide"', '"scale 1"', "against: unknown condition 'scale 1'"),
        ('mode = "slide"', 'mode = "door"', "window 1: unknown key 'crop'"),
        ('mode = "whole"', 'mode = "door"', "window 2: mode: expected"),
        ("crop = 0.5", "crop = -1", "window 1: crop: expected a share"),
        ("stride = 0.25", "stride = 0.75", "window 1: stride: larger than crop"),
        ("stride = 0.25", "", "window 1: stride is missing"),
        ('name = "whole"', 'name = "slide"', "window: two have the same name"),
        ("against", "agianst", "did you mean against?"),
    ],
)
def test_bad_files_are_refused_in_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in MINE
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        load_suite(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("conditions", [[], ["fog"], ["night", "fog"]])
def test_suites_of_taken_conditions_come_back(conditions: list[str]) -> None:
    suite = TakenSuite.of("adverse", conditions)
    assert suite_from_dict(json.loads(json.dumps(asdict(suite)))) == suite
