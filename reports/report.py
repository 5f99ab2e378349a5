"""What a report says, before it is given a form: tables, notes, example frames, provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Example:
    """One frame under one condition as one model saw it: caption -> PNG bytes.

    Captions are "input", "prediction" and "ground truth"; the condition reads "fog 3" or "clean".
    """

    model: str
    image: str
    condition: str
    pictures: Mapping[str, bytes]

    def __post_init__(self) -> None:
        for caption, picture in self.pictures.items():
            if not picture.startswith(PNG_SIGNATURE):
                raise ValueError(
                    f"picture {caption!r} of {self.image} ({self.condition}) is not a PNG file: "
                    "hand over encoded PNG bytes"
                )


@dataclass(frozen=True)
class Report:
    """A run of one or more models on a suite; the frames have the forms of `scores.tables`.

    Values are fractions in [0, 1], NaN where a condition was not measured. `counted` gives the
    severities that count of each corruption, `legend` class names and colours "#rrggbb",
    `provenance` section -> key -> value. A stamp such as "UNTRAINED: random weights" is shown on
    every section of the report.
    """

    title: str
    subtitle: str
    stamps: tuple[str, ...]
    notes: tuple[str, ...]
    summary: pd.DataFrame
    suite_table: pd.DataFrame
    severity_table: pd.DataFrame
    class_table: pd.DataFrame
    counted: Mapping[str, tuple[int, ...]]
    legend: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...]
    provenance: Mapping[str, Mapping[str, str]]

    def __post_init__(self) -> None:
        for name, color in self.legend:
            # The colour goes into a style attribute, where only a colour may stand.
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
                raise ValueError(f"colour {color!r} of class {name!r} is not of the form #rrggbb")
        for what in ("suite_table", "severity_table", "class_table"):
            models = set(getattr(self, what).index.get_level_values(0))
            if models != set(self.models):
                raise ValueError(
                    f"{what} has the models {sorted(models)}, summary has {sorted(self.models)}: "
                    "make all tables from one run"
                )

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, in the order of the summary."""
        return tuple(str(model) for model in self.summary.index)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of corruptions, in the order of the suite."""
        categories = self.suite_table.columns.get_level_values(0)
        return tuple(str(category) for category in dict.fromkeys(categories) if category)

    def clean(self, model: str) -> float:
        """Return the mIoU of a model on the unchanged images."""
        return float(self.summary["clean"].astype(float)[model])

    def severities(self, model: str) -> pd.DataFrame:
        """Return the mIoU of a model: index (category, corruption), one column a severity."""
        return self.severity_table.loc[[model]].droplevel(0)
