"""What is to be run: names resolved, weights loaded, frames read; what could fail early has not."""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from torch import nn

from ..datasets.base import Dataset
from ..datasets.class_maps import Mapped, load_class_map, mapped
from ..datasets.registry import open_dataset
from ..errors import InputError
from ..folders import RESULTS, check_folder
from ..inference.devices import batch_size, torch_threads
from ..inference.predict import Predictor
from ..models.base import Segmenter, Window, WindowMode
from ..models.class_mask import restrict_classes
from ..models.registry import load_model
from ..names import check_name
from ..progress import Progress, silent
from ..protocol.request import Request
from ..protocol.sharding import Shard
from ..protocol.spec import FrameSpec, ModelSpec, Spec, frames_of
from ..protocol.suites.resolution import LARGEST, SMALLEST, ResolutionSuite
from ..runs.differences import differences
from ..runs.store import FILE, Cell, Failure, Picture
from ..scores.metrics import Matrix
from ..versions import EVALUATING, versions
from .condition import Condition
from .condition_source import ConditionSource, find_source, from_dataset
from .work import FrameBatch, WorkUnit, images


class Result(NamedTuple):
    """What is committed at once: cells of one frame, the pictures of it that are kept, failures."""

    cells: dict[Cell, Matrix]
    pictures: list[Picture]
    failures: list[Failure]


class Engine(Protocol):
    """Where a plan is run. Device and threads are part of what its numbers depend on."""

    @property
    def device(self) -> str:
        """The device of the models."""
        ...

    @property
    def threads(self) -> int:
        """How many threads of a processor a model takes."""
        ...

    def results(self, plan: Plan, units: Sequence[WorkUnit]) -> Generator[Result]:
        """Do the units, in any order, and yield what they give as it comes."""
        ...


@dataclass(frozen=True)
class Plan:
    """All that is needed to run a specification; whatever could fail early has not."""

    spec: Spec
    dataset: Dataset
    request: Request
    engine: Engine
    predictors: tuple[Predictor, ...]
    """Those of this process; none where it sends all units to workers."""
    frames: range
    """The numbers of the frames that are to be done: all, or those of the shard."""
    conditions: tuple[Condition, ...]
    folder: Path
    mapping: Mapped | None = None
    """How predictions are scored; None: as the classes that they are."""

    @property
    def wanted(self) -> set[Cell]:
        """The cells that are there at the end."""
        found = [self.spec.frames[frame] for frame in self.frames]
        return {cell for frame in found for cell in self.cells(frame, self.conditions_of(frame))}

    @property
    def division(self) -> dict[str, dict[str, str]]:
        """How the work is divided, as a section of plain text; no section where it is not."""
        request = self.request
        told = {
            "engine": request.engine if request.spread else None,
            "devices": ", ".join(request.devices or ()),
            "shard": request.shard,
        }
        section = {key: value for key, value in told.items() if value}
        return {"division": section} if section else {}

    def missing(self, stored: Container[Cell]) -> list[WorkUnit]:
        """Return the units of which not everything is stored."""
        units = []
        for frame in self.frames:
            found = self.spec.frames[frame]
            groups = tuple(
                number
                for number, group in enumerate(self.groups(found))
                if any(cell not in stored for cell in self.cells(found, group))
            )
            if groups:
                units.append(WorkUnit(frame, groups))
        return units

    def images(self, unit: WorkUnit) -> Iterator[Callable[[], FrameBatch]]:
        """Yield how to make the images of a unit, group by group."""
        found = self.spec.frames[unit.frame]
        groups = self.groups(found)
        return images(
            self.dataset.frames[unit.frame],
            found,
            [groups[number] for number in unit.groups],
            self.spec.seed,
        )

    def groups(self, frame: FrameSpec) -> list[tuple[Condition, ...]]:
        """Return the conditions of a frame in groups that are predicted and committed together.

        These are fixed by the specification, not by what is missing, so that a resumed run computes
        every number as an uninterrupted one does.
        """
        conditions, size = self.conditions_of(frame), self.spec.batch
        return [conditions[start : start + size] for start in range(0, len(conditions), size)]

    def conditions_of(self, frame: FrameSpec) -> tuple[Condition, ...]:
        """Return the conditions that a frame is seen under: all, or the one it was taken in."""
        wanted = self.spec.conditions_of(frame)
        return tuple(item for item in self.conditions if (item.name, item.severity) in wanted)

    def cells(self, frame: FrameSpec, conditions: Sequence[Condition]) -> set[Cell]:
        """Return the cells of a frame under some conditions, for all models."""
        return {
            Cell(model.name, condition.name, condition.severity, frame.name, condition.draw)
            for model in self.spec.models
            for condition in conditions
        }


