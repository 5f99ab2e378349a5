"""Label maps and confidence maps as PNG files.

A confidence from 0 to 1 is stored in 16 bits as min(floor(65536 confidence), 65535), as the BRAVO
challenge suggests, and read as the middle of what the number stands for: it changes by at most
2**-17, and is stored as the same number again.

The files that are written here hold the SHA-256 of their pixels as a text. So a folder of them is
known by their headers, and each is checked when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.ImageFile import ImageFile

from ..datasets.image_files import open_image, stored_modes
from ..datasets.label_files import read_label
from ..datasets.label_values import held_values, ranges
from ..errors import InputError
from ..label_types import LabelMap, label_dtype
from ..models.about_predictions import ABOUT
from ..png import encode_png
from ..protocol.pixel_digests import shaped_digest

DIGEST = "sha256"
"""Keyword of the text that holds the digest of the pixels."""
_LEVELS = 2**16
_EVERY_VALUE = {
    np.dtype(kind): {value: value for value in range(np.iinfo(kind).max + 1)}
    for kind in (np.uint8, np.uint16)
}


@dataclass(frozen=True)
class ClassValues:
    """The value of each class in label maps, in the order of the model's classes."""

    values: tuple[int, ...]

    def encode(self, labels: LabelMap) -> bytes:
        """Return a label map (H, W) of classes as the bytes of a PNG file."""
        return _encode(self.stored(labels))

    def stored(self, labels: LabelMap) -> NDArray[Any]:
        """Return the values (H, W), uint8 or uint16, that stand for classes (H, W)."""
        stored: NDArray[Any] = np.array(self.values, self._dtype)[labels]
        return stored

    def read(self, path: Path) -> LabelMap:
        """Return the class of each pixel (H, W); InputError for a value that is no class."""
        stored = read_label(path, _EVERY_VALUE[self._dtype], indexed=True, dtype=self._dtype)
        if unknown := held_values(stored) - {*self.values}:
            raise InputError(
                f"{path}: holds {ranges(unknown)}, no class; the values of classes are "
                f"{ranges(self.values)}; correct the map, or the values in {ABOUT}"
            )
        table = np.zeros(max(self.values) + 1, label_dtype(len(self.values)))
        table[[*self.values]] = range(len(self.values))
        labels: LabelMap = table[stored]
        return labels

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8 if max(self.values) < 2**8 else np.uint16)

    def digest(self, labels: LabelMap) -> str:
        """Return the digest of a label map (H, W) as it is stored."""
        return shaped_digest(self.stored(labels))


def encode_confidence(confidence: NDArray[np.float32]) -> bytes:
    """Return confidences (H, W), 0 to 1, as the bytes of a 16-bit PNG file."""
    levels = np.minimum(np.floor(confidence * np.float32(_LEVELS)), _LEVELS - 1)  # exact products
    return _encode(levels.astype(np.uint16))


def read_confidence(path: Path) -> NDArray[np.uint16]:
    """Return a confidence map (H, W) as it is stored; InputError for other than 16-bit grey."""
    with open_image(path) as file:
        if not file.mode.startswith("I") or not any("16" in mode for mode in stored_modes(file)):
            raise InputError(
                f"{path}: a confidence map must be a grey PNG of 16 bits, this is {file.mode!r} "
                "(Pillow's name); save min(floor(65536 confidence), 65535)"
            )
        return np.asarray(file).astype(np.uint16)


def confidences(levels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the confidences, float32 (H, W), of a map (H, W)."""
    middles: NDArray[np.float32] = (levels + np.float32(0.5)) / np.float32(_LEVELS)
    return middles


def stored_digest(file: ImageFile) -> str:
    """Return the digest that the header of a file holds; "" for none."""
    digest = file.info.get(DIGEST, "")
    is_digest = isinstance(digest, str) and len(digest) == 64
    return digest if is_digest and set(digest) <= set("0123456789abcdef") else ""


def _encode(pixels: NDArray[Any]) -> bytes:
    return encode_png(pixels, {DIGEST: shaped_digest(pixels)})
