"""Models of several stored runs side by side, on the same images, and the difference of two.

Runs with other images, labels, classes or severities are refused, since their scores would differ
for other reasons than the models. Other differences (windows, input scales, precision, versions)
are listed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..models.display_names import display_names
from ..protocol.model_spec import ModelSpec
from ..protocol.region import Region
from ..protocol.sampling import MIN_FRAMES
from ..protocol.spec import Spec
from ..scores.bootstrap import Bootstrap
from ..scores.intervals import Resampled, paired_differences
from ..scores.measured import Measured
from ..scores.pixel_counts import PixelCounts
from ..scores.policy import SeverityPolicy
from ..scores.sampled import Sampled
from ..scores.sum_bootstrap import SumBootstrap
from .run import StoredRun
from .settings import input_sizes, settings

_DRAWS = 1000
"""Most draws of a condition where those of two runs are repeated up to a common number."""
_OF_THE_MODEL = ("trained on", "weights")


@dataclass(frozen=True)
class Contender:
    """A model of a run, under a unique label."""

    run: StoredRun
    model: ModelSpec
    label: str
    shown: str
    """Its label in reports."""
    pixel_counts: PixelCounts = field(repr=False)
    """Counts of the images, in the order of the first run."""
    measured: Sequence[Measured] = field(repr=False)
    """Counts of what else was measured, in the same order."""


@dataclass(frozen=True)
class SideBySide:
    """Models with the same images, labels, classes and severities."""

    contenders: tuple[Contender, ...]

    @property
    def first(self) -> StoredRun:
        """First run; its order of images is used for all."""
        return self.contenders[0].run

    @property
    def runs(self) -> tuple[StoredRun, ...]:
        """Runs, each once."""
        return tuple({id(item.run): item.run for item in self.contenders}.values())

    @property
    def policy(self) -> SeverityPolicy:
        """Corruptions and the severities that count, the same for all runs."""
        policy = self.first.spec.suite.policy
        assert policy is not None  # `side_by_side` refuses others
        return policy

    @cached_property
    def bootstraps(self) -> Mapping[str, Resampled]:
        """Scores by label of the model, all with the same resamples of the images."""
        if self.sampled:
            return {label: sampled.over_images for label, sampled in self.sampled.items()}
        groups = self.first.groups if self.first.grouped else None
        return {
            item.label: item.run.bootstraps[item.model.name]
            if item.run is self.first  # whose order all others take
            else Bootstrap(item.pixel_counts, groups)
            for item in self.contenders
        }

    @cached_property
    def sampled(self) -> dict[str, Sampled]:
        """Estimates by label of the model, where a run is a sample; else empty.

        They are from the cells that all models have.
        """
        if not any(run.sample for run in self.runs):
            return {}
        counts = {item.label: item.pixel_counts for item in self.contenders}
        return _sampled_alike(counts, self.first)

    @cached_property
    def measured_scores(self) -> Mapping[str, Mapping[str, SumBootstrap]]:
        """Scores of what is measured beside the confusion matrix, by label and name.

        Where a run is a sample, they are those of the cells that all models have.
        """
        groups = self.first.groups if self.first.grouped else None
        found = {}
        for item in self.contenders:
            own = item.measured
            if self.sampled:
                seen = self.sampled[item.label].pixel_counts.seen
                own = [each.only(seen) for each in own]
            parts = [each.scores(groups) for each in own]
            found[item.label] = {name: score for part in parts for name, score in part.items()}
        return found

    @cached_property
    def settings(self) -> pd.DataFrame:
        """Settings of each model as texts: index setting, one column per label."""
        return pd.DataFrame(
            {item.label: settings(item.run.spec, item.model) for item in self.contenders}
        )

    @property
    def differing(self) -> tuple[str, ...]:
        """Settings that differ between the models, except weights and training data."""
        varied = self.settings[self.settings.nunique(axis="columns") > 1].index
        return tuple(name for name in map(str, varied) if name not in _OF_THE_MODEL)


def side_by_side(runs: Sequence[StoredRun]) -> SideBySide:
    """Return all models of the runs side by side, in order.

    Raises InputError for a run that is named twice, has no finished frame or no severities, and for
    one that differs from the first in images, labels, classes or severities.
    """
    if not runs:
        raise InputError("compare: name at least one run")
    folders = Counter(run.folder.resolve() for run in runs)
    for run in runs:
        if folders[run.folder.resolve()] > 1:
            raise InputError(f"{run.folder}: named twice; name each run once")
        run.require_frames()
        if run.spec.suite.policy is None:
            raise InputError(
                f"{run.folder}: {run.spec.suite.name} has no severities, and compare is for "
                "corruptions; evaluate the models in one run (robustseg eval --model A --model B)"
            )
    for run in runs[1:]:
        _check_alike(runs[0], run)
    pairs = [(run, model) for run in runs for model in run.spec.models]
    labels = _labels(pairs, [model.name for _, model in pairs])
    shown = _labels(pairs, _shown_names(pairs))
    contenders = []
    for (run, model), label, name in zip(pairs, labels, shown, strict=True):
        order = _order_of(runs[0], run)
        counts = run.pixel_counts[model.name].in_order(order)
        measured = [each.in_order(order) for each in run.measured.get(model.name, ())]
        contenders.append(Contender(run, model, label, name, counts, measured))
    return SideBySide(tuple(contenders))


def compare(
    first: StoredRun,
    second: StoredRun,
    *,
    first_model: str | None = None,
    second_model: str | None = None,
) -> pd.DataFrame:
    """Return the differences of all scores, second minus first, with intervals and p-values.

    A run with several models needs the name of one. The table has one row per score of the suite
    and the columns `first`, `second`, `difference`, `low` and `high` (95 % interval, NaN below 10
    images or groups), `p` (sign-flip test, NaN below 8), `p_holm` (Holm-corrected for the number of
    corruptions, or of conditions) and `n_units` (images or groups). Raises InputError unless both
    runs have the same finished images, labels, classes and suite.
    """
    names = (_model_name(first, first_model), _model_name(second, second_model))
    _check_alike(first, second)
    groups = first.groups if first.grouped else None
    suite = first.spec.suite
    counts = {
        "first": first.pixel_counts[names[0]],
        "second": second.pixel_counts[names[1]].in_order(_order_of(first, second)),
    }
    pair: Mapping[str, Resampled] = {key: Bootstrap(each, groups) for key, each in counts.items()}
    if first.sample or second.sample:
        sampled = _sampled_alike(counts, first)
        pair = {key: each.over_images for key, each in sampled.items()}
    return paired_differences(pair["first"], pair["second"], suite.scores, suite.family)


def _sampled_alike(counts: Mapping[str, PixelCounts], first: StoredRun) -> dict[str, Sampled]:
    """Return estimates from the cells that all models have; InputError if these are too few."""
    groups = first.groups if first.grouped else None
    if len({each.draws for each in counts.values()}) == 1:
        seen = np.logical_and.reduce([each.seen for each in counts.values()])
        if seen.sum(axis=0).min() >= MIN_FRAMES:
            return {label: Sampled(each.only(seen), groups) for label, each in counts.items()}
    raise InputError(
        f"{first.folder}: is compared with a run that was sampled in another way; evaluate both "
        "with the same --seed, --draws and --batch, or without --sample"
    )


def _model_name(run: StoredRun, name: str | None) -> str:
    run.require_frames()
    names = list(run.pixel_counts)
    if name is None and len(names) > 1:
        raise InputError(f"{run.folder}: has several models; name one of {', '.join(names)}")
    if name is not None and name not in names:
        known = f"{', '.join(names)}{did_you_mean(name, names)}"
        raise InputError(f"{run.folder}: no model {name!r}; there are {known}")
    return name or names[0]


def run_names(runs: Sequence[StoredRun]) -> dict[int, str]:
    """Return a name for each run, by its `id`: the folder's name, or its path if ambiguous."""
    paths = {id(run): run.folder.resolve() for run in runs}
    often = Counter(path.name for path in paths.values())
    return {key: path.name if often[path.name] == 1 else str(path) for key, path in paths.items()}


