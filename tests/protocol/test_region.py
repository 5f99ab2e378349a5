"""Regions: their texts, their masks against plain NumPy, and their place in a specification."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robustbench_seg.corruptions.soiling import soiling
from robustbench_seg.errors import InputError
from robustbench_seg.inference.condition_images import blend
from robustbench_seg.protocol.region import Rectangle, Soiling, TrueClasses, read_region
from robustbench_seg.protocol.stored_spec import read_spec
from tests.helpers.sample_runs import frame, make_spec

CLASSES = ("road", "car", "sky")


@pytest.mark.parametrize(
    ("text", "region", "written"),
    [
        ("rectangle:0,0.50,1,1", Rectangle(0, 0.5, 1, 1), "rectangle:0,0.5,1,1"),
        ("rectangle:0,0,1e-1,.3", Rectangle(0, 0, 0.1, 0.3), "rectangle:0,0,0.1,0.3"),
        ("class:road", TrueClasses(("road",)), "class:road"),
        ("class:sky, d,car,b,car", TrueClasses(("b", "car", "d", "sky")), "class:b,car,d,sky"),
        ("class:traffic light", TrueClasses(("traffic light",)), "class:traffic light"),
        (" soiling:0.3", Soiling(0.3), "soiling:0.3"),
    ],
)
def test_a_region_is_read_and_written(text: str, region: object, written: str) -> None:
    found = read_region(text)
    assert found == region
    assert str(found) == written
    assert read_region(written) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unknown; there are rectangle, class, soiling"),
        ("klass:road", "did you mean class"),
        ("rectangle:0,0.5,1", "LEFT < RIGHT"),
        ("rectangle:0,0.5,1,1.1", "from 0 to 1"),
        ("rectangle:0.5,0,0.5,1", "LEFT < RIGHT"),
        ("rectangle:0,0,1,nan", "from 0 to 1"),
        ("class:", "name a class"),
        ("class:road,", "name a class"),
        ("soiling:1", "above 0 and below 1"),
        ("soiling:drops", "above 0 and below 1"),
    ],
)
def test_another_text_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_region(text)
    assert str(caught.value).startswith(f"--region {text}: ")
    assert "\n" not in str(caught.value)


def test_masks_are_those_of_plain_numpy() -> None:
    label = np.random.default_rng(0).choice(np.array([0, 1, 2, 255], np.uint8), (20, 30))
    expected = np.zeros((20, 30), np.uint8)
    expected[10:15, 3:30] = 255
    found = read_region("rectangle:0.1,0.5,1,0.75").mask(label, CLASSES, 0)
    np.testing.assert_array_equal(found, expected)
    found = read_region("class:sky,road").mask(label, CLASSES, 0)
    np.testing.assert_array_equal(found, np.where((label == 0) | (label == 2), 255, 0))
    found = read_region("soiling:0.3").mask(label, CLASSES, 7)
    np.testing.assert_array_equal(found, soiling(20, 30, 0.3, 7))


def test_images_are_mixed_as_with_real_numbers() -> None:
    rng = np.random.default_rng(0)
    clean, corrupted = rng.integers(0, 256, (2, 50, 40, 3)).astype(np.uint8)
    mask = rng.integers(0, 256, (50, 40)).astype(np.uint8)
    mask[:5], mask[5:10] = 0, 255
    found = blend(clean, corrupted, mask)
    share = mask[..., np.newaxis] / 255
    exact = clean * (1 - share) + corrupted * share
    assert np.abs(found - exact).max() <= 0.5
    np.testing.assert_array_equal(found[:5], clean[:5])
    np.testing.assert_array_equal(found[5:10], corrupted[5:10])


def test_frames_without_the_region_are_known() -> None:
    whole = make_spec(frames=(frame(0, class_pixels=(5, 1, 0)), frame(1, class_pixels=(5, 0, 2))))
    both = ("frame_0", "frame_1")
    for region, names in (
        (None, ()),
        (TrueClasses(("road",)), ()),
        (TrueClasses(("person",)), both[:1]),
        (TrueClasses(("person", "sky")), ()),
        (Rectangle(0, 0, 1e-9, 1), both),
        (Soiling(0.1), ()),
        (Soiling(0.6 / (128 * 256)), ()),
        (Soiling(0.4 / (128 * 256)), both),
    ):
        assert replace(whole, region=region).frames_without_region == names
    expected = "unknown class 'rode'; choose from: road, sky, person; did you mean road?"
    assert TrueClasses(("road", "rode")).problem(whole.class_names) == expected


def test_a_specification_stores_the_text_of_a_region() -> None:
    whole = make_spec()
    assert "region" not in whole.to_dict()
    assert read_spec(whole.to_dict()) == whole
    part = replace(whole, region=Rectangle(0, 1 / 3, 1, 1))
    assert part.to_dict()["region"] == "rectangle:0,0.3333333333333333,1,1"
    assert read_spec(part.to_dict()) == part
    assert part.slug != whole.slug
    assert len(part.count_shapes) == len(whole.count_shapes) + 1
    for wrong in ("class:", "rectangle:0,0.50,1,1", 3, ["class:road"]):
        with pytest.raises(InputError, match="region: expected a region such as class:road"):
            read_spec({**whole.to_dict(), "region": wrong})
    with pytest.raises(InputError, match="specification: region: unknown class 'rode'"):
        read_spec({**whole.to_dict(), "region": "class:rode"})
