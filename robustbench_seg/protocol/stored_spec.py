"""Stored specifications, whose parts must fit together beyond the form of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import InputError
from ..schema import parse
from .frame_spec import FrameSpec
from .spec import Spec

_MOST, _MOST_COUNTS = 200_000, 2**26
"""Most predictions of a frame, by all models in all draws of all conditions, and of these times the
number of classes."""


def read_spec(values: Mapping[str, Any]) -> Spec:
    """Return the specification that `Spec.to_dict` made plain values of, also through JSON.

    InputError for values of another form, and for parts that do not fit together.
    """
    spec = parse(Spec, values, "specification")
    if problem := _problem(spec):
        raise InputError(f"specification: {problem}")
    return spec


def _problem(spec: Spec) -> str:
    """Return what of a specification contradicts the rest of it, or ""."""
    for what, names in (
        ("models", [model.name for model in spec.models]),
        ("classes", spec.class_names),
        ("frames", [frame.name for frame in spec.frames]),
    ):
        if twice := _twice(names):
            return f"{what}: {twice!r} is there twice"
    known = {condition.name for condition in spec.conditions}
    for number, frame in enumerate(spec.frames, start=1):
        if problem := _frame_problem(frame, len(spec.classes), known):
            return f"frames {number}: {problem}"
    if len({bool(frame.condition) for frame in spec.frames}) > 1:
        return "frames: only some have a condition"
    if not any(any(frame.class_pixels) for frame in spec.frames):
        return "frames: no class has a pixel"
    if spec.region is not None and (problem := spec.region.problem(spec.class_names)):
        return f"region: {problem}"
    number = len(spec.models) * sum(len(spec.draws_of(each)) for each in spec.conditions)
    most = min(_MOST, _MOST_COUNTS // len(spec.classes))
    if number > most:
        return f"draws: {number} predictions of a frame, and {most} are the most"
    return ""


def _frame_problem(frame: FrameSpec, classes: int, conditions: set[str]) -> str:
    pixels = frame.height * frame.width
    if pixels >= 2**31:  # a frame's counts are int32
        return f"height and width: {pixels} pixels; the most are {2**31 - 1}"
    if len(frame.class_pixels) != classes:
        return f"class_pixels: has {len(frame.class_pixels)} classes of {classes}"
    if sum(frame.class_pixels) > pixels:
        return f"class_pixels: {sum(frame.class_pixels)} pixels in a frame of {pixels}"
    if frame.condition and frame.condition not in conditions:
        return f"condition: {frame.condition!r} is none of the suite's"
    return ""


def _twice(names: Iterable[str]) -> str:
    return next((name for name, often in Counter(names).items() if often > 1), "")
