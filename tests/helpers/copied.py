"""Small corrupted copies for tests, and what is in them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.copies.corrupted_copy import TABLE

FEW: dict[str, Any] = {"corruptions": ["gaussian_noise", "fog"], "severities": [1, 3], "workers": 1}
CONDITIONS = (("gaussian_noise", 1), ("gaussian_noise", 3), ("fog", 1), ("fog", 3))


def pixels(path: Path) -> NDArray[np.uint8]:
    """Return the pixels of an RGB PNG file, (H, W, 3)."""
    with Image.open(path) as file:
        assert file.mode == "RGB"
        assert file.format == "PNG"
        return np.asarray(file)


def table(out: Path) -> list[dict[str, str]]:
    """Return the rows of a copy's table of digests."""
    with (out / TABLE).open(newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file in a folder, by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
