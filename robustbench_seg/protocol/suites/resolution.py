"""A suite of resolutions: at which scales, and through which windows, models look at the frames."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...errors import InputError
from ...scores.resolution import CurvePoint
from ..input_geometry import RelativeWindow, Scale, Unit

SMALLEST, LARGEST = 1 / 64, 16
"""Between which factors frames may be rescaled: beyond, nothing is left, or no memory."""


class Shift(NamedTuple):
    """One condition of a suite of resolutions."""

    image: tuple[str, int] | None
    """The corruption and severity of what is rescaled; None: the clean frame."""
    scale: Scale
    window: RelativeWindow | None

    @property
    def name(self) -> str:
        """What tables call it, e.g. "scale 0.5", "fog 3, scale 0.5, slide"."""
        return ", ".join(filter(None, (self._image, str(self.scale), self._window)))

    @property
    def place(self) -> CurvePoint:
        """Where it stands in the curves."""
        line = ", ".join(filter(None, (self._image, self._window)))
        return CurvePoint(line, self.scale.value)

    @property
    def _image(self) -> str:
        return "{} {}".format(*self.image) if self.image else ""

    @property
    def _window(self) -> str:
        return self.window.name if self.window else ""


@dataclass(frozen=True)
class ResolutionSuite:
    """Scales, each through every window, of every image."""

    name: str
    title: str
    source: str
    unit: Unit
    values: tuple[float, ...]
    windows: tuple[RelativeWindow, ...]
    """Empty: each model's own alone."""
    images: tuple[tuple[str, int] | None, ...]
    """What is rescaled: a corruption and its severity, at native resolution; None: clean."""
    against: str
    """The name of the condition that changes are told against."""

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """All combinations, in the order of the tables."""
        return tuple(
            Shift(image, Scale(self.unit, value), window)
            for image in self.images
            for window in self.windows or (None,)
            for value in self.values
        )

    @property
    def places(self) -> dict[str, CurvePoint]:
        """Where each condition stands in the curves, by its name."""
        return {shift.name: shift.place for shift in self.shifts}

    @property
    def extremes(self) -> tuple[str, ...]:
        """The names of the conditions at the lowest and the highest resolution."""
        ends = (self.values[0], self.values[-1])
        return tuple(shift.name for shift in self.shifts if shift.scale.value in ends)

    @property
    def digest(self) -> str:
        """The SHA-256 of what the suite runs; names and titles do not matter."""
        windows = [[window.mode, window.crop, window.stride] for window in self.windows]
        content = [self.unit, self.values, windows, self.images]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def conditions(self) -> tuple[tuple[str, int], ...]:
        """Return every condition to run, in order, without the clean image: name, severity 0."""
        return tuple((shift.name, 0) for shift in self.shifts)

    def select(
        self, corruptions: Iterable[str] | None = None, severities: Iterable[int] | None = None
    ) -> ResolutionSuite:
        """Return the suite: a selection of corruptions is refused with an InputError."""
        for option, wanted in (("--corruptions", corruptions), ("--severities", severities)):
            if wanted is not None:
                raise InputError(
                    f"{option}: selects of a suite of corruptions; {self.name} is one of "
                    "resolutions: leave it out, or write a suite of your own"
                )
        return self

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ResolutionSuite:
        """Return the suite that `dataclasses.asdict` made plain values of, be it through JSON."""
        parts = {
            "values": tuple(values["values"]),
            "windows": tuple(RelativeWindow(**window) for window in values["windows"]),
            "images": tuple(image and (image[0], image[1]) for image in values["images"]),
        }
        return cls(**{**values, **parts})
