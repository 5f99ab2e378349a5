"""Maps as files, checked by the decoders of Pillow and OpenCV."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.errors import InputError
from robustbench_seg.predictions.maps import (
    ClassValues,
    confidences,
    encode_confidence,
    read_confidence,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("values", [(0, 1, 2), (7, 8, 255), (300, 2, 65535)])
def test_label_maps_hold_the_values_of_classes(values: tuple[int, ...], tmp_path: Path) -> None:
    import cv2

    labels = RNG.integers(0, 3, (40, 50)).astype(np.uint8)
    path = tmp_path / "map.png"
    path.write_bytes(ClassValues(values).encode(labels))
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    np.testing.assert_array_equal(stored, np.array(values)[labels])
    assert stored.dtype == (np.uint8 if max(values) < 256 else np.uint16)
    np.testing.assert_array_equal(ClassValues(values).read(path), labels)
    with Image.open(path) as file:
        text = file.info["sha256"]
    about = f"{stored.shape} {stored.dtype}".encode()
    assert text == hashlib.sha256(about + stored.tobytes()).hexdigest()


def test_a_palette_image_is_read_by_its_indices(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([128, 64, 128, 244, 35, 232, 70, 70, 70])
    image.save(tmp_path / "map.png")
    found = ClassValues((0, 1, 2)).read(tmp_path / "map.png")
    np.testing.assert_array_equal(found, [[0, 1], [2, 1]])


def test_confidences_are_stored_as_the_bravo_challenge_suggests(tmp_path: Path) -> None:
    doubts = 10 ** RNG.uniform(-9, 0, (40, 50))
    given = (1 - doubts).astype(np.float32)
    given[0, :4] = 0, 1, 0.5, np.nextafter(np.float32(1), np.float32(0))
    path = tmp_path / "map.png"
    path.write_bytes(encode_confidence(given))
    with Image.open(BytesIO(path.read_bytes())) as file:
        stored = np.asarray(file).astype(np.int64)
    wanted = [[min(int(np.floor(float(each) * 65536)), 65535) for each in row] for row in given]
    np.testing.assert_array_equal(stored, wanted)
    found = confidences(read_confidence(path))
    assert found.dtype == np.float32
    assert np.abs(found.astype(np.float64) - given).max() <= 2**-17
    assert encode_confidence(found) == path.read_bytes()


def test_a_confidence_map_of_8_bits_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "map.png")
    with pytest.raises(InputError, match=r"must be a grey PNG of 16 bits, this is 'L'"):
        read_confidence(tmp_path / "map.png")
