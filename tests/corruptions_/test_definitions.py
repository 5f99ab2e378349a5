"""The fast paths of `corruptions.kernels` against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_seg.corruptions import find
from robustbench_seg.corruptions.blur import defocus, glass
from robustbench_seg.corruptions.catalogue import CorruptionFunction
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.weather import fog, frost, snow, spatter
from tests.helpers.pictures import flat, gradients, noise

DEFINITIONS: dict[str, tuple[CorruptionFunction, int]] = {
    "defocus_blur": (defocus.defocus_blur, 1),
    "glass_blur": (glass.glass_blur, 0),
    "snow": (snow.snow, 1),
    "spatter": (spatter.spatter, 1),
    "fog": (fog.fog, 1),
    "frost": (frost.frost, 0),
}
"""Definition by name, and the grey levels by which the fast path may differ.

Glass blur copies pixels and frost adds integers: they are equal. The others mix in float32, and in
another order than the float64 of the definitions, before a value is truncated.
"""

SIZES = ((1, 1), (1, 2), (2, 1), (3, 5), (1, 70), (70, 1), (9, 8), (31, 33), (61, 83), (128, 97))


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_fast_path_equals_the_definition(name: str, severity: int) -> None:
    definition, tolerance = DEFINITIONS[name]
    fast = find(name).function
    differing = []
    for height, width in SIZES:
        images = [noise(height, width), flat(77, height=height, width=width)]
        if min(height, width) > 1:
            images.append(gradients(height, width))
        for stream, image in enumerate(images):
            expected = definition(image, severity, stream)
            difference = np.abs(np.subtract(fast(image, severity, stream), expected, dtype=int))
            assert difference.max() <= tolerance, (height, width, stream)
            differing.append(difference.reshape(-1) > 0)
    assert np.concatenate(differing).mean() < 5e-4
