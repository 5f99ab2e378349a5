"""A user's own files named corruptions.py and reports.py are not in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from shutil import copytree

import pytest

from tests.helpers.paths import ROOT

ROOMS = ("corruptions", "reports")
USE = """
import corruptions, reports  # the user's own
import robustbench_seg
import robustbench_seg.corruptions, robustbench_seg.reports
run = robustbench_seg.evaluate(
    "python:mine.py:labels", limit=1, corruptions=["fog"], severities=[1], out="run"
)
run.write("html,md", "run")
assert corruptions.MINE and reports.MINE
print(robustbench_seg.corruptions.__file__)
"""
MODEL = """
import numpy, reports

def labels():
    assert reports.MINE
    return lambda image: numpy.zeros(image.shape[:2], numpy.uint8)
"""


def checkout(_: Path) -> Path:
    return ROOT


def as_in_a_wheel(folder: Path) -> Path:
    package = copytree(ROOT / "robustbench_seg", folder / "installed" / "robustbench_seg")
    for room in ROOMS:
        copytree(ROOT / room, package / room)
    return package.parent


@pytest.mark.slow
@pytest.mark.parametrize("form", [checkout, as_in_a_wheel])
def test_files_named_like_rooms_are_the_users(form: Callable[[Path], Path], tmp_path: Path) -> None:
    installed = form(tmp_path)
    for name in ROOMS:
        (tmp_path / f"{name}.py").write_text("MINE = True")
    (tmp_path / "mine.py").write_text(MODEL)
    (tmp_path / "script.py").write_text(USE)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(
        (installed if form is checkout else installed / "robustbench_seg")
        / "corruptions"
        / "__init__.py"
    )


@pytest.mark.parametrize("name", ROOMS)
def test_a_checkout_and_its_package_share_a_room(name: str) -> None:
    assert import_module(f"robustbench_seg.{name}").__file__ == str(ROOT / name / "__init__.py")
