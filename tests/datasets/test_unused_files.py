"""Images of any format are frames of a layout; files that are none are counted and said."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from robustbench_seg.reporting.notes import notes
from robustbench_seg.reporting.stamps import stamps
from robustbench_seg.runs.run import StoredRun
from tests.helpers.frames import write_camvid, write_tree
from tests.helpers.trees import (
    noise_image,
    save,
    values,
    write_acdc,
    write_ade20k,
    write_cityscapes_adverse,
)

WRITERS = [write_ade20k, write_acdc, write_cityscapes_adverse, write_camvid]


def tree_of_two(root: Path) -> Path:
    """Write two frames in Cityscapes' layout."""
    return write_tree(root, 2)


@pytest.mark.parametrize("write", [*WRITERS, tree_of_two])
@pytest.mark.parametrize("extension", [".JPG", ".webp", ".PNG"])
def test_images_of_every_format_are_frames(
    tmp_path: Path, write: Callable[[Path], Path], extension: str
) -> None:
    root = write(tmp_path)
    expected = [frame.name for frame in open_dataset(str(root)).frames]
    victim = open_dataset(str(root)).frames[-1].image_path  # type: ignore[attr-defined]
    with Image.open(victim) as image:
        image.save(victim.with_suffix(extension))
    victim.unlink()
    dataset = open_dataset(str(root))
    assert [frame.name for frame in dataset.frames] == expected
    assert dataset.unused == ()
    save(victim, noise_image())
    with pytest.raises(InputError, match="two frames are named"):
        open_dataset(str(root))


@pytest.mark.parametrize("write", [*WRITERS, tree_of_two])
def test_files_that_are_no_frames_are_listed(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    root = write(tmp_path)
    victim = open_dataset(str(root)).frames[-1].image_path  # type: ignore[attr-defined]
    stray = victim.with_suffix(".gif")
    Image.new("RGB", (64, 32)).save(stray)
    (victim.parent / ".hidden.gif").write_bytes(b"")
    (line,) = open_dataset(str(root)).unused
    assert line.startswith(f"{stray}: is not ")
    found = check_dataset(str(root))
    assert (found.unused, found.problems) == ((line,), {})


def test_a_run_stamps_files_that_it_does_not_use(tmp_path: Path) -> None:
    root = write_camvid(tmp_path / "camvid")
    (root / "val" / "1.png").rename(root / "val" / "1.gif")
    out = tmp_path / "run"
    network = tmp_path / "network.py"
    network.write_text("def make():\n    return lambda image: image[..., 0] % 11\n")
    robustbench_seg.evaluate(
        f"python:{network}:make", data=str(root), corruptions=["contrast"], severities=[1], out=out
    )
    assert StoredRun.open(out).unused["number"] == "2"
    stamp = f"FILES NOT USED: 2 of the split, such as {root / 'val' / '1.gif'}: is not <frame>"
    assert any(each.startswith(stamp) for each in stamps(StoredRun.open(out)))


def test_unused_files_of_two_folders_are_listed(tmp_path: Path) -> None:
    for name in ("a_rgb.png", "a_depth.png", "b_RGB.png", "c_rgb.gif"):
        save(tmp_path / "img" / name, noise_image())
    save(tmp_path / "img/labels/a.png", values(19))
    (tmp_path / "img/labels/notes.txt").write_text("drawn by hand")
    (tmp_path / "mine.toml").write_text('classes = "cityscapes"\nimage_suffix = "_rgb"')
    images, labels, classes = tmp_path / "img", tmp_path / "img/labels", tmp_path / "mine.toml"
    dataset = open_dataset(images=images, labels=labels, classes=classes)
    assert [frame.name for frame in dataset.frames] == ["a"]
    assert [line.partition(", in ")[0] for line in dataset.unused] == [
        f"{tmp_path / 'img' / name}: is not an image whose name ends with _rgb"
        for name in ("b_RGB.png", "c_rgb.gif")
    ]
    found = check_dataset(images=images, labels=labels, classes=classes)
    assert (found.unused, found.problems) == (dataset.unused, {})


def test_labels_and_notes_beside_the_images_are_used(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / f"{name}.png", noise_image())
        save(tmp_path / f"{name}_mask.png", values(19))
    (tmp_path / "mine.toml").write_text('classes = "cityscapes"\nlabel_suffix = "_mask"')
    dataset = open_dataset(images=tmp_path, labels=tmp_path, classes=tmp_path / "mine.toml")
    assert [frame.name for frame in dataset.frames] == ["a", "b"]
    assert dataset.unused == ()


def test_conditions_without_clean_frames_have_a_report(tmp_path: Path) -> None:
    root = write_acdc(tmp_path / "acdc")
    shutil.rmtree(root / "gt" / "night" / "val_ref")
    network = tmp_path / "network.py"
    network.write_text("def make():\n    return lambda image: image[..., 0] % 19\n")
    run = robustbench_seg.evaluate(f"python:{network}:make", data=str(root), out=tmp_path / "run")
    found = " ".join(notes(run))
    assert re.search(r"cityscapesScripts.* differs in .*; most in (fog|night): \d", found)
