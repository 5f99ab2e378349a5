"""mmsegmentation's test pipeline and data preprocessor, as a `Preprocessing`.

Steps and settings that it cannot express are refused: none is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from ...errors import InputError
from ..base import WHOLE, Preprocessing, Window
from ..preprocessing import PipelinePreprocessing
from .metadata import LARGEST_SIDE, parse_preprocessing, parse_window

_READERS = ("LoadImageFromFile", "LoadImageFromNDArray")
_WITHOUT_EFFECT = ("LoadAnnotations", "PackSegInputs")
"""Steps that leave an image as it is."""
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "area", "lanczos")


class Padding(NamedTuple):
    """How a normalised input is made larger on the right and at the bottom."""

    size: tuple[int, int] = (0, 0)
    """Least height and width in pixels."""
    divisor: int = 1
    """Pixels of which both sides are rounded up to a multiple."""
    value: float = 0

    def padded(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size (height, width) of a padded input."""
        sides = (max(pair) for pair in zip(size, self.size, strict=True))
        height, width = (-(-side // self.divisor) * self.divisor for side in sides)
        return height, width


def read_preprocessing(
    where: str, steps: Sequence[Mapping[str, Any]], preprocessor: Mapping[str, Any]
) -> Preprocessing:
    """Return the preprocessing of a test pipeline and a `SegDataPreProcessor`.

    Raises InputError, which begins with `where`, for steps that are not supported.
    """
    kind = name_of(preprocessor.get("type"))
    if kind != "SegDataPreProcessor":
        raise InputError(f"{where}: data_preprocessor {kind} is not supported; use python:")
    # Images are read as BGR.
    reversed_ = preprocessor.get("bgr_to_rgb") or preprocessor.get("rgb_to_bgr")
    values: dict[str, Any] = {"channels": "RGB" if reversed_ else "BGR"}
    normalises = preprocessor.get("mean") is not None
    for key, neutral in (("mean", [0, 0, 0]), ("std", [1, 1, 1])):
        values[key] = preprocessor.get(key) if normalises else neutral
    geometry: dict[str, Any] = {}
    for step in steps:
        found = _read_step(f"{where}: test_pipeline", dict(step))
        if geometry and found:
            raise InputError(f"{where}: test_pipeline resizes twice; keep one of them")
        geometry |= found
    default = PipelinePreprocessing((0, 0, 0), (1, 1, 1), **geometry)
    return parse_preprocessing(f"{where}: data_preprocessor", values, default)


def read_padding(where: str, preprocessor: Mapping[str, Any]) -> Padding:
    """Return what a `SegDataPreProcessor` pads in tests; InputError for other values."""
    given = preprocessor.get("test_cfg") or {}
    size, divisor = given.get("size"), given.get("size_divisor")
    value = preprocessor.get("pad_val", 0)
    if isinstance(value, int | float):
        if size is None and (divisor is None or _is_side(divisor)):
            return Padding(divisor=divisor or 1, value=value)
        if divisor is None and _are_sides(size):
            return Padding((size[0], size[1]), value=value)
    raise InputError(
        f"{where}: data_preprocessor pads by {given!r:.60}; expected size or size_divisor, in "
        "pixels"
    )


def read_window(where: str, test_cfg: Mapping[str, Any], padding: Padding) -> Window:
    """Return the window of a model's test mode; InputError for one that cannot be run."""
    mode = test_cfg.get("mode", "whole")
    if mode != "slide":
        return parse_window(f"{where}: test_cfg", mode, WHOLE)
    if padding != Padding(value=padding.value):
        raise InputError(
            f"{where}: slides over padded images, which is not supported; leave test_cfg out of "
            "data_preprocessor, or use mode='whole'"
        )
    crop, stride = test_cfg.get("crop_size"), test_cfg.get("stride")
    values = {"mode": mode, "crop": crop, "stride": stride}
    return parse_window(f"{where}: test_cfg", values, WHOLE)


def name_of(kind: Any) -> str:
    """Return the name of a `type`, a text or a class, without its package."""
    return str(getattr(kind, "__name__", kind)).rpartition(".")[2]


def _read_step(where: str, step: dict[str, Any]) -> dict[str, Any]:
    """Return how a step resizes an image, as arguments of `PipelinePreprocessing`."""
    kind = name_of(step.pop("type", None))
    if kind in _WITHOUT_EFFECT:
        return {}
    for key in ("backend_args", "file_client_args"):  # where files lie
        step.pop(key, None)
    if kind in _READERS:
        known = {
            "to_float32": (False,),
            "color_type": ("color",),
            "imdecode_backend": ("cv2", "pillow", None),
            "ignore_empty": (False, True),
        }
        _check(where, kind, step, known)
        return {}
    scale = step.pop("scale", None)
    if kind == "ResizeShortestEdge":
        longest = step.pop("max_size", None)
        _check(where, kind, step, {})
        shortest = min(scale) if _are_sides(scale) else scale
        if _are_sides((longest, shortest)):
            return {"box": (longest, shortest), "shortest_first": True}
    elif kind == "Resize":
        interpolation, ratio = step.pop("interpolation", "bilinear"), step.pop("keep_ratio", False)
        _check(where, kind, step, {"backend": ("cv2", None), "scale_factor": (None,)})
        sides = (scale, scale) if _is_side(scale) else scale
        if _are_sides(sides) and interpolation in _INTERPOLATIONS and isinstance(ratio, bool):
            box = (max(sides), min(sides))
            geometry = {"box": box} if ratio else {"size": (sides[1], sides[0])}
            return {**geometry, "interpolation": interpolation}
    else:
        raise InputError(
            f"{where}: the step {kind} is not supported; take it out of the configuration, or load "
            "the model in a factory of python:"
        )
    raise InputError(f"{where}: {kind} with scale {scale!r:.60}; expected whole pixels")


def _check(where: str, kind: str, given: dict[str, Any], known: Mapping[str, Any]) -> None:
    for key, value in given.items():
        if value not in known.get(key, ()):
            raise InputError(f"{where}: {kind} with {key} = {value!r:.60} is not supported")


def _is_side(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 < value <= LARGEST_SIDE


def _are_sides(values: Any) -> TypeGuard[Sequence[int]]:
    return isinstance(values, list | tuple) and len(values) == 2 and all(map(_is_side, values))
