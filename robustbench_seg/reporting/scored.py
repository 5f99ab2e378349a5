"""Models side by side with the scores of their images and of their resamples, each made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from reports.comparison.description import Estimates

from ..runs.side_by_side import SideBySide
from ..scores.breakdowns import with_interval
from ..scores.tables import suite_scores


@dataclass(frozen=True)
class Scored:
    """Models side by side, with the scores of their images and of their resamples."""

    found: SideBySide

    @cached_property
    def values(self) -> dict[str, pd.DataFrame]:
        """Of each model one row, with the columns of `suite_scores`."""
        return {
            label: suite_scores(item.values, self.found.policy)
            for label, item in self.found.bootstraps.items()
        }

    @cached_property
    def samples(self) -> dict[str, pd.DataFrame]:
        """The same of each resample."""
        return {
            label: suite_scores(item.samples, self.found.policy)
            for label, item in self.found.bootstraps.items()
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """The values of all models, a row each."""
        return pd.concat([row.set_axis([label]) for label, row in self.values.items()])

    @cached_property
    def columns(self) -> pd.MultiIndex:
        """The columns (category, corruption) of Table 5's form."""
        pairs = [(item.category, item.corruption) for item in self.found.policy.columns]
        ends = [("", "mean"), ("", "retention")]
        return pd.MultiIndex.from_tuples(
            [("", "clean"), *pairs, *ends], names=["category", "corruption"]
        )

    def estimates(
        self, values: Mapping[str, pd.DataFrame], samples: Mapping[str, pd.DataFrame]
    ) -> Estimates:
        """Return one row a model, with the ends of the intervals."""
        found = {
            label: with_interval(bootstrap, values[label], samples[label])
            for label, bootstrap in self.found.bootstraps.items()
        }
        return Estimates(
            *(
                pd.DataFrame({label: part[end] for label, part in found.items()}).T
                for end in ("value", "low", "high")
            )
        )
