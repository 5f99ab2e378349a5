"""Making corrupted copies: their files, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from robustbench_seg import corrupt_folder
from robustbench_seg.__main__ import main
from robustbench_seg.copies.corrupted_copy import TABLE
from robustbench_seg.copies.corrupting import LOCK
from robustbench_seg.copies.sources import find_sources
from robustbench_seg.corruptions import corrupt
from robustbench_seg.datasets.copied import MANIFEST
from robustbench_seg.datasets.image_files import read_image
from robustbench_seg.errors import InputError
from robustbench_seg.png import write_png
from tests.helpers.copied import CONDITIONS, FEW, contents, pixels, table
from tests.helpers.frames import image_path, name


def test_a_copy_has_the_pixels_of_corrupt_and_their_digests(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    corrupt_folder(tree, out, seed=4, **FEW)
    expected = {}
    for corruption, severity in CONDITIONS:
        for index in range(3):
            image = pixels(image_path(tree, index))
            path = image_path(out / corruption / str(severity), index)
            expected[path] = corrupt(image, corruption, severity, seed=4)
            np.testing.assert_array_equal(pixels(path), expected[path])
    assert set(out.rglob("*.*")) == {*expected, out / TABLE, out / MANIFEST, out / LOCK}
    rows = table(out)
    assert [(row["corruption"], int(row["severity"])) for row in rows] == [
        condition for condition in CONDITIONS for _ in range(3)
    ]
    for row in rows:
        path = out / row["corruption"] / row["severity"] / row["image"]
        content = b"(64, 128, 3) uint8" + expected[path].tobytes()
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
    manifest = json.loads((out / MANIFEST).read_text())
    assert manifest["seed"] == 4
    assert len(manifest["suite_digest"]) == 64
    assert manifest["versions"]["robustbench-seg"]
    assert [image["path"] for image in manifest["images"]] == [
        image_path(Path(), index).as_posix() for index in range(3)
    ]


@pytest.mark.slow
def test_processes_change_no_byte(tree: Path, tmp_path: Path) -> None:
    corrupt_folder(tree, tmp_path / "one", **FEW)
    corrupt_folder(tree, tmp_path / "two", **{**FEW, "workers": 2})
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_folder_of_images_keeps_its_paths_and_names(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "a" / "b").mkdir(parents=True)
    (source / ".hidden").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(noise).save(source / "a" / "b" / "x.y.JPG")
    Image.fromarray(noise).save(source / "a" / "comma, space.bmp")
    Image.fromarray(noise[..., 0]).save(source / "grey.png")
    Image.fromarray(noise).save(source / ".hidden" / "x.png")
    Image.fromarray(noise).save(source / "._x.png")
    (source / "notes.txt").write_text("not an image")
    corrupt_folder(source, out, **{**FEW, "corruptions": ["contrast"]})
    found = {str(path.relative_to(out / "contrast/1")) for path in out.rglob("contrast/1/**/*.png")}
    assert found == {"a/b/x.y.png", "a/comma, space.png", "grey.png"}
    np.testing.assert_array_equal(
        pixels(out / "contrast/3/a/comma, space.png"), corrupt(noise, "contrast", 3)
    )
    grey = np.repeat(noise[..., :1], 3, axis=2)
    np.testing.assert_array_equal(pixels(out / "contrast/3/grey.png"), corrupt(grey, "contrast", 3))
    jpeg = np.asarray(Image.open(source / "a" / "b" / "x.y.JPG"))
    np.testing.assert_array_equal(
        pixels(out / "contrast/3/a/b/x.y.png"), corrupt(jpeg, "contrast", 3)
    )


def test_links_are_followed_without_endless_loops(tmp_path: Path) -> None:
    for folder in ("photos", "elsewhere"):
        (tmp_path / folder).mkdir()
        write_png(tmp_path / folder / "a.png", np.zeros((32, 32, 3), np.uint8))
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "photos")
    assert find_sources(tmp_path / "photos", None) == ["a.png", "linked/a.png"]


@pytest.mark.slow
def test_the_command_imports_no_torch_and_prints_a_summary(tree: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from robustbench_seg.__main__ import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'pandas') if name in sys.modules])"
    )
    few = ["--corruptions", "contrast", "--severities", "2-3", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-c", program, "corrupt", str(tree), str(tmp_path / "out"), *few],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    starting, *steps, first, last = done.stdout.splitlines()
    assert starting == "starting"
    assert all(re.fullmatch(r"[a-z]+( images)?: \d of \d(, .*)?", step) for step in steps)
    assert first == f"6 images, 3 each under 2 conditions: {tmp_path / 'out'}"
    assert last == "[]"


def test_bad_arguments_are_one_line_errors_and_write_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "twice").mkdir()
    (tmp_path / "camvid" / "val").mkdir(parents=True)
    (tmp_path / "camvid" / "valannot").mkdir()
    for suffix in ("png", "jpg"):
        Image.new("RGB", (40, 40)).save(tmp_path / "twice" / f"x.{suffix}")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / MANIFEST).write_text("{}")
    (tmp_path / "future").mkdir()
    (tmp_path / "future" / MANIFEST).write_text('{"format": 99}')
    out = tmp_path / "out"
    cases: dict[str, tuple[Path, Path, dict[str, Any]]] = {
        "absent: no such folder": (tmp_path / "absent", out, {}),
        "empty: no images; looked for .png": (tmp_path / "empty", out, {}),
        "x.jpg and x.png would have the same copy": (tmp_path / "twice", out, {}),
        "holds labels too; name the folder": (tmp_path / "camvid", out, {}),
        "--split test: .* is not a folder; splits: val": (tree, out, {"split": "test"}),
        "--split val: .* is not a Cityscapes": (tree / "leftImg8bit", out, {"split": "val"}),
        "OUT .*/x: is in": (tree, tree / "x", {}),
        "holds other files": (tree, tmp_path / "full", {}),
        "not the manifest of a corrupted copy": (tree, tmp_path / "broken", {}),
        "another version of robustseg": (tree, tmp_path / "future", {}),
        "cannot be written": (tree, tmp_path / "full" / "thesis.tex", {}),
        "'frog'": (tree, out, {"corruptions": ["frog"]}),
        "severity 7": (tree, out, {"severities": [7]}),
        "cityscapes-d": (tree, out, {"suite": "cityscapes-d"}),
        "--seed -1": (tree, out, {"seed": -1}),
        "--workers 0": (tree, out, {"workers": 0}),
    }
    for words, (source, folder, changes) in cases.items():
        with pytest.raises(InputError, match=words) as caught:
            corrupt_folder(source, folder, **{**FEW, **changes})
        assert "\n" not in str(caught.value)
    assert not out.exists()
    assert not (tree / "x").exists()
    with pytest.raises(InputError, match="holds other files"):
        corrupt_folder(tree, tree, **FEW)
    with pytest.raises(InputError, match="is in"):
        corrupt_folder(tree / "leftImg8bit" / "..", tree / "x", **FEW)


def rgb_of_16_bits() -> bytes:
    """Return a PNG that Pillow opens as 8-bit RGB."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    rows = (b"\0" + bytes(40 * 6)) * 40
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_images_that_are_not_rgb_or_grey_are_refused_with_their_format(
    tmp_path: Path, workers: int
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    Image.new("RGB", (40, 40)).save(source / "a.png")
    bad = source / "bad.png"
    whole = source / "a.png"
    cases: dict[str, Callable[[], object]] = {
        "a palette": lambda: Image.new("P", (40, 40)).save(bad),
        "RGB with an alpha channel": lambda: Image.new("RGBA", (40, 40)).save(bad),
        "grey with an alpha channel": lambda: Image.new("LA", (40, 40)).save(bad),
        "black and white of 1 bit": lambda: Image.new("1", (40, 40)).save(bad),
        "8 bits a channel, this one has more": lambda: bad.write_bytes(rgb_of_16_bits()),
        "must have 8 bits a channel": lambda: Image.new("I;16", (40, 40)).save(bad),
        "CMYK": lambda: Image.new("CMYK", (40, 40)).save(bad, "JPEG"),
        "cannot be read as an image": lambda: bad.write_bytes(whole.read_bytes()[:60]),
    }
    for words, write in list(cases.items())[:: 1 if workers == 1 else 3]:
        write()
        with pytest.raises(InputError, match=f"bad.png: .*{words}") as caught:
            corrupt_folder(source, out, **{**FEW, "workers": workers})
        assert "\n" not in str(caught.value)
    assert not out.exists()
    bad.write_bytes(rgb_of_16_bits())
    with pytest.raises(InputError, match=r"bad.png: .*8 bits a channel, this one has more"):
        read_image(bad)


def test_an_image_that_changes_during_the_copy_is_named(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tree, other)

    def change(stage: str, done: int, total: int, note: str) -> None:
        if stage == "corrupting":
            shutil.copy(image_path(tree, 0), image_path(other, 1))

    with pytest.raises(InputError, match=f"{name(1)}.*was changed while it was copied"):
        corrupt_folder(other, tmp_path / "out", **FEW, progress=change)


@pytest.mark.slow
def test_bad_input_on_the_command_line_is_one_line_and_exit_code_2(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a[b]"
    cases: dict[str, tuple[str | Path, ...]] = {
        "no such folder": ("corrupt", tmp_path / "absent", out),
        "OUT: missing": ("corrupt", tree),
        "--severities '1..3'": ("corrupt", tree, out, "--severities", "1..3"),
        "--workers 0: must be a whole number": ("corrupt", tree, out, "--workers", "0"),
        f"{tmp_path}/a[b]: no corrupted copy here": ("eval", "--data", tree, "--copy", out),
        "--implementation theirs: use one of": ("eval", "--implementation", "theirs"),
        "--csv: needs --digests": ("suites", "--csv", "digests.csv"),
        "unknown suite 'x'": ("suites", "--digests", "--suite", "x"),
    }
    for words, arguments in cases.items():
        monkeypatch.setattr("sys.argv", ["robustseg", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        assert stopped.value.code == 2, (words, printed)
        assert words in printed.err
        assert printed.err.startswith("error: ")
        assert printed.err.strip().count("\n") == 0, printed.err
    assert not out.exists()
