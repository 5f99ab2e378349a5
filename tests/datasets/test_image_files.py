"""Images are read upright, as their EXIF orientation says, whatever their format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from robustbench_seg import corrupt_folder
from robustbench_seg.copies.sources import read_source
from robustbench_seg.datasets.files import FileFrame
from robustbench_seg.datasets.frame_checks import check_pair
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from tests.helpers.trees import noise_image, save, values

FORMATS: dict[str, dict[str, Any]] = {
    "jpg": {},
    "png": {},
    "webp": {"lossless": True},
    "tif": {},
    "mpo": {"save_all": True, "append_images": [Image.fromarray(noise_image(1))]},
}


def oriented(path: Path, pixels: NDArray[Any], orientation: int, **options: Any) -> Path:
    """Write an image with an EXIF orientation."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("ending", FORMATS)
def test_images_are_upright_as_pillow_says(tmp_path: Path, ending: str) -> None:
    for orientation in range(10):
        path = oriented(tmp_path / f"a.{ending}", noise_image(), orientation, **FORMATS[ending])
        with Image.open(path) as file:
            expected = np.asarray(ImageOps.exif_transpose(file))
        for found in (FileFrame("a", path, path).image(), read_source(path)):
            np.testing.assert_array_equal(found, expected, str(orientation))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_labels_are_upright_too(tmp_path: Path, kind: type[np.generic]) -> None:
    for orientation in range(1, 9):
        path = oriented(tmp_path / "a.png", values(19).astype(kind), orientation)
        with Image.open(path) as file:
            expected = np.asarray(ImageOps.exif_transpose(file))
        # Pillow itself garbles uncompressed TIFF files of one channel.
        again = oriented(tmp_path / "a.tif", values(19).astype(kind), orientation)
        for each in (path, again):
            np.testing.assert_array_equal(FileFrame("a", each, each).label(), expected)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_data_turn_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(noise_image()).save(path, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01")
    with Image.open(path) as file:
        expected = np.asarray(file)
    np.testing.assert_array_equal(FileFrame("a", path, path).image(), expected)


def test_copies_are_written_upright(tmp_path: Path) -> None:
    turned = oriented(tmp_path / "turned" / "a.jpg", noise_image(), 6, quality=95)
    with Image.open(turned) as file:
        save(tmp_path / "upright" / "a.png", np.asarray(ImageOps.exif_transpose(file)))
    for name in ("turned", "upright"):
        copy = tmp_path / f"copy of {name}"
        corrupt_folder(tmp_path / name, copy, corruptions=["contrast"], severities=[1], workers=1)
    turned_copy, upright_copy = (
        np.asarray(Image.open(tmp_path / f"copy of {name}" / "contrast/1/a.png"))
        for name in ("turned", "upright")
    )
    np.testing.assert_array_equal(turned_copy, upright_copy)


def test_images_that_are_turned_are_counted(tmp_path: Path) -> None:
    for number, orientation in enumerate((1, 3, 6, 9)):
        image = noise_image() if orientation != 6 else noise_image().transpose(1, 0, 2)
        oriented(tmp_path / "images" / f"{number}.jpg", image, orientation)
        save(tmp_path / "labels" / f"{number}.png", values(19))
    found = check_dataset(images=tmp_path / "images", labels=tmp_path / "labels")
    assert (found.problems, found.turned) == ({}, 2)


def test_a_label_drawn_on_the_image_as_stored_is_refused_with_the_cause(tmp_path: Path) -> None:
    path = oriented(tmp_path / "a.jpg", noise_image(), 6)
    frame = FileFrame("a", path, save(tmp_path / "label.png", values(19)))
    with pytest.raises(InputError, match=r"its image is 32x64, its label 64x32; .* EXIF orienta"):
        check_pair("a", frame.image(), frame.label(), 19)
