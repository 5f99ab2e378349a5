"""Copies that are interrupted or killed, and that the same command completes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg import corrupt_folder
from robustbench_seg.copies import corrupting
from robustbench_seg.copies.corrupted_copy import TABLE
from robustbench_seg.errors import InputError
from robustbench_seg.png import write_png
from tests.helpers.copied import FEW, contents, table
from tests.helpers.frames import image_path, name, write_tree


def test_an_interrupted_copy_is_completed(tree: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    corrupt_folder(tree, whole, **FEW)

    def interrupt(stage: str, done: int, total: int, note: str) -> None:
        if stage == "corrupting" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corrupt_folder(tree, cut, **FEW, progress=interrupt)
    assert len(table(cut)) == 4
    # What a killed process leaves: half an image, and half a row of the table.
    image_path(cut / "fog" / "1", 1).with_suffix(".png.partial").write_bytes(b"half")
    with (cut / TABLE).open("a") as file:
        file.write("fog,1,leftImg8bit/val/streets/streets_000001_000019_leftImg8bit.png,00ff")
    made: list[int] = []

    def count(stage: str, done: int, total: int, note: str) -> None:
        if stage == "corrupting":
            made.append(done)

    corrupt_folder(tree, cut, **FEW, progress=count)
    assert made == [4, 8, 12]
    assert contents(cut) == contents(whole)


def test_finished_images_are_not_written_again(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    corrupt_folder(tree, out, **FEW)
    before = contents(out)
    lost = image_path(out / "fog" / "3", 2)
    lost.unlink()
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    corrupt_folder(tree, out, **FEW)
    assert contents(out) == before
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png") if path != lost} == times


def test_another_copy_is_refused_before_any_image_is_read(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    corrupt_folder(tree, out, **FEW)
    before = contents(out)
    with monkeypatch.context() as context:
        context.setattr(corrupting, "_read_all", None)
        cases: dict[str, dict[str, Any]] = {
            "differs in seed;": {"seed": 1},
            "differs in suite;": {"severities": [1]},
            "differs in suite, seed;": {"corruptions": ["fog"], "seed": 1},
        }
        for words, changes in cases.items():
            with pytest.raises(InputError, match=words):
                corrupt_folder(tree, out, **{**FEW, **changes})
        context.setattr(corrupting, "versions", lambda packages: {"numpy": "0.1"})
        with pytest.raises(InputError, match="differs in versions"):
            corrupt_folder(tree, out, **FEW)
    other = tmp_path / "other"
    shutil.copytree(tree, other)
    shutil.copy(image_path(tree, 0), image_path(other, 1))
    with pytest.raises(InputError, match="differs in images"):
        corrupt_folder(other, out, **FEW)
    assert contents(out) == before


def test_a_full_disk_is_a_one_line_error_and_keeps_finished_images(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def full(path: Path, image: NDArray[np.uint8], within: Path) -> None:
        if name(1) in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write_png(path, image, within)

    with monkeypatch.context() as context:
        context.setattr(corrupting, "write_png", full)
        with pytest.raises(InputError, match=f"{name(1)}.*No space left on device.*same command"):
            corrupt_folder(tree, out, **FEW)
    assert len(table(out)) == 4
    corrupt_folder(tree, out, **FEW)
    assert len(table(out)) == 12


def started(tree: Path, out: Path) -> subprocess.Popen[str]:
    """Start the command with two workers; return it once it has written an image and goes on."""
    command = [sys.executable, "-m", "robustbench_seg", "corrupt", str(tree), str(out)]
    process = subprocess.Popen(
        [*command, "--suite", "imagenet-c-all", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(out.rglob("*.png")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no image was written in a minute"
        time.sleep(0.02)
    assert process.poll() is None, "the command had nothing left to do"
    return process


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_ctrl_c_ends_the_command_with_130_and_keeps_finished_images(tmp_path: Path) -> None:
    tree, out = write_tree(tmp_path / "tree", 3, width=512, height=256), tmp_path / "out"
    process = started(tree, out)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors == ""
    assert f"Stopped. What is done is kept in {out}; the same command goes on." in printed
    images = list(out.rglob("*.png"))
    assert 0 < len(images) < 95  # fewer than one frame has
    assert not list(out.rglob("*.partial"))
    assert len(table(out)) == len(images)


@pytest.mark.posix
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_workers_do_not_outlive_a_command_that_is_killed(tmp_path: Path) -> None:
    tree, out = write_tree(tmp_path / "tree", 3, width=512, height=256), tmp_path / "out"
    process = started(tree, out)
    process.kill()
    process.communicate(timeout=20)  # to the end of the output, which the workers have open too
    assert process.returncode == -signal.SIGKILL
    assert len(list(out.rglob("*.png"))) < 3 * 95, "the workers finished their work"
