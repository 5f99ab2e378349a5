"""Saved predictions: those that a request names as models, and those that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from torch import nn

from ..datasets.base import Dataset
from ..datasets.class_maps import MappedDataset
from ..errors import InputError
from ..models.about_predictions import ABOUT
from ..models.base import SavedPredictions, Segmenter
from ..predictions.layouts import FrameFiles
from ..predictions.saved import SavedMaps, find_maps
from ..predictions.saving import Saving
from ..progress import Progress
from ..protocol.options import SavedKind
from ..protocol.region import read_region
from ..protocol.request import Request
from ..protocol.spec import Spec


def find_saved(
    spec: Spec,
    segmenters: Sequence[Segmenter],
    request: Request,
    dataset: Dataset,
    driver: Spec | None,
    progress: Progress,
) -> tuple[Spec, Mapping[str, SavedMaps]]:
    """Find the maps of models that are saved predictions; return the specification with digests.

    A worker takes the digests of its driver. Raises InputError for maps that cannot be scored.
    """
    names = [FrameFiles.of(frame) for frame in dataset.frames]
    known = {model.name: model.weights for model in driver.models} if driver else {}
    found: dict[str, SavedMaps] = {}
    models = []
    for segmenter, model in zip(segmenters, spec.models, strict=True):
        network = segmenter.network
        if isinstance(network, SavedPredictions):
            if request.temperature is not None:
                raise InputError(
                    f"--temperature: {model.name} is saved predictions without logits; leave it out"
                )
            _check_region(network, spec)
            maps = find_maps(
                network,
                spec,
                names,
                with_confidence=any(each.needs_probabilities for each in spec.counted_beside),
                partial_data=request.limit is not None or request.frames is not None,
                known=driver is not None,
                progress=progress,
            )
            found[model.name] = maps
            digest = known.get(model.name, {}).get("sha256") or maps.digest
            model = replace(model, weights={**model.weights, "sha256": digest})
        models.append(model)
    return replace(spec, models=tuple(models)), found


def _check_region(saved: SavedPredictions, spec: Spec) -> None:
    """Raise InputError for predictions of images that were corrupted in another region."""
    path = saved.folder / ABOUT
    made = read_region(saved.region, f"{path}: region") if saved.region else None
    if made == spec.region:
        if made and made.seeded and saved.seed != spec.seed:
            raise InputError(
                f"--seed {spec.seed}: the drops on the images of {saved.folder} are those of "
                f"--seed {saved.seed}, as {path} says; give the same"
            )
    elif made:
        raise InputError(
            f"--model predictions:{saved.folder}: its images were corrupted by --region {made}, as "
            f"{path} says; give the same"
        )
    else:
        raise InputError(
            f"--region {spec.region}: {path} states no region, so the predictions in "
            f'{saved.folder} are of whole frames; leave it out, or write region = "{spec.region}" '
            "there if their images were corrupted so"
        )


def find_saving(
    request: Request,
    spec: Spec,
    segmenters: Sequence[Segmenter],
    dataset: Dataset,
    mapping: MappedDataset | None,
) -> Saving | None:
    """Return how a request's predictions are saved; None if they are not.

    Raises InputError where the layout does not fit the data, or what is saved the models.
    """
    if not request.save:
        return None
    alone = [each.name for each in segmenters if not isinstance(each.network, nn.Module)]
    if "confidence" in request.save and alone:
        raise InputError(f"--save confidence: {alone[0]} gives labels alone; use --save labels")
    unseen = [each.name for each in segmenters if not each.takes_images]
    if "images" in request.save and unseen:
        raise InputError(f"--save images: {unseen[0]} sees no images; leave it out")
    classes = mapping.spec.models if mapping else dataset.class_names
    predicted = mapping.kept_classes if mapping else range(len(classes))
    kinds = tuple(kind for kind in get_args(SavedKind) if kind in request.save)
    names = [FrameFiles.of(frame) for frame in dataset.frames]
    saving = Saving(kinds, request.save_layout, spec, names, classes, tuple(predicted))
    saving.check()
    return saving
