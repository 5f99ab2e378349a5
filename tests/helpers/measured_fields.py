"""Fields of small inputs, for the tests of effective receptive fields."""

from __future__ import annotations

from robustbench_seg import effective_receptive_field
from robustbench_seg.datasets.streets import streets
from robustbench_seg.erf.field import Field
from robustbench_seg.models.base import Segmenter
from robustbench_seg.models.registry import load_model

FRAMES = streets("val", limit=3)
CLASSES = FRAMES.class_names


def random(name: str) -> Segmenter:
    """Return a model with random weights."""
    return load_model(name, data="streets", weights="random", classes=CLASSES)


def measured(model: str | Segmenter, **options: object) -> dict[str, Field]:
    """Return the fields of a model by layer, by default of one image resized to 96x64."""
    options = {"limit": 1, "size": (64, 96), "data": "streets", **options}
    fields = effective_receptive_field(model, **options)  # type: ignore[arg-type]
    return {field.layer: field for field in fields}
