"""A leaderboard: runs of one protocol, checked and ranked, and the static site that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..folders import check_folder
from ..progress import Progress, silent
from ..reporting.comparison import Comparison
from ..reporting.comparison.compare_runs import compare_runs
from ..reporting.run import Run
from ..reports.document import file_name
from ..reports.formats import html
from ..runs.side_by_side import SideBySide, side_by_side
from ..writing import write_file
from .check import check_opened
from .entries import check_protocol, family, find_runs
from .finding import RunCheck
from .page import Entry, index_page
from .ranking import SCORE, pairs, ranks

INDEX = "index.html"
PAGE = "report.html"
COMPARISON = "comparison"
"""Folder of the page that compares all models."""


@dataclass(frozen=True)
class Leaderboard:
    """Checked runs of one protocol, with the ranks of their models."""

    runs: Sequence[Run]
    checks: Sequence[RunCheck]
    """The findings of each run."""

    @classmethod
    def of(
        cls, paths: Iterable[str | Path], cells: int, progress: Progress = silent
    ) -> Leaderboard:
        """Open and check the runs in some folders; InputError for one that is refused.

        Raises InputError too where two runs have different protocols.
        """
        runs = [Run.open(path) for path in find_runs(paths)]
        check_protocol(runs)
        checks = []
        for run in runs:
            checks.append(check_opened(run, cells, progress=progress))
            if found := checks[-1].wrong:
                raise InputError(
                    f"{run.folder}: refused: {found[0].check}: {found[0].found}; see robustseg "
                    f"leaderboard check {run.folder}"
                )
        return cls(runs, checks)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Models in the order of their ranks."""
        values = self.comparison.summary.value[SCORE].astype(float)
        scores = {str(model): float(value) for model, value in values.items()}
        found = ranks(scores, self.pairs)
        owners = {item.label: item for item in self._side_by_side.contenders}
        checks = {id(run): check for run, check in zip(self.runs, self.checks, strict=True)}
        return tuple(
            Entry(
                model=model,
                shown=self.comparison.names[model],
                rank=rank,
                family=family(owners[model].model.name)[0],
                encoder=family(owners[model].model.name)[1],
                trained_on=owners[model].model.trained_on,
                page=f"{self._folders[id(owners[model].run)]}/{PAGE}",
                check=checks[id(owners[model].run)],
            )
            for model, rank in found.items()
        )

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Differences of all pairs of models; see `ranking.pairs`."""
        return pairs(self._side_by_side.bootstraps, self._side_by_side.policy)

    @cached_property
    def comparison(self) -> Comparison:
        """All models side by side."""
        return compare_runs(self.runs)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The ranking, the pairs behind the ranks, and the findings of all checks."""
        scores = self.comparison.summary.value.astype(float)
        ranking = pd.DataFrame([each.row for each in self.entries]).set_index("model")
        findings = {
            run.folder.name: check.table for run, check in zip(self.runs, self.checks, strict=True)
        }
        return {
            "ranking": ranking.join(scores),
            "pairs": self.pairs,
            "checks": pd.concat(findings, names=["run", ""]).droplevel(1),
        }

    def write(self, folder: str | Path) -> Path:
        """Write the site and return its first page.

        A page for each run, one that compares all models, and the index. InputError where the
        folder holds other files.
        """
        site = Path(folder)
        check_folder(site, INDEX)
        for run in self.runs:
            run.write("html", site / self._folders[id(run)])
        self.comparison.write("html", site / COMPARISON)
        page = index_page(self.comparison, self.runs, self.entries, f"{COMPARISON}/{PAGE}")
        try:
            write_file(site / INDEX, html.render(page).encode(), site)
        except OSError as error:
            raise InputError(
                f"--out {site}: cannot be written ({error.strerror}); name another folder"
            ) from error
        return site / INDEX

    @cached_property
    def _side_by_side(self) -> SideBySide:
        return side_by_side(self.runs)

    @cached_property
    def _folders(self) -> Mapping[int, str]:
        """Folder of the page of each run, by its `id`."""
        places = enumerate(self.runs, start=1)
        return {id(run): file_name(f"{place:03}", run.spec.slug) for place, run in places}
