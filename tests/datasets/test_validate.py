"""`robustseg datasets check` lists all problems, and exits with code 2."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.__main__ import main
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.evaluate import prepare
from robustbench_seg.protocol.request import Request
from tests.helpers.frames import image_path, label_path, name, write_tree
from tests.helpers.trees import HEIGHT, WIDTH, noise_image, save, values, write_acdc, write_folders


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
    save(label_path(root, 2), noise_image())
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
        f"{label_path(root, 2)}: .* this is RGB with the colour ",
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


@pytest.mark.parametrize(
    ("taxonomy", "words"),
    [
        (
            "values = [255]\nignore = [0]",
            r"only object has ground truth: .* 50\.0 % of the pixels are",
        ),
        (
            "",
            "only background has ground truth: a model that predicts nothing else scores 100 %; "
            "50.0 % of the pixels are ignored: .*--classes binary",
        ),
        ("values = [0, 255]\nignore = []", None),
        ('classes = "binary"', None),
    ],
)
def test_masks_on_which_every_model_scores_100_are_a_problem(
    tmp_path: Path, taxonomy: str, words: str | None
) -> None:
    images, labels = write_folders(tmp_path, ("a", "b"))
    for frame in ("a", "b"):
        save(labels / f"{frame}.png", values(2) * np.uint8(255))
    names = ("object",) if "[255]" in taxonomy else ("background", "object")
    classes = ", ".join(f'{{ name = "{name}" }}' for name in names)
    (tmp_path / "two.toml").write_text(
        taxonomy if "classes" in taxonomy else f"classes = [{classes}]\n{taxonomy}"
    )
    where: dict[str, Any] = {
        "images": images,
        "labels": labels,
        "classes": tmp_path / "two.toml",
    }
    found = check_dataset(**where)
    if words is None:
        assert found.problems == {}
        assert (found.class_pixels == HEIGHT * WIDTH).all()
        return
    (problem,) = found.problems["labels"]
    assert re.search(words, problem)
    network = tmp_path / "net.py"
    network.write_text(f"from torch import nn\ndef make(): return nn.Conv2d(3, {len(names)}, 1)\n")
    with pytest.raises(InputError, match=f"^--images {images}: {words}"):
        robustbench_seg.evaluate(f"python:{network}:make", **where, corruptions=["contrast"])


def test_one_of_many_classes_is_a_problem_of_the_check_alone(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    save(labels / "a.png", values(1))
    (problem,) = check_dataset(images=images, labels=labels).problems["labels"]
    assert problem.startswith("only road has ground truth: ")
    assert problem.endswith("; add frames that show other classes")
    network = tmp_path / "net.py"
    network.write_text("from torch import nn\ndef make(): return nn.Conv2d(3, 19, 1)\n")
    request = Request(models=(f"python:{network}:make",), images=images, labels=labels)
    plan, _ = prepare(request)
    assert plan.spec.class_set(["a"]).sum() == 1


def test_masks_are_read_in_every_form(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    mask = Image.fromarray(values(2) * np.uint8(255))
    for form in ("L", "1", "RGB", "RGBA", "P"):
        mask.convert(form).save(labels / "a.png")
        (frame,) = open_dataset(images=images, labels=labels, classes="binary").frames
        np.testing.assert_array_equal(frame.label(), values(2), form)


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
        assert printed.startswith("starting\nerror: ")
        assert words in printed
        assert printed.count("\n") == 2
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
