"""The figure of a leaderboard: what each model keeps, against what it has to lose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..reporting.figures import look
from ..reporting.intervals import IntervalTable
from ..reporting.model_figures import with_legend
from ..reports.style import RC, SURFACE, rc_context

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@rc_context(RC)
def scatter(summary: IntervalTable, families: Mapping[str, str]) -> Figure:
    """Draw the retention of each model against its clean mIoU, with 95 % intervals.

    `summary` has the index model; `families` has the family of each, which has a colour and mark.
    """
    numbers = {name: place for place, name in enumerate(dict.fromkeys(families.values()))}
    figure, axes = with_legend(numbers, 300.0, left=48.0, bottom=40.0)
    places = [100 * frame[["clean", "retention"]].to_numpy(float) for frame in summary]
    for model, value, low, high in zip(summary.value.index, *places, strict=True):
        color, marker = look(numbers[families[str(model)]])
        for axis in (0, 1):
            if np.isfinite([low[axis], high[axis]]).all():
                ends = np.array([value, value])  # (2 ends, 2 axes)
                ends[:, axis] = low[axis], high[axis]
                axes.plot(*ends.T, color=color, linewidth=1.2)
        axes.plot(*value, marker, color=color, markersize=8, mec=SURFACE)
    axes.set(xlim=_limits(places, 0), ylim=_limits(places, 1))
    axes.set_xlabel("clean mIoU in percent", labelpad=3)
    axes.set_ylabel("retention in percent", labelpad=3)
    axes.tick_params(length=0)
    return figure


def _limits(places: Sequence[NDArray[np.float64]], axis: int) -> tuple[float, float]:
    """Return multiples of 5 around all numbers of an axis, in percent."""
    every = np.concatenate([part[:, axis] for part in places])
    known = every[np.isfinite(every)]
    if not known.size:
        return 0.0, 100.0
    return 5.0 * math.floor((known.min() - 1) / 5), 5.0 * math.ceil((known.max() + 1) / 5)
