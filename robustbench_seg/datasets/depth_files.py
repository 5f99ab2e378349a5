"""Files of depth: the distance of each pixel along the camera's axis, in metres.

A file of a depth map is one of these, of the size of its image:

- <image>.npy: floats (H, W) in metres, infinite for the sky.
- <image>.png: 16 bits, 256 times the metres, 0 where unknown, as of KITTI (Uhrig et al., 2017).
- <frame>_disparity.png of Cityscapes (Cordts et al., CVPR 2016): 16 bits, p = 256 d + 1 for a
  disparity of d pixels, 0 where unknown. Metres are baseline * focal length / d, of the frame's
  file in camera/ if there is one, else of the camera of most frames.

Unknown pixels above the highest known one of their column are taken for sky; others get the depth
of the nearest known one. A column without known pixels gets the depth of the nearest one with some.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..reading import SETTINGS, open_data, read_data
from .image_files import open_image, stored_modes

DISPARITY = "_disparity"
"""End of the name of a disparity map of Cityscapes."""
BASELINE, FOCAL_LENGTH = 0.209313, 2262.52
"""Of the camera of Cityscapes: metres, pixels."""
_SCALE = 256
"""Values of a metre, or of a pixel of disparity, in PNG files."""
_NPY = 2**31
"""Most bytes of a .npy file."""

Depth = NDArray[np.float32]
"""Metres, (H, W), above 0, infinite for the sky."""


def find_depth(folder: Path, image: Path, group: str) -> Path:
    """Return the depth map of an image in a folder: DIR/<group>/<name>, or DIR/<name>.

    Raises InputError if there is none.
    """
    places = list(_places(folder, image.stem, group))
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        raise InputError(
            f"--depth {folder}: no depth of image {image.name}; expected {places[0]} or .png"
        )
    return found


def _places(folder: Path, stem: str, group: str) -> Iterator[Path]:
    base = stem.removesuffix("_leftImg8bit")
    for place in dict.fromkeys([folder / group, folder]):
        for name in (f"{stem}.npy", f"{stem}.png", f"{base}{DISPARITY}.png"):
            yield place / name


def read_depth(path: Path) -> Depth:
    """Return the depth in a file, (H, W); InputError for a file that is none, or knows no pixel."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; extract the disparity maps there, or give --depth")
    if path.suffix == ".npy":
        return _checked(path, _read_npy(path))
    with open_image(path) as file:
        if not file.mode.startswith("I") or not any("16" in mode for mode in stored_modes(file)):
            raise InputError(f"{path}: depth must be a grey PNG of 16 bits, this is {file.mode!r}")
        stored = np.asarray(file).astype(np.float64)
    known = stored > 0
    if not known.any():
        raise InputError(f"{path}: knows no pixel's depth; leave the frame out")
    with np.errstate(divide="ignore"):
        if path.stem.endswith(DISPARITY):
            baseline, focal = _camera(path)
            metres = baseline * focal * _SCALE / (stored - 1)  # infinite at a disparity of 0
        else:
            metres = stored / _SCALE
    return _checked(path, filled(metres, known))


def filled(metres: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return depth (H, W) with that of unknown pixels, see above."""
    from scipy import ndimage  # slow to import

    sky = np.cumsum(known, axis=0) == 0
    places = ndimage.distance_transform_edt(
        ~known, return_distances=False, return_indices=True
    )  # (2, H, W)
    found: NDArray[np.float64] = np.where(sky, np.inf, metres[tuple(places)])
    # As at the left edge of a map of disparity, which the right camera does not see.
    unknown = np.logical_not(known.any(axis=0))  # (W,)
    (columns,) = ndimage.distance_transform_edt(
        unknown, return_distances=False, return_indices=True
    )
    return found[:, columns]


def _read_npy(path: Path) -> NDArray[Any]:
    try:
        with open_data(path) as file:
            if path.stat().st_size > _NPY:
                raise InputError(f"{path}: larger than 2 GiB; is it a depth map?")
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    except InputError:
        raise
    # NumPy raises many kinds of errors on damaged headers, TokenError and MemoryError among them.
    except Exception as error:
        raise InputError(f"{path}: cannot be read as .npy ({error})") from error
    return array


def _checked(path: Path, metres: NDArray[Any]) -> Depth:
    if metres.ndim != 2 or metres.dtype.kind != "f":
        raise InputError(
            f"{path}: expected floats (H, W) in metres, got {metres.dtype} {metres.shape}"
        )
    with np.errstate(over="ignore", under="ignore"):
        depth = metres.astype(np.float32)  # before the check: tiny metres become 0
    if not (depth > 0).all():
        raise InputError(
            f"{path}: holds metres that are 0, negative or NaN; use infinity for the sky"
        )
    return depth


def _camera(path: Path) -> tuple[float, float]:
    """Return baseline and focal length for a disparity map ROOT/disparity/<split>/<city>/<file>."""
    name = path.name.replace(f"{DISPARITY}.png", "_camera.json")
    if len(path.parents) < 4:
        return BASELINE, FOCAL_LENGTH
    file = path.parents[3] / "camera" / path.parents[1].name / path.parent.name / name
    if not file.is_file():
        return BASELINE, FOCAL_LENGTH
    try:
        values = json.loads(read_data(file, SETTINGS))
        found = values["extrinsic"]["baseline"], values["intrinsic"]["fx"]
        if all(type(each) in (int, float) and 0 < each < math.inf for each in found):
            return float(found[0]), float(found[1])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, OSError):
        pass
    raise InputError(f"{file}: not a camera of Cityscapes; correct or remove it")
