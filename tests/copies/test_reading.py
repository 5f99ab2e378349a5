"""Reading the images of a copy, each compared with its digest."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg import corrupt_folder
from robustbench_seg.copies.corrupted_copy import TABLE, CorruptedCopy
from robustbench_seg.datasets.copied import MANIFEST
from robustbench_seg.errors import InputError
from robustbench_seg.evaluation.sources import find_source
from robustbench_seg.png import write_png
from robustbench_seg.protocol.pixel_digests import pixel_digest
from robustbench_seg.protocol.request import Request
from tests.helpers.copied import CONDITIONS, FEW, contents, pixels, table
from tests.helpers.frames import image_path, name


def test_images_are_compared_with_their_digests(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    corrupt_folder(tree, out, **FEW)
    copy = CorruptedCopy.open(out)
    key = copy.manifest.images[1].key
    np.testing.assert_array_equal(
        copy.image(key, "fog", 3), pixels(image_path(out / "fog" / "3", 1))
    )
    digest = copy.check({"a": key}, CONDITIONS)
    assert digest != copy.check({"a": key}, CONDITIONS[:2])
    shutil.copy(image_path(out / "fog" / "3", 0), image_path(out / "fog" / "3", 1))
    with pytest.raises(InputError, match=f"fog/3.*{name(1)}.*not those that were written"):
        copy.image(key, "fog", 3)
    image_path(out / "fog" / "1", 1).unlink()
    with pytest.raises(InputError, match=f"fog/1.*{name(1)}.*no such image"):
        copy.check({"a": key}, CONDITIONS)
    with pytest.raises(InputError, match="the image of frame b was not copied there"):
        copy.check({"b": "0" * 32}, CONDITIONS)
    (out / TABLE).write_text((out / TABLE).read_text().replace("fog,1", "fog,one"))
    with pytest.raises(InputError, match=r"images.csv: damaged"):
        CorruptedCopy.open(out)


def make_old(out: Path) -> None:
    """Give a copy the manifest and the digests of version 0.1.0."""
    manifest = json.loads((out / MANIFEST).read_text())
    (out / MANIFEST).write_text(json.dumps(manifest | {"format": 1}))
    rows = [
        (*list(row.values())[:3], pixel_digest(pixels(out / Path(*list(row.values())[:3]))))
        for row in table(out)
    ]
    with (out / TABLE).open("w", newline="") as file:
        csv.writer(file).writerows([("corruption", "severity", "image", "sha256"), *rows])


@pytest.mark.parametrize("old", [False, True])
def test_the_same_bytes_in_another_shape_are_refused(tree: Path, tmp_path: Path, old: bool) -> None:
    out = tmp_path / "out"
    corrupt_folder(tree, out, **FEW)
    if old:
        make_old(out)
    copy = CorruptedCopy.open(out)
    image = copy.manifest.images[1]
    path = image_path(out / "fog" / "3", 1)
    np.testing.assert_array_equal(copy.image(image.key, "fog", 3), pixels(path))
    for shape in ((128, 64, 3), (32, 256, 3)):
        write_png(path, pixels(path).reshape(shape))
        with pytest.raises(InputError, match="its pixels are not those that were written"):
            copy.image(image.key, "fog", 3)


def test_a_copy_of_version_0_1_0_is_read_completed_and_said_to_be_old(
    tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    corrupt_folder(tree, out, **FEW)
    make_old(out)
    before = contents(out)
    image_path(out / "fog" / "3", 2).unlink()
    corrupt_folder(tree, out, **FEW)
    after = contents(out)
    assert json.loads(after.pop(MANIFEST))["format"] == 1
    assert sorted(after.pop(TABLE).splitlines()) == sorted(before.pop(TABLE).splitlines())
    assert after.items() <= before.items()
    with caplog.at_level("INFO"):
        find_source(Request(models=("b0@random",), data=str(tree), copy=out))
    assert "its digests are of the old kind, of version 0.1.0" in caplog.text
