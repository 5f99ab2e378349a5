"""The runtimes of a run's models, which its first frame decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..datasets.base import Dataset
from ..errors import InputError
from ..inference.condition_images import ConditionImages
from ..inference.devices import stream_count, torch_threads
from ..inference.runtimes.choice import Runtime, choose_runtime
from ..models.base import AUTO, SAVED, TORCH, RuntimeChoice, Segmenter
from ..progress import Progress
from ..protocol.request import Request
from ..protocol.spec import Spec
from ..runs.store import Store
from ..versions import versions


def choose_runtimes(
    spec: Spec,
    wanted: Mapping[str, RuntimeChoice],
    segmenters: Sequence[Segmenter],
    dataset: Dataset,
    images: ConditionImages,
    progress: Progress,
) -> tuple[Spec, tuple[Runtime, ...]]:
    """Load each network into a runtime; return the specification with the names, and the runtimes.

    `wanted` are the runtimes by model. Raises InputError for one that does not suit its model.
    """
    frame = spec.frames[0]
    draw = spec.draws_of_frame(frame)[0]
    image = images.make(draw, dataset.frames[0].image(), frame.image_key)
    streams = stream_count(spec.sizes, spec.threads, spec.input_scale)
    runtimes = []
    with torch_threads(spec.threads):
        for done, (segmenter, model) in enumerate(zip(segmenters, spec.models, strict=True)):
            progress("loading models", done, len(segmenters), model.name)
            if not segmenter.takes_images:
                runtimes.append(Runtime(SAVED, callers=spec.threads + 1))
                continue
            runtimes.append(
                choose_runtime(
                    wanted[model.name],
                    segmenter,
                    image,
                    device=spec.device,
                    precision=spec.precision,
                    compiled=spec.compiled,
                    window=model.window,
                    view=draw.condition.view((frame.height, frame.width)),
                    streams=streams,
                )
            )
    found = zip(spec.models, runtimes, strict=True)
    models = tuple(replace(model, runtime=runtime.name) for model, runtime in found)
    used = versions(runtime.name for runtime in runtimes if runtime.name != TORCH)
    return replace(spec, models=models, versions={**spec.versions, **used}), tuple(runtimes)


def wanted_runtimes(request: Request, spec: Spec, driver: Spec | None) -> dict[str, RuntimeChoice]:
    """Return the runtime that is wanted for each model of a run.

    A worker takes its driver's. With `auto`, a run that goes on keeps those it was begun with.
    """
    wanted = {model.name: request.runtime for model in spec.models}
    if driver is not None:
        return wanted | _runtimes_of(driver)
    if request.runtime == AUTO and request.out is not None:
        with suppress(InputError), Store.open(Path(request.out)) as store:
            return wanted | _runtimes_of(store.spec)
    return wanted


def _runtimes_of(spec: Spec) -> dict[str, RuntimeChoice]:
    return {model.name: model.runtime for model in spec.models if model.runtime != SAVED}
