"""Stored runs as the comparison that `reports` gives a form."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from reports import Example
from reports.comparison.description import Comparison, Estimates

from ..errors import InputError
from ..runs.run import StoredRun
from ..runs.side_by_side import SideBySide, run_names
from ..scores import breakdowns
from ..scores.comparison import differences_from_baseline
from ..scores.corruption_error import corruption_errors, ranks
from ..scores.statistics import RESAMPLES
from ..scores.tables import suite_scores
from .references import Reference, find_reference, published_note, published_rows, reference_stamps
from .report import examples_of, notes_of, provenance_of, stamps_of, title_of
from .scored import Scored
from .uncertainty import covers


def with_reference(
    runs: Sequence[StoredRun], reference: str | None
) -> tuple[list[StoredRun], str | None]:
    """Return the runs with that of a reference that is a folder, and the name of its model.

    InputError where that run has several models.
    """
    if reference is None or not Path(reference).is_dir():
        return list(runs), reference
    folder = Path(reference).resolve()
    found = next((run for run in runs if run.folder.resolve() == folder), None)
    run = found or StoredRun.open(reference)
    models = [model.name for model in run.spec.models]
    if len(models) > 1:
        raise InputError(
            f"--reference {reference}: has several models; name the run as RUN and one of them as "
            f"--reference: {', '.join(models)}"
        )
    return ([*runs] if found else [*runs, run]), reference


def slug(found: SideBySide, reference: str | None, tables: Sequence[str]) -> str:
    """Return a folder's name that says what is compared, and that no other comparison has."""
    chosen = [[run.spec.slug for run in found.runs], reference, list(tables)]
    digest = hashlib.sha256(json.dumps(chosen).encode()).hexdigest()
    models = "+".join(item.model.name for item in found.contenders)[:80]
    name = f"compare_{models}_{digest[:8]}"
    return "".join(letter if letter.isalnum() or letter in "@+-_." else "-" for letter in name)


def comparison_of(
    found: SideBySide, reference: str | None = None, tables: Sequence[str] = ()
) -> Comparison:
    """Return all that a comparison says; see `references` for the reference and the tables."""
    scored, suite, first = Scored(found), found.policy, found.first
    meant = find_reference(reference, found, scored.columns)
    labels = [item.label for item in found.contenders]
    baseline = labels[0] if meant.printed is not None else meant.label
    all_scores = scored.estimates(scored.values, scored.samples)
    headline = [name for name in scored.table if name not in suite.corruptions]
    frames = [
        breakdowns.frame_breakdown(item.pixel_counts, suite).set_axis(list(first.frames))
        for item in found.contenders
    ]
    return Comparison(
        title=f"{title_of(first.spec)}: {len(labels)} model{'s' * (len(labels) > 1)} compared",
        subtitle="; ".join(
            f"{item.label}: trained on {item.model.trained_on}, evaluated on "
            f"{item.run.spec.dataset}"
            for item in found.contenders
        ),
        stamps=_stamps(found, meant),
        notes=_notes(found),
        legend=tuple(
            (info.name, "#{:02x}{:02x}{:02x}".format(*info.color)) for info in first.spec.classes
        ),
        examples=_examples(found),
        provenance=_provenance(found, meant, baseline, reference, tables),
        covers=covers(first),
        summary=_apply(all_scores, lambda frame: frame[headline]),
        suite=_apply(all_scores, partial(_table5, columns=scored.columns)),
        counted={column.corruption: column.counted for column in suite.columns},
        settings=found.settings,
        differing=found.differing,
        baseline=baseline,
        differences=differences_from_baseline(
            found.bootstraps, baseline, partial(suite_scores, suite=suite), suite.corruptions
        ),
        reference=meant.label,
        degradation=_degradation(scored, meant),
        ranks=ranks(scored.table, suite),
        curves=_curves(scored),
        classes=pd.concat(
            {
                label: breakdowns.class_breakdown(bootstrap, suite)
                for label, bootstrap in found.bootstraps.items()
            },
            names=["model", "class"],
        ),
        class_categories={info.name: info.category for info in first.spec.classes},
        frames=pd.concat(dict(zip(labels, frames, strict=True)), names=["model", "frame"]),
        published=published_rows(tables, meant, scored.columns),
        published_note=published_note(first.spec, suite),
    )


