"""The warnings of a report, which stand on every section and in the metadata of files."""

from __future__ import annotations

import numpy as np

from ..corruptions.catalogue import BUILT_IN
from ..runs.run import StoredRun
from ..versions import EVALUATING, versions
from . import estimates
from .clean_check import clean_stamps
from .data_stamps import data_stamps
from .input_scale import input_scale, rescaled, scales_differ
from .words import count, few


def stamps(run: StoredRun) -> tuple[str, ...]:
    """Return the warnings of a run, the gravest first."""
    spec = run.spec
    found = [
        f"UNTRAINED: the weights of {run.names[model.name]} are random; its scores mean nothing"
        for model in spec.models
        if model.untrained
    ]
    found += [
        f"ASSUMED PREPROCESSING: {run.names[model]}: its weights do not declare {settings}; the "
        "defaults are used, and may be wrong for it. robustseg diagnose tries others; options or a "
        "file NAME.toml beside the weights set them"
        for model, settings in run.assumed.items()
    ]
    if run.unused:
        found.append(
            "FILES NOT USED: {number} of the split, such as {first}; robustseg datasets check "
            "lists them".format(**run.unused)
        )
    found += clean_stamps(run)
    if run.failures:
        found.append(
            f"FAILED: {count(len(run.failures), 'prediction')} on {len(run.failed_frames)} of "
            f"{len(spec.frames)} frames; the scores leave these frames out"
        )
    found += filter(None, [estimates.stamp(run)])
    if run.missing_frames:
        found.append(
            f"PARTIAL: {len(run.frames)} of {len(spec.frames)} frames are finished; {_rest(run)}"
        )
    if varied := {c.name for c in spec.conditions if c.parameters} & BUILT_IN:
        found.append(
            f"OTHER PARAMETERS: {few(sorted(varied))}: those of the suite, not the published ones; "
            "scores under them are not comparable with published ones"
        )
    present = np.flatnonzero(spec.class_set([frame.name for frame in spec.frames]))
    if len(present) == 1:
        found.append(
            f"ONE CLASS: only {spec.class_names[present[0]]} has ground truth; a model that "
            "predicts nothing else scores 100 %"
        )
    if spec.region is not None:
        found.append(
            f"REGION: corrupted only {spec.region.place}; not comparable with runs that corrupt "
            "whole frames, nor with published results"
        )
    if not spec.one_scale and not rescaled(spec):
        inputs = {
            run.names[model.name]: f"scale {input_scale(spec, model)}" for model in spec.models
        }
        found.append(scales_differ(inputs))
    return (*found, *data_stamps(run))


def _rest(run: StoredRun) -> str:
    """Return how the missing frames can be added, or what to do where they never can."""
    here = versions(EVALUATING)
    stored = [(name, run.spec.versions.get(name)) for name in EVALUATING]
    others = [f"{name} {text}" for name, text in stored if text and here.get(name) != text]
    if any("shard" in session.get("division", {}) for session in run.sessions):
        return "robustseg merge adds those of the other shards"
    if others:
        return (
            f"only with {few(others)} can its command add the rest; otherwise evaluate again in "
            "another folder"
        )
    return "its command adds the rest"
