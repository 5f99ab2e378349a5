"""Label files of every depth, palette and compression: read as meant, or refused with the cause."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.files import FileFrame
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from robustbench_seg.label_types import LabelMap
from tests.helpers.png import grey_png
from tests.helpers.stored_forms import read_stored_image, read_stored_label
from tests.helpers.trees import HEIGHT, WIDTH, values, write_folders

IDS = {**{number: number for number in range(19)}, 255: IGNORE}


def label(path: Path, lookup: Mapping[int, int] = IDS, **options: Any) -> LabelMap:
    """Read a label file."""
    return FileFrame("a", path, path, lookup, **options).label()


def written(path: Path, image: Image.Image | NDArray[Any], **options: Any) -> Path:
    """Write an image file."""
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("form", "options", "words"),
    [
        ("JPEG", {"quality": 100, "subsampling": 0}, "is a JPEG file"),
        ("MPO", {"quality": 100}, "is a JPEG file"),
        ("TIFF", {"compression": "jpeg", "quality": 100}, "is a TIFF file with jpeg compression"),
        ("WEBP", {"quality": 100}, "is a lossy WebP file"),
        ("WEBP", {"quality": 100, "exif": b"Exif\0\0"}, "is a lossy WebP file"),
    ],
)
def test_lossy_labels_are_refused_whatever_their_name(
    tmp_path: Path, form: str, options: dict[str, Any], words: str
) -> None:
    path = written(tmp_path / "a.png", values(19), format=form, **options)
    with pytest.raises(InputError, match=f"a.png: {words}, whose compression changes the classes"):
        label(path)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("PPM", {}),
        *(
            ("TIFF", {"compression": name})
            for name in (None, "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits")
        ),
        ("TIFF", {"compression": "zstd"}),
    ],
)
def test_lossless_labels_are_read_whatever_their_name(
    tmp_path: Path, form: str, options: dict[str, Any]
) -> None:
    path = written(tmp_path / "a.xyz", values(19), format=form, **options)
    np.testing.assert_array_equal(label(path), values(19))


def test_lossless_webp_is_not_taken_for_lossy(tmp_path: Path) -> None:
    for options in ({}, {"exif": b"Exif\0\0"}):
        path = written(tmp_path / "a.webp", values(19), lossless=True, **options)
        np.testing.assert_array_equal(label(path), values(19))


def test_three_equal_channels_are_grey(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    path = written(tmp_path / "a.png", values(19))
    cv2.imwrite(str(path), cv2.imread(str(path)))  # which makes grey BGR
    np.testing.assert_array_equal(label(path), values(19))


def test_files_of_several_images_are_refused(tmp_path: Path) -> None:
    more: dict[str, Any] = {"save_all": True, "append_images": [Image.fromarray(values(3))]}
    for name in ("a.png", "a.tif"):
        with pytest.raises(InputError, match="holds several images"):
            label(written(tmp_path / name, values(19), **more))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_labels_are_read(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, values(19).astype(np.uint16))
    np.testing.assert_array_equal(label(path), values(19))
    path = written(tmp_path / name, values(19).astype(np.uint16) * 1000)
    lookup = {1000 * number: number for number in range(18)} | {18000: IGNORE}
    expected = np.where(values(19) == 18, IGNORE, values(19))
    np.testing.assert_array_equal(label(path, lookup), expected)
    with pytest.raises(InputError, match=r"holds 1000, 2000, .*, outside the classes, 0-18, and"):
        label(path)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_shallow_grey_is_read_where_it_can_only_mean_one_thing(tmp_path: Path, bits: int) -> None:
    white = 2**bits - 1
    pixels = values(white + 1)
    path = grey_png(tmp_path / "a.png", bits, pixels)
    with Image.open(path) as file:
        np.testing.assert_array_equal(np.asarray(file.convert("L")), pixels * (255 // white))
    stored = {number: number for number in range(white + 1)}
    np.testing.assert_array_equal(label(path, stored), pixels)
    scaled = {number * (255 // white): number for number in range(white + 1)}
    np.testing.assert_array_equal(label(path, scaled), pixels)
    with pytest.raises(InputError, match=f"white is stored as {white}, .* differ .* means 255;"):
        label(path, stored | scaled | {255: IGNORE})
    black = grey_png(tmp_path / "a.png", bits, pixels * 0)
    np.testing.assert_array_equal(label(black), pixels * 0)


def test_pgm_files_of_a_smaller_maximum_are_not_scaled(tmp_path: Path) -> None:
    path = tmp_path / "a.pgm"
    plain = " ".join(map(str, values(19).ravel())).encode()
    for kind, body in (("P5", values(19).tobytes()), ("P2", plain)):
        path.write_bytes(f"{kind} {WIDTH} {HEIGHT} 18\n".encode() + body)
        np.testing.assert_array_equal(label(path), values(19))
    path.write_bytes(f"P5 {WIDTH} {HEIGHT} 1000\n".encode() + values(19).astype(">u2").tobytes())
    np.testing.assert_array_equal(label(path), values(19))
    path.write_bytes(f"P5 {WIDTH} {HEIGHT} 18\n".encode() + (values(2) * 18).tobytes())
    with pytest.raises(InputError, match="white is stored as 18"):
        label(path)  # 18 may be a class, or 255, which is ignored


def test_white_as_zero_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", values(19), tiffinfo={262: 0})
    with pytest.raises(InputError, match="grey with 0 as white"):
        label(path)


def with_palette(indices: NDArray[np.uint8], colors: NDArray[np.integer]) -> Image.Image:
    """Return a palette image with an RGB colour (K, 3) for each index."""
    image = Image.fromarray(indices)
    image.putpalette(colors.astype(np.uint8).tobytes())
    return image


def test_palettes_of_greys(tmp_path: Path) -> None:
    ramp = np.repeat(np.arange(256)[:, np.newaxis], 3, axis=1)
    path = written(tmp_path / "a.png", with_palette(values(19), ramp))
    np.testing.assert_array_equal(label(path), values(19))  # the index is the grey
    path = written(tmp_path / "a.png", with_palette(values(2), ramp[[0, 255]]))
    with pytest.raises(InputError, match=r"greys are 0-255 and whose indices are 0-1; if the gre"):
        label(path)
    np.testing.assert_array_equal(label(path, indexed=True), values(2))


def test_a_palette_that_was_ordered_anew_is_refused(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a", "b", "c"))
    colors = np.random.default_rng(0).integers(0, 256, (256, 3))
    for name, few in (("a", 19), ("b", 3), ("c", 5)):
        written(labels / f"{name}.png", with_palette(values(few), colors[: max(few, 4)]))
    taxonomy = tmp_path / "few.toml"
    taxonomy.write_text('classes = "cityscapes"\nindexed = true')
    where: dict[str, Any] = {"images": images, "labels": labels, "classes": taxonomy}
    assert check_dataset(**where).problems == {}
    written(labels / "c.png", with_palette(values(5), colors[[0, 2, 1, 3, 4]]))
    (problem,) = check_dataset(**where).problems["frames that cannot be evaluated"]
    other, first = (tuple(colors[index].tolist()) for index in (2, 1))
    assert f"c.png: index 1 of its palette is {other}, and {first} in other labels" in problem


def test_alpha_channels_are_dropped_where_they_are_opaque(tmp_path: Path) -> None:
    opaque = np.full_like(values(19), 255)
    path = written(tmp_path / "a.png", np.stack([values(19), opaque], axis=-1))
    np.testing.assert_array_equal(label(path), values(19))
    path = written(tmp_path / "a.png", np.stack([values(19), opaque - 1], axis=-1))
    with pytest.raises(InputError, match="partly transparent"):
        label(path)


@pytest.mark.parametrize("planes", [3, 4])
def test_a_channel_of_16_bits_is_read(tmp_path: Path, planes: int) -> None:
    # As in SYNTHIA: the class in red and the instance in green.
    cv2 = pytest.importorskip("cv2")
    pixels = np.full((HEIGHT, WIDTH, planes), 65535, np.uint16)
    pixels[..., 2] = values(19)  # BGR
    pixels[..., 1] = values(200) + np.uint16(300)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), pixels)
    with pytest.raises(InputError, match=r'16 bits a channel; .* IDs, .* channel = "red"'):
        label(path)
    np.testing.assert_array_equal(label(path, channel="red"), values(19))
    lookup = {300 + number: number for number in range(200)}
    np.testing.assert_array_equal(label(path, lookup, channel="green"), values(200))


def test_a_channel_of_8_bits_is_read(tmp_path: Path) -> None:
    pixels = np.stack([values(19), values(19) * 0, values(19) * 0], axis=-1)
    path = written(tmp_path / "a.png", pixels)
    with pytest.raises(InputError, match=r'values in red alone; .* channel = "red"'):
        label(path)
    np.testing.assert_array_equal(label(path, channel="red"), values(19))


COLORS = {(64, 32, 32): 0, (255, 0, 0): 1, (0, 0, 0): 2, (0, 0, 1): IGNORE}


def test_colours_stand_for_classes(tmp_path: Path) -> None:
    drawn = np.array([*COLORS], np.uint8)[values(4)]
    expected = np.array([*COLORS.values()], np.uint8)[values(4)]
    opaque = np.concatenate([drawn, np.full_like(drawn[..., :1], 255)], axis=-1)
    palette = with_palette(values(4), np.array([*COLORS]))
    written(tmp_path / "rgb.png", drawn)
    written(tmp_path / "rgba.png", opaque)
    written(tmp_path / "palette.png", palette)
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(label(path, colors=COLORS), expected)
    indexed = label(tmp_path / "palette.png", colors=COLORS, indexed=True)
    np.testing.assert_array_equal(indexed, values(4))
    drawn[-1, -1] = (64, 32, 33)  # as a lossy program or an antialiased edge leaves
    path = written(tmp_path / "a.png", drawn)
    with pytest.raises(InputError, match=r"the colour \(64, 32, 33\), which is no class's"):
        label(path, colors=COLORS)
    black = written(tmp_path / "a.png", drawn * 0)
    for lookup in ({0: 2}, {9: 0}):
        found = label(black, lookup, colors=COLORS)
        np.testing.assert_array_equal(found, np.full_like(values(4), 2))
    ramp = np.repeat(np.arange(256)[:, np.newaxis], 3, axis=1)
    for image in (Image.fromarray(drawn * 0), with_palette(values(1), ramp)):
        with pytest.raises(InputError, match="other classes as colours than as values"):
            label(written(tmp_path / "a.png", image), {0: 0}, colors=COLORS)


def test_colour_labels_are_read_by_the_colours_of_the_taxonomy(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    written(labels / "a.png", np.array([(9, 9, 9), (0, 7, 0), (1, 2, 3)], np.uint8)[values(3)])
    where: dict[str, Any] = {"images": images, "labels": labels, "classes": tmp_path / "few.toml"}
    first, void = '{ name = "b", color = [0, 7, 0] }', "\nignore = [255, [1, 2, 3]]"
    where["classes"].write_text(f'classes = [{first}, {{ name = "a", color = [9, 9, 9] }}]{void}')
    (frame,) = open_dataset(**where).frames
    np.testing.assert_array_equal(frame.label(), np.array([1, 0, IGNORE], np.uint8)[values(3)])
    for other in ('{ name = "a" }', '{ name = "a", color = [0, 7, 0] }'):  # not of its own
        where["classes"].write_text(f"classes = [{first}, {other}]{void}")
        with pytest.raises(InputError, match=r"which is no class's; .* each class has its color"):
            open_dataset(**where).frames[0].label()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_every_stored_form_is_read_as_meant_or_refused(tmp_path: Path) -> None:
    taken = 0
    for number in range(200):
        for read in (read_stored_image, read_stored_label):
            with contextlib.suppress(InputError):
                read(random.Random(f"{read.__name__} {number}"), tmp_path / "stored")
                taken += 1
    assert taken > 200
