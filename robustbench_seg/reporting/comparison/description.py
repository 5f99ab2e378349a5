"""The numbers of a comparison: several models on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import pandas as pd

from ...datasets.base import ClassInfo
from ..examples import Example
from ..intervals import IntervalTable


@dataclass(frozen=True)
class Published:
    """Rows that others printed, in the form of a suite table or of a summary; fractions."""

    caption: str
    table: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class ComparisonData:
    """The numbers of models on the same images under the same suite, by their labels."""

    title: str
    subtitle: str
    slug: str
    """Name of its folder in results/."""
    stamps: tuple[str, ...]
    mark: str
    """Mark of each table and figure, where a run is a sample; else ""."""
    notes: tuple[str, ...]
    provenance: Mapping[str, Mapping[str, str]]
    examples: tuple[Example, ...]
    class_infos: tuple[ClassInfo, ...]
    covers: str
    """What the intervals cover: "over 16 images, fixed draw"."""
    model_names: tuple[str, ...]
    """Names NAME@WEIGHTS of the models in their runs, in order."""
    cited: tuple[str, ...]
    """Keys of the papers behind suite, models and data, in `citations`."""
    names: Mapping[str, str]
    """Name under which reports show each model, by its label."""
    summary: IntervalTable
    """Index model, columns as `scores.tables.summary`."""
    suite: IntervalTable
    """Index model, columns (category, corruption) as `scores.tables.suite_table`."""
    counted: Mapping[str, tuple[float, ...]]
    """Severities that count, by corruption."""
    settings: pd.DataFrame
    """How each model was run: index the setting, a column per model, in words."""
    differing: tuple[str, ...]
    """Settings that differ and are not the models' own."""
    baseline: str
    """Model that the others are subtracted from."""
    differences: pd.DataFrame
    """Index (model, score), columns as `scores.intervals.paired_differences`."""
    measure_differences: pd.DataFrame
    """The same of what else was measured: index (metric, model, score)."""
    reference: str
    """Model whose errors CD and rCD divide by."""
    degradation: IntervalTable
    """Index model, columns (CD or rCD, corruption or mean)."""
    ranks: pd.DataFrame
    """Index model, a column per score."""
    curves: IntervalTable
    """Index (model, category), a column per severity: the mean over the category's corruptions."""
    suite_curves: IntervalTable
    """Index model, a column per severity: the mean over all corruptions."""
    classes: pd.DataFrame
    """Index (model, class), columns as `scores.breakdowns.class_breakdown`."""
    frames: pd.DataFrame
    """Index (model, frame), columns as `scores.breakdowns.frame_breakdown`."""
    half_retention: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Index model, columns as `scores.half_retention.half_retention`."""
    agreement: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Index (model, condition, severity), columns as `predictions.agreement.agreement`: with the
    baseline, of the same model in other runs, and of others whose labels are saved."""
    published: tuple[Published, ...] = ()
    published_note: str = ""
    """How the published rows differ from what was measured here."""

    @cached_property
    def shown(self) -> ComparisonData:
        """The same numbers under the names that reports show."""

        def renamed(frame: pd.DataFrame) -> pd.DataFrame:
            return frame.rename(index=dict(self.names), columns=dict(self.names))

        changed: dict[str, Any] = {
            "examples": tuple(
                each._replace(model=self.names[each.model]) for each in self.examples
            ),
            "baseline": self.names[self.baseline],
            "reference": self.names.get(self.reference, self.reference),
            "names": {name: name for name in self.names.values()},
        }
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, pd.DataFrame):
                changed[each.name] = renamed(value)
            elif isinstance(value, IntervalTable):
                changed[each.name] = value.apply(renamed)
        return replace(self, **changed)

    @property
    def printed(self) -> tuple[Published, ...]:
        """Published rows in the form of the suite table, which stand below those of the runs."""
        return tuple(item for item in self.published if item.table.columns.nlevels == 2)

    @property
    def models(self) -> tuple[str, ...]:
        """Labels of the models, in order."""
        return tuple(map(str, self.summary.value.index))

    @property
    def clean(self) -> dict[str, float]:
        """Clean mIoU of each model."""
        return {str(model): float(value) for model, value in self.summary.value["clean"].items()}

    @property
    def highest_clean(self) -> float:
        """The highest clean mIoU or end of its interval; 0.1 where none is above that."""
        ends = [frame["clean"].astype(float).max() for frame in self.summary]
        return max((end for end in ends if end > 0.1), default=0.1)

    @property
    def has_intervals(self) -> bool:
        """Whether there are enough images, or groups, for intervals."""
        return bool(self.summary.low.notna().any(axis=None))

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories of corruptions, in the order of the suite."""
        found = self.suite.value.columns.get_level_values(0)
        return tuple(str(category) for category in dict.fromkeys(found) if category)

    def corruptions(self, category: str) -> tuple[str, ...]:
        """Return the corruptions of a category."""
        pairs = self.suite.value.columns.to_list()
        return tuple(str(pair[1]) for pair in pairs if pair[0] == category)

    def counted_of(self, category: str) -> set[float]:
        """Return the severities that count for some corruption of a category."""
        return {severity for name in self.corruptions(category) for severity in self.counted[name]}

    def lost_first(self) -> list[str]:
        """Return class names by retention, lowest first: the mean over the models."""
        kept = self.classes["retention"].astype(float).groupby(level=1, sort=False).mean()
        return [str(name) for name in kept.sort_values(kind="stable").index]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All numbers as tables, by name; intervals are rows of value, low and high."""
        further = {
            "measure-differences": self.measure_differences,
            "agreement": self.agreement,
        }
        return {
            "summary": _long(self.summary),
            "suite": self.suite.value,
            "differences": self.differences,
            "degradation": _long(self.degradation),
            "ranks": self.ranks,
            "curves": _long(self.curves),
            "classes": self.classes,
            "frames": self.frames,
            "settings": self.settings,
            **{name: table for name, table in further.items() if len(table)},
        }

    @property
    def named_tables(self) -> dict[str, pd.DataFrame]:
        """The same with a name for each level of their indexes."""
        return {
            name: table.rename_axis(_LEVELS[name]) if name in _LEVELS else table
            for name, table in self.tables.items()
        }


_LEVELS: Mapping[str, tuple[str, ...]] = {
    "summary": ("model", "score"),
    "suite": ("model",),
    "degradation": ("model", "measure", "corruption"),
    "ranks": ("model",),
    "curves": ("model", "category", "severity"),
    "settings": ("setting",),
}
"""Names of index levels whose headings in CSV files have been empty since version 0.1.0."""


def _long(found: IntervalTable) -> pd.DataFrame:
    levels = list(range(found.value.columns.nlevels))
    return pd.DataFrame({end: frame.stack(levels) for end, frame in found._asdict().items()})
