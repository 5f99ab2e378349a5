"""The scale at which models see the frames, in words: scores at different scales are marked."""

from __future__ import annotations

from collections.abc import Mapping

from ..models.base import shown
from ..protocol.condition import Condition
from ..protocol.input_geometry import Size
from ..protocol.model_spec import ModelSpec
from ..protocol.spec import Spec


def input_scale(spec: Spec, model: ModelSpec) -> str:
    """Return the scale at which a model sees the frames, for a table: "1", "0.50 / 0.75"."""
    return " / ".join(
        dict.fromkeys(_factor(spec.input_size(model, size), size) for size in spec.sizes)
    )


def scales_differ(inputs: Mapping[str, str]) -> str:
    """Return the warning that models see the frames at different inputs: model -> in words."""
    seen = ", ".join(f"{model} at {words}" for model, words in inputs.items())
    return (
        f"SCALES DIFFER: {seen}: corruptions are not equally hard; --input-scale runs all models "
        "at one"
    )


def input_note(name: str, model: ModelSpec, spec: Spec) -> str:
    """Return a sentence on the sizes at which a model sees the frames, and its window."""
    sizes = [(spec.input_size(model, size), size) for size in spec.sizes]
    seen = " and ".join(
        f"{pixels(own)} (native)"
        if own == size
        else f"{pixels(own)} ({_factor(own, size)} of {pixels(size)})"
        for own, size in sizes
    )
    crop, stride = shown(model.window.crop), shown(model.window.stride)
    window = f"sliding window of {crop} pixels, stride {stride}"
    if all(model.window.holds(own) for own, _ in sizes):
        window = "inference on the whole image"
    frames = "clean frames" if rescaled(spec) else "frames"
    return f"{name} sees the {frames} at {seen}; {window}."


def rescaled(spec: Spec) -> bool:
    """Whether the conditions of the suite set the size at which models see the frames."""
    return any(condition.scale for condition in spec.suite.conditions)


def condition_input(spec: Spec, model: ModelSpec, condition: Condition) -> str:
    """Return the size at which a model sees the frames under a condition: "256x128"."""
    sizes = [
        condition.scale.size(size) if condition.scale else spec.input_size(model, size)
        for size in spec.sizes
    ]
    return " / ".join(dict.fromkeys(map(pixels, sizes))) if len(set(sizes)) < 4 else "various"


def pixels(size: Size) -> str:
    """Write a size (height, width) as "WIDTHxHEIGHT"."""
    return f"{size[1]}x{size[0]}"


def _factor(seen: Size, frame: Size) -> str:
    vertical, horizontal = (f"{a / b:.2f}" for a, b in zip(seen, frame, strict=True))
    both = vertical if vertical == horizontal else f"{horizontal} x {vertical}"
    return "1" if seen == frame else both
