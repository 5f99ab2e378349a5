"""Small runs on disk with made-up counts, as `eval` would have stored them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.frame_spec import FrameSpec
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.runs.failure import Failure
from robustbench_seg.runs.pictures import CAPTIONS, Picture
from robustbench_seg.runs.sessions import Session
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.counters import Counts
from tests.helpers.sample_runs import frame, make_spec, model

SESSION: Session = {
    "session": {"started": "2026-01-01T00:00:00+00:00", "command": "robustseg eval --out run"},
    "machine": {"device": "cpu", "cores": "2"},
}


def stored_spec(frames: int = 2, models: Sequence[str] = ("b0", "b5"), **changes: Any) -> Spec:
    """Return the specification of a small run; the classes of its frames have other sizes each."""
    sizes = [(300 + number, 200, 100 + number % 7) for number in range(frames)]
    found = tuple(frame(number, class_pixels=size) for number, size in enumerate(sizes))
    return make_spec(**{"models": tuple(map(model, models)), "frames": found, **changes})


def counts_of(one: FrameSpec, columns: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a matrix (C, columns) with the pixels of a frame, most of them on the diagonal."""
    matrix = np.zeros((len(one.class_pixels), columns), np.int64)
    for place, pixels in enumerate(one.class_pixels):
        wrong = rng.multinomial(int(pixels * rng.uniform(0, 0.5)), np.full(columns, 1 / columns))
        matrix[place] = wrong
        matrix[place, place] += pixels - wrong.sum()
    return matrix


def cells_of_spec(
    spec: Spec, frames: Iterable[FrameSpec] | None = None, seed: int = 0
) -> dict[Cell, NDArray[np.int64]]:
    """Return made-up counts of all cells of some frames, by default all."""
    rng = np.random.default_rng(seed)
    columns = len(spec.classes) + (spec.class_map is not None)
    return {
        cell: counts_of(one, columns, rng)
        for one in (spec.frames if frames is None else frames)
        for cell in sorted(spec.cells(one))
    }


def as_counts(cells: Mapping[Cell, NDArray[np.int64]]) -> dict[Cell, tuple[Counts, ...]]:
    """Return matrices as the counts of a run that measures nothing else."""
    return {cell: (matrix,) for cell, matrix in cells.items()}


def write_run(
    folder: Path,
    spec: Spec | None = None,
    *,
    frames: int | None = None,
    failures: Sequence[Failure] = (),
) -> Spec:
    """Store a run in a folder, or the first `frames` of it, with pictures of the first cell."""
    spec = spec or stored_spec()
    cells = cells_of_spec(spec, spec.frames[:frames])
    for failure in failures:
        cells.pop(failure.cell, None)
    pictures = [Picture(next(iter(cells)), caption, small_png()) for caption in CAPTIONS]
    with Store.create_or_resume(folder, spec) as store:
        store.add_session(SESSION)
        store.add(as_counts(cells), pictures, failures)
    return spec


def small_png(width: int = 16, height: int = 8) -> bytes:
    """Return the bytes of a small picture."""
    file = BytesIO()
    Image.new("RGB", (width, height), (10, 20, 30)).save(file, "PNG")
    return file.getvalue()


def noisy_png() -> bytes:
    """Return the bytes of a picture of 200 kB."""
    file = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (130, 512, 3), np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def with_classes(spec: Spec, classes: int) -> Spec:
    """Return a specification with other numbers of classes, of 100 pixels each."""
    infos = tuple(replace(spec.classes[0], name=f"class {n}") for n in range(classes))
    frames = tuple(replace(each, class_pixels=(100,) * classes) for each in spec.frames)
    return replace(spec, classes=infos, frames=frames)
