"""Warnings about the frames: rendered ones, few, and of another data set than a model knows."""

from __future__ import annotations

from collections.abc import Iterator

from ..datasets.registry import dataset_titles, written_name
from ..datasets.streets import STREETS
from ..protocol.model_spec import ModelSpec
from ..protocol.spec import Spec
from ..runs.run import StoredRun
from ..scores.statistics import RELIABLE_UNITS
from .words import few


def data_stamps(run: StoredRun) -> Iterator[str]:
    """Yield the warnings of a run's frames."""
    others: dict[str, list[str]] = {}
    for model in run.spec.models:
        if _has_other_data(model, run.spec):
            others.setdefault(model.trained_on, []).append(run.names[model.name])
    for data, names in others.items():
        yield (
            f"OTHER DATA: {few(names)}: trained on {written_name(data)}, evaluated on "
            f"{written_name(run.spec.dataset)}"
        )
    if run.spec.dataset == STREETS:
        yield "DEMONSTRATION: rendered scenes, not a result about Cityscapes"
    if len(run.frames) < RELIABLE_UNITS:
        yield (
            f"FEW IMAGES: {len(run.frames)}, fewer than {RELIABLE_UNITS}; scores and ranks may "
            "differ on others"
        )


def _has_other_data(model: ModelSpec, spec: Spec) -> bool:
    """Return whether a model is known to be trained on another data set than that of a run.

    A file that does not name its data set, and a name that is not one of ours, say nothing.
    """
    return model.trained_on != spec.dataset and {model.trained_on, spec.dataset} <= {
        *dataset_titles()
    }
