"""Models of several stored runs on the same images: what may stand side by side, and what differs.

Runs of other images, labels, classes or severities are refused: no difference of their scores is
one of the models. What a reader may accept is told: windows, input scales, precision, versions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..protocol.spec import ModelSpec, Spec
from ..scores.bootstrap import Bootstrap
from ..scores.pixel_counts import PixelCounts
from ..scores.policy import SeverityPolicy
from .run import StoredRun

_OF_THE_MODEL = ("trained on", "weights")


@dataclass(frozen=True)
class Contender:
    """A model of a run, under a name that no other has."""

    run: StoredRun
    model: ModelSpec
    label: str
    pixel_counts: PixelCounts = field(repr=False)
    """Its counts, with the images in the order of the first run."""


@dataclass(frozen=True)
class SideBySide:
    """Models that were run on the same images with the same labels, classes and severities."""

    contenders: tuple[Contender, ...]

    @property
    def first(self) -> StoredRun:
        """The run whose order of images is that of all."""
        return self.contenders[0].run

    @property
    def runs(self) -> tuple[StoredRun, ...]:
        """The runs, each once."""
        return tuple({id(item.run): item.run for item in self.contenders}.values())

    @property
    def policy(self) -> SeverityPolicy:
        """Corruptions and the severities that count, the same for all runs."""
        policy = self.first.spec.suite.policy
        assert policy is not None  # `side_by_side` refuses others
        return policy

    @cached_property
    def bootstraps(self) -> dict[str, Bootstrap]:
        """The scores of each model, by its label; all meet the same resamples of the images."""
        groups = self.first.groups if self.first.grouped else None
        return {item.label: Bootstrap(item.pixel_counts, groups) for item in self.contenders}

    @cached_property
    def settings(self) -> pd.DataFrame:
        """How each model was run: a row a setting, a column a label, all of them texts."""
        return pd.DataFrame(
            {item.label: _settings(item.run.spec, item.model) for item in self.contenders}
        )

    @property
    def differing(self) -> tuple[str, ...]:
        """The settings in which the models differ, but for what makes them other models."""
        varied = self.settings[self.settings.nunique(axis="columns") > 1].index
        return tuple(name for name in map(str, varied) if name not in _OF_THE_MODEL)


def side_by_side(runs: Sequence[StoredRun]) -> SideBySide:
    """Set all models of the runs side by side, in their order.

    Raises InputError for a run that is named twice, has no finished frame or is one of resolutions,
    and for one that differs from the first in images, labels, classes or severities.
    """
    if not runs:
        raise InputError("compare: name at least one run")
    folders = Counter(run.folder.resolve() for run in runs)
    for run in runs:
        if folders[run.folder.resolve()] > 1:
            raise InputError(f"{run.folder}: named twice; name each run once")
        if not run.frames:
            raise InputError(f"{run.folder}: no frame is finished yet; run its command to go on")
        if run.spec.suite.policy is None:
            raise InputError(
                f"{run.folder}: {run.spec.suite.name} has no severities, and compare is for "
                "corruptions; evaluate the models in one run (robustseg eval --model A --model B)"
            )
    for run in runs[1:]:
        check_alike(runs[0], run)
    pairs = [(run, model) for run in runs for model in run.spec.models]
    labels = _labels(pairs)
    return SideBySide(
        tuple(
            Contender(
                run, model, label, run.pixel_counts[model.name].in_order(order_of(runs[0], run))
            )
            for (run, model), label in zip(pairs, labels, strict=True)
        )
    )


def run_names(runs: Sequence[StoredRun]) -> dict[int, str]:
    """Name each run, by its identity, after its folder; where two have one name, by the path."""
    paths = {id(run): run.folder.resolve() for run in runs}
    often = Counter(path.name for path in paths.values())
    return {key: path.name if often[path.name] == 1 else str(path) for key, path in paths.items()}


def frame_keys(run: StoredRun) -> list[tuple[str, str, str]]:
    """Return what tells the finished frames apart: digests of image and label, and condition."""
    frames = {frame.name: frame for frame in run.spec.frames}
    found = [frames[name] for name in run.frames]
    return [(frame.image_key, frame.label_key, frame.condition) for frame in found]


def check_alike(first: StoredRun, other: StoredRun) -> None:
    """Raise InputError unless both have the same finished images, labels, classes and suite."""
    ours, theirs = frame_keys(first), frame_keys(other)
    images, their_images = ([key[0] for key in keys] for keys in (ours, theirs))
    of_first, of_other = len(first.frames), len(other.frames)
    apart = f"they share {len(set(images) & set(their_images))} of {of_first} and {of_other}"
    left = "; one is unfinished: its command goes on" * (not (first.complete and other.complete))
    for what, same in (
        ("classes", first.spec.class_names == other.spec.class_names),
        ("finished images", sorted(images) == sorted(their_images)),
        ("labels of the same images", sorted(ours) == sorted(theirs)),
        (
            "suite, its corruptions or severities",
            first.spec.suite.digest == other.spec.suite.digest,
        ),
        ("conditions", first.spec.conditions == other.spec.conditions),
    ):
        if not same:
            why = f" ({apart}{left})" if what == "finished images" else ""
            raise InputError(
                f"{other.folder}: differs from {first.folder} in {what}{why}, so that no "
                "difference of scores would be one of the models; run both on the same"
            )


def order_of(first: StoredRun, other: StoredRun) -> NDArray[np.intp]:
    """Return where the images of the first run are in the other."""
    places = (np.array(_sorted(frame_keys(run)), np.intp) for run in (first, other))
    ours, theirs = places
    order = np.empty(len(ours), np.intp)
    order[ours] = theirs
    return order


def _sorted(keys: Sequence[tuple[str, str, str]]) -> list[int]:
    return sorted(range(len(keys)), key=keys.__getitem__)


def _labels(pairs: Sequence[tuple[StoredRun, ModelSpec]]) -> list[str]:
    """Name the models: by their folder as well where two have a name, marked where it matters."""
    names = Counter(model.name for _, model in pairs)
    folders = run_names([run for run, _ in pairs])
    inputs = [_input(run.spec, model) for run, model in pairs]
    labels = []
    for (run, model), seen in zip(pairs, inputs, strict=True):
        marks = [f"run {folders[id(run)]}"] if names[model.name] > 1 else []
        marks += [f"input {seen}"] if len(set(inputs)) > 1 else []
        marks += ["UNTRAINED"] if model.untrained else []
        labels.append(f"{model.name} ({', '.join(marks)})" if marks else model.name)
    return labels


def _input(spec: Spec, model: ModelSpec) -> str:
    sizes = [spec.input_size(model, size) for size in spec.sizes]
    told = list(dict.fromkeys(f"{width}x{height}" for height, width in sizes))
    return " / ".join(told) if len(told) < 4 else f"{told[0]} to {told[-1]}"


def _settings(spec: Spec, model: ModelSpec) -> dict[str, str]:
    """Return how a model was run, in words: what is equal was run alike."""
    device = f"{spec.device}, compiled" if spec.compiled else spec.device
    return {
        "trained on": model.trained_on,
        "weights": _weights(model),
        "input of the network": _input(spec, model),
        "window": _window(spec, model),
        "class map": _class_map(spec),
        "corrupted by": _corrupted_by(spec),
        "seed": str(spec.seed),
        "draws of chance": str(spec.draws),
        "precision": f"{spec.precision}, on {device}",
        "versions": ", ".join(f"{name} {text}" for name, text in sorted(spec.versions.items())),
    }


def _weights(model: ModelSpec) -> str:
    digest = next((text for name, text in model.weights.items() if "sha256" in name and text), "")
    return f"SHA-256 {digest[:16]}" if digest else "of no known digest"


def _window(spec: Spec, model: ModelSpec) -> str:
    window = model.window
    largest = max(max(spec.input_size(model, size)) for size in spec.sizes)
    if window.mode == "whole" or largest <= window.crop:
        return "whole image"
    return f"slides, crop {window.crop}, stride {window.stride}"


def _class_map(spec: Spec) -> str:
    found = spec.class_map
    return f"{found.name}, {found.mode}, digest {found.digest[:16]}" if found else "none"


def _corrupted_by(spec: Spec) -> str:
    if spec.copy is not None:
        return f"a copy, digest {spec.copy.digest[:16]}"
    return "robustbench-seg" if spec.implementation == "native" else spec.implementation