def make_plan(
    request: Request, engine: Engine, progress: Progress = silent, *, driver: Spec | None = None
) -> Plan:
    """Resolve names, load weights and read every frame; InputError for whatever is wrong there.

    A worker of a driver's run takes over what the driver found of the frames, and stores nothing.
    InputError where anything is not as the driver has it.
    """
    out = None if request.out is None else Path(request.out)
    if driver is None:
        check_folder(out or RESULTS / "new", FILE)
    origin = find_source(request)
    _check_views(request, origin)
    dataset = open_dataset(
        request.data,
        request.split,
        request.limit,
        images=request.images,
        labels=request.labels,
        classes=request.classes,
    )
    if dataset.conditions:
        origin = from_dataset(dataset, request)
    mapping = None
    if request.class_map is not None:
        mapping = mapped(dataset, load_class_map(str(request.class_map)), request.class_map_mode)
        dataset = mapping.dataset
    with torch_threads(engine.threads):
        segmenters = _load_models(request, dataset, mapping)
    _check_sizes(segmenters, request, origin)
    shard = Shard.read(request.shard or "1/1")
    shard_frames = shard.frames(len(dataset.frames))
    frames = _taken_over(driver, dataset) if driver else frames_of(dataset, progress)
    if not any(sum(frame.class_pixels) for frame in frames):
        raise InputError(
            f"--data {dataset.root}: no frame of {request.split} has any labelled pixel"
        )
    batch = request.batch or batch_size(
        [(frame.height, frame.width) for frame in frames], engine.device, request.input_scale
    )
    windows = tuple(_window(segmenter, request.window) for segmenter in segmenters)
    spec = Spec(
        models=tuple(map(ModelSpec.of, segmenters, windows)),
        dataset=dataset.name,
        split=dataset.split,
        classes=dataset.classes,
        frames=frames,
        suite=origin.suite,
        seed=origin.seed,
        device=engine.device,
        precision=request.precision,
        threads=engine.threads,
        batch=batch,
        compiled=request.compiled,
        versions=versions(EVALUATING),
        implementation=origin.implementation,
        copy=origin.check(frames),
        input_scale=request.input_scale,
        class_map=mapping.spec if mapping else None,
        draws=request.draws,
    )
    if driver is not None and (found := differences(driver.to_dict(), spec.to_dict())):
        raise InputError(f"differs from the driver in {found}")
    predictors = tuple(
        Predictor(
            segmenter,
            engine.device,
            request.precision,
            window,
            batch=batch,
            compiled=request.compiled,
        )
        for segmenter, window in zip(segmenters, windows, strict=True)
        if not request.spread
    )
    conditions = origin.conditions(request.input_scale, request.draws)
    folder = out or RESULTS / f"{spec.slug}{shard.suffix}"
    return Plan(
        spec, dataset, request, engine, predictors, shard_frames, conditions, folder, mapping
    )


def _taken_over(driver: Spec, dataset: Dataset) -> tuple[FrameSpec, ...]:
    if [frame.name for frame in driver.frames] != [frame.name for frame in dataset.frames]:
        raise InputError(f"--data {dataset.root}: has other frames here than the driver has")
    return driver.frames


def _check_views(request: Request, origin: ConditionSource) -> None:
    window, input_scale = request.window, request.input_scale
    if input_scale is not None and not SMALLEST <= input_scale <= LARGEST:
        raise InputError(
            f"--input-scale {input_scale}: must be a factor of the frames' sides, {SMALLEST} to "
            f"{LARGEST}, such as 0.5"
        )
    suite = origin.suite
    if not isinstance(suite, ResolutionSuite):
        return
    if input_scale is not None:
        raise InputError(f"--input-scale {input_scale}: {suite.name} has its own; leave it out")
    if window is not None and suite.windows:
        raise InputError(f"--window {window}: {suite.name} has its own; leave it out")


def _check_sizes(
    segmenters: Sequence[Segmenter], request: Request, origin: ConditionSource
) -> None:
    if request.input_scale is None and not isinstance(origin.suite, ResolutionSuite):
        return
    for segmenter in segmenters:
        size = segmenter.preprocessing.size
        if size is not None and not isinstance(segmenter.network, nn.Module):
            raise InputError(
                f"--model {segmenter.name}: resizes every image to {size[1]}x{size[0]} by itself, "
                "so it cannot be run at other scales"
            )


def _load_models(
    request: Request, dataset: Dataset, mapping: Mapped | None
) -> tuple[Segmenter, ...]:
    weights = None if request.weights is None else str(request.weights)
    data = mapping.weights if mapping else dataset.taxonomy or dataset.name
    classes = mapping.spec.models if mapping else dataset.class_names
    segmenters = tuple(
        load_model(choice, data=data, weights=weights, classes=classes) for choice in request.models
    )
    if mapping:
        segmenters = tuple(restrict_classes(segmenter, mapping.kept) for segmenter in segmenters)
    names = [segmenter.name for segmenter in segmenters]
    for name in names:
        check_name(name)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"--model: two are called {twice}; name each once, or rename a file")
    return segmenters


def _window(segmenter: Segmenter, mode: WindowMode | None) -> Window:
    return segmenter.window if mode is None else replace(segmenter.window, mode=mode)