def tables_of(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Return the numbers of a comparison as tables for files, with the names of these."""

    def long(found: Estimates) -> pd.DataFrame:
        parts = {
            end: frame.stack(list(range(frame.columns.nlevels)))
            for end, frame in (("value", found.value), ("low", found.low), ("high", found.high))
        }
        return pd.DataFrame(parts)

    return {
        "summary": long(comparison.summary),
        "suite": comparison.suite.value,
        "differences": comparison.differences,
        "degradation": long(comparison.degradation),
        "ranks": comparison.ranks,
        "curves": long(comparison.curves),
        "classes": comparison.classes,
        "frames": comparison.frames,
        "settings": comparison.settings,
    }


def _apply(found: Estimates, arrange: Callable[[pd.DataFrame], pd.DataFrame]) -> Estimates:
    return Estimates(*map(arrange, (found.value, found.low, found.high)))


def _table5(scores: pd.DataFrame, columns: pd.MultiIndex) -> pd.DataFrame:
    names = ["suite score" if name == "mean" else name for _, name in columns]
    return scores[names].set_axis(columns, axis="columns")


def _degradation(scored: Scored, reference: Reference) -> Estimates:
    suite = scored.found.policy

    def of(scores: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        theirs = scores[reference.label] if reference.printed is None else reference.printed
        return {label: corruption_errors(own, theirs, suite) for label, own in scores.items()}

    return scored.estimates(of(scored.values), of(scored.samples))


def _curves(scored: Scored) -> Estimates:
    suite, bootstraps = scored.found.policy, scored.found.bootstraps
    values = {
        label: breakdowns.category_curves(item.values, suite) for label, item in bootstraps.items()
    }
    samples = {
        label: breakdowns.category_curves(item.samples, suite) for label, item in bootstraps.items()
    }

    def by_category(frame: pd.DataFrame) -> pd.DataFrame:
        parts = {
            (label, category): frame.loc[label, category]
            for label in frame.index
            for category in suite.categories
        }
        return pd.DataFrame(parts).T

    return _apply(scored.estimates(values, samples), by_category)


def _stamps(found: SideBySide, reference: Reference) -> tuple[str, ...]:
    names = run_names(found.runs)
    stamps = list(
        dict.fromkeys(
            _of_run(stamp, names[id(run)]) if len(names) > 1 else stamp
            for run in found.runs
            for stamp in stamps_of(run)
        )
    )
    inputs = found.settings.loc["input of the network"]
    if inputs.nunique() > 1 and not any(stamp.startswith("SCALES DIFFER") for stamp in stamps):
        seen = ", ".join(f"{item.model.name} at {inputs[item.label]}" for item in found.contenders)
        stamps.append(
            f"SCALES DIFFER: the frames are seen by {seen}; how hard a corruption is depends on "
            "that, and --input-scale runs all models at one"
        )
    others = [name for name in found.differing if name != "input of the network"]
    if others:
        stamps.append(f"RUNS DIFFER in {', '.join(others)}: see the table of how they were run")
    return (*stamps, *reference_stamps(reference, found.first.spec))


def _of_run(stamp: str, run: str) -> str:
    """Say of which run a stamp is, where it names no model."""
    word, _, rest = stamp.partition(": ")
    return f"{word}: run {run}: {rest}" if word in ("PARTIAL", "FAILED") else stamp


def _notes(found: SideBySide) -> tuple[str, ...]:
    """Return the notes of all runs, each once; of which run, where models of two have a name."""
    names = Counter(item.model.name for item in found.contenders)
    ambiguous = any(count > 1 for count in names.values())
    folders = run_names(found.runs)
    by_run = {folders[id(run)]: notes_of(run) for run in found.runs}
    often = Counter(note for notes in by_run.values() for note in notes)
    return tuple(
        dict.fromkeys(
            f"Run {run}: {note}" if ambiguous and often[note] < len(by_run) else note
            for run, notes in by_run.items()
            for note in notes
        )
    )


def _examples(found: SideBySide) -> tuple[Example, ...]:
    labels = {(id(item.run), item.model.name): item.label for item in found.contenders}
    return tuple(
        Example(labels[id(run), example.model], example.image, example.condition, example.pictures)
        for run in found.runs
        for example in examples_of(run)
    )


def _provenance(
    found: SideBySide,
    meant: Reference,
    baseline: str,
    reference: str | None,
    tables: Sequence[str],
) -> dict[str, dict[str, str]]:
    options = ["--with", ",".join(tables)] if tables else []
    options += ["--reference", reference] if reference else []
    command = ["robustseg", "compare", *(str(run.folder) for run in found.runs), *options]
    sections = {
        "comparison": {
            "command": shlex.join(command),
            "differences": f"against {baseline}, {RESAMPLES} paired resamples",
            "CD and rCD": f"against {meant.label}"
            + (", published" if meant.printed is not None else ""),
        }
    }
    names = run_names(found.runs)
    for run in found.runs:
        own = f", run {names[id(run)]}" if len(found.runs) > 1 else ""
        sections |= {f"{name}{own}": values for name, values in provenance_of(run).items()}
    return sections
