"""Reading the images of a copy, each compared with its digest."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg import corrupt_folder
from robustbench_seg.copies.corrupted_copy import TABLE, CorruptedCopy
from robustbench_seg.errors import InputError
from tests.helpers.copied import CONDITIONS, FEW, pixels
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
