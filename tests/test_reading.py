"""Files of users are read as data: regular ones, up to a limit."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.reading import open_data, read_data, read_text


def test_regular_files_and_links_to_them_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xc3\xa9\r\nb")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        assert read_data(tmp_path / name, 5) == b"\xc3\xa9\r\nb"
        assert read_text(tmp_path / name) == "\u00e9\nb"
    with pytest.raises(FileNotFoundError):
        read_data(tmp_path / "gone")


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**24 + 1)  # sparse
    with pytest.raises(InputError, match=r"a: has more than 16 MiB"):
        read_text(tmp_path / "a")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    kinds = {"pipe": "a named pipe", "folder": "a folder", "/dev/zero": "a device"}
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(tmp_path, os.O_RDONLY)  # paths of sockets are short
        try:
            listener.bind(f"/proc/self/fd/{folder}/socket")
        finally:
            os.close(folder)
        for name, kind in {**kinds, "socket": "a socket"}.items():
            for read in (read_data, read_text, lambda path: open_data(path).__enter__()):
                with pytest.raises(InputError, match=f"{name}: is {kind}; name a regular file"):
                    read(tmp_path / name)
