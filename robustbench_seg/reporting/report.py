"""A stored run as the report that `reports` gives a form."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import Any

import numpy as np

from reports import Example, Report, ResolutionReport

from ..protocol.spec import ModelSpec, Spec
from ..runs.run import StoredRun
from ..runs.store import CAPTIONS, Picture
from ..scores.tables import ALL_CLASSES
from .data_notes import class_map_notes, taken_notes
from .failures import failure_notes, failure_stamps
from .scales import common_scale, input_scale, inputs, look, resized
from .uncertainty import headline_intervals, interval_notes, table_ends


def report_of(run: StoredRun) -> Report | ResolutionReport:
    """Return all that a report says of a run."""
    spec = run.spec
    common: dict[str, Any] = {
        "title": title_of(spec),
        "subtitle": "; ".join(
            f"{model.name}: trained on {model.trained_on}, evaluated on {spec.dataset}"
            for model in spec.models
        ),
        "stamps": stamps_of(run),
        "notes": notes_of(run),
        "legend": tuple(
            (info.name, "#{:02x}{:02x}{:02x}".format(*info.color)) for info in spec.classes
        ),
        "examples": examples_of(run),
        "provenance": provenance_of(run),
    }
    suite = spec.suite
    if suite.curves is not None:
        return ResolutionReport(
            **common,
            table=run.table("resolution"),
            class_table=run.table("classes"),
            unit=suite.curves.unit,
            against=suite.curves.against,
            inputs={model.name: inputs(spec, model) for model in spec.models},
        )
    assert suite.policy is not None
    return Report(
        **common,
        summary=run.table("summary"),
        suite_table=run.table("suite"),
        severity_table=run.table("severities"),
        class_table=run.table("classes"),
        counted={column.corruption: column.counted for column in suite.policy.columns},
        input_scales={model.name: input_scale(spec, model) for model in spec.models},
        intervals=headline_intervals(run),
        ends=table_ends(run),
    )


def title_of(spec: Spec) -> str:
    """Say what was evaluated on what."""
    count = len(spec.frames)
    frames = f"{count} frame{'s' if count > 1 else ''}"
    what = f"{spec.suite.name} {spec.suite.noun}".strip()
    return f"{what} on {spec.dataset} ({spec.split}, {frames})"


def stamps_of(run: StoredRun) -> tuple[str, ...]:
    """Return what nobody must overlook: untrained models, unfinished runs, parts of a suite."""
    stamps = [
        f"UNTRAINED: the weights of {model.name} are random, its scores mean nothing"
        for model in run.spec.models
        if model.untrained
    ]
    stamps += failure_stamps(run)
    if len(run.frames) + len(run.failed_frames) < len(run.spec.frames):
        stamps.append(f"PARTIAL: {len(run.frames)} of {len(run.spec.frames)} frames are finished")
    stamps += common_scale(run.spec)
    return tuple(stamps)


def notes_of(run: StoredRun) -> tuple[str, ...]:
    """Return what a reader must know beside the numbers, a sentence each."""
    spec = run.spec
    notes = [f"Suite: {spec.suite.title}."]
    notes += [
        f"{model.name}: {note}." for model in spec.models if (note := model.weights.get("note"))
    ]
    notes += failure_notes(run)
    notes += class_map_notes(spec)
    notes += [look(spec, model) for model in spec.models]
    if spec.taken:
        return (*notes, *taken_notes(run), *_cityscapes_notes(run), *interval_notes(run))
    notes += spec.suite.notes(spec.sizes)
    if spec.suite.policy is None:
        notes += resized(spec)
    if spec.suite.corrupted:
        notes.append(_origin(spec))
    present = [name for name, there in zip(spec.class_names, run.class_set, strict=True) if there]
    notes.append(
        f"mIoU is the mean over the {len(present)} of {len(spec.classes)} classes with "
        f"ground truth in these frames, the same for every condition: {', '.join(present)}."
    )
    notes += _cityscapes_notes(run)
    notes += interval_notes(run)
    return tuple(notes)


def _origin(spec: Spec) -> str:
    if spec.copy is not None:
        return (
            "The corrupted images were not made in this run but read from a copy by robustseg "
            f"corrupt, seed {spec.seed}; digest of its images {spec.copy.digest[:16]}."
        )
    if spec.implementation == "imagecorruptions":
        package = "imagecorruptions-imaug"
        return (
            "The corruptions are not ours but those of the original package imagecorruptions "
            f"({package} {spec.versions.get(package, 'of unknown version')}), seed {spec.seed}."
        )
    return (
        "The corruptions are those of robustbench-seg "
        f"{spec.versions.get('robustbench-seg', 'of unknown version')}, seed {spec.seed}."
    )


def _preprocessing(model: ModelSpec) -> str:
    values = model.preprocessing
    mean, std = (" ".join(f"{value:.7g}" for value in values[name]) for name in ("mean", "std"))
    size = "{1}x{0}".format(*values["size"]) if values["size"] else "the frame's"
    return f"{values['channels']}, size {size}, mean {mean}, std {std}"


def _cityscapes_notes(run: StoredRun) -> list[str]:
    # cityscapesScripts drops a class only where ground truth and prediction both lack it, so on
    # few frames its mean goes over other classes than ours.
    tidy = run.table("tidy")
    wide = tidy[tidy["class"] == ALL_CLASSES].pivot(
        index=["model", "condition", "severity"], columns="metric", values="value"
    )
    notes = []
    for model in run.spec.models:
        rows = wide.loc[model.name]
        differing = rows[~np.isclose(rows["miou"], rows["miou_cityscapes"])]
        if len(differing):
            clean = {name: 100 * rows[name].loc[("clean", 0)] for name in rows.columns}
            notes.append(
                f"{model.name}: cityscapesScripts' own mean, which also counts classes that are "
                f"only predicted, differs in {len(differing)} of {len(rows)} conditions; clean "
                f"{clean['miou_cityscapes']:.1f} % against {clean['miou']:.1f} % here."
            )
    return notes


def examples_of(run: StoredRun) -> tuple[Example, ...]:
    """Return the pictures that a run keeps, by condition and model."""
    models = [model.name for model in run.spec.models]
    keys = [condition.key for condition in run.spec.conditions]

    def place(picture: Picture) -> tuple[int, int, int]:
        cell = picture.cell
        condition = keys.index((cell.condition, cell.severity))
        return condition, models.index(cell.model), CAPTIONS.index(picture.caption)

    examples = []
    for cell, group in groupby(sorted(run.pictures, key=place), key=lambda item: item.cell):
        condition = f"{cell.condition} {cell.severity}" if cell.severity else cell.condition
        shown = {picture.caption: picture.png for picture in group}
        examples.append(Example(cell.model, cell.frame, condition, shown))
    return tuple(examples)


def provenance_of(run: StoredRun) -> dict[str, dict[str, str]]:
    """Return all that the numbers of a run may depend on: section -> key -> value."""
    spec = run.spec
    sections = {
        "run": {
            "suite": f"{spec.suite.title}; digest {spec.suite.digest}",
            "severity policy"
            if spec.suite.policy is not None
            else "source of the suite": spec.suite.source,
            "dataset": f"{spec.dataset} {spec.split}, frames: {len(spec.frames)}",
            "dataset digest": spec.dataset_digest,
            "corruptions": spec.implementation,
            "seed": str(spec.seed),
            "draws": str(spec.draws),
            "input scale": "each model's own"
            if spec.input_scale is None
            else f"{spec.input_scale:g}",
            "precision": spec.precision,
            "threads": str(spec.threads),
            "conditions a batch": str(spec.batch),
        }
    }
    if spec.class_map is not None:
        sections["class map"] = {
            "name": spec.class_map.name,
            "digest": spec.class_map.digest,
            "maps": spec.class_map.maps,
            "predictions of unmapped classes": spec.class_map.mode,
            "unmapped": ", ".join(spec.class_map.unmapped) or "none",
            "labels ignored": ", ".join(spec.class_map.ignored) or "none",
        }
    for model in spec.models:
        sections[f"model {model.name}"] = {
            **{name: text for name, text in model.weights.items() if text},
            "preprocessing": _preprocessing(model),
            "window": "{mode}, crop {crop}, stride {stride}".format(**asdict(model.window)),
        }
    if spec.copy is not None:
        sections["corrupted copy"] = {
            "digest of its images": spec.copy.digest,
            **{f"made with {name}": version for name, version in spec.copy.versions.items()},
        }
    sections["versions"] = dict(spec.versions)
    for number, session in enumerate(run.sessions, start=1):
        suffix = f" of session {number}" if len(run.sessions) > 1 else ""
        sections |= {f"{name}{suffix}": values for name, values in session.items()}
    return sections
