"""Checks of a request before its work begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from ..corruptions.checks import unknown
from ..corruptions.finding import check_sizes
from ..datasets.base import Dataset
from ..errors import InputError
from ..inference.attacks import attackers_of
from ..inference.devices import torch_threads
from ..inference.predict import Predictor
from ..models.base import Segmenter
from ..models.registry import is_built_in
from ..protocol.region import Region, read_region
from ..protocol.request import Request
from ..protocol.spec import Spec
from ..protocol.suites.resolution import LARGEST, SMALLEST
from .sources import Source


def check_input_options(request: Request, source: Source) -> None:
    """Raise InputError where the suite sets scales or windows that the request sets too."""
    scale, suite = request.input_scale, source.suite
    if scale is not None and not SMALLEST <= scale <= LARGEST:
        raise InputError(
            f"--input-scale {scale}: must be a factor of the frames' sides, {SMALLEST} to "
            f"{LARGEST}, such as 0.5"
        )
    for option, value, own in (
        ("--input-scale", scale, any(condition.scale for condition in suite.conditions)),
        ("--window", request.window, any(condition.window for condition in suite.conditions)),
    ):
        if value is not None and own:
            raise InputError(f"{option} {value}: {suite.name} sets its own; leave it out")


def check_rescaling(segmenters: Sequence[Segmenter], request: Request, source: Source) -> None:
    """Raise InputError for a model that cannot be run at the scales of the conditions."""
    rescaled = any(condition.scale for condition in source.suite.conditions)
    if request.input_scale is None and not rescaled:
        return
    for segmenter in segmenters:
        size = segmenter.preprocessing.size
        if size is not None and not isinstance(segmenter.network, nn.Module):
            raise InputError(
                f"--model {segmenter.name}: resizes every image to {size[1]}x{size[0]} by itself, "
                "so it cannot be run at other scales"
            )


def find_region(request: Request, source: Source, dataset: Dataset) -> Region | None:
    """Return the region that a request corrupts; None: all of each frame.

    Raises InputError for a class that the data lack, and where the suite has other conditions than
    corruptions, of which none can be confined to a region.
    """
    if request.region is None:
        return None
    region, suite = read_region(request.region), source.suite
    if not all(each.corruption and not each.scale for each in suite.conditions):
        raise InputError(
            f"--region {region}: {suite.name} has conditions that concern whole frames; use a "
            "suite of corruptions, or leave --region out"
        )
    if problem := region.problem(dataset.class_names):
        raise InputError(f"--region {region}: {problem}")
    return region


def check_region_pixels(spec: Spec) -> None:
    """Raise InputError where no frame has a pixel of the region."""
    if len(spec.frames_without_region) == len(spec.frames):
        raise InputError(
            f"--region {spec.region}: none of the {len(spec.frames)} frames has a pixel of it; "
            "choose another one, or more frames"
        )


def check_frame_sizes(spec: Spec, request: Request) -> None:
    """Raise InputError for frames that a corruption cannot take."""
    names = [condition.corruption[0] for condition in spec.conditions if condition.corruption]
    try:
        check_sizes(names, spec.sizes, reference=spec.implementation == "imagecorruptions")
    except InputError as error:
        raise InputError(f"{request.data_option}: {error} with --corruptions") from error


def try_models(
    segmenters: Sequence[Segmenter], request: Request, dataset: Dataset, device: str, threads: int
) -> None:
    """Label the first frame by the models of others, which may fail or give no labels of theirs."""
    others = [
        segmenter
        for choice, segmenter in zip(request.models, segmenters, strict=True)
        if segmenter.takes_images and not is_built_in(choice)
    ]
    if not others:
        return
    image = dataset.frames[0].image()
    with torch_threads(threads):
        for segmenter in others:
            window = replace(segmenter.window, mode=request.window or segmenter.window.mode)
            predictor = Predictor(segmenter, device, request.precision, window)
            predictor.labels(image[None], (image.shape[0], image.shape[1]))  # (1, H, W, 3)


def check_attacks(
    spec: Spec, segmenters: Sequence[Segmenter], request: Request, dataset: Dataset
) -> None:
    """Attack models by one step on the first frame; InputError where one has no gradients."""
    if request.class_map is not None:
        raise InputError("--class-map: attacks need models with the classes of the data")
    frame = dataset.frames[0]
    image, label = frame.image(), frame.label()
    attackers = attackers_of(spec, segmenters, spec.device)
    attacks = {each.attack.search: each.attack for each in spec.suite.conditions if each.attack}
    for search, attack in attacks.items():
        names = (*attackers,) if search.source is None else (search.source,)
        step = replace(attack, search=replace(search, steps=1))
        for name in names:
            if name not in attackers:
                words = unknown("source", name, (*attackers,))
                raise InputError(f"--suite {spec.suite.name}: {search.name}: {words}")
            attackers[name].search(image, label, step, 0)
