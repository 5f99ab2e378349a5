"""Small trees in the layouts of ADE20K, ACDC, Cityscapes-Adverse, and plain folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 64, 32


def save(path: Path, pixels: NDArray[np.generic]) -> Path:
    """Write an image file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def noise_image(number: int = 0) -> NDArray[np.uint8]:
    """Return noise, uint8 (H, W, 3), seeded by the number."""
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def values(limit: int, first: int = 0) -> NDArray[np.uint8]:
    """Return a label map (H, W) with all values from `first` to `limit` - 1."""
    count = limit - first
    return (np.arange(HEIGHT * WIDTH) % count + first).astype(np.uint8).reshape(HEIGHT, WIDTH)


def write_ade20k(root: Path) -> Path:
    """Write two frames whose labels hold 0 to 150."""
    for number in (1, 2):
        save(root / f"images/validation/ADE_val_{number}.jpg", noise_image(number))
        save(root / f"annotations/validation/ADE_val_{number}.png", values(151))
    return root


def write_acdc(root: Path) -> Path:
    """Write a frame in fog, two at night, and the daylight references of these, one labelled."""
    for condition, sequence, number in (
        ("fog", "GOPR1", 1),
        ("night", "GP2", 2),
        ("night", "GP2", 3),
    ):
        place = f"{condition}/val/{sequence}/{sequence}_{number}"
        save(root / f"rgb_anon/{place}_rgb_anon.png", noise_image(number))
        save(root / f"gt/{place}_gt_labelTrainIds.png", values(5, 3 if condition == "fog" else 0))
    for number in (2, 3):
        place = f"night/val_ref/GP2/GP2_{number}"
        save(root / f"rgb_anon/{place}_rgb_ref_anon.png", noise_image(10 + number))
    save(root / "gt/night/val_ref/GP2/GP2_2_gt_ref_labelTrainIds.png", values(5))
    return root


def write_cityscapes_adverse(root: Path) -> Path:
    """Write frames of two cities, original and in fog, and their labels."""
    for number, city in enumerate(("frankfurt", "lindau")):
        for condition in ("foggy", "original"):
            name = f"{city}_{number}"
            folder = root / "val" / condition / city
            save(
                folder / f"{name}_leftImg8bit.png", noise_image(number + 5 * (condition == "foggy"))
            )
        save(root / f"gtFine/val/{city}/{name}_gtFine_labelIds.png", values(34))
    return root


def write_folders(root: Path, names: tuple[str, ...] = ("a", "b")) -> tuple[Path, Path]:
    """Write images/<name>.jpg and labels/<name>.png with the values 0 to 18."""
    for number, name in enumerate(names):
        save(root / "images" / f"{name}.jpg", noise_image(number))
        save(root / "labels" / f"{name}.png", values(19))
    return root / "images", root / "labels"
