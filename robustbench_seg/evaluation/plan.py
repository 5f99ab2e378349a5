"""Plans a run: resolve names, load weights, read frames, so that faults show before long work."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..corruptions.finding import try_out
from ..datasets.base import Dataset
from ..datasets.class_maps import MappedDataset
from ..datasets.frame_checks import ground_truth_problem
from ..errors import InputError
from ..folders import RESULTS, check_folder
from ..inference.condition_images import ConditionImages
from ..inference.devices import batch_size, torch_threads
from ..inference.runtimes.choice import Runtime
from ..models.base import Segmenter
from ..models.display_names import read_labels
from ..predictions.saved import SavedMaps
from ..predictions.saving import Saving
from ..progress import Progress, silent
from ..protocol.cell import Cell
from ..protocol.frame_spec import FrameSpec, frames_of
from ..protocol.model_spec import ModelSpec
from ..protocol.request import Request, Shard
from ..protocol.sampling import Step, step_cells
from ..protocol.spec import Spec
from ..runs.database import FILE
from ..runs.differences import differences
from ..runs.sessions import ASSUMED, BY_TORCH, DISPLAY_NAMES, UNUSED
from ..versions import EVALUATING, versions
from .checks import (
    check_attacks,
    check_frame_sizes,
    check_input_options,
    check_region_pixels,
    check_rescaling,
    find_region,
    try_models,
)
from .measures import as_begun, chosen_measures
from .opening import load_segmenters, open_data
from .runtimes import choose_runtimes, wanted_runtimes
from .saved import find_saved, find_saving
from .sources import find_source, taken_source
from .work import FrameBatch, WorkUnit, frame_batches

_UNIT_COUNTS = 2**25
"""Most counts of a work unit, zeros included, and pixels that it saves: 256 MiB."""


@dataclass(frozen=True)
class Plan:
    """A validated, ready-to-run evaluation."""

    spec: Spec
    dataset: Dataset
    request: Request
    segmenters: tuple[Segmenter, ...]
    runtimes: tuple[Runtime, ...]
    images: ConditionImages
    saved: Mapping[str, SavedMaps]
    """Saved predictions, by model; the others take images."""
    frames: range
    """Numbers of the frames to evaluate: all, or those of the shard."""
    folder: Path
    mapping: MappedDataset | None = None
    """How predicted classes are scored as others; None: as they are."""
    saving: Saving | None = None
    """How predictions are saved; None: they are not."""

    @property
    def facts(self) -> dict[str, dict[str, str]]:
        """Sections of the provenance, without empty ones.

        They say how the work is divided, what is assumed of the models, which files of the split no
        frame uses, why torch runs models where other runtimes were tried, and the user's labels.
        """
        request, unused = self.request, self.dataset.unused
        models = zip(self.spec.models, self.runtimes, strict=True)
        sections = {
            "division": {
                "engine": request.engine if request.devices or request.engine != "local" else "",
                "devices": ", ".join(request.devices or ()),
                "shard": request.shard or "",
            },
            ASSUMED: {each.name: ", ".join(each.assumed) for each in self.segmenters},
            UNUSED: {"number": str(len(unused)), "first": unused[0]} if unused else {},
            BY_TORCH: {model.name: runtime.reason for model, runtime in models},
            DISPLAY_NAMES: self.labels,
        }
        filled = {
            name: {key: text for key, text in section.items() if text}
            for name, section in sections.items()
        }
        return {name: section for name, section in filled.items() if section}

    @property
    def labels(self) -> dict[str, str]:
        """Labels that the user gave to models, by NAME@WEIGHTS."""
        return read_labels(self.request.label or {}, [model.name for model in self.spec.models])

    def frame_name(self, unit: WorkUnit) -> str:
        """Return the name of a unit's frame, for messages."""
        return f"frame {self.spec.frames[unit.frame].name}"

    @property
    def steps(self) -> list[Step]:
        """All steps of the finished run, frame by frame."""
        return [
            Step(number, group)
            for number in self.frames
            for group in range(len(self.spec.draw_groups(self.spec.frames[number])))
        ]

    def missing(self, steps: Iterable[Step], done: Container[Cell]) -> list[WorkUnit]:
        """Return the units of those of some steps that are still to be done, frame by frame.

        Frames are in the outer loop: each is decoded once, and corrupted once for all models. A
        unit is all of a frame, unless the counts would fill a worker's memory.
        """
        counts = self.spec.counts_of_cell
        if self.saving is not None:
            counts += max(height * width for height, width in self.spec.sizes)
        together = max(1, _UNIT_COUNTS // (len(self.spec.models) * self.spec.batch * counts))
        groups: dict[int, list[int]] = {number: [] for number in self.frames}
        for step in steps:
            cells = step_cells(self.spec, step) if step.frame in groups else ()
            if any(cell not in done for cell in cells):
                groups[step.frame].append(step.group)
        return [
            WorkUnit(frame, tuple(sorted(own)[start : start + together]))
            for frame, own in groups.items()
            for start in range(0, len(own), together)
        ]

    def batches(self, unit: WorkUnit) -> Iterator[Callable[[], FrameBatch]]:
        """Yield functions that make the images of a unit, group by group."""
        frame = self.spec.frames[unit.frame]
        groups = self.spec.draw_groups(frame)
        takes_images = any(segmenter.takes_images for segmenter in self.segmenters)
        return frame_batches(
            self.dataset.frames[unit.frame],
            frame,
            [groups[place] for place in unit.groups],
            self.images if takes_images else None,
            self.spec.mask,
        )


def make_plan(
    request: Request,
    device: str,
    threads: int,
    progress: Progress = silent,
    *,
    driver: Spec | None = None,
) -> Plan:
    """Resolve names, load weights and read every frame; InputError for any fault in them.

    `device` and `threads` are part of the specification, since numbers depend on them. A worker of
    a driver's run takes over the driver's frames and stores nothing; InputError where its own
    specification differs.
    """
    out = None if request.out is None else Path(request.out)
    if driver is None:
        check_folder(out or RESULTS / "new", FILE)
    source = find_source(request)
    check_input_options(request, source)
    dataset, mapping = open_data(request)
    if dataset.conditions:
        source = taken_source(dataset, request)
    with torch_threads(threads):
        segmenters = load_segmenters(request, dataset, mapping)
    check_rescaling(segmenters, request, source)
    region = find_region(request, source, dataset)
    if request.engine == "local" and not request.devices:  # else each worker does, on its device
        try_models(segmenters, request, dataset, device, threads)
    shard = Shard.read(request.shard or "1/1")
    shard_frames = shard.frames(len(dataset.frames))
    # A copy was made with depth, and a run that reads it needs none.
    depth = source.suite.needs_depth and source.copy is None
    frames = (
        _taken_over(driver, dataset, request)
        if driver
        else frames_of(dataset, progress, depth=depth)
    )
    pixels = [sum(counts) for counts in zip(*(each.class_pixels for each in frames), strict=True)]
    total = sum(each.height * each.width for each in frames)
    problem = ground_truth_problem(dataset.class_names, pixels, total)
    # Of more than two classes, one alone may be what is asked: its recall. The report stamps it.
    if problem and (len(pixels) <= 2 or not any(pixels)):
        raise InputError(f"{request.data_option}: {problem}")
    spec = Spec(
        models=tuple(
            ModelSpec.of(
                each,
                replace(each.window, mode=request.window or each.window.mode),
                request.temperature or 1.0,
            )
            for each in segmenters
        ),
        dataset=dataset.name,
        split=dataset.split,
        classes=dataset.classes,
        frames=frames,
        suite=source.suite,
        seed=source.images.seed,
        device=device,
        precision=request.precision,
        threads=threads,
        batch=request.batch
        or batch_size(
            [(frame.height, frame.width) for frame in frames], device, request.input_scale
        ),
        compiled=request.compiled,
        versions=versions(EVALUATING),
        implementation=source.images.implementation,
        copy=source.check(frames),
        input_scale=request.input_scale,
        class_map=mapping.spec if mapping else None,
        draws=request.draws,
        measures=chosen_measures(request, driver),
        region=region,
    )
    check_region_pixels(spec)
    if source.copy is None:
        check_frame_sizes(spec, request)
        if spec.suite.own and driver is None:
            try_out(spec.suite.corrupted, dataset.frames[0].image())
        if spec.attacked and driver is None:
            check_attacks(spec, segmenters, request, dataset)
    spec, saved = find_saved(spec, segmenters, request, dataset, driver, progress)
    wanted = wanted_runtimes(request, spec, driver)
    spec, runtimes = choose_runtimes(spec, wanted, segmenters, dataset, source.images, progress)
    if driver is not None and (found := differences(driver.to_dict(), spec.to_dict())):
        raise InputError(f"differs from the driver in {found}")

    def folder_of(spec: Spec) -> Path:
        return out or RESULTS / f"{spec.slug}{shard.suffix}"

    if request.measure is None and driver is None:
        spec = as_begun(spec, folder_of)
    folder = folder_of(spec)
    return Plan(
        *(spec, dataset, request, segmenters, runtimes),
        *(source.images, saved, shard_frames, folder, mapping),
        find_saving(request, spec, segmenters, dataset, mapping),
    )


def _taken_over(driver: Spec, dataset: Dataset, request: Request) -> tuple[FrameSpec, ...]:
    if [frame.name for frame in driver.frames] != [frame.name for frame in dataset.frames]:
        raise InputError(f"{request.data_option}: has other frames here than the driver has")
    return driver.frames
