"""The sentences of a report: title, notes, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from ..datasets.registry import written_name
from ..models.base import SAVED, TORCH
from ..protocol.model_spec import ModelSpec
from ..protocol.spec import Spec
from ..runs.run import StoredRun
from ..scores.tables import ALL_CLASSES
from .input_scale import input_note, rescaled
from .words import SHOWN_CLASSES, apart, count, few, training_note

_FAILURES = 5
"""Number of failed frames that are named."""


def title(spec: Spec) -> str:
    """Return what is evaluated on what: "Cityscapes-C on streets, val, 2 frames"."""
    suite = spec.suite
    # The title of conditions that frames were taken in repeats the data set.
    name = f"{suite.name} {suite.noun}".capitalize() if spec.taken else suite.title
    return (
        f"{name} on {written_name(spec.dataset)}, {spec.split}, {count(len(spec.frames), 'frame')}"
    )


def training(models: Iterable[tuple[str, ModelSpec]]) -> str:
    """Return what models were trained on, by the names under which they are shown."""
    names: dict[str, list[str]] = {}
    for name, model in models:
        names.setdefault(model.trained_on, []).append(name)
    return "; ".join(
        f"{', '.join(own)}: trained on {written_name(data)}" for data, own in names.items()
    )


def failure_notes(run: StoredRun) -> Iterator[str]:
    """Yield the first failed frames with the reasons, a sentence each."""
    first = {failure.cell.frame: failure for failure in reversed(run.failures)}
    for frame in sorted(first)[:_FAILURES]:
        others = sum(failure.cell.frame == frame for failure in run.failures) - 1
        yield f"Failed: {first[frame]}{f' (and {others} more on this frame)' * (others > 0)}."
    if len(first) > _FAILURES:
        yield f"{count(len(first) - _FAILURES, 'more frame')} failed."
    if first:
        yield "The same command retries the failed predictions."


def meaning_notes(run: StoredRun) -> Iterator[str]:
    """Yield what changes the meaning of the numbers: weights, failures and class maps."""
    for model in run.spec.models:
        if note := model.weights.get("note"):
            yield f"{run.names[model.name]}: {training_note(note)}."
    yield from failure_notes(run)
    yield from _class_map_notes(run.spec)


def notes(run: StoredRun) -> Iterator[str]:
    """Yield what a reader must know of models, data and conditions, a sentence each."""
    spec = run.spec
    yield f"Suite: {spec.suite.title}."
    yield from meaning_notes(run)
    for model in spec.models:
        if model.runtime == SAVED:
            yield f"{run.names[model.name]}: its predictions are read from saved maps."
        else:
            yield input_note(run.names[model.name], model, spec)
    yield from _runtime_notes(run)
    if any(condition.corruption for condition in spec.conditions):
        yield _made_by(spec)
    yield from spec.suite.notes(spec.sizes)
    yield from _region_notes(spec)
    resized = [
        run.names[m.name]
        for m in spec.models
        if any(m.input_size(size) != size for size in spec.sizes)
    ]
    if resized and rescaled(spec):
        yield (
            f"{', '.join(resized)}: clean frames are seen at the model's own size. At a scale that "
            "size is ignored, which makes a scale mean the same for all models."
        )
    yield _taken_note(run) if spec.taken else _class_note(run)
    yield from _cityscapes_notes(run)


def _runtime_notes(run: StoredRun) -> Iterator[str]:
    """Yield what runs the models, unless it is torch alone and nothing else was tried."""
    for model in run.spec.models:
        reason = run.run_by_torch.get(model.name)
        if reason is not None:
            yield f"{run.names[model.name]} is run by torch: {reason}."
        elif model.runtime not in (TORCH, SAVED):
            yield f"{run.names[model.name]} is run by {_runtime(run.spec, model)}."


def _runtime(spec: Spec, model: ModelSpec) -> str:
    """Return the name and version of what runs a model."""
    if model.runtime == SAVED:
        return SAVED
    return f"{model.runtime} {spec.versions.get(model.runtime, 'of unknown version')}"


def _class_map_notes(spec: Spec) -> Iterator[str]:
    mapped = spec.class_map
    if mapped is None:
        return
    name = f"Class map {mapped.name} (digest {mapped.digest[:16]})"
    if mapped.maps == "predictions":
        yield (
            f"{name}: predictions are mapped from the {len(mapped.models)} classes of the models "
            f"to the {len(spec.classes)} scored classes."
        )
    else:
        yield f"{name}: labels are mapped to the {len(spec.classes)} classes of the models."
    if mapped.ignored:
        yield f"Labels of these classes are ignored: {few(mapped.ignored)}."
    if mapped.unmapped and mapped.mode == "restricted":
        yield (
            "The argmax is restricted to mapped classes; these are never predicted: "
            f"{few(mapped.unmapped)}."
        )
    elif mapped.unmapped:
        yield f"Predictions of unmapped classes are wrong: {few(mapped.unmapped)}."


def _made_by(spec: Spec) -> str:
    """Return the code or the copy that the corrupted images come from."""
    if spec.copy is not None:
        return (
            "The corrupted images were read from a copy made by robustseg corrupt, seed "
            f"{spec.seed}, digest {spec.copy.digest[:16]}."
        )
    if spec.implementation == "native":
        package = name = "robustbench-seg"
    else:
        package = "imagecorruptions-imaug"
        name = f"the original package imagecorruptions ({package})"
    version = spec.versions.get(package, "of unknown version")
    return f"The corruptions are those of {name} {version}, seed {spec.seed}."


def _region_notes(spec: Spec) -> Iterator[str]:
    if spec.region is None:
        return
    yield (
        f"Images are corrupted only {spec.region.place} ({spec.region}). Scores inside and outside "
        "are those of its pixels and of all others, clean images included."
    )
    if number := len(spec.frames_without_region):
        yield (
            f"{count(number, 'frame')} of {len(spec.frames)} without a pixel of the region: clean "
            "under all conditions, and counted outside only."
        )


def _class_note(run: StoredRun) -> str:
    names = run.spec.class_names
    present = [name for name, there in zip(names, run.class_set, strict=True) if there]
    return (
        f"mIoU is the mean over the {len(present)} of {len(names)} classes with ground truth in "
        f"these frames, the same for every condition: {few(present, SHOWN_CLASSES)}."
    )


def _taken_note(run: StoredRun) -> str:
    """Return the frames and classes of each condition that frames were taken in."""
    spec, finished = run.spec, set(run.frames)
    parts = []
    for condition in spec.conditions:
        own = [item.name for item in spec.frames if item.condition == condition.name]
        if frames := finished.intersection(own):
            present = int(spec.class_set(frames).sum())
            parts.append(
                f"{condition.name}, {count(len(frames), 'frame')} with {present} of "
                f"{len(spec.classes)} classes"
            )
    return (
        "mIoU is the mean over the classes with ground truth in the frames of the condition: "
        f"{'; '.join(parts)}."
    )


def _cityscapes_notes(run: StoredRun) -> Iterator[str]:
    # cityscapesScripts drops a class only where ground truth and prediction both lack it, so on
    # few frames its mean is over other classes than ours.
    metrics = ["miou", "miou_cityscapes"]
    for model, name in run.names.items():
        values = (run.bootstraps[model].value_of((ALL_CLASSES, metric)) for metric in metrics)
        rows = pd.concat([value.iloc[0] for value in values], axis="columns", keys=metrics)
        differing = rows[~np.isclose(rows["miou"], rows["miou_cityscapes"])]
        if len(differing):
            widest = int(
                (differing["miou"] - differing["miou_cityscapes"]).abs().to_numpy().argmax()
            )
            condition, severity = differing.index[widest]
            where = f"{condition} {severity:g}" if severity else condition
            shown = 100 * differing[["miou_cityscapes", "miou"]].to_numpy()[widest]  # (2,)
            theirs, ours = apart(shown.tolist(), fewest=1, most=4)
            yield (
                f"{name}: the mean of cityscapesScripts, which also counts classes that are "
                f"only predicted, differs in {len(differing)} of {len(rows)} conditions; most "
                f"in {where}: {theirs} %, here {ours} %."
            )


def provenance(run: StoredRun) -> dict[str, Mapping[str, str]]:
    """Return everything that the numbers of a run may depend on: heading -> key -> value."""
    spec = run.spec
    scale = "each model's own" if spec.input_scale is None else f"{spec.input_scale:g}"
    found: dict[str, Mapping[str, str]] = {
        "run": {
            "suite": f"{spec.suite.title}; digest {spec.suite.digest}",
            "source of the suite": spec.suite.source,
            "dataset": f"{spec.dataset} {spec.split}, frames: {len(spec.frames)}",
            "dataset digest": spec.dataset_digest,
            "corruptions": spec.implementation,
            **({"region": str(spec.region)} if spec.region else {}),
            "seed": str(spec.seed),
            "draws": str(spec.draws),
            "input scale": scale,
            "precision": spec.precision,
            "threads": str(spec.threads),
            "conditions in a batch": str(spec.batch),
        }
    }
    if spec.class_map is not None:
        found["class map"] = {
            "name": spec.class_map.name,
            "digest": spec.class_map.digest,
            "maps": spec.class_map.maps,
            "predictions of unmapped classes": spec.class_map.mode,
            "unmapped": ", ".join(spec.class_map.unmapped) or "none",
            "labels ignored": ", ".join(spec.class_map.ignored) or "none",
        }
    for model in spec.models:
        found[f"model {model.name}"] = {
            **{name: text for name, text in model.weights.items() if text},
            "preprocessing": _preprocessing(model),
            "window": f"{model.window.mode}, {model.window}",
            **({} if model.runtime == TORCH else {"runtime": _runtime(spec, model)}),
        }
    if spec.copy is not None:
        found["corrupted copy"] = {
            "digest of its images": spec.copy.digest,
            **{f"made with {name}": version for name, version in spec.copy.versions.items()},
        }
    found["versions"] = dict(spec.versions)
    for number, session in enumerate(run.sessions, start=1):
        for name, values in session.items():
            heading = f"session {number}" if name == "session" else f"{name} of session {number}"
            found[heading if len(run.sessions) > 1 else name] = values
    return found


def _preprocessing(model: ModelSpec) -> str:
    values = model.preprocessing
    mean, std = (" ".join(f"{value:.7g}" for value in values[name]) for name in ("mean", "std"))
    size = "{1}x{0}".format(*values["size"]) if values["size"] else "the frame's"
    return f"{values['channels']}, size {size}, mean {mean}, std {std}"
