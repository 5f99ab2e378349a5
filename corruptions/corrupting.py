"""Corrupt an image: check it, seed the randomness, call the corruption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from .catalogue import Implementation
from .checks import MOST_SEVERITIES, SEVERITIES, check_seed, check_severity, unknown
from .errors import InputError
from .finding import find
from .images import check_depth, check_image
from .reference import corrupt_by_reference, require_known
from .seeding import image_key, stream_seed
from .severity_table import NO_PARAMETERS

IMPLEMENTATIONS: tuple[str, ...] = get_args(Implementation)


def corrupt(
    image: NDArray[np.uint8],
    name: str,
    severity: float,
    *,
    seed: int = 0,
    key: str | None = None,
    parameters: Mapping[str, float] = NO_PARAMETERS,
    depth: NDArray[np.float32] | None = None,
    implementation: Implementation = "native",
) -> NDArray[np.uint8]:
    """Return a corrupted copy of an image.

    The same arguments give the same pixels on every machine, in every thread and in every order.

    Parameters
    ----------
    image
        uint8, RGB (H, W, 3) or grey (H, W) or (H, W, 1), of any size from 1 x 1; not changed.
        Strengths are in pixels, so corrupt at native resolution and resize afterwards. Filters
        that reach beyond the edges repeat or mirror the image; the functions in the catalogue
        document small images.
    name
        One of `corruption_names()` or `depth_corruption_names()`, or one that an installed package
        registers.
    severity
        From 1 (mild) to 5 (severe), with up to two decimals: parameters between those of whole
        severities are interpolated. Some have none, such as the scans of glass blur.
    seed
        Random seed. Random numbers depend on the seed, the image, the name and the severity.
    key
        `image_key(image)` if known, to save computing it.
    parameters
        Values of some parameters in place of those of the severity, such as `{"density": 4}`:
        see `find(name).table`. The severity then only seeds the randomness, and may be up to 100
        if all parameters are given.
    depth
        Distance of each pixel from the camera along its axis, float32 (H, W) in metres, infinite
        for the sky; for the corruptions that need it.
    implementation
        "native" is this package. "imagecorruptions" calls the package of that name, whose pixels
        may depend on the processor: it needs OpenCV and images of at least 32 x 32 pixels, is much
        slower, and runs one thread at a time.

    Returns
    -------
    ndarray
        New C-contiguous RGB array, uint8 (H, W, 3), also for a grey image.

    Raises
    ------
    InputError
        A `ValueError`: the image, name, severity, seed, parameter, depth or implementation is
        invalid, the severity lies between two that have nothing between them, the image is too long
        and narrow, or OpenCV is missing for "imagecorruptions". The message says what was found and
        what is allowed.
    """
    if isinstance(severity, str) and not isinstance(name, str):
        raise InputError(
            f"corrupt(image, {name!r}, {severity!r}): the name comes before the severity; "
            f"use corrupt(image, {severity!r}, {name!r})"
        )
    corruption = find(name)
    severity = check_severity(severity, MOST_SEVERITIES if parameters else SEVERITIES[-1])
    if implementation not in IMPLEMENTATIONS:
        raise InputError(unknown("implementation", implementation, IMPLEMENTATIONS))
    image = check_image(image)
    reference = implementation == "imagecorruptions"
    corruption.check_size(*image.shape[:2], reference=reference)
    key = image_key(image) if key is None else key
    stream = stream_seed(check_seed(seed), key, corruption.name, severity)
    if reference:
        require_known({(corruption.name, severity): parameters})
        return corrupt_by_reference(corruption.name, image, int(severity), stream)
    if corruption.needs_depth:
        depth = check_depth(corruption.name, depth, image)
    return corruption.apply(image, severity, stream, parameters, depth)
