"""Figure of the difference between the receptive fields of two models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...reports.style import MUTED, RC, new_figure, rc_context
from .figures import NARROWEST, PAGE_WIDTH, layers, subjects
from .maps import (
    MARGIN,
    SAMPLES,
    Colors,
    FieldMap,
    axes_at,
    resampled,
    scale_bar,
    text_at,
    titled_scale,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def pairs(maps: Sequence[FieldMap]) -> tuple[tuple[FieldMap, FieldMap], ...]:
    """Return the fields of two subjects in each layer that both have, at the same pixel.

    No pairs of other numbers of subjects, of inputs of different sizes, and of units on different
    pixels.
    """
    names = subjects(maps)
    if len(names) != 2:
        return ()
    found = {(item.subject, item.layer): item for item in maps}
    both = [
        (found[names[0], layer], found[names[1], layer])
        for layer in layers(maps)
        if all((name, layer) in found for name in names)
    ]
    return tuple(
        (first, second)
        for first, second in both
        if first.field.gradient.shape == second.field.gradient.shape and first.pixel == second.pixel
    )


def log_ratio(first: FieldMap, second: FieldMap, width: int) -> NDArray[np.float32]:
    """Return log10 of the second field's shares over the first's, at most `width` columns wide.

    Shares below LOWEST of the highest of both maps count as LOWEST: 0 where both are below.
    """
    one, other = first.field.share, second.field.share
    highest = max(one.max(), other.max())
    ratio: NDArray[np.float32] = np.log10(
        resampled(other / highest, width) / resampled(one / highest, width)
    )
    return ratio


@rc_context(RC)
def difference(maps: Sequence[FieldMap], colors: Colors) -> Figure:
    """Draw where one of two models depends more on the input, with a map for each layer."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    drawn = pairs(maps)
    powers = Normalize(-2, 2, clip=True)  # of ten between the shares of the two fields
    # Blue where the first field is stronger, red where the second is, as their curves.
    blue_to_red = colormaps["RdBu_r"]
    gap, heading, scale = 8.0, 22.0, 66.0
    rows, columns = drawn[0][0].relative.shape
    width = min((PAGE_WIDTH - gap * (len(drawn) - 1) - 2 * MARGIN) / len(drawn), 300.0)
    height = width * rows / columns
    across = width * len(drawn) + gap * (len(drawn) - 1) + 2 * MARGIN
    figure = new_figure(max(across, NARROWEST), heading + height + scale)
    for number, (first, second) in enumerate(drawn):
        left = MARGIN + number * (width + gap)
        text_at(figure, left, heading - 8, first.layer, colors[MUTED])
        axes = axes_at(figure, (left, heading, width, height))
        axes.imshow(
            log_ratio(first, second, round(SAMPLES * width)),
            cmap=blue_to_red,
            norm=powers,
            extent=(0, columns, rows, 0),
            interpolation="none",
            aspect="auto",
        )
        scale_bar(axes, columns, 9.0)
    one, other = subjects(maps)
    titled_scale(
        figure,
        colors,
        ScalarMappable(powers, blue_to_red),
        f"Blue: {one} depends more on a pixel. Red: {other} does.",
        {-2: "100 times", -1: "10 times", 0: "equal", 1: "10 times", 2: "100 times"},
    )
    return figure
