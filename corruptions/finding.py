"""Corruptions by name: built in, registered, or of installed packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .catalogue import BUILT_IN, REGISTRY, Corruption
from .checks import unknown
from .errors import InputError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import numpy as np
    from numpy.typing import NDArray

GROUP = "robustbench_seg.corruptions"
"""Group of entry points in which installed packages register their corruptions."""


def find(name: str) -> Corruption:
    """Return the corruption of that name; InputError lists the valid names."""
    if (key := str(name)) in REGISTRY:  # any object may be passed
        return REGISTRY[key]
    others = installed()
    if key in others:
        from .own import load_installed  # with NumPy, which listing names does not need

        return load_installed(others[key])
    raise InputError(unknown("corruption", name, (*REGISTRY, *others)))


def installed() -> dict[str, EntryPoint]:
    """Return the corruptions that installed packages register, by name."""
    from importlib.metadata import entry_points  # slow to import

    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in BUILT_IN}


def check_sizes(
    names: Iterable[str], sizes: Iterable[tuple[int, int]], *, reference: bool = False
) -> None:
    """Raise InputError if one of some corruptions cannot take images of a size (height, width)."""
    corruptions = [find(name) for name in dict.fromkeys(names)]
    for size in dict.fromkeys(sizes):
        for corruption in corruptions:
            corruption.check_size(*size, reference=reference)


def try_out(
    corruptions: Mapping[tuple[str, float], Mapping[str, float]], image: NDArray[np.uint8]
) -> None:
    """Raise InputError if one of some corruptions is faulty on an image (H, W, 3).

    They are given as corruption and severity, with parameters in place of those of the severity.
    """
    for (name, severity), parameters in corruptions.items():
        find(name).try_out(image, severity, parameters)
