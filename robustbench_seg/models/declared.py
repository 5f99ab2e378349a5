"""How images enter a network: as its weights declare it, as a user overrides it, or assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from ..errors import InputError
from .adapters.metadata import parse_preprocessing, parse_window
from .adapters.processor import FILE as PROCESSOR
from .adapters.processor import read_processor
from .base import Segmenter, undeclared
from .checkpoint import Checkpoint
from .checkpoints.sidecar import input_settings
from .class_names import plain_name

CITYSCAPES = (
    *("road", "sidewalk", "building", "wall", "fence", "pole", "trafficlight", "trafficsign"),
    *("vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train"),
    *("motorcycle", "bicycle"),
)
"""Classes of the data that the catalogue's preprocessing is known to be right for."""


def declare(
    segmenter: Segmenter,
    checkpoint: Checkpoint,
    published_sizes: Sequence[tuple[int, int]] = (),
) -> Segmenter:
    """Return a model of the catalogue with the preprocessing and window of its checkpoint.

    They stand in `preprocessor_config.json` beside it, in its metadata or in NAME.toml; the last
    one counts. The catalogue's are assumed for the rest, which is noted for other classes than
    those of Cityscapes. If published weights differ in their input's size (height, width), it may
    stand in the file's name, and is noted if it is assumed. Raises InputError for values that are
    not supported.
    """
    where, folder = str(checkpoint.path), checkpoint.path.parent
    preprocessing = segmenter.preprocessing
    values = input_settings(checkpoint.path, checkpoint.metadata)
    values = _size_in_name(checkpoint.path, published_sizes) | values
    assumed = undeclared(preprocessing, values)
    if (folder / PROCESSOR).exists():
        preprocessing, _ = read_processor(folder, square=True, divisor=1)
        assumed = ()
    names = checkpoint.classes or segmenter.classes
    if {plain_name(name) for name in names} == set(CITYSCAPES):
        assumed = tuple(name for name in assumed if name == "size" and published_sizes)
    return replace(
        segmenter,
        preprocessing=parse_preprocessing(where, values, preprocessing),
        window=parse_window(where, values.get("window"), segmenter.window),
        assumed=assumed,
    )


def override(segmenter: Segmenter, values: Mapping[str, Any]) -> Segmenter:
    """Return a model with a user's mean, std, channels or size in place of its own.

    Raises InputError for a model that takes images as they are.
    """
    if values and not isinstance(segmenter.network, nn.Module):
        raise InputError(
            f"--mean, --std, --channels, --input-size: {segmenter.name} preprocesses images "
            "itself; leave them out"
        )
    preprocessing = parse_preprocessing("options", values, segmenter.preprocessing)
    assumed = tuple(name for name in segmenter.assumed if name not in values)
    return replace(segmenter, preprocessing=preprocessing, assumed=assumed) if values else segmenter


def _size_in_name(path: Path, sizes: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Return the one of the sizes that a file's name has, such as "1024x512", as a setting."""
    found = [size for height, width in sizes if (size := f"{width}x{height}") in path.stem]
    return {"size": found[0]} if len(found) == 1 else {}
