"""How far two models agree, pixel by pixel: from saved label maps, and what counts tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from os import cpu_count
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import InputError
from ..models.about_predictions import read_about
from ..models.base import SAVED, SavedPredictions
from ..names import slug
from ..prefetch import prefetch
from ..progress import silent
from ..protocol.condition import Draw
from ..protocol.frame_spec import FrameSpec
from ..protocol.input_geometry import Size
from ..protocol.model_spec import ModelSpec
from ..protocol.spec import Spec
from ..runs.run import StoredRun
from ..runs.side_by_side import Contender, SideBySide
from .layouts import FrameFiles
from .saved import SavedMaps, find_maps
from .saving import FOLDER

COLUMNS = ["agreement", "pixels", "at_most"]


def agreements(found: SideBySide, baseline: str) -> pd.DataFrame:
    """Return the agreement of models with the baseline: index (model, condition, severity).

    Columns are those of `agreement`; models of which nothing is known are left out.
    """
    models = {item.label: item for item in found.contenders}
    first = models.pop(baseline)
    tables = {label: agreement(first, item) for label, item in models.items()}
    known = {label: table for label, table in tables.items() if table is not None}
    return pd.concat(known, names=["model"]) if known else pd.DataFrame()


def agreement(one: Contender, other: Contender) -> pd.DataFrame | None:
    """Return how far two models agree under each condition: index (condition, severity).

    `agreement` is the share of all pixels with the same label, `pixels` their number, from the
    label maps that are saved of both; NaN and 0 without. `at_most` is from the confusion matrices,
    summed over frames: half of the sum of their differences is the least number of pixels with
    ground truth whose labels differ. More may, where one pixel makes up for another. It is NaN
    where the matrices are not of the same cells. The runs have the same images and conditions.

    None for two models that are not the same one, and whose label maps are not both saved.
    """
    shares = _shares(one, other)
    if not shares and not _same_model(one.model, other.model):
        return None
    bounds = _bounds(one, other)
    keys = [condition.key for condition in one.run.spec.conditions]
    rows = [(*shares.get(key, (np.nan, 0)), bounds.get(key, np.nan)) for key in keys]
    index = pd.MultiIndex.from_tuples(keys, names=["condition", "severity"])
    return pd.DataFrame(rows, index, COLUMNS)


def _same_model(one: ModelSpec, other: ModelSpec) -> bool:
    """Return whether two models differ at most in their runtime and precision, by what is known."""
    saved = SAVED in (one.runtime, other.runtime)
    return one.name == other.name and (saved or one.weights == other.weights)


def _bounds(one: Contender, other: Contender) -> dict[tuple[str, float], float]:
    if not (one.run.confusions.known and other.run.confusions.known):
        return {}
    first, second = (each.run.confusions.matrices(each.model.name) for each in (one, other))
    found = {}
    for key, matrix in first.items():
        if (matrix.sum(axis=1) == second[key].sum(axis=1)).all():
            moved = np.abs(matrix - second[key]).sum() // 2
            found[key] = 1 - moved / max(1, matrix.sum())
    return found


def _shares(one: Contender, other: Contender) -> dict[tuple[str, float], tuple[float, int]]:
    """Return the share of equal labels and the number of pixels, by condition."""
    maps, others = _maps(one), _maps(other)
    if maps is None or others is None:
        return {}
    same: dict[tuple[str, float], int] = {}
    pixels: dict[tuple[str, float], int] = {}
    pairs = [*_pairs(one.run, other.run)]
    jobs = (partial(_equal, maps, others, *pair) for pair in pairs)
    for (frame, _, draw), equal in zip(pairs, prefetch(jobs, cpu_count() or 1), strict=True):
        key = draw.condition.key
        same[key] = same.get(key, 0) + equal
        pixels[key] = pixels.get(key, 0) + frame.height * frame.width
    return {key: (same[key] / number, number) for key, number in pixels.items()}


def _pairs(one: StoredRun, other: StoredRun) -> Iterator[tuple[FrameSpec, str, Draw]]:
    """Yield each finished frame, its name in the other run, and each draw that both have."""
    names = {frame.image_key: frame.name for frame in other.spec.frames}
    draws = min(one.spec.draws, other.spec.draws)
    for frame in one.spec.frames:
        if frame.name in one.frames:
            for draw in one.spec.draws_of_frame(frame):
                if draw.number < draws:
                    yield frame, names[frame.image_key], draw


def _equal(maps: SavedMaps, others: SavedMaps, frame: FrameSpec, name: str, draw: Draw) -> int:
    """Return the number of pixels with the same label."""
    digests = {maps.files[frame.name, draw].labels.digest, others.files[name, draw].labels.digest}
    if len(digests) == 1 and "" not in digests and maps.classes == others.classes:
        return frame.height * frame.width
    size: Size = (frame.height, frame.width)
    first, second = maps.read(frame.name, draw, size)[0], others.read(name, draw, size)[0]
    return int(np.count_nonzero(first == second))


def _maps(contender: Contender) -> SavedMaps | None:
    """Return the saved label maps of a model; None where some are missing."""
    run, model = contender.run, contender.model
    folder = run.folder / FOLDER / slug(model.name)
    if model.runtime == SAVED:
        folder = Path(model.weights["source"])
    if not folder.is_dir():
        return None
    try:
        saved = SavedPredictions(folder, _values(folder, run.spec, model))
        # Names of image files are not known here; they begin with those of the frames.
        names = [FrameFiles(f.name, f.name.rpartition("/")[2], f.group) for f in run.spec.frames]
        return find_maps(
            saved,
            run.spec,
            names,
            with_confidence=False,
            partial_data=True,
            known=True,
            progress=silent,
        )
    except InputError:
        return None


def _values(folder: Path, spec: Spec, model: ModelSpec) -> tuple[int, ...]:
    """Return the value of each of the model's classes in its maps."""
    classes = spec.class_map.models if spec.class_map else spec.class_names
    values = read_about(folder, spec.dataset, classes).values
    order = model.weights.get("class_order") if model.runtime == SAVED else None
    return tuple(values[int(number)] for number in order.split(",")) if order else values
