"""The counts of a stored run, by model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..protocol.cell import Cell
from ..protocol.condition import CLEAN
from ..protocol.spec import Spec
from ..scores.counters import Counts
from ..scores.measured import Measured
from ..scores.pixel_counts import PixelCounts
from .sample import Sample


def read_counts(
    spec: Spec,
    frames: Collection[str],
    stacks: Iterable[tuple[Sequence[Cell], Sequence[Counts]]],
    sample: Sample | None,
) -> tuple[dict[str, PixelCounts], dict[str, tuple[Measured, ...]], dict[str, NDArray[np.int64]]]:
    """Keep the counts of these frames, a stack at a time: all matrices would fill the memory.

    Return the pixel counts, what else is measured, and the sum of the clean matrices, by model.
    """
    draws = [(*c.key, draw) for c in spec.conditions for draw in spec.draws_of(c)]
    categories = [info.category for info in spec.classes]
    class_set = spec.class_set(frames)
    counts = {
        model.name: PixelCounts(len(frames), draws, spec.class_names, categories, class_set)
        for model in spec.models
    }
    measured = {
        name: tuple(each.measured(own, spec.columns) for each in spec.counted_beside)
        for name, own in counts.items()
    }
    clean: dict[str, NDArray[np.int64]] = {}
    places = {name: place for place, name in enumerate(frames)}
    for cells, (stack, *others) in stacks:
        for name, own in counts.items():
            chosen = [
                n
                for n, cell in enumerate(cells)
                if cell.model == name and (cell in sample.cells if sample else cell.frame in places)
            ]
            if not chosen:
                continue
            found = [cells[n] for n in chosen]
            images = [places[cell.frame] for cell in found]
            under = [(cell.condition, cell.severity, cell.draw) for cell in found]
            own.add(images, under, stack[chosen])
            for each, other in zip(measured[name], others, strict=True):
                each.add(images, under, stack[chosen], other[chosen])
            of_clean = [n for n in chosen if (cells[n].condition, cells[n].severity) == CLEAN.key]
            if of_clean:
                clean[name] = clean.get(name, 0) + stack[of_clean].sum(axis=0)
    return counts, measured, clean
