"""Disks that are small or read-only, and limits on the size of files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def run(*command: str | Path) -> bool:
    """Run a command; return whether it succeeds."""
    return subprocess.run(command, capture_output=True).returncode == 0


def mount(*arguments: str | Path) -> bool:
    """Run the command `mount`; return whether this process may."""
    return shutil.which("mount") is not None and run("mount", *arguments)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a file system of a size such as "48k" in a new folder; skip the test if that fails."""
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder):
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


class FailingDisk:
    """An ext4 file system of 16 MiB in a file, which the kernel makes read-only after an error.

    It does so with open files too, as it does with a real disk that fails.
    """

    def __init__(self, place: Path):
        self.folder = place / "disk"
        self._image = place / "disk.img"
        self.folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(2**24)
        made = shutil.which("mkfs.ext4") and run("mkfs.ext4", "-q", self._image)
        if not made or not self.mount():
            pytest.skip("needs the right to mount an ext4 file system in a file")

    def mount(self) -> bool:
        """Mount it for writing; return whether this process may."""
        return mount("-o", "loop,errors=remount-ro", self._image, self.folder)

    def unmount(self) -> None:
        """Unmount it, if it is mounted."""
        run("umount", self.folder)

    def fail(self) -> None:
        """Report an error of the disk, after which it is read-only."""
        device = self.folder.stat().st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")


@contextmanager
def failing_disk(place: Path) -> Iterator[FailingDisk]:
    """Make a disk in a folder; skip the test where that is not allowed."""
    disk = FailingDisk(place)
    try:
        yield disk
    finally:
        disk.unmount()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit the size of files in bytes, which fails as a full disk does."""
    import resource  # Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
