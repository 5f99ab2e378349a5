"""How many results a second the driver of a run takes, and so how many workers it can serve.

Results of frames under all conditions of cityscapes-c come as workers send them, pickled; the
driver unpickles and commits them, on disk, and tells its progress. What is then read back is
compared with what was sent.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from robustbench_seg.evaluation.evaluate import execute, prepare
from robustbench_seg.evaluation.plan import Plan
from robustbench_seg.evaluation.work import Result, WorkUnit
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.frame_spec import FrameSpec
from robustbench_seg.protocol.request import Request
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.counters import Counts

RATES = (2, 6, 20)
"""Predictions a second of a worker, for which the number of workers is told."""


@dataclass(frozen=True)
class Done:
    """An engine whose workers have done everything before."""

    sent: dict[int, bytes]
    """By frame, the pickled results."""
    device: str = "cpu"
    threads: int = 1

    def results(
        self,
        plan: Plan,  # noqa: ARG002
        units: Sequence[WorkUnit],
        more: Callable[[], Sequence[WorkUnit]],  # noqa: ARG002
    ) -> Generator[Result]:
        """Yield all results as fast as they are taken."""
        for unit in units:
            yield from pickle.loads(self.sent[unit.frame])


def main() -> None:
    """Take results as they come here from a CPU or a GPU, and from workers: a frame at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="the disk to write to (default: a temporary)")
    options = parser.parse_args()
    for batch in (1, 4, 81):
        with TemporaryDirectory(dir=options.folder) as folder:
            measure(Path(folder) / "run", options.frames, batch)


def measure(folder: Path, frames: int, batch: int) -> None:
    """Time a run without predictions and print its rates."""
    request = Request(models=("b0@random",), data="streets", limit=1, out=folder, batch=batch)
    plan, _ = prepare(request)
    (frame,) = plan.spec.frames
    found = tuple(replace(frame, name=f"{frame.name}_{number}") for number in range(frames))
    plan = replace(plan, spec=replace(plan.spec, frames=found), frames=range(frames))
    chance = np.random.default_rng(0)
    cells: dict[Cell, np.ndarray] = {}
    sent = {}
    for number, spec in enumerate(found):
        results = []
        for group in plan.spec.draw_groups(spec):
            new = {cell: matrix_like(chance, spec) for cell in sorted(plan.spec.cells(spec, group))}
            cells |= new
            counts: dict[Cell, tuple[Counts, ...]] = {cell: (new[cell],) for cell in new}
            results.append(Result(counts, [], [], []))
        sent[number] = pickle.dumps(results)

    start = time.perf_counter()
    execute(plan, Done(sent), lambda *_: None)
    seconds = time.perf_counter() - start

    with Store.open(folder) as store:
        read = dict(store.matrices())
    assert read.keys() == cells.keys()
    assert all((read[cell] == matrix).all() for cell, matrix in cells.items())
    rate = len(cells) / seconds
    size = (folder / FILE).stat().st_size / len(cells)
    workers = ", ".join(f"{rate / each:.0f} at {each}/s" for each in RATES)
    print(
        f"{batch} conditions a commit: {rate:.0f} predictions/s ({rate / batch:.0f} commits/s, "
        f"{1000 * seconds / len(cells):.2f} ms each), {size:.0f} bytes a prediction; "
        f"the limit for workers: {workers}"
    )


def matrix_like(chance: np.random.Generator, frame: FrameSpec) -> np.ndarray:
    """Return a matrix (C, C) with the pixels of a frame, large on the diagonal."""
    classes = len(frame.class_pixels)
    confused = chance.dirichlet(np.full(classes, 0.1), classes) * 0.4 + np.eye(classes) * 0.6
    rows = zip(frame.class_pixels, confused, strict=True)
    return np.stack([chance.multinomial(pixels, shares) for pixels, shares in rows])


if __name__ == "__main__":
    main()
