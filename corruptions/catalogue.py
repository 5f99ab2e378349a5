"""Catalogue of the corruptions: category, randomness and module of each.

To add a corruption, write a module with a function of that name and one line at the end of this
file; those of users and other packages are in `own`. Modules load Numba, so each is imported on
first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Literal

from .errors import InputError
from .severity_table import NO_PARAMETERS, SeverityTable

if TYPE_CHECKING:  # names are listed without NumPy, which takes a quarter of the time of --help
    import numpy as np
    from numpy.typing import NDArray

CorruptionFunction = Callable[..., "NDArray[np.uint8]"]
"""(RGB image uint8 (H, W, 3), strength, 64-bit seed) -> new image of the same shape.

Those that need depth have a second argument: metres, float32 (H, W), above 0 and up to infinity.
"""
Implementation = Literal["native", "imagecorruptions"]
"""Which code corrupts: this package, or the package `imagecorruptions`."""

ALWAYS_ALLOWED = 2**29
"""Bytes of memory that the corruption of any image may take."""
MOST_TIMES = 64
"""Bytes of memory for each byte of a large image."""


@dataclass(frozen=True)
class Corruption:
    """A corruption and the module that implements it."""

    name: str
    category: str
    """Group in the tables: blur, noise, digital or weather, as in Table 5 of SegFormer.

    Those of ImageNet-C-bar are called distortion, additive or obscure, as in its code; those that
    need depth weather, optics or light.
    """
    module: str
    """Absolute name of the module with a function of the corruption's name.

    A table of that name in capitals has its parameters by severity.
    """
    random: bool
    """Whether the pixels depend on the seed."""
    needs_depth: bool = field(default=False, kw_only=True)
    """Whether its function has the distance of each pixel as a second argument."""

    @property
    def function(self) -> CorruptionFunction:
        """Function from image, strength and seed to the corrupted image."""
        function: CorruptionFunction = getattr(self._imported, self.name)
        return function

    @property
    def table(self) -> SeverityTable:
        """Parameters by severity."""
        table: SeverityTable = getattr(self._imported, self.name.upper())
        return table

    def apply(
        self,
        image: NDArray[np.uint8],
        severity: float,
        stream: int,
        parameters: Mapping[str, float] = NO_PARAMETERS,
        depth: NDArray[np.float32] | None = None,
    ) -> NDArray[np.uint8]:
        """Return a corrupted image, with some parameters other than those of the severity.

        `depth`, (H, W) in metres, is for those that need it. Raises InputError for an unknown
        parameter, a value out of range, and a severity between two where a parameter has no value.
        """
        strength = self.table.row(severity, parameters) if parameters else severity
        given = (image, depth) if self.needs_depth else (image,)
        return self.function(*given, strength, stream)

    def check_size(self, height: int, width: int, *, reference: bool = False) -> None:
        """Raise InputError if images of a size need far more memory than they have bytes.

        A module that needs more than a few times the bytes has a function `working_memory`, and
        `reference_memory` if only the package `imagecorruptions` does.
        """
        measure = getattr(self._imported, "working_memory", None)
        if reference and measure is None:
            measure = getattr(self._imported, "reference_memory", None)
        needed = measure(height, width) if measure else 0
        if needed > max(ALWAYS_ALLOWED, MOST_TIMES * 3 * height * width):
            raise InputError(
                f"{width}x{height} is too long and narrow for {self.name}, which would need "
                f"{needed / 2**30:.1f} GiB of memory; cut the images into parts, or leave "
                f"{self.name} out"
            )

    def try_out(
        self,
        image: NDArray[np.uint8],
        severity: float,
        parameters: Mapping[str, float] = NO_PARAMETERS,
    ) -> None:
        """Raise InputError if the function is faulty, as one of others may be."""

    @property
    def _imported(self) -> ModuleType:
        return import_module(self.module, __package__)


_CORRUPTIONS: dict[str, Corruption] = {}

REGISTRY: Mapping[str, Corruption] = MappingProxyType(_CORRUPTIONS)
"""All corruptions by name, read-only: in the order of Table 5, of C-bar, those with depth."""


def register(corruption: Corruption) -> None:
    """Add a corruption to the catalogue; ValueError if its name is taken."""
    if corruption.name in _CORRUPTIONS:
        raise ValueError(f"corruption {corruption.name!r} is registered twice; choose another name")
    _CORRUPTIONS[corruption.name] = corruption


def corruption_names() -> tuple[str, ...]:
    """Return the names of all corruptions that need an image alone, grouped by category."""
    return tuple(name for name, found in _CORRUPTIONS.items() if not found.needs_depth)


def depth_corruption_names() -> tuple[str, ...]:
    """Return the names of the corruptions that need depth as well."""
    return tuple(name for name, found in _CORRUPTIONS.items() if found.needs_depth)


def register_own(corruption: Corruption) -> None:
    """Add a corruption of one's own in place of an earlier one of its name.

    Raises InputError for the name of a built-in corruption.
    """
    if corruption.name in BUILT_IN:
        raise InputError(
            f"corruption {corruption.name}: is the name of a built-in one; choose another name"
        )
    _CORRUPTIONS[corruption.name] = corruption


register(Corruption("motion_blur", "blur", ".blur.motion", random=True))
register(Corruption("defocus_blur", "blur", ".kernels.defocus", random=False))
register(Corruption("glass_blur", "blur", ".kernels.glass", random=True))
register(Corruption("gaussian_blur", "blur", ".blur.gaussian", random=False))
register(Corruption("zoom_blur", "blur", ".blur.zoom", random=False))
register(Corruption("gaussian_noise", "noise", ".noise.normal", random=True))
register(Corruption("impulse_noise", "noise", ".noise.impulse", random=True))
register(Corruption("shot_noise", "noise", ".noise.shot", random=True))
register(Corruption("speckle_noise", "noise", ".noise.normal", random=True))
register(Corruption("brightness", "digital", ".digital.hsv", random=False))
register(Corruption("contrast", "digital", ".digital.contrast", random=False))
register(Corruption("saturate", "digital", ".digital.hsv", random=False))
register(Corruption("jpeg_compression", "digital", ".digital.jpeg", random=False))
register(Corruption("pixelate", "digital", ".digital.pixelate", random=False))
register(Corruption("elastic_transform", "digital", ".digital.elastic", random=True))
register(Corruption("snow", "weather", ".kernels.snow", random=True))
register(Corruption("spatter", "weather", ".kernels.spatter", random=True))
register(Corruption("fog", "weather", ".kernels.fog", random=True))
register(Corruption("frost", "weather", ".kernels.frost", random=True))
register(Corruption("caustic_refraction", "distortion", ".cbar.caustics", random=True))
register(Corruption("inverse_sparkles", "additive", ".cbar.sparkles", random=True))
register(Corruption("sparkles", "additive", ".cbar.sparkles", random=True))
register(Corruption("perlin_noise", "additive", ".cbar.perlin", random=True))
register(Corruption("plasma_noise", "additive", ".cbar.waves", random=True))
register(Corruption("cocentric_sine_waves", "additive", ".cbar.waves", random=True))
register(Corruption("single_frequency_greyscale", "additive", ".cbar.waves", random=True))
register(Corruption("brownish_noise", "additive", ".cbar.spectra", random=True))
register(Corruption("blue_noise_sample", "obscure", ".cbar.spectra", random=True))
register(Corruption("checkerboard_cutout", "obscure", ".cbar.checkerboard", random=True))
register(Corruption("fog_3d", "weather", ".depth.fog", random=False, needs_depth=True))
register(Corruption("rain_3d", "weather", ".depth.rain", random=True, needs_depth=True))
register(Corruption("near_focus", "optics", ".kernels.focus", random=False, needs_depth=True))
register(Corruption("far_focus", "optics", ".kernels.focus", random=False, needs_depth=True))
register(Corruption("night_3d", "light", ".depth.night", random=False, needs_depth=True))

BUILT_IN = frozenset(_CORRUPTIONS)
"""Names of the corruptions of this package."""
