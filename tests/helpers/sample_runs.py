"""Runs with made-up counts, for tests of reports and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets.base import ClassInfo
from robustbench_seg.models.base import Window
from robustbench_seg.protocol.frame_spec import FrameSpec
from robustbench_seg.protocol.model_spec import ModelSpec
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.protocol.suites import CorruptionSuite
from robustbench_seg.reporting.run import Run
from robustbench_seg.scores.pixel_counts import PixelCounts
from robustbench_seg.scores.policy import Column

SUITE = CorruptionSuite(
    name="tiny",
    title="Tiny",
    source="a test",
    columns=(Column("fog", "weather", (1, 2)), Column("gaussian_noise", "noise", (1,))),
    severities=(1, 2, 3),
)
CLASSES = (
    ClassInfo("road", (128, 64, 128), "flat"),
    ClassInfo("sky", (70, 130, 180), "sky"),
    ClassInfo("person", (220, 20, 60), "human"),
)


def frame(number: int, **changes: Any) -> FrameSpec:
    """Return a frame of 256x128 pixels that shows all classes."""
    values: dict[str, Any] = {
        "name": f"frame_{number}",
        "height": 128,
        "width": 256,
        "image_key": f"image {number}",
        "label_key": f"label {number}",
        "class_pixels": (100, 100, 100),
    }
    return FrameSpec(**{**values, **changes})


def model(name: str = "b0", **changes: Any) -> ModelSpec:
    """Return a model that takes frames at their own size."""
    values: dict[str, Any] = {
        "name": name,
        "trained_on": "streets",
        "weights": {"sha256": f"{name} weights"},
        "preprocessing": {"mean": (0, 0, 0), "std": (1, 1, 1), "channels": "RGB", "size": None},
        "window": Window(mode="whole", crop=1024, stride=768),
    }
    return ModelSpec(**{**values, **changes})


def matrices(share: float, frames: int = 12, seed: int = 0) -> NDArray[np.int64]:
    """Return matrices (frames, conditions, C, C): `share` of the clean pixels are correct.

    Each severity halves what is right under noise, and costs a fifth of it under fog.
    """
    rng = np.random.default_rng(seed)
    rates = [share, *(share * 0.8**severity for severity in SUITE.severities)]
    rates += [share * 0.5**severity for severity in SUITE.severities]
    moved = rng.uniform(0.8, 1.1, (frames, 1, 1))
    hard = np.array([1.0, 1.05, 0.7])  # persons are lost first
    right = (1000 * moved * np.array(rates)[:, np.newaxis] * hard).astype(np.int64)
    right = np.minimum(right, 1000)  # (frames, conditions, C)
    counts = np.zeros((*right.shape, 3), np.int64)
    for place in range(3):
        counts[..., place, place] = right[..., place]
        counts[..., place, (place + 1) % 3] = 1000 - right[..., place]
    return counts


def make_spec(**changes: Any) -> Spec:
    """Return the specification of a run of one model on twelve frames, with changes."""
    values: dict[str, Any] = {
        "models": (model(),),
        "dataset": "streets",
        "split": "val",
        "classes": CLASSES,
        "frames": tuple(map(frame, range(12))),
        "suite": SUITE,
        "seed": 0,
        "device": "cpu",
        "precision": "float32",
        "threads": 2,
        "batch": 1,
        "compiled": False,
        "versions": {"robustbench-seg": "0.1.0", "torch": "2"},
    }
    return Spec(**{**values, **changes})


def make_run(
    folder: Path,
    models: Sequence[ModelSpec] = (model(),),
    share: float = 0.9,
    frames: Sequence[FrameSpec] = tuple(map(frame, range(12))),
    *,
    done: int | None = None,
    **changes: Any,
) -> Run:
    """Return a run; each model is a tenth worse than the one before it; `done` of its frames."""
    spec = make_spec(models=tuple(models), frames=tuple(frames), **changes)
    finished = spec.frames[:done]
    pixel_counts = {}
    for place, item in enumerate(spec.models):
        counts = PixelCounts(
            len(finished),
            [(*condition.key, 0) for condition in spec.conditions],
            spec.class_names,
            [info.category for info in spec.classes],
            np.ones(3, bool),
        )
        counted = matrices(share - 0.1 * place)
        for number, one in enumerate(finished):
            for draw, matrix in zip(counts.draws, counted[_number(one)], strict=False):
                counts.add([number], [draw], matrix[np.newaxis])
        pixel_counts[item.name] = counts
    session = {"session": {"command": "robustseg eval"}, "machine": {"device": "cpu"}}
    return Run(folder, spec, tuple(one.name for one in finished), pixel_counts, [session], [])


def _number(one: FrameSpec) -> int:
    return int(one.image_key.split()[-1])
