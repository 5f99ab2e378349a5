"""Files of results: whole or not at all, and in their own folder."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.folders import check_folder
from robustbench_seg.writing import make_folder, new_file, write_file


def test_a_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "a.txt", b"one")
    write_file(tmp_path / "new" / "a.txt", b"two")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_a_file_is_on_the_disk_before_it_has_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bytes]] = []
    path, really = tmp_path / "a.txt", os.fsync

    def fsync(number: int) -> None:
        synced.append((os.fstat(number).st_ino, path.read_bytes()))
        really(number)

    path.write_bytes(b"one")
    monkeypatch.setattr(os, "fsync", fsync)
    write_file(path, b"two")
    file, folder = path.stat().st_ino, tmp_path.stat().st_ino
    assert synced[:1] == [(file, b"one")]
    assert synced[1:] == ([] if os.name == "nt" else [(folder, b"two")])


def test_a_disk_that_fails_late_leaves_the_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "a.txt"
    path.write_bytes(b"whole")
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="error") as caught:
        write_file(path, b"lost")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"whole"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_cannot_be_synced_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fsync

    def fsync(number: int) -> None:
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        really(number)

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(tmp_path / "a.txt", b"one")
    assert (tmp_path / "a.txt").read_bytes() == b"one"


def test_the_mode_is_that_of_other_new_files(tmp_path: Path) -> None:
    write_file(tmp_path / "ours", b"")
    (tmp_path / "theirs").touch()
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


@pytest.mark.posix
def test_links_pipes_and_hard_links_are_replaced_and_not_written_to(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to("../victim")
    (folder / "dangling").symlink_to("../new")
    os.link(victim, folder / "hard")
    os.mkfifo(folder / "pipe")
    (folder / "torn.partial").symlink_to("../victim")
    for name in ("link", "dangling", "hard", "pipe", "torn"):
        write_file(folder / name, name.encode())
        assert (folder / name).read_bytes() == name.encode()
        assert not (folder / name).is_symlink()
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "new").exists()


def test_a_linked_folder_is_refused_below_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to("elsewhere")  # the user may link this one
    write_file(tmp_path / "out" / "a", b"", tmp_path / "out")
    (tmp_path / "out" / "figures").symlink_to(tmp_path)
    for name in ("figures/a", "figures/deep/a"):
        with pytest.raises(OSError, match="is a link") as error:
            write_file(tmp_path / "out" / name, b"", tmp_path / "out")
        assert error.value.filename == str(tmp_path / "out" / "figures")
    with pytest.raises(OSError, match="is a link"):
        make_folder(tmp_path / "out" / "figures", tmp_path / "out")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_older_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"whole")

    def write() -> None:
        with new_file(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    if isinstance(caught.value, OSError):
        assert caught.value.filename == str(path)
    assert path.read_bytes() == b"whole"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(IsADirectoryError):
        write_file(tmp_path / "report.html", b"")


def test_two_writers_of_one_file_never_leave_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def write() -> None:
        with new_file(path) as first:
            first.write(b"first")
            write_file(path, b"second")

    with pytest.raises(OSError, match=r"another process|No such file"):
        write()
    assert path.read_bytes() == b"second"


@pytest.mark.parametrize("name", ["\ud800", "a\0b"])
def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="is no name that a folder can have"):
        write_file(tmp_path / name / "a.txt", b"")
    if name == "\ud800":
        with pytest.raises(InputError, match=r"--out .*ud800: is no name that a folder can have"):
            check_folder(tmp_path / name, "run.sqlite")
