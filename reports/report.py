"""What a report says, before it is given a form: tables, notes, example frames, provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every report has, whatever it measures.

    `legend` has class names and colours "#rrggbb", `provenance` section -> key -> value. A stamp
    such as "UNTRAINED: random weights" is shown on every section of the report.
    """

    title: str
    subtitle: str
    stamps: tuple[str, ...]
    notes: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...]
    provenance: Mapping[str, Mapping[str, str]]

    def __post_init__(self) -> None:
        for name, color in self.legend:
            # The colour goes into a style attribute, where only a colour may stand.
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
                raise ValueError(f"colour {color!r} of class {name!r} is not of the form #rrggbb")


@dataclass(frozen=True, kw_only=True)
class ResolutionReport(Page):
    """A run of one or more models on a suite of resolutions, as `scores.resolution` has it.

    `table` has the index (model, condition) and the columns line, value, miou, low, high, change
    (against the condition `against`), change_low and change_high; `class_table` the index (model,
    class) and a column a condition. `unit` is what the values are, "scale" or "short side".
    `inputs` says at which size the models see the frames: model -> condition -> words.
    """

    table: pd.DataFrame
    class_table: pd.DataFrame
    unit: str
    against: str
    inputs: Mapping[str, Mapping[str, str]]

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, in the order of the table."""
        return tuple(dict.fromkeys(map(str, self.table.index.get_level_values(0))))

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions, clean first."""
        return tuple(dict.fromkeys(map(str, self.table.index.get_level_values(1))))


@dataclass(frozen=True)
class Intervals:
    """How sure the numbers of a summary are: frames of its form, NaN where that is not known.

    `low` and `high` are the ends of the 95 % intervals, `over_draws` the standard deviation from
    draw to draw of chance; `covers` says what the intervals cover: "over 16 images, fixed draw".
    """

    low: pd.DataFrame
    high: pd.DataFrame
    over_draws: pd.DataFrame
    covers: str


@dataclass(frozen=True, kw_only=True)
class Report(Page):
    """A run of one or more models on a suite; the frames have the forms of `scores.tables`.

    Values are fractions in [0, 1], NaN where a condition was not measured. `counted` gives the
    severities that count of each corruption, `input_scales` words for the scale at which each
    model sees the frames.
    """

    summary: pd.DataFrame
    suite_table: pd.DataFrame
    severity_table: pd.DataFrame
    class_table: pd.DataFrame
    counted: Mapping[str, tuple[int, ...]]
    input_scales: Mapping[str, str] = field(default_factory=dict)
    intervals: Intervals | None = None
    ends: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]] = field(default_factory=dict)
    """The low and the high ends of the intervals of "suite_table", "severity_table" and
    "class_table", in their forms; a table that is not in it is shown without."""

    def __post_init__(self) -> None:
        super().__post_init__()
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
