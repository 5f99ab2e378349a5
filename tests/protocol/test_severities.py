"""Severities between whole ones, and parameters of corruptions, in suites."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.protocol.condition import parse_condition
from robustbench_seg.protocol.parsing import names, severities
from robustbench_seg.protocol.suites import load_suite, suite_from_dict
from tests.helpers.suite_files import corruption_suite

THICK = """
title = "Thick fog"
source = "a test"
severities = [1, 1.5, 2, 3]

[[category]]
name = "weather"
corruptions = ["fog", "frost"]
counted = [1, 1.5, 3]

[corruption.fog]
density = [1, 2, 4.5]
"""


def test_severities_stand_with_corruptions_or_apart() -> None:
    suite = corruption_suite("cityscapes-c")
    part = suite.select(names("fog:1.0,1.5,2.0,2.50,gaussian_noise:2.5,1.5,1,2"))
    assert part == suite.select(["gaussian_noise", "fog"], severities("1-2,1.5,2.5"))
    assert part.severities == (1, 1.5, 2, 2.5)
    assert [type(each) for each in part.severities] == [int, float, int, float]
    assert part.title.endswith("(part: gaussian_noise, fog; severities 1-2.5 by 0.5)")
    assert part.notes([])[0].endswith("All of 1-2.5 by 0.5 are run and shown.")
    assert suite.select(["fog"], [1, 1.5, 3]).title.endswith("severities 1, 1.5, 3)")
    assert suite.select(["fog"], [1, 2, 3]).title.endswith("severities 1, 2, 3)")
    assert part.conditions[1].key == parse_condition("gaussian_noise:1.5").key
    assert suite_from_dict(json.loads(json.dumps(part.to_dict()))) == part
    assert suite.select(["fog:2.0"]) == suite.select(["fog"], [2])


def test_a_severity_counts_between_two_that_do() -> None:
    part = corruption_suite("cityscapes-c").select(["fog", "shot_noise"], [2.5, 3, 3.5])
    assert [each.counted for each in part.columns] == [(2.5, 3), (2.5, 3, 3.5)]


@pytest.mark.parametrize(
    ("corruptions", "given", "words"),
    [
        (
            "fog:1,snow:2.5,3",
            None,
            "the same severities, and fog has 1, snow has 2.5,3; write fog,snow with --severities "
            "1,2.5,3, or make a run of each",
        ),
        ("fog,snow:2.5", None, "fog has none, snow has 2.5; write fog,snow with --severities 2.5"),
        ("2.5", None, r"--corruptions 2.5: has no corruption; write fog:2"),
        (":2", None, r"--corruptions :2: has no corruption; write fog:2"),
        ("fog,:2", None, r"--corruptions :2: has no corruption; write fog:2"),
        (
            "fog:nan",
            None,
            "fog:nan: 'nan' is no severity; write a number, fog:2, or several, fog:1,2",
        ),
        ("fog:1,inf", None, "--corruptions fog:inf: 'inf' is no severity; write a number"),
        ("fog:-1", None, "--corruptions fog:-1: '-1' is no severity"),
        ("fog:1,1e400", None, "--corruptions fog:1e400: '1e400' is no severity"),
        ("fog:1-3", None, "--corruptions fog:1-3: '1-3' is no severity"),
        ("fog:", None, "--corruptions fog:: '' is no severity"),
        ("fog", [math.nan], "severity nan is not in cityscapes-c; choose from: 1"),
        ("fog", [1, math.inf], "severity inf is not in cityscapes-c"),
        ("fog", [-1], "severity -1 is not in cityscapes-c"),
        ("fog:1", [2], "--severities: --corruptions has some too"),
        ("fog:5.5", None, r"severity 5.5 is not in .* 4, 5, or a number between them"),
        ("fog:0.5", None, r"severity 0.5 is not in cityscapes-c"),
        ("fog:1.125", None, r"fog: severity: .* at most two decimals, got 1.125"),
        ("fog,glass_blur", [1.5], "glass_blur: severity: there is none between 1 and 2, since"),
    ],
)
def test_severities_that_cannot_be_run_are_refused(
    corruptions: str, given: list[float] | None, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        corruption_suite("cityscapes-c").select(names(corruptions), given)


def test_other_suites_have_no_severities_between(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"severity 2.5 is not in adversarial; .* 8$"):
        load_suite("adversarial").select(None, [2.5])


def test_a_suite_file_has_parameters_of_corruptions(tmp_path: Path) -> None:
    (tmp_path / "thick.toml").write_text(THICK)
    suite = corruption_suite(tmp_path / "thick.toml")
    assert {key: dict(each) for key, each in suite.corrupted.items() if each} == {
        ("fog", 1): {"density": 1, "decay": 2.0},
        ("fog", 1.5): {"density": 1.5, "decay": 2.0},
        ("fog", 2): {"density": 2, "decay": 2.0},
        ("fog", 3): {"density": 4.5, "decay": 1.7},
    }
    assert suite.notes([])[1:] == (
        "The parameters of fog are those of the suite, by severity: density 1, 2, 4.5.",
    )
    assert suite_from_dict(json.loads(json.dumps(suite.to_dict()))) == suite
    assert "parameters" not in corruption_suite("cityscapes-c").to_dict()

    (lists,) = suite.parameters
    others = replace(suite, parameters=(replace(lists, values=((1, 2, 4.25),)),))
    plain = replace(suite, parameters=())
    assert len({suite.digest, others.digest, plain.digest}) == 3
    assert suite.select(["frost"]).digest == plain.select(["frost"]).digest
    (between,) = suite.select(["fog:2.5"]).conditions
    assert dict(between.parameters) == {"density": 3.25, "decay": 1.85}

    (tmp_path / "long.toml").write_text(
        THICK.replace('"fog", "frost"', '"jpeg_compression"')
        .replace("severities = [1, 1.5, 2, 3]", "severities = [1, 7]")
        .replace("counted = [1, 1.5, 3]", "counted = [7]")
        .replace("fog]\ndensity = [1, 2, 4.5]", "jpeg_compression]\nquality = [9,8,7,6,5,4,3]")
    )
    assert corruption_suite(tmp_path / "long.toml").corrupted == {
        ("jpeg_compression", 1): {"quality": 9},
        ("jpeg_compression", 7): {"quality": 3},
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[1, 2, 4.5]", "[1, 2]", r"corruption.fog: density: expected a list of 3 .*, got \[1, 2"),
        ("[1, 2, 4.5]", "[1, 2, nan]", "corruption.fog: density: expected a number from 0 to 100"),
        ("[1, 2, 4.5]", "[1, 2, 1e9]", "corruption.fog: density: expected a number from 0 to 100"),
        ("[1, 2, 4.5]", '[1, 2, "4"]', "corruption.fog: density: expected a number from 0 to 100"),
        ("[1, 2, 4.5]", "2", "corruption.fog: density: expected a list of 3 numbers"),
        ("density", "densty", "corruption.fog: unknown parameter 'densty'; .* mean density"),
        ("corruption.fog", "corruption.snow", "corruption.snow: unknown corruption 'snow'"),
        ("density = [1, 2, 4.5]", "", "corruption.fog: expected a list for each parameter"),
        ("[corruption.fog]", "[[corruption]]", "corruption: expected tables"),
        ('"fog", "frost"', '"fog", "glass_blur"', "glass_blur: severity: there is none between"),
        ("[1, 1.5, 2, 3]", "[1, 1.5, 2, 3.5]", "counted: expected rising severities out of"),
        ("[1, 1.5, 2, 3]", "[1, 1.5, 3, 6]", r"density: expected a list of 6 numbers"),
    ],
)
def test_bad_parameters_are_refused_in_one_line(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    assert old in THICK
    path = tmp_path / "bad.toml"
    path.write_text(THICK.replace(old, new, 1))
    with pytest.raises(InputError, match=words) as error:
        load_suite(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_stored_parameters_are_checked(tmp_path: Path) -> None:
    (tmp_path / "thick.toml").write_text(THICK)
    stored = corruption_suite(tmp_path / "thick.toml").to_dict()
    (lists,) = stored["parameters"]
    for change, words in (
        ({"corruption": "snow"}, "parameters: expected those of corruptions in the suite"),
        ({"values": [[1, 2, 300]]}, "fog: density: expected a number from 0 to 100"),
        ({"values": [[1, 2, 3], [1, 2, 3]]}, "fog: expected a list of values for each parameter"),
        ({"names": ["density", "density"]}, "fog: expected a list of values for each parameter"),
        ({"values": [[1, 2]]}, "expected rising ones out of"),
        ({"values": []}, "values: expected a list of 1 to 100"),
    ):
        with pytest.raises(InputError, match=words):
            suite_from_dict({**stored, "parameters": [lists | change]})
    with pytest.raises(InputError, match=r"expected rising ones out of \(1, 2, 3\)"):
        suite_from_dict({**stored, "severities": [1.0, 1.5, 2, 3]})
