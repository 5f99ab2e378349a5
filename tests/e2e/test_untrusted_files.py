"""Untrusted files: they fill no memory, start no program, and lead to no other folder."""

from __future__ import annotations

import json
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg import cli, corrupt_folder
from robustbench_seg.copies.corrupted_copy import CorruptedCopy
from robustbench_seg.datasets import image_files
from robustbench_seg.datasets.class_maps import load_class_map
from robustbench_seg.datasets.image_files import MOST_PIXELS, read_image
from robustbench_seg.datasets.label_files import read_label
from robustbench_seg.datasets.taxonomies import load_taxonomy
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.suites import load_suite
from tests.helpers.frames import image_path, write_tree


def claim(path: Path, width: int, height: int) -> None:
    """Write a PNG of one grey line that claims another size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**13, 2**13 + 1), (2**31 - 1, 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_that_claims_too_many_pixels_is_not_decoded(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    claim(tmp_path / "a.png", *size)
    for read in (read_image, read_label):
        with pytest.raises(InputError, match=r"a\.png: .*(claims|exceeds)") as error:
            read(tmp_path / "a.png")
        assert "\n" not in str(error.value)


def test_an_image_that_claims_too_many_pixels_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = write_tree(tmp_path / "tree", 1)
    claim(image_path(tree, 0), 12_000, 10_000)  # Pillow warns of these, too
    command = ["robustseg", "eval", "--model", "b0@random", "--data", str(tree)]
    monkeypatch.setattr(sys, "argv", command)
    with warnings.catch_warnings():  # restores the filters that the command line changes
        assert cli.run() == 2
    said = capsys.readouterr().err
    assert "claims 12000x10000 pixels" in said
    assert said.count("\n") == 1


def test_the_largest_image_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_PIXELS == 8192 * 8192
    monkeypatch.setattr(image_files, "MOST_PIXELS", 48 * 32)
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (32, 48, 3)
    Image.fromarray(np.zeros((32, 49, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="claims 49x32"):
        read_image(tmp_path / "a.png")


def test_a_file_whose_reader_starts_a_program_is_refused(tmp_path: Path) -> None:
    text = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n%%EOF\n"
    (tmp_path / "a.png").write_text(text)
    with Image.open(tmp_path / "a.png") as file:
        assert file.format == "EPS"
    with pytest.raises(InputError, match="cannot identify"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("key", ["image_suffix", "label_suffix"])
@pytest.mark.parametrize("suffix", ["/../../secret", "\\\\..\\\\x", "C:x", "\\u0000"])
def test_a_class_file_leads_to_no_other_folder(tmp_path: Path, key: str, suffix: str) -> None:
    (tmp_path / "yard.toml").write_text(f'classes = "cityscapes"\n{key} = "{suffix}"\n')
    with pytest.raises(InputError, match="a part of a file's name"):
        load_taxonomy(str(tmp_path / "yard.toml"))


def test_a_class_map_names_files_of_its_own_folder(tmp_path: Path) -> None:
    classes = 'classes = [{ name = "way" }]\n'
    (tmp_path / "outside.toml").write_text(classes)
    folder = tmp_path / "maps"
    folder.mkdir()
    (folder / "inside.toml").write_text(classes)
    (folder / "link.toml").symlink_to("../outside.toml")
    for name in ("inside.toml", "../outside.toml", f"{tmp_path}/outside.toml", "link.toml"):
        (folder / "map.toml").write_text(f'from = "cityscapes"\nto = "{name}"\n[map]\nroad = "way"')
        if name == "inside.toml":
            assert load_class_map(str(folder / "map.toml")).target.class_names == ("way",)
            continue
        with pytest.raises(InputError, match="outside its own folder"):
            load_class_map(str(folder / "map.toml"))


@pytest.mark.parametrize("place", ["image", "corruption"])
@pytest.mark.parametrize("name", ["../../secret.png", "/etc/secret.png"])
def test_a_copy_has_its_images_in_its_own_folder(tmp_path: Path, place: str, name: str) -> None:
    tree = write_tree(tmp_path / "tree", 1, width=64, height=32)
    corrupt_folder(tree, tmp_path / "copy", corruptions=["contrast"], severities=[1], workers=1)
    path = tmp_path / "copy" / "manifest.json"
    manifest = json.loads(path.read_text())
    if place == "image":
        manifest["images"][0]["path"] = name
    else:
        manifest["suite"]["columns"][0]["corruption"] = name
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="not the manifest"):
        CorruptedCopy.open(tmp_path / "copy")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_deep_and_long_texts_are_refused_as_toml(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    for read in (load_suite, load_taxonomy, load_class_map):
        with pytest.raises(InputError, match="TOML"):
            read(str(tmp_path / "a.toml"))
