"""What a comparison says: models of several runs side by side, before it is given a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..report import Page


@dataclass(frozen=True)
class Estimates:
    """Numbers and the ends of their 95 % intervals: three frames of one form; NaN: not known."""

    value: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame


@dataclass(frozen=True)
class Published:
    """Rows that others printed, in the form of a suite table or of a summary; fractions."""

    caption: str
    table: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Comparison(Page):
    """Models on the same images under the same suite. All frames begin with their labels."""

    covers: str
    """What the intervals cover: "over 16 images, fixed draw"."""
    summary: Estimates
    """Index model, columns as `scores.tables.summary`."""
    suite: Estimates
    """Index model, columns (category, corruption) as `scores.tables.suite_table`."""
    counted: Mapping[str, tuple[int, ...]]
    """The severities that count of each corruption."""
    settings: pd.DataFrame
    """How each model was run: index the setting, a column a model, texts."""
    differing: tuple[str, ...]
    """The settings that differ and are not the models' own."""
    baseline: str
    """The model that differences are told against."""
    differences: pd.DataFrame
    """Index (model, score): first (of the baseline), second, difference, low, high, p, p_holm."""
    reference: str
    """What CD and rCD are told against."""
    degradation: Estimates
    """Index model, columns (CD or rCD, corruption or mean)."""
    ranks: pd.DataFrame
    """Index model, a column a score."""
    curves: Estimates
    """Index (model, category), a column a severity: the mean over the category's corruptions."""
    classes: pd.DataFrame
    """Index (model, class), columns as `scores.losses.class_losses`."""
    class_categories: Mapping[str, str]
    frames: pd.DataFrame
    """Index (model, frame), columns as `scores.losses.frame_losses`."""
    published: tuple[Published, ...] = ()
    published_note: str = ""
    """In what the published rows differ from what was measured here."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for what in ("suite", "degradation"):
            models = list(map(str, getattr(self, what).value.index))
            if models != list(self.models):
                raise ValueError(
                    f"{what} has the models {models}, summary has {list(self.models)}: make all "
                    "tables from the same models in the same order"
                )
        if self.baseline not in self.models:
            raise ValueError(f"baseline {self.baseline!r} is none of {list(self.models)}")

    @property
    def models(self) -> tuple[str, ...]:
        """The labels of the models, in order."""
        return tuple(map(str, self.summary.value.index))

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of corruptions, in the order of the suite."""
        found = self.suite.value.columns.get_level_values(0)
        return tuple(str(category) for category in dict.fromkeys(found) if category)

    def corruptions(self, category: str) -> tuple[str, ...]:
        """Return the corruptions of a category."""
        pairs = self.suite.value.columns.to_list()
        return tuple(str(pair[1]) for pair in pairs if pair[0] == category)

    def lost_first(self) -> list[str]:
        """Return the classes, that of which the least is kept first: a mean over the models."""
        kept = self.classes["retention"].astype(float).groupby(level=1, sort=False).mean()
        return [str(name) for name in kept.sort_values(kind="stable").index]

    def lost_most(self, count: int) -> list[str]:
        """Return the frames that lost most mIoU in the mean over the models, worst first."""
        change = self.frames["change"].astype(float).groupby(level=1, sort=False).mean()
        return [str(name) for name in change.dropna().sort_values(kind="stable").index[:count]]
