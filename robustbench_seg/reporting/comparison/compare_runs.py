"""From stored runs to their comparison."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ...errors import InputError
from ...names import slug
from ...predictions.agreement import agreements
from ...runs.run import StoredRun, relabelled
from ...runs.side_by_side import SideBySide, run_names, side_by_side
from ...scores.breakdowns import class_breakdown, frame_breakdown, suite_curve
from ...scores.corruption_error import corruption_errors, ranks
from ...scores.half_retention import half_retention
from ...scores.intervals import Derive, Resampled, differences_from_baseline
from ...scores.measured import measure_differences
from ...scores.statistics import RESAMPLES, interval
from ...scores.sum_bootstrap import SumBootstrap
from ...scores.tables import suite_columns, suite_scores
from .. import estimates
from ..beside import begun
from ..citations import keys
from ..examples import Example
from ..input_scale import scales_differ
from ..intervals import IntervalTable, curves_by_category, estimated
from ..notes import title, training
from ..report import Report
from ..words import count
from .comparison import Comparison
from .references import (
    Reference,
    check_tables,
    find_reference,
    published_note,
    published_rows,
    reference_stamps,
)

_INPUT = "input of the network"
_MOST_SENT = 2**28
"""Bytes of counts of which the second process may have a copy."""


def compare_runs(
    runs: Sequence[StoredRun | str | Path],
    reference: str | Path | None = None,
    tables: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare the models of several runs on the same images.

    Parameters
    ----------
    runs
        Runs or their folders. Runs of other images, labels, classes or severities are refused.
    reference
        Model that differences, CD and rCD refer to: one of the runs', the folder of a run of one
        model, or a model of SegFormer's Table 5, whose differences cannot be paired: these then
        refer to the first model. None: the first model.
    tables
        Published results to show, set apart: "segformer-table5", "stl-table4", "semsegbench".

    labels
        Names of models in the comparison, by NAME or NAME@WEIGHTS.

    Raises InputError for runs that cannot be compared and for unknown names.
    """
    check_tables(tables)
    opened = [run if isinstance(run, StoredRun) else StoredRun.open(run) for run in runs]
    name = None if reference is None else str(reference)
    found = side_by_side(relabelled(_with_reference(opened, name), labels))
    policy, first, models = found.policy, found.first, found.bootstraps
    columns = suite_columns(policy)
    meant = find_reference(name, found, columns)
    baseline = next(iter(models)) if meant.printed is not None else meant.label
    scores_of = partial(suite_scores, suite=policy)
    measured = found.measured_scores
    work = partial(measure_differences, measured, baseline, scores_of, policy.corruptions)
    # It takes longest, and has no figure.
    of_measures = begun(work) if _size(measured) <= _MOST_SENT else work
    folders = run_names(found.runs)
    reports = {folders[id(run)]: Report(run) for run in found.runs}
    names = {item.label: item.shown for item in found.contenders}
    report, *_ = reports.values()

    def errors_of(miou: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
        theirs = scores_of(reference) if meant.printed is None else meant.printed
        return corruption_errors(scores_of(miou), theirs, policy)

    scores = _estimated(models, lambda own, _: scores_of(own), baseline)
    headline = [score for score in scores.value if score not in policy.corruptions]
    suite = ["suite score" if score == "mean" else score for _, score in columns]
    return Comparison(
        title=f"{title(first.spec)}: {count(len(models), 'model')} compared",
        subtitle=training((item.shown, item.model) for item in found.contenders),
        slug=_slug(found, name, tables),
        stamps=_stamps(found, reports, meant),
        mark=next(filter(None, map(estimates.mark, found.runs)), ""),
        notes=_notes(found, reports),
        provenance=_provenance(found, reports, meant, baseline, names, name, tables),
        examples=_examples(found, reports),
        class_infos=first.spec.classes,
        covers=report.covers,
        model_names=tuple(item.model.name for item in found.contenders),
        cited=tuple(
            keys(
                [item.model.name for item in found.contenders],
                first.spec.dataset,
                first.spec.suite.name,
            )
        ),
        names=names,
        summary=scores.apply(lambda frame: frame[headline]),
        suite=scores.apply(lambda frame: frame[suite].set_axis(columns, axis="columns")),
        counted=report.counted,
        settings=found.settings,
        differing=found.differing,
        baseline=baseline,
        differences=differences_from_baseline(models, baseline, scores_of, policy.corruptions),
        reference=meant.label,
        degradation=_estimated(models, errors_of, baseline),
        ranks=_ranks(found, scores.value, scores_of),
        curves=curves_by_category(models, policy),
        suite_curves=_estimated(models, lambda own, _: suite_curve(own, policy), baseline),
        classes=pd.concat(
            {label: class_breakdown(model, policy) for label, model in models.items()},
            names=["model", "class"],
        ),
        frames=pd.concat(
            {
                item.label: frame_breakdown(item.pixel_counts, policy).set_axis(list(first.frames))
                for item in found.contenders
            },
            names=["model", "frame"],
        ),
        half_retention=half_retention(models, policy).set_index("model"),
        agreement=agreements(found, baseline),
        published=published_rows(tables, meant, columns, first.spec.dataset),
        published_note=published_note(first.spec, policy),
        measure_differences=of_measures(),
    )


def _size(measured: Mapping[str, Mapping[str, SumBootstrap]]) -> int:
    """Return the bytes of the counts of all scores."""
    every = (score.image_counts for scores in measured.values() for score in scores.values())
    return sum({id(counts): counts.counts.nbytes for counts in every}.values())


def _with_reference(runs: Sequence[StoredRun], reference: str | None) -> list[StoredRun]:
    """Return the runs, with that of a reference that is the folder of another run."""
    if reference is None or not Path(reference).is_dir():
        return list(runs)
    folder = Path(reference).resolve()
    found = next((run for run in runs if run.folder.resolve() == folder), None)
    run = found or StoredRun.open(reference)
    models = [model.name for model in run.spec.models]
    if len(models) > 1:
        raise InputError(
            f"--reference {reference}: has several models; name the run as RUN and one of them as "
            f"--reference: {', '.join(models)}"
        )
    return list(runs) if found else [*runs, run]


def _slug(found: SideBySide, reference: str | None, tables: Sequence[str]) -> str:
    """Return a folder name: the models, and a digest that no other comparison has."""
    chosen = [[run.spec.slug for run in found.runs], reference, list(tables)]
    digest = hashlib.sha256(json.dumps(chosen).encode()).hexdigest()
    models = "+".join(item.model.name for item in found.contenders)[:80]
    return slug(f"compare_{models}_{digest[:8]}")


def _estimated(
    models: Mapping[str, Resampled],
    derive: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame],
    baseline: str,
) -> IntervalTable:
    """Return a row of derived scores for each model, with the ends of the intervals.

    `derive` takes rows of mIoU (all images, or each resample) of a model and of the baseline.
    """
    other = models[baseline]
    return estimated(
        {
            label: (derive(own.values, other.values), derive(own.samples, other.samples))
            for label, own in models.items()
        }
    )


