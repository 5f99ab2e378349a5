"""A stored run as the report that `reports` gives a form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby

import numpy as np

from reports import Example, Report

from ..evaluation.conditions import conditions_of
from ..evaluation.pictures import CAPTIONS
from ..evaluation.run import Run
from ..evaluation.spec import ModelSpec, Spec
from ..evaluation.store import Picture
from ..scores.tables import ALL_CLASSES


def report_of(run: Run) -> Report:
    """Return all that a report says of a run."""
    spec = run.spec
    return Report(
        title=title_of(spec),
        subtitle="; ".join(
            f"{model.name}: trained on {model.trained_on}, evaluated on {spec.dataset}"
            for model in spec.models
        ),
        stamps=stamps_of(run),
        notes=notes_of(run),
        summary=run.table("summary"),
        suite_table=run.table("suite"),
        severity_table=run.table("severities"),
        class_table=run.table("classes"),
        counted={column.corruption: column.counted for column in spec.suite.columns},
        legend=tuple(
            (info.name, "#{:02x}{:02x}{:02x}".format(*info.color)) for info in spec.classes
        ),
        examples=_examples(run),
        provenance=_provenance(run),
    )


def title_of(spec: Spec) -> str:
    """Say which corruptions were evaluated on what."""
    count = len(spec.frames)
    frames = f"{count} frame{'s' if count > 1 else ''}"
    return f"{spec.suite.name} corruptions on {spec.dataset} ({spec.split}, {frames})"


def stamps_of(run: Run) -> tuple[str, ...]:
    """Return what nobody must overlook: untrained models, unfinished runs, parts of a suite."""
    stamps = [
        f"UNTRAINED: the weights of {model.name} are random, its scores mean nothing"
        for model in run.spec.models
        if model.untrained
    ]
    if not run.complete:
        stamps.append(f"PARTIAL: {len(run.frames)} of {len(run.spec.frames)} frames are finished")
    return tuple(stamps)


def notes_of(run: Run) -> tuple[str, ...]:
    """Return what a reader must know beside the numbers, a sentence each."""
    spec = run.spec
    sizes = sorted({(frame.height, frame.width) for frame in spec.frames})
    notes = [f"Suite: {spec.suite.title}."]
    notes += [
        f"{model.name}: {note}." for model in spec.models if (note := model.weights.get("note"))
    ]
    notes += [
        f"{model.name} sees the frames at {' and '.join(map(model.input_scale, sizes))}; "
        f"{_window(model, sizes)}."
        for model in spec.models
    ]
    notes.append(_origin(spec))
    notes.append(f"{_counted(spec)} All of {_range(spec.suite.severities)} are run and shown.")
    present = [name for name, there in zip(spec.class_names, run.class_set, strict=True) if there]
    notes.append(
        f"mIoU is the mean over the {len(present)} of {len(spec.classes)} classes with "
        f"ground truth in these frames, the same for every condition: {', '.join(present)}."
    )
    notes += _cityscapes_notes(run)
    return tuple(notes)


def _origin(spec: Spec) -> str:
    if spec.copy is not None:
        return (
            "The corrupted images were not made in this run but read from a copy by robustseg "
            f"corrupt, seed {spec.seed}; digest of its images {spec.copy.digest[:16]}."
        )
    if spec.implementation == "reference":
        package = "imagecorruptions-imaug"
        return (
            "The corruptions are not ours but those of the original package imagecorruptions "
            f"({package} {spec.versions.get(package, 'of unknown version')}), seed {spec.seed}."
        )
    return (
        "The corruptions are those of robustbench-seg "
        f"{spec.versions.get('robustbench-seg', 'of unknown version')}, seed {spec.seed}."
    )


def _window(model: ModelSpec, sizes: Iterable[tuple[int, int]]) -> str:
    largest = max(max(model.preprocessing["size"] or size) for size in sizes)
    if model.window.mode == "whole" or largest <= model.window.crop:
        return "inference on the whole image"
    return f"sliding window of {model.window.crop} pixels, stride {model.window.stride}"


def _preprocessing(model: ModelSpec) -> str:
    values = model.preprocessing
    mean, std = (" ".join(f"{value:.7g}" for value in values[name]) for name in ("mean", "std"))
    size = "{1}x{0}".format(*values["size"]) if values["size"] else "the frame's"
    return f"{values['channels']}, size {size}, mean {mean}, std {std}"


def _counted(spec: Spec) -> str:
    groups = groupby(spec.suite.columns, key=lambda column: (column.category, column.counted))
    parts = [f"{_range(counted)} of {category}" for (category, counted), _ in groups]
    return f"Severities that count in the scores: {', '.join(parts)}."


def _range(severities: tuple[int, ...]) -> str:
    if not severities:
        return "none"
    if severities == tuple(range(severities[0], severities[-1] + 1)) and len(severities) > 1:
        return f"{severities[0]}-{severities[-1]}"
    return ", ".join(map(str, severities))


def _cityscapes_notes(run: Run) -> list[str]:
    # cityscapesScripts drops a class only where ground truth and prediction both lack it, so on
    # few frames its mean goes over other classes than ours.
    tidy = run.table("tidy")
    wide = tidy[tidy["class"] == ALL_CLASSES].pivot(
        index=["model", "corruption", "severity"], columns="metric", values="value"
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


def _examples(run: Run) -> tuple[Example, ...]:
    models = [model.name for model in run.spec.models]
    conditions = [(item.name, item.severity) for item in conditions_of(run.spec.suite)]

    def place(picture: Picture) -> tuple[int, int, int]:
        cell = picture.cell
        condition = conditions.index((cell.condition, cell.severity))
        return condition, models.index(cell.model), CAPTIONS.index(picture.caption)

    examples = []
    for cell, group in groupby(sorted(run.pictures, key=place), key=lambda item: item.cell):
        condition = f"{cell.condition} {cell.severity}" if cell.severity else cell.condition
        shown = {picture.caption: picture.png for picture in group}
        examples.append(Example(cell.model, cell.frame, condition, shown))
    return tuple(examples)


def _provenance(run: Run) -> dict[str, dict[str, str]]:
    spec = run.spec
    sections = {
        "run": {
            "suite": f"{spec.suite.title}; digest {spec.suite.digest}",
            "severity policy": spec.suite.source,
            "dataset": f"{spec.dataset} {spec.split}, frames: {len(spec.frames)}",
            "dataset digest": spec.dataset_digest,
            "corruptions": spec.implementation,
            "seed": str(spec.seed),
            "precision": spec.precision,
            "threads": str(spec.threads),
            "conditions a batch": str(spec.batch),
        }
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
