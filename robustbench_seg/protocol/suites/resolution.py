"""Suites of resolutions: the scales and windows at which models see the frames.

A suite file has this form:

    title = "Half and double, in fog"
    source = "where the choice comes from"
    scales = [0.5, 1.0, 2.0]          # of the frame's sides; or short_sides = [512], in pixels
    images = ["clean", "fog:3"]       # optional: corrupted at native resolution, then rescaled
    against = "scale 1"               # the condition that changes are measured against

    [[window]]                        # optional: an axis of its own; default: the model's window
    name = "slide"
    mode = "slide"                    # or "whole", which has no crop and no stride
    crop = 0.75                       # both relative to the frame's shorter side
    stride = 0.5
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_args

from ...corruptions.catalogue import BUILT_IN, REGISTRY
from ...corruptions.checks import SEVERITIES, unknown
from ...errors import InputError
from ...models.base import WindowMode
from ...schema import Between
from ..condition import CLEAN, Condition, parse_condition
from ..input_geometry import RelativeWindow, Scale, Size, Unit
from .suite import Scores, Suite
from .suite_file import check_keys, text

if TYPE_CHECKING:
    import pandas as pd

    from ...scores.resolution import CurvePoint

SMALLEST, LARGEST = 1 / 64, 16
"""Smallest and largest factor of a frame's sides."""
_Image = tuple[str, float] | None
"""Corruption and severity of an image; None: the frame as it is."""
_UNITS: Mapping[str, Unit] = {"scales": "scale", "short_sides": "short side"}


@dataclass(frozen=True)
class ResolutionSuite(Suite):
    """Scales, each through every window, of every image."""

    unit: Unit
    values: Annotated[tuple[float, ...], Between(1, 100)]
    windows: Annotated[tuple[RelativeWindow, ...], Between(0, 10)]
    """Empty: each model's own alone."""
    images: Annotated[tuple[_Image, ...], Between(1, 100)]
    """Images at native resolution, before rescaling."""
    against: str
    """Name of the condition that changes are measured against."""

    toml_keys: ClassVar[frozenset[str]] = frozenset(_UNITS)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All combinations, named such as "scale 0.5" or "fog 3, scale 0.5, slide"."""
        return tuple(
            Condition(
                _named(image, scale, window),
                corruption=image,
                scale=scale,
                window=window,
                random=image is not None and REGISTRY[image[0]].random,
            )
            for image, window, scale in self._combinations()
        )

    @property
    def places(self) -> dict[str, CurvePoint]:
        """Line and value of each condition in the curves, by its name."""
        from ...scores.resolution import CurvePoint

        return {
            _named(image, scale, window): CurvePoint(_named(image, window), scale.value)
            for image, window, scale in self._combinations()
        }

    def _combinations(self) -> Iterable[tuple[_Image, RelativeWindow | None, Scale]]:
        scales = [Scale(self.unit, value) for value in self.values]
        return product(self.images, self.windows or (None,), scales)

    @property
    def digest(self) -> str:
        """SHA-256 of what is run."""
        windows = [[window.mode, window.crop, window.stride] for window in self.windows]
        content = [self.unit, self.values, windows, self.images]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def tables(self) -> Mapping[str, Callable[[Scores], pd.DataFrame]]:
        """Tables of a run by name: tidy, summary, resolution, classes."""
        from ...scores import resolution as tables  # with pandas, which corrupting does not need

        return {
            "tidy": lambda scores: scores.tidy,
            "summary": lambda scores: tables.summary(scores.tidy, self.family),
            "resolution": lambda scores: tables.with_intervals(
                tables.resolution_table(scores.tidy, self.places, self.against), scores.intervals
            ),
            "classes": lambda scores: tables.class_table(scores.tidy, self.family),
        }

    def scores(self, miou: pd.DataFrame) -> pd.DataFrame:
        """Return the mIoU of each condition and its change, for rows of mIoU."""
        from ...scores import resolution as tables

        return tables.changes(miou, self.against)

    @property
    def examples(self) -> frozenset[tuple[str, float]]:
        """Conditions at the lowest and the highest resolution."""
        ends = (self.values[0], self.values[-1])
        return frozenset(c.key for c in self.conditions if c.scale and c.scale.value in ends)

    @property
    def curves(self) -> tuple[str, str]:
        """Scale or short side, and the condition of a suite file's `against`."""
        return self.unit, self.against

    def overview(self) -> pd.DataFrame:
        """Return the resolutions, the windows and what changes are measured against."""
        import pandas as pd

        values = ", ".join(f"{value:g}" for value in self.values)
        windows = ", ".join(window.name for window in self.windows) or "the model's own"
        columns = [f"{self.unit}s", "windows", "changes against"]
        return pd.DataFrame([(values, windows, self.against)], columns=columns)

    def notes(self, frame_sizes: Sequence[Size]) -> tuple[str, ...]:
        """Return how frames are rescaled, what changes refer to, and the windows in pixels."""
        notes = [
            "Frames are rescaled bilinearly without antialiasing, as OpenCV's INTER_LINEAR does, "
            "and enter the networks at that size; predictions are scored at the size of the "
            "labels.",
            f"Changes are measured against {self.against!r}, in percentage points.",
        ]
        for window in self.windows:
            if window.mode == "whole":
                notes.append(f"Window {window.name!r}: the whole image at once.")
                continue
            pixels = [
                f"{found.crop} pixels, stride {found.stride}"
                for found in dict.fromkeys(map(window.window, frame_sizes))
            ]
            notes.append(
                f"Window {window.name!r}: {' and '.join(pixels)}, which is {window.crop:g} and "
                f"{window.stride:g} of the frames' shorter side, at every scale."
            )
        return tuple(notes)

    def select(
        self, corruptions: Iterable[str] | None = None, severities: Iterable[float] | None = None
    ) -> ResolutionSuite:
        """Return the suite; raise InputError for any selection, which only corruptions have."""
        for option, wanted in (("--corruptions", corruptions), ("--severities", severities)):
            if wanted is not None:
                raise InputError(
                    f"{option}: {self.name} is a suite of resolutions, which has no corruptions "
                    "to select; leave the option out, or write a suite file"
                )
        return self

    def problem(self) -> str:
        """Return which value, image or window is wrong or there twice, or ""."""
        least, most = (SMALLEST, LARGEST) if self.unit == "scale" else (1, 2**20)
        if not self.values or list(self.values) != sorted(set(self.values)):
            return "values: expected rising ones"
        if not least <= self.values[0] <= self.values[-1] <= most:
            return f"values: expected {least} to {most}"
        for image in self.images:
            if image and (image[0] not in BUILT_IN or not 1 <= image[1] <= SEVERITIES[-1]):
                return f"images: {image[0]} {image[1]} is no corruption"
        if not self.images or len(set(self.family)) < len(self.values) * len(self.images) * max(
            1, len(self.windows)
        ):
            return "two conditions have the same name, or there are none"
        if self.against not in (CLEAN.name, *self.family):
            return f"against: {self.against} is no condition"
        return ""

    @classmethod
    def from_toml(cls, content: Mapping[str, Any], name: str, file: str) -> Self:
        """Return the suite of a parsed TOML file."""
        optional = (*_UNITS, "against", "window", "images")
        check_keys(content, ("title", "source"), optional, file, "")
        units = [key for key in _UNITS if key in content]
        if len(units) != 1:
            raise InputError(f"{file}: has scales and short_sides; leave one of them out")
        windows = content.get("window", [])
        if not isinstance(windows, list):
            raise InputError(f"{file}: window: expected tables, each under a line [[window]]")
        images = content.get("images", [CLEAN.name])
        if not isinstance(images, list) or not images or len(set(map(str, images))) < len(images):
            raise InputError(f'{file}: images: expected a list such as ["clean", "fog:3"]')
        suite = cls(
            name=name,
            title=text(content["title"], file, "title"),
            source=text(content["source"], file, "source"),
            unit=_UNITS[units[0]],
            values=_values(content[units[0]], units[0], file),
            windows=tuple(_window(window, i, file) for i, window in enumerate(windows, start=1)),
            images=tuple(_image(image, file) for image in images),
            against=content.get("against", CLEAN.name),
        )
        if len(suite.family) < len(suite.conditions):
            raise InputError(f"{file}: window: two have the same name")
        known = (CLEAN.name, *suite.family)
        if suite.against not in known:
            raise InputError(f"{file}: against: {unknown('condition', suite.against, known)}")
        return suite


