"""Where compiled code is kept on machines whose folders cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.helpers.paths import ROOT

CODE = """
import numpy
from robustbench_seg.corruptions import corrupt
print(corrupt(numpy.full((32, 32, 3), 99, numpy.uint8), "pixelate", 1).shape)
print(corrupt(numpy.full((32, 32, 3), 99, numpy.uint8), "saturate", 1).shape)
"""


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Return an installation in which no folder for compiled code can be made."""
    without = ignore_patterns("__pycache__")
    package = copytree(ROOT / "robustbench_seg", tmp_path / "robustbench_seg", ignore=without)
    for room in ("corruptions", "reports"):
        copytree(ROOT / room, package / room, ignore=without)
    for folder in [package, *filter(Path.is_dir, package.rglob("*"))]:
        # A file in its place keeps even root from making the folder.
        (folder / "__pycache__").touch()
    return tmp_path


def corrupted(sealed: Path, temporary: Path) -> str:
    """Corrupt an image without a home; return what was printed on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=sealed,
        env={
            **{key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"},
            "PYTHONPATH": str(sealed),
            "HOME": "/dev/null",
            "XDG_CACHE_HOME": "/dev/null/cache",
            "TMPDIR": str(temporary),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(32, 32, 3)\n" * 2
    return done.stderr


@pytest.mark.slow
def test_it_is_kept_in_the_temporary_folder(sealed: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    said = corrupted(sealed, temporary)
    (folder,) = temporary.iterdir()
    assert said.count("neither the installation nor a cache folder can be written") == 1
    assert f"compiled code is in {folder}; set NUMBA_CACHE_DIR" in said
    assert folder.stat().st_mode & 0o077 == 0
    assert list(folder.rglob("*.nbi"))


@pytest.mark.slow
@pytest.mark.posix
def test_a_folder_that_others_can_write_is_not_trusted(sealed: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    folder = temporary / f"robustbench-seg-{os.getuid()}"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    said = corrupted(sealed, temporary)
    assert said.count("each process compiles anew") == 1
    assert list(folder.iterdir()) == []


FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"


def run_with_cache(folder: Path, code: str) -> str:
    """Corrupt an image with a folder for compiled code; return what was printed on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(32, 32, 3)\n" * 2
    return done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on processes")
def test_a_full_disk_costs_the_cache_alone(tmp_path: Path) -> None:
    said = run_with_cache(tmp_path, FULL + CODE)
    assert said.count("compiled code cannot be kept there") == 1
    assert str(tmp_path) in said
    assert "File too large" in said
    assert not list(tmp_path.rglob("*.nb*"))


@pytest.mark.slow
def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    assert run_with_cache(tmp_path, CODE) == ""
    for path in tmp_path.rglob("*.nb*"):
        path.write_bytes(path.read_bytes()[:40] if path.suffix == ".nbi" else b"torn")
    said = run_with_cache(tmp_path, CODE)
    assert said.count("compiled code cannot be kept there") == 1
    assert run_with_cache(tmp_path, CODE) == ""
