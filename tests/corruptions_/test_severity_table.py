"""Severities between whole ones, and parameters that a user gives."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_seg.corruptions import InputError, corrupt, corruption_names, find
from robustbench_seg.corruptions.catalogue import BUILT_IN, REGISTRY
from robustbench_seg.corruptions.seeding import stream_seed
from robustbench_seg.corruptions.severity_table import Parameter, SeverityTable
from tests.helpers.paths import ROOT
from tests.helpers.pictures import gradients

HALVES = (1.5, 2.5, 3.5, 4.5)
NOTHING_BETWEEN = {"glass_blur": HALVES, "saturate": HALVES, "spatter": (3.5,)}
"""Severities that a corruption lacks, since a parameter is a count or changes its kind."""

NOT_RISING = {
    *("glass_blur", "saturate", "zoom_blur", "jpeg_compression", "pixelate"),
    *("snow", "fog", "frost"),
}
"""Corruptions of whose severities one changes this image less than the one before."""

IMAGE = gradients(64, 80)


@pytest.mark.parametrize("name", [name for name in REGISTRY if name in BUILT_IN])
def test_a_severity_lies_between_its_neighbours(name: str) -> None:
    table, lacking = find(name).table, []
    for severity in HALVES:
        lower, upper = table.at(int(severity)), table.at(int(severity) + 1)
        try:
            between = table.at(severity)
        except InputError:
            lacking.append(severity)
            continue
        for value, *ends in zip(between, lower, upper, strict=True):
            assert min(ends) <= value <= max(ends)
        assert between != lower
    assert lacking == list(NOTHING_BETWEEN.get(name, ()))
    assert [table.at(float(each)) for each in range(1, 6)] == [table.at(n) for n in range(1, 6)]


@pytest.mark.parametrize("name", sorted({*corruption_names()} - NOT_RISING))
def test_the_change_of_an_image_rises_with_the_severity(name: str) -> None:
    function, lacking = find(name).function, NOTHING_BETWEEN.get(name, ())
    severities = [each / 2 for each in range(2, 11) if each / 2 not in lacking]
    made = [function(IMAGE, severity, 7) for severity in severities]
    changes = [float(np.abs(np.subtract(each, IMAGE, dtype=int)).mean()) for each in made]
    assert np.diff(changes).min() > -0.05
    assert changes[-1] > changes[0]


def test_values_between_are_interpolated_or_rounded_or_refused() -> None:
    table = SeverityTable(
        Parameter("width", (1.0, 2.0, 4.0), 0, 10),
        Parameter("count", (3, 4, 8), 1, 10, whole=True),
        Parameter("kind", (0, 0, 1), 0, 1, whole=True, apart="it is of two kinds"),
    )
    assert table.at(1.5) == (1.5, 4, 0)
    assert table.at((7.0, 1, 1)) == (7.0, 1, 1)
    with pytest.raises(InputError, match="none between 2 and 3, since it is of two kinds"):
        table.at(2.25)
    with pytest.raises(InputError, match=r"expected a number from 1 to 3, got 3\.5"):
        table.at(3.5)
    varied = table.varied({"width": [1, 2, 3, 9], "count": [1] * 4, "kind": [0, 1, 0, 0]})
    assert varied.at(3) == (3, 1, 0)
    assert varied.at(3.5) == (6.0, 1, 0)
    assert table.varied({"width": [5, 6, 7]}).at(2) == (6, 4, 0)
    with pytest.raises(InputError, match=r"count: expected 4 values, one for each .*, got 3"):
        table.varied({"width": [1, 2, 3, 4]})
    with pytest.raises(InputError, match=r"width: expected 3 values, .*, got 2"):
        table.varied({"width": [1, 2], "count": [1, 2, 3]})


def test_a_whole_severity_has_its_pixels_and_any_other_its_own() -> None:
    for name in ("fog", "gaussian_noise", "contrast"):
        np.testing.assert_array_equal(corrupt(IMAGE, name, 2.0), corrupt(IMAGE, name, 2))
    seeds = [stream_seed(0, "key", "fog", severity) for severity in (2, 2.0, 2.5, 2.51, 3)]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 4
    between = corrupt(IMAGE, "brightness", 2.5).astype(int)
    assert (between >= corrupt(IMAGE, "brightness", 2)).all()
    assert (between <= corrupt(IMAGE, "brightness", 3)).all()
    assert (between != corrupt(IMAGE, "brightness", 2)).any()


def test_parameters_replace_those_of_the_severity() -> None:
    table = find("fog").table
    own = dict(zip(table.names, table.at(3), strict=True))
    expected = corrupt(IMAGE, "fog", 3)
    np.testing.assert_array_equal(corrupt(IMAGE, "fog", 3, parameters=own), expected)
    thick = corrupt(IMAGE, "fog", 3, parameters={"density": 6})
    assert (thick != expected).any()
    assert (corrupt(IMAGE, "fog", 77, parameters={**own, "density": 6}) != thick).any()
    for severity, parameters, words in (
        (3, {"densty": 6}, "unknown parameter 'densty'; .* did you mean density?"),
        (3, {"density": 101}, "density: expected a number from 0 to 100, got 101"),
        (3, {"density": float("nan")}, "density: expected a number from 0 to 100, got nan"),
        (3, {"density": True}, "density: expected a number from 0 to 100, got True"),
        (7, {"density": 6}, "severity: expected a number from 1 to 5, got 7"),
        (101, own, "severity: expected a number from 1 to 100 with at most two decimals, got 101"),
    ):
        with pytest.raises(InputError, match=words):
            corrupt(IMAGE, "fog", severity, parameters=parameters)
    with pytest.raises(
        InputError, match=r"quality: expected a whole number from 1 to 100, got 7\.5"
    ):
        corrupt(IMAGE, "jpeg_compression", 1, parameters={"quality": 7.5})
    for given in ({"severity": 2.5}, {"severity": 2, "parameters": own}):
        with pytest.raises(InputError, match="fog: the package imagecorruptions has whole"):
            corrupt(IMAGE, "fog", implementation="imagecorruptions", **given)


def test_the_documentation_lists_all_parameters() -> None:
    page = (ROOT / "docs" / "severities.md").read_text("utf-8")
    rows = []
    for name in (name for name in REGISTRY if name in BUILT_IN):
        for number, each in enumerate(find(name).table.parameters):
            between = "none" if each.apart else "rounded" if each.whole else "interpolated"
            values = ", ".join(f"{value:g}" for value in each.values)
            first = "" if number else f"`{name}`"
            limits = f"{each.least:g} to {each.most:g}"
            rows.append(f"| {first} | `{each.name}` | {values} | {limits} | {between} |\n")
    assert page.endswith("".join(rows))
