"""What may stand side by side, what is refused, and what of the rest is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import NOTHING, Window
from robustbench_seg.runs.side_by_side import side_by_side
from tests.helpers.sample_runs import CLASSES, SUITE, frame, make_run, model

FRAMES = tuple(map(frame, range(12)))


def test_images_are_brought_into_the_order_of_the_first_run() -> None:
    first = make_run(Path("a"))
    turned = make_run(Path("b"), [model("b1")], frames=FRAMES[2:] + FRAMES[:2])
    found = side_by_side([first, turned])
    assert [item.label for item in found.contenders] == ["b0", "b1"]
    own, other = (item.pixel_counts.counts for item in found.contenders)
    np.testing.assert_array_equal(own, other)
    assert not np.array_equal(own, turned.pixel_counts["b1"].counts)
    assert found.differing == ()


def test_what_makes_numbers_meaningless_together_is_refused() -> None:
    frames = tuple(replace(item, depth_key="one") for item in FRAMES)
    first = make_run(Path("a"), frames=frames)
    other_depth = (*frames[:-1], replace(frames[-1], depth_key="another"))
    relabelled = tuple(replace(item, label_key="other") for item in FRAMES)
    counting = replace(SUITE, columns=SUITE.columns[::-1])
    classes = (*CLASSES[:2], replace(CLASSES[2], name="rider"))
    cases = {
        r"finished images \(they share 5 of 12 and 5\)": {"frames": FRAMES[:5]},
        r"finished images \(they share 4 of 12 and 4; one is unfinished": {"done": 4},
        "labels of the same images": {"frames": relabelled},
        "depth": {"frames": other_depth},
        "suite, its corruptions or severities": {"suite": counting},
        "classes": {"classes": classes},
    }
    for message, changes in cases.items():
        other = make_run(Path("b"), [model("b1")], **changes)  # type: ignore[arg-type]
        with pytest.raises(InputError, match=f"^b: differs from a in {message}"):
            side_by_side([first, other])
    side_by_side([first, make_run(Path("c"), [model("b1")])])  # as a run of a copy


def test_runs_are_named_once_and_have_frames(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with pytest.raises(InputError, match="named twice"):
        side_by_side([run, make_run(tmp_path / "x" / "..")])
    with pytest.raises(InputError, match="no frame is finished"):
        side_by_side([make_run(tmp_path, done=0)])
    with pytest.raises(InputError, match="name at least one run"):
        side_by_side([])


def test_what_a_reader_may_accept_is_told() -> None:
    first = make_run(Path("a"))
    sliding = model("b1", window=Window(mode="slide", crop=128, stride=96))
    other = make_run(
        *(Path("b"), [sliding]),
        seed=1,
        precision="bf16",
        implementation="imagecorruptions",
        versions={"robustbench-seg": "0.2.0", "torch": "2"},
        draws=2,
    )
    found = side_by_side([first, other])
    assert found.differing == (
        "window",
        "corrupted by",
        "seed",
        "random draws",
        "precision",
        "versions",
    )
    assert found.settings.T["window"].tolist() == ["whole image", "slides, crop 128, stride 96"]


def test_a_window_that_holds_the_image_is_the_whole_image() -> None:
    larger = model("b1", window=Window(mode="slide", crop=256, stride=192))
    found = side_by_side([make_run(Path("a")), make_run(Path("b"), [larger])])
    assert found.differing == ()


def test_labels_tell_models_of_one_name_scales_and_random_weights_apart() -> None:
    preprocessing = {**model().preprocessing, "size": (64, 128)}
    small = model(preprocessing=preprocessing, trained_on=NOTHING)
    found = side_by_side([make_run(Path("x/a")), make_run(Path("x/b"), [small])])
    assert [item.label for item in found.contenders] == [
        "b0 (run a, input 256x128)",
        "b0 (run b, input 128x64, UNTRAINED)",
    ]
    alike = side_by_side([make_run(Path("/x/a")), make_run(Path("/y/a"))])
    assert [item.label for item in alike.contenders] == ["b0 (run /x/a)", "b0 (run /y/a)"]
