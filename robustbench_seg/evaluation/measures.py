"""What a run measures where the command does not say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..protocol.request import Request
from ..protocol.spec import Spec
from ..runs.store import Store
from ..scores.counters import DEFAULT, read_measures


def chosen_measures(request: Request, driver: Spec | None) -> tuple[str, ...]:
    """Return what a request names, what the driver of the run measures, or the default."""
    if request.measure is None and driver is not None:
        return driver.measures
    wanted = DEFAULT if request.measure is None else request.measure
    return tuple(measure.name for measure in read_measures(wanted))


def as_begun(spec: Spec, folder_of: Callable[[Spec], Path]) -> Spec:
    """Return a specification with the measures of a run that the same command has begun.

    It measured mIoU alone if it is of a version in which that was the default. `folder_of` returns
    the folder of a run.
    """
    with suppress(InputError), Store.open(folder_of(replace(spec, measures=()))) as store:
        return replace(spec, measures=store.spec.measures)
    return spec
