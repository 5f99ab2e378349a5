"""A small report with chosen scores: two corruptions of each of two categories."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.datasets.base import ClassInfo
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.suites import CorruptionSuite
from robustbench_seg.reporting.report import Report
from robustbench_seg.reporting.run import Run, document
from robustbench_seg.reports.document import Document
from robustbench_seg.runs.pictures import Picture
from robustbench_seg.scores.policy import Column
from tests.helpers.sample_runs import frame, make_spec, model

COUNTED = {
    "motion_blur": (1, 2, 3),
    "glass_blur": (1, 2, 3),
    "fog": (1, 2, 3),
    "snow": (1, 2),
}
CATEGORIES = {"motion_blur": "blur", "glass_blur": "blur", "fog": "weather", "snow": "weather"}
SEVERITIES = (1, 2, 3)
SUITE = CorruptionSuite(
    name="a suite",
    title="A suite",
    source="a test",
    columns=tuple(Column(name, CATEGORIES[name], COUNTED[name]) for name in CATEGORIES),
    severities=SEVERITIES,
)


def png(grey: int) -> bytes:
    """Return a PNG file of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes([0, grey]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def severity_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Let mIoU fall by .04 a severity from .71, and by .1 from model to model."""
    rows = {
        (model, category, corruption): [
            0.75 - 0.04 * severity - 0.1 * place for severity in SEVERITIES
        ]
        for place, model in enumerate(models)
        for corruption, category in CATEGORIES.items()
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["model", "category", "corruption"])
    columns = pd.Index(SEVERITIES, name="severity")
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


def scored_severity_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Return the scores by severity with the mean over the severities that count."""
    severities = severity_frame(models)
    scores = [
        float(severities.loc[[key], list(COUNTED[key[-1]])].to_numpy().mean())
        for key in severities.index.to_list()
    ]
    return severities.assign(score=scores)


def suite_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Return the form of Table 5, with means over the severities that count."""
    severities = severity_frame(models)
    rows = []
    for place, name in enumerate(models):
        row = {("", "clean"): 0.81 - 0.1 * place}
        own = severities.loc[[name]].droplevel(["model", "category"])
        for corruption, category in CATEGORIES.items():
            scores = own.loc[[corruption], list(COUNTED[corruption])]
            row[category, corruption] = float(scores.to_numpy().mean())
        row["", "mean"] = sum(row[each, corruption] for corruption, each in CATEGORIES.items()) / 4
        row["", "retention"] = row["", "mean"] / row["", "clean"]
        rows.append(row)
    table = pd.DataFrame(rows, index=pd.Index(models, name="model"))
    table.columns = pd.MultiIndex.from_tuples(list(rows[0]), names=["category", "corruption"])
    return table


def summary_frame(models: tuple[str, ...] = ("b0",)) -> pd.DataFrame:
    """Return the headline numbers that follow from the other frames."""
    suite = suite_frame(models)
    table = pd.DataFrame({"clean": suite["", "clean"], "suite score": suite["", "mean"]})
    table["blur"] = (suite["blur", "motion_blur"] + suite["blur", "glass_blur"]) / 2
    table["weather"] = (suite["weather", "fog"] + suite["weather", "snow"]) / 2
    table["retention"] = suite["", "retention"]
    table["mPC"] = severity_frame(models).mean(axis="columns").groupby(level=0, sort=False).mean()
    table["rPC"] = table["mPC"] / table["clean"]
    table["pixel_accuracy"] = 0.9
    return table


def class_frame(
    models: tuple[str, ...] = ("b0",), classes: tuple[str, ...] = ("road", "sky")
) -> pd.DataFrame:
    """Return two classes, the second of which is never found."""
    values = {
        "clean": [0.9, 0.0],
        "blur": [0.6, 0.0],
        "weather": [0.3, 0.0],
        "suite": [0.45, 0.0],
        "retention": [0.5, float("nan")],
    }
    index = pd.MultiIndex.from_product([models, classes], names=["model", "class"])
    return pd.DataFrame({name: column * len(models) for name, column in values.items()}, index)


def run_tables(
    models: tuple[str, ...] = ("b0",),
    classes: tuple[str, ...] = ("road", "sky"),
    width: float = math.nan,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a run; the headline numbers have intervals of `width` to both sides."""
    summary, severities = summary_frame(models), severity_frame(models)
    tidy = severities.melt(value_name="value", ignore_index=False).reset_index()
    tidy = tidy.rename(columns={"corruption": "condition"}).drop(columns="category")
    tidy[["class", "low", "high"]] = "all", math.nan, math.nan
    both = [tidy.assign(metric=metric) for metric in ("miou", "miou_cityscapes")]
    named = summary.rename_axis(index="model", columns="score")
    intervals = named.melt(value_name="value", ignore_index=False).reset_index()
    intervals["low"] = intervals["value"] - width
    intervals["high"] = intervals["value"] + width
    intervals[["class", "sd_over_draws"]] = "all", math.nan
    return {
        "tidy": pd.concat(both, ignore_index=True),
        "summary": summary,
        "suite": suite_frame(models),
        "severities": severities,
        "classes": class_frame(models, classes),
        "intervals": intervals,
    }


@dataclass
class GivenScores:
    """The scores of a model in given tables, as of a `Bootstrap`."""

    given: Mapping[str, pd.DataFrame]
    model: str

    @property
    def values(self) -> pd.DataFrame:
        """The mIoU, in one row."""
        scores = self.given["severities"].loc[self.model].droplevel("category").stack()
        return pd.DataFrame(scores.to_numpy()[np.newaxis], columns=scores.index)

    @property
    def samples(self) -> pd.DataFrame:
        """No resamples."""
        return self.values * math.nan

    def value_of(self, key: tuple[str, str]) -> pd.DataFrame:
        """Return a score, in one row."""
        tidy = self.given["tidy"]
        own = tidy[(tidy["model"] == self.model) & (tidy["class"] == key[0])]
        wide = own.pivot(index="metric", columns=["condition", "severity"], values="value")
        return wide.loc[[key[1]]]


class TabledRun(Run):
    """A run whose tables are given, instead of counted; `asked` lists what was asked for."""

    given: Mapping[str, pd.DataFrame]
    asked: list[str]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the given tables."""
        return tuple(self.given)

    def table(self, name: str = "summary") -> pd.DataFrame:
        """Return a given table."""
        self.asked.append(name)
        return self.given[name]

    @property
    def bootstraps(self) -> Any:
        """The given scores by severity, without resamples."""
        return {item.name: GivenScores(self.given, item.name) for item in self.spec.models}


def tabled_run(given: Mapping[str, pd.DataFrame], **changes: Any) -> TabledRun:
    """Return a run with these tables; `changes` are of its specification."""
    spec = make_spec(**changes)
    names = tuple(item.name for item in spec.frames)
    run = TabledRun(Path("a"), spec, names, {}, [{"run": {"command": "robustseg eval"}}], [])
    run.given, run.asked = given, []
    return run


def sample_run(
    models: tuple[str, ...] = ("b0",),
    *,
    image: str = "val_0000",
    classes: tuple[str, ...] = ("road", "sky"),
    tables: Mapping[str, pd.DataFrame] | None = None,
    pictures: Mapping[str, bytes] = MappingProxyType(
        {"input": png(10), "prediction": png(20), "ground truth": png(30)}
    ),
) -> TabledRun:
    """Return a run whose names can be chosen, with example pictures of its one frame."""
    run = tabled_run(
        {**run_tables(models, classes), **(tables or {})},
        models=tuple(map(model, models)),
        frames=(frame(0, name=image),),
        classes=(
            ClassInfo(classes[0], (128, 64, 128), "flat"),
            ClassInfo(classes[1], (70, 130, 180), "sky"),
            ClassInfo("person", (220, 20, 60), "human"),
        ),
        suite=SUITE,
    )
    run.pictures = [
        Picture(Cell(name, "fog", 3, image), caption, content)
        for name in models
        for caption, content in pictures.items()
    ]
    return run


def sample_report(models: tuple[str, ...] = ("b0",), **options: Any) -> Report:
    """Return the report of `sample_run`."""
    return Report(sample_run(models, **options))


def sample_document(
    models: tuple[str, ...] = ("b0",),
    *,
    title: str = "a suite on streets (val)",
    note: str = "All severities were run.",
    stamps: tuple[str, ...] = (),
    **options: Any,
) -> Document:
    """Return the document of `sample_run`, with texts that can be chosen."""
    return replace(
        document(sample_report(models, **options)),
        title=title,
        subtitle=f"{', '.join(models)}, trained on streets, evaluated on streets",
        stamps=stamps,
        notes=(note,),
        provenance={"Run": {"command": f"robustseg eval --model {models[0]}", "seed": "0"}},
    )