def _ranks(found: SideBySide, scores: pd.DataFrame, derive: Derive) -> pd.DataFrame:
    """Return the ranks; of a sample, only where a model differs from all others beyond chance."""
    table = ranks(scores, found.policy)
    samples = {label: derive(each.over_sample.samples) for label, each in found.sampled.items()}
    for label, own in samples.items():
        for other, theirs in samples.items():
            low, high = interval((own - theirs).to_numpy(float))
            if other != label:
                unsure = own.columns[(low <= 0) & (high >= 0)].intersection(table.columns)
                table.loc[label, unsure] = np.nan
    if samples:
        corruptions = table[list(found.policy.corruptions)]
        table["mean rank"] = corruptions.mean(axis="columns", skipna=False)
    return table


def _stamps(
    found: SideBySide, reports: Mapping[str, Report], reference: Reference
) -> tuple[str, ...]:
    stamps = list(
        dict.fromkeys(
            _of_run(stamp, name) if len(reports) > 1 else stamp
            for name, report in reports.items()
            for stamp in report.stamps
        )
    )
    inputs = found.settings.loc[_INPUT]
    if inputs.nunique() > 1 and not any(stamp.startswith("SCALES DIFFER") for stamp in stamps):
        seen = {
            item.run.names[item.model.name]: str(inputs[item.label]) for item in found.contenders
        }
        stamps.append(scales_differ(seen))
    others = [name for name in found.differing if name != _INPUT]
    if others:
        stamps.append(f"RUNS DIFFER in {', '.join(others)}: see the table of settings")
    return (*stamps, *reference_stamps(reference, found.first.spec))


def _of_run(stamp: str, run: str) -> str:
    """Add the run to a warning that names no model."""
    word, _, rest = stamp.partition(": ")
    return f"{word}: run {run}: {rest}" if word in ("PARTIAL", "FAILED") else stamp


def _notes(found: SideBySide, reports: Mapping[str, Report]) -> tuple[str, ...]:
    """Return the notes of all runs, each once, with the run where two models have one name."""
    names = Counter(item.run.names[item.model.name] for item in found.contenders)
    ambiguous = any(number > 1 for number in names.values())
    often = Counter(note for report in reports.values() for note in report.notes)
    return tuple(
        dict.fromkeys(
            f"Run {name}: {note}" if ambiguous and often[note] < len(reports) else note
            for name, report in reports.items()
            for note in report.notes
        )
    )


def _examples(found: SideBySide, reports: Mapping[str, Report]) -> tuple[Example, ...]:
    labels = {
        (id(item.run), item.run.names[item.model.name]): item.label for item in found.contenders
    }
    return tuple(
        example._replace(model=labels[id(report.run), example.model])
        for report in reports.values()
        for example in report.examples
    )


def _provenance(
    found: SideBySide,
    reports: Mapping[str, Report],
    meant: Reference,
    baseline: str,
    names: Mapping[str, str],
    reference: str | None,
    tables: Sequence[str],
) -> dict[str, Mapping[str, str]]:
    options = ["--with", ",".join(tables)] if tables else []
    options += ["--reference", reference] if reference else []
    command = ["robustseg", "compare", *(str(run.folder) for run in found.runs), *options]
    sections: dict[str, Mapping[str, str]] = {
        "comparison": {
            "command": shlex.join(command),
            "differences": f"from {names[baseline]}, {RESAMPLES} paired resamples, sign-flip test",
            "CD and rCD": f"against {names.get(meant.label, meant.label)}"
            + (", published" if meant.printed is not None else ""),
        }
    }
    for run, report in reports.items():
        own = f", run {run}" if len(reports) > 1 else ""
        sections |= {f"{name}{own}": values for name, values in report.provenance.items()}
    return sections
