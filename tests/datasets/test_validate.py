"""`robustseg datasets check` lists all problems, and exits with code 2."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.__main__ import main
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from tests.helpers.frames import image_path, label_path, name, write_tree
from tests.helpers.trees import noise_image, save, values, write_acdc, write_folders


def check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str]:
    """Run the command in this process; return its exit code and what it prints."""
    monkeypatch.setattr("sys.argv", ["robustseg", "datasets", "check", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return int(stopped.value.code or 0), printed.out + printed.err


def test_a_good_tree_has_no_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = check(monkeypatch, capsys, write_tree(tmp_path / "tree", 2))
    assert code == 0
    assert "2 frames: 2 of 128x64" in printed
    assert "Nothing is wrong." in printed
    code, printed = check(monkeypatch, capsys, write_acdc(tmp_path / "acdc"))
    assert code == 0
    assert "conditions: 1 clean, 1 fog, 2 night" in printed


def test_counts_are_those_of_the_files(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a", "b"))
    one = values(19)
    one[:4] = 255
    save(labels / "a.png", one)
    save(labels / "b.png", np.full_like(one, 3))
    found = check_dataset(images=images, labels=labels)
    assert found.problems == {}
    expected = np.bincount(one.ravel(), minlength=256)[:19]
    expected[3] += one.size
    assert (found.class_pixels == expected).all()
    assert found.class_frames.tolist() == [1, 1, 1, 2, *[1] * 15]
    assert found.ignored_pixels == (one == 255).sum()
    assert found.sizes == {(64, 32): 2}


def test_all_problems_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path, 7)
    label_path(root, 0).unlink()
    image_path(root, 1).unlink()
    Image.fromarray(values(19)).convert("RGB").save(label_path(root, 2))
    save(label_path(root, 3), np.full((64, 128), 300, np.uint16))
    save(label_path(root, 4), np.full((64, 128), 33, np.uint8))
    save(label_path(root, 5), values(19))
    code, printed = check(monkeypatch, capsys, root)
    assert code == 2
    lines = printed.splitlines()
    for words in (
        "images without a label: 1",
        f"{image_path(root, 0)}: no label; expected {label_path(root, 0)} or ",
        "labels without an image: 1",
        f"{label_path(root, 1)}: no image for this label",
        "frames that cannot be evaluated: 4",
        f"{label_path(root, 2)}: .* this is RGB with three equal channels; save one of them",
        f"{label_path(root, 3)}: holds 300, outside the classes, 0-18, and what is ignored, 255",
        f"{label_path(root, 4)}: holds 33, outside the classes, 0-18, and what is ignored, 255",
        f"{name(5)}: its image is 128x64, its label 64x32; they must be of one size",
        "1 frame: 1 of 128x64",
    ):
        assert any(re.search(words, line) for line in lines), words
    assert "Not as it should be." in printed


def test_ten_problems_of_a_kind_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = write_folders(tmp_path, tuple(f"{number:02}" for number in range(13)))
    for number in range(12):
        (labels / f"{number:02}.png").unlink()
    code, printed = check(monkeypatch, capsys, "--images", images, "--labels", labels)
    assert code == 2
    assert "images without a label: 12" in printed
    assert printed.count(": no label; expected") == 10
    assert "and 2 more" in printed


def test_colour_labels_and_unlabelled_frames_are_reported(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a", "b"))
    save(labels / "a.png", noise_image())
    save(labels / "b.png", np.full((32, 64), 255, np.uint8))
    problems = check_dataset(images=images, labels=labels).problems
    (line,) = problems["frames that cannot be evaluated"]
    assert "this is RGB with the colour (0, " in line
    assert problems["labels"] == ["no frame has any labelled pixel"]


def test_a_split_that_cannot_be_found_is_a_one_line_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_tree(tmp_path / "tree", 1)
    for arguments, words in (
        ([tmp_path], f"use {root}"),
        ([root, "--split", "test"], "--split test"),
        (["--classes", "camvid"], "--images DIR and --labels DIR go together"),
    ):
        code, printed = check(monkeypatch, capsys, *arguments)
        assert code == 2
        assert printed.startswith("error: ")
        assert words in printed
        assert printed.count("\n") == 1
    with pytest.raises(InputError):
        check_dataset(str(tmp_path))


@pytest.mark.slow
def test_real_data_have_no_problems(shared_data: Path) -> None:
    camvid = check_dataset(str(shared_data / "data" / "camvid"))
    assert camvid.problems == {}
    assert camvid.sizes == {(480, 360): 101}
    found = check_dataset(str(shared_data / "data" / "cityscapes_mini"))
    assert found.problems == {}
    assert found.sizes == {(2048, 1024): 3}
    assert [frame.group for frame in found.dataset.frames] == ["frankfurt", "frankfurt", "lindau"]
    assert int((found.class_pixels > 0).sum()) == 16