def _named(*parts: _Image | Scale | RelativeWindow) -> str:
    """Join the names of what a condition combines: "fog 3, scale 0.5"."""
    return ", ".join(
        Condition.corrupted(*part).label if isinstance(part, tuple) else str(part)
        for part in parts
        if part is not None
    )


def _values(values: object, key: str, file: str) -> tuple[float, ...]:
    whole = key == "short_sides"
    expected = "rising whole numbers of pixels" if whole else f"rising factors up to {LARGEST}"
    good = (
        isinstance(values, list)
        and bool(values)
        and all(type(value) is int or (type(value) is float and not whole) for value in values)
        and values == sorted(set(values))
        and (values[0] >= 1 if whole else SMALLEST <= values[0] <= values[-1] <= LARGEST)
    )
    if not good:
        raise InputError(f"{file}: {key}: expected {expected}, got {values!r}")
    return tuple(values)  # type: ignore[arg-type]  # a list of numbers


def _window(window: object, number: int, file: str) -> RelativeWindow:
    where = f"window {number}: "
    slides = isinstance(window, dict) and window.get("mode") == "slide"
    needed = ("name", "mode", "crop", "stride") if slides else ("name", "mode")
    table = check_keys(window, needed, (), file, where)
    if table["mode"] not in get_args(WindowMode):
        raise InputError(f'{file}: {where}mode: expected "slide" or "whole", got {table["mode"]!r}')
    for key in needed[2:]:
        if type(table[key]) not in (int, float) or not 0 < table[key] <= LARGEST:
            raise InputError(
                f"{file}: {where}{key}: expected a share of the frame's shorter side, such as "
                f"0.75, got {table[key]!r}"
            )
    if slides and table["stride"] > table["crop"]:
        raise InputError(f"{file}: {where}stride: larger than crop, so that pixels are left out")
    return RelativeWindow(**{**table, "name": text(table["name"], file, f"{where}name")})


def _image(image: object, file: str) -> _Image:
    try:
        found = parse_condition(str(image)).corruption
    except InputError as error:
        raise InputError(f"{file}: images: {error}") from None
    if found and found[0] not in BUILT_IN:
        raise InputError(f"{file}: images: {found[0]}: only built-in corruptions can be rescaled")
    return found
