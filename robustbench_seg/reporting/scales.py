"""At which scale models see the frames, in words: numbers at different scales are marked."""

from __future__ import annotations

from ..protocol.input_geometry import Size
from ..protocol.spec import ModelSpec, Spec


def input_scale(spec: Spec, model: ModelSpec) -> str:
    """Return the scale at which a model sees the frames, for a table: "1", "0.50 / 0.75"."""
    return " / ".join(
        dict.fromkeys(_factor(spec.input_size(model, size), size) for size in spec.sizes)
    )


def common_scale(spec: Spec) -> list[str]:
    """Return a warning where the models see corrupted frames at different scales."""
    if spec.one_scale or spec.suite.policy is None:
        return []
    seen = ", ".join(f"{model.name} at {input_scale(spec, model)}" for model in spec.models)
    return [
        f"SCALES DIFFER: the frames are seen by {seen}; how hard a corruption is depends on that, "
        "and --input-scale runs all models at one"
    ]


def look(spec: Spec, model: ModelSpec) -> str:
    """Return a sentence: at which sizes a model sees the frames, and through which window."""
    sizes = [(spec.input_size(model, size), size) for size in spec.sizes]
    told = " and ".join(
        f"{_pixels(seen)}, native"
        if seen == size
        else f"{_pixels(seen)}, {_factor(seen, size)} of {_pixels(size)}"
        for seen, size in sizes
    )
    largest = max(max(seen) for seen, _ in sizes)
    window = f"sliding window of {model.window.crop} pixels, stride {model.window.stride}"
    if model.window.mode == "whole" or largest <= model.window.crop:
        window = "inference on the whole image"
    frames = "clean frames" if spec.suite.policy is None else "frames"
    return f"{model.name} sees the {frames} at {told}; {window}."


def resized(spec: Spec) -> list[str]:
    """Return which models see the clean frames at a size of their own."""
    names = [
        model.name
        for model in spec.models
        if any(model.input_size(size) != size for size in spec.sizes)
    ]
    if names:
        return [
            f"{', '.join(names)}: the clean frames are seen at the model's own size; at a scale "
            "that is set aside, so that a scale means the same for all models."
        ]
    return []


def inputs(spec: Spec, model: ModelSpec) -> dict[str, str]:
    """Return at which size a model sees the frames under each condition: "256x128"."""
    sizes = {"clean": [model.input_size(size) for size in spec.sizes]}
    sizes |= {
        condition.name: [condition.scale.size(size) for size in spec.sizes]
        for condition in spec.suite.conditions
        if condition.scale
    }
    return {
        name: " / ".join(dict.fromkeys(map(_pixels, found))) if len(set(found)) < 4 else "various"
        for name, found in sizes.items()
    }


def _pixels(size: Size) -> str:
    return f"{size[1]}x{size[0]}"


def _factor(seen: Size, frame: Size) -> str:
    vertical, horizontal = (f"{a / b:.2f}" for a, b in zip(seen, frame, strict=True))
    both = vertical if vertical == horizontal else f"{horizontal} x {vertical}"
    return "1" if seen == frame else both