def _frame_keys(run: StoredRun) -> list[tuple[str, str, tuple[int, ...], str]]:
    """Return the identity of each finished frame: image, label and its pixels, condition."""
    frames = {frame.name: frame for frame in run.spec.frames}
    found = [frames[name] for name in run.frames]
    return [
        (frame.image_key, frame.label_key, frame.class_pixels, frame.condition) for frame in found
    ]


def _check_alike(first: StoredRun, other: StoredRun) -> None:
    """Raise InputError unless two runs have the same finished images, labels, classes, suite."""
    ours, theirs = sorted(_frame_keys(first)), sorted(_frame_keys(other))
    images, their_images = ([key[0] for key in keys] for keys in (ours, theirs))
    shared = {*images} & {*their_images}
    depths = [
        {each.image_key: each.depth_key for each in run.spec.frames} for run in (first, other)
    ]
    apart = f"they share {len(shared)} of {len(images)} and {len(their_images)}"
    draws = (first.spec.draws, other.spec.draws)
    if not (first.sample or other.sample or (first.complete and other.complete)):
        apart += "; one is unfinished: run its command again"
    for what, same in {
        "classes": first.spec.class_names == other.spec.class_names,
        f"finished images ({apart})": images == their_images,
        "labels of the same images": ours == theirs,
        "depth": all(len({of[key] for of in depths} - {""}) < 2 for key in shared),  # "" of copies
        "suite, its corruptions or severities": first.spec.suite.digest == other.spec.suite.digest,
        "conditions": first.spec.conditions == other.spec.conditions,
        "the region that is corrupted": _region(first.spec) == _region(other.spec),
        "the number of random draws": math.lcm(*draws) <= max(_DRAWS, *draws),
    }.items():
        if not same:
            raise InputError(
                f"{other.folder}: differs from {first.folder} in {what}; evaluate both models on "
                "the same"
            )


