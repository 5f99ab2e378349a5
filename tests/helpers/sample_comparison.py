"""A small comparison: two models, two corruptions, two classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.datasets.base import ClassInfo
from robustbench_seg.reporting.comparison import Comparison
from robustbench_seg.reporting.comparison.description import Published
from robustbench_seg.reporting.examples import Example
from robustbench_seg.reporting.intervals import IntervalTable
from tests.helpers.sample_report import png

COUNTED = {"fog": (1, 2), "gaussian_noise": (1,)}
COLUMNS = pd.MultiIndex.from_tuples(
    [
        ("", "clean"),
        ("weather", "fog"),
        ("noise", "gaussian_noise"),
        ("", "mean"),
        ("", "retention"),
    ],
    names=["category", "corruption"],
)


def estimates(value: pd.DataFrame, width: float = 0.02) -> IntervalTable:
    """Put intervals of an even width around the values."""
    return IntervalTable(value, value - width, value + width)


def sample_comparison(
    models: tuple[str, ...] = ("b0", "b1"),
    *,
    classes: tuple[str, ...] = ("road", "person"),
    title: str = "a suite on streets (val, 12 frames): 2 models compared",
    frame: str = "val_0000",
    stamps: tuple[str, ...] = (),
    text: str = "512x256",
) -> Comparison:
    """Return a complete comparison whose names can be chosen; each model is worse by 10 points."""
    names = list(models)
    worse = 0.1 * np.arange(len(names))[:, np.newaxis]
    summary = pd.DataFrame(
        np.array([[0.8, 0.5, 0.6, 0.4, 0.625, 0.5, 0.625]]) - worse,
        names,
        ["clean", "suite score", "weather", "noise", "retention", "mPC", "rPC"],
    )
    suite = pd.DataFrame(np.array([[0.8, 0.6, 0.4, 0.5, 0.625]]) - worse, names, COLUMNS)
    ratios = pd.MultiIndex.from_product([("CD", "rCD"), (*COUNTED, "mean")])
    curves = pd.DataFrame(
        [[0.7 - 0.1 * place, 0.5 - 0.1 * place] for place in range(len(names)) for _ in range(2)],
        pd.MultiIndex.from_product([names, ("weather", "noise")]),
        [1, 2],
    )
    pairs = [(name, score) for name in names[1:] for score in ("clean", "suite score", "fog")]
    differences = pd.DataFrame(
        [
            [0.8, 0.7, -0.1, -0.13, 0.01, 0.04, 0.08, 12],
            [0.5, 0.4, -0.1, -0.12, -0.09, *[0.001] * 2, 12],
        ]
        * len(pairs),
        columns=["first", "second", "difference", "low", "high", "p", "p_holm", "n_units"],
    ).iloc[: len(pairs)]
    differences.index = pd.MultiIndex.from_tuples(pairs, names=["model", "score"])
    losses = {
        "clean": [0.9, 0.5],
        "suite": [0.8, 0.2],
        "change": [-0.1, -0.3],
        "retention": [0.89, 0.4],
    }
    by_class = {
        f"{name}{end}": np.array(values * len(names)) + shift
        for name, values in losses.items()
        for end, shift in (("", 0.0), ("_low", -0.02), ("_high", 0.02))
    }
    frames: dict[str, list[Any]] = {"clean": [0.7], "suite": [0.3], "change": [-0.4]}
    frames["worst"] = ["fog 2"]
    return Comparison(
        title=title,
        subtitle=f"{', '.join(names)}: trained on streets, evaluated on streets",
        stamps=stamps,
        mark="",
        notes=("All severities were run.",),
        slug="compare_b0+b1",
        model_names=tuple(names),
        cited=("xie2021segformer",),
        names={name: name for name in names},
        class_infos=tuple(
            ClassInfo(name, (128, 64, 128), category)
            for name, category in zip(classes, ("flat", "human"), strict=True)
        ),
        examples=tuple(
            Example(name, frame, "fog", 2, caption, content)
            for place, name in enumerate(names)
            for caption, content in (("input", png(1)), ("prediction", png(2 + place)))
        ),
        provenance={"comparison": {"command": "robustseg compare a b"}},
        covers="over 12 images, fixed draw",
        summary=estimates(summary),
        suite=estimates(suite),
        counted=COUNTED,
        settings=pd.DataFrame(
            {
                name: {"seed": "0", "input": text if place else "256x128"}
                for place, name in enumerate(names)
            }
        ),
        differing=("input",),
        baseline=names[0],
        differences=differences,
        measure_differences=pd.concat({"boundary_iou": differences}, names=["metric"]),
        reference=names[0],
        degradation=estimates(pd.DataFrame(1 + worse + np.zeros((1, 6)), names, ratios)),
        ranks=pd.DataFrame({"clean": 1.0 + np.arange(len(names)), "mean rank": 1.5}, names),
        curves=estimates(curves),
        suite_curves=estimates(curves.groupby(level=0, sort=False).mean()),
        classes=pd.DataFrame(
            {**by_class, "half_lost_at": [np.nan, 2.0] * len(names)},
            pd.MultiIndex.from_product([names, classes], names=["model", "class"]),
        ),
        frames=pd.DataFrame(
            {**{key: values * len(names) for key, values in frames.items()}, "worst_miou": 0.1},
            pd.MultiIndex.from_product([names, [frame]], names=["model", "frame"]),
        ),
        published=(
            Published("Published elsewhere.", suite.iloc[:1].set_axis(["SegFormer-B5"]) + 0.1),
        ),
        published_note="Measured on other data.",
    )
