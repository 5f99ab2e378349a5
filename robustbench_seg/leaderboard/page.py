"""The first page of a leaderboard's site, as a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..reporting import tables
from ..reporting.comparison import Comparison
from ..reporting.notes import title
from ..reporting.run import Run
from ..reports import Page
from ..reports.document import Plot, Plots, Section
from ..reports.table import Cell, Head, Table
from .entries import protocol
from .figure import scatter
from .finding import NOT_CHECKED, Finding, RunCheck
from .ranking import SIGNIFICANT

_SCORES = ("suite score", "clean", "retention")
_MEANINGS = (
    (
        "The rank",
        "is 1 plus the number of models that are better beyond chance: models that the images "
        "cannot tell apart share it. Pairs are compared by the sign-flip test of the suite score, "
        f"with Holm's correction for their number, at the level {SIGNIFICANT:g}.",
    ),
    (
        "The suite score",
        "is the mean IoU over the corruptions, each over the severities that count.",
    ),
    ("Retention", "is the suite score divided by the clean mIoU."),
    (
        "Verified",
        "means that random cells of the run were predicted again, and gave its counts. Otherwise "
        "the scores follow from the stored counts, and the models or the data were not at hand.",
    ),
)


@dataclass(frozen=True)
class Entry:
    """A model of a leaderboard, with its rank and what was verified of its run."""

    model: str
    """Its label in the comparison."""
    shown: str
    """Its name on the page."""
    rank: int
    family: str
    encoder: str
    """CNN, transformer or unknown."""
    trained_on: str
    page: str
    """Address of the page of its run, from the first page."""
    check: RunCheck

    @property
    def badge(self) -> str:
        """What was verified, in two words at most."""
        return "stored counts" if self.check.named(NOT_CHECKED) else "verified"

    @property
    def row(self) -> dict[str, Any]:
        """The columns that are no scores."""
        names = ("model", "rank", "family", "encoder", "trained_on", "badge", "page")
        return {name: getattr(self, name) for name in names}


def index_page(
    comparison: Comparison, runs: Sequence[Run], entries: Sequence[Entry], compared: str
) -> Page:
    """Return the first page; `compared` is the address of the page that compares all models."""
    first = entries[0]
    tied = [each.shown for each in entries if each.rank == 1]
    leads = f"{tied[0]} leads" if len(tied) == 1 else f"{', '.join(tied)} share the first rank"
    return Page(
        title=title(runs[0].spec),
        subtitle=f"{len(entries)} models; {first.shown if len(entries) == 1 else leads}.",
        stamps=comparison.stamps,
        notes=_notes(comparison, runs),
        meanings=_MEANINGS,
        sections=(
            Section("Ranking", (_ranking(comparison, entries), _plots(comparison, entries))),
            Section("Side by side", (_further(compared),)),
            Section("What was checked", (_checks(entries),), short="Checks"),
            Section("Protocol", (_protocol(runs[0]),)),
        ),
        provenance=comparison.provenance,
        kind="Leaderboard",
    )


def _notes(comparison: Comparison, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the notes that are about all models; the pages of the runs have the others."""
    names = {name for run in runs for name in run.names.values()}
    return tuple(note for note in comparison.notes if not any(name in note for name in names))


def _plots(comparison: Comparison, entries: Sequence[Entry]) -> Plots:
    names = [each.model for each in entries]
    families = {each.model: each.family for each in entries}
    label = "Retention against the clean mIoU of each model; the numbers are in the table."
    draw = partial(scatter, comparison.summary.rows(names), families)
    plot = Plot("retention", "retention against clean mIoU", label, draw)
    note = "Lines: 95 % intervals." if comparison.has_intervals else ""
    return Plots("What a model keeps, and what it has to lose", (plot,), note)


def _ranking(comparison: Comparison, entries: Sequence[Entry]) -> Table:
    names = [each.model for each in entries]
    value, low, high = (
        frame.loc[names, list(_SCORES)].to_numpy(float) for frame in comparison.summary
    )  # (models, scores) each
    rows = []
    for place, each in enumerate(entries):
        ends = zip(low[place].tolist(), high[place].tolist(), strict=True)
        numbers = [
            tables.score(score, ends=pair)
            for score, pair in zip(value[place].tolist(), ends, strict=True)
        ]
        verified = ", ".join(found.check for found in each.check.named("verified"))
        rows.append(
            (
                Cell(each.shown, link=each.page),
                Cell(str(each.rank), value=each.rank),
                *numbers,
                Cell(each.family),
                Cell(each.encoder),
                Cell(each.badge, tooltip=f"verified: {verified}"),
            )
        )
    covers = f"95 % intervals {comparison.covers}" if comparison.has_intervals else "no intervals"
    return Table(
        f"Models by rank, scores in percent, {covers}. A name leads to the report of its run.",
        (
            Head("model"),
            Head("rank", tooltip="shared where the images cannot tell models apart"),
            *(Head(*_heading(name)) for name in _SCORES),
            Head("family"),
            Head("encoder"),
            Head("checked"),
        ),
        tuple(rows),
        name="ranking-table",
        filters=(5, 6, 7),
    )


def _heading(name: str) -> tuple[str, str, str]:
    text, meaning = tables.HEADINGS[name]
    return text, "", meaning


def _further(compared: str) -> Table:
    row = (Cell("all models", link=compared), Cell("differences, by corruption, class and frame"))
    return Table("The comparison of all models.", (Head("page"), Head("what")), (row,))


def _checks(entries: Sequence[Entry]) -> Table:
    found = [{each.check: each for each in entry.check.findings} for entry in entries]
    names = list(dict.fromkeys(name for own in found for name in own))
    rows = tuple(
        (Cell(entry.shown), *(_status(own.get(name)) for name in names))
        for entry, own in zip(entries, found, strict=True)
    )
    heads = (Head("model"), *map(Head, names))
    return Table("Findings of robustseg leaderboard check.", heads, rows, name="checks-table")


def _status(found: Finding | None) -> Cell:
    return Cell(found.status, tooltip=found.found) if found else Cell(NOT_CHECKED)


def _protocol(run: Run) -> Table:
    rows = tuple((Cell(name), Cell(text)) for name, text in protocol(run.spec).items())
    return Table("What all runs have in common.", (Head("what"), Head("value")), rows)