def _region(spec: Spec) -> tuple[Region | None, int]:
    """Return what decides which pixels are corrupted."""
    return spec.region, spec.seed if spec.region and spec.region.seeded else 0


def _order_of(first: StoredRun, other: StoredRun) -> NDArray[np.intp]:
    """Return the places of the first run's images in the other run."""
    ours, theirs = (
        sorted(range(len(keys)), key=keys.__getitem__) for keys in map(_frame_keys, (first, other))
    )
    order = np.empty(len(ours), np.intp)
    order[ours] = theirs
    return order


def _shown_names(pairs: Sequence[tuple[StoredRun, ModelSpec]]) -> list[str]:
    """Return the name under which reports show each model."""
    names = display_names({model.name: None for _, model in pairs})
    return [run.all_labels.get(model.name, names[model.name]) for run, model in pairs]


def _labels(pairs: Sequence[tuple[StoredRun, ModelSpec]], names: Sequence[str]) -> list[str]:
    """Return the name of each model, with run, input size or UNTRAINED where they matter."""
    often = Counter(names)
    folders = run_names([run for run, _ in pairs])
    inputs = [input_sizes(run.spec, model) for run, model in pairs]
    labels = []
    for (run, model), name, seen in zip(pairs, names, inputs, strict=True):
        marks = [f"run {folders[id(run)]}"] if often[name] > 1 else []
        marks += [f"input {seen}"] if len(set(inputs)) > 1 else []
        marks += ["UNTRAINED"] if model.untrained else []
        labels.append(f"{name} ({', '.join(marks)})" if marks else name)
    if twice := [label for label, often in Counter(labels).items() if often > 1]:
        raise InputError(f"compare: two models are named {twice[0]}; leave one of the runs out")
    return labels
