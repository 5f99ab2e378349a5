"""Suites of either kind by name, and suites of resolutions as TOML files.

Those that come with the package are in `data/`; a path to another file in the same form works too:

    title = "Half and double, in fog"
    source = "where the choice comes from"
    scales = [0.5, 1.0, 2.0]          # of the frame's sides; or short_sides = [512], in pixels
    images = ["clean", "fog 3"]       # optional: corrupted at native resolution, then rescaled
    against = "scale 1"               # the condition that changes are told against

    [[window]]                        # optional: an axis of its own; without it, the model's own
    name = "slide"
    mode = "slide"                    # or "whole", which has no crop and no stride
    crop = 0.75                       # both are shares of the frame's shorter side
    stride = 0.5
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from corruptions.catalogue import find
from corruptions.checks import check_severity, unknown

from ...errors import InputError
from ...evaluation.condition import CLEAN
from ...models.base import WindowMode
from ..input_geometry import RelativeWindow, Unit
from .corruption import Suite, load_suite, suite_names
from .resolution import LARGEST, SMALLEST, ResolutionSuite

DATA = resources.files(__package__) / "data"
RESOLUTION_SUITES = ("resolution", "resolution-short-side", "resolution-table1c")
_DIGITS = tuple("0123456789")
_UNITS: Mapping[str, Unit] = {"scales": "scale", "short_sides": "short side"}


def suite_from_dict(values: Mapping[str, Any]) -> Suite | ResolutionSuite:
    """Return a suite of either kind from the plain values of `dataclasses.asdict`."""
    return (Suite if "columns" in values else ResolutionSuite).from_dict(values)


def find_suite(name: str | Path) -> Suite | ResolutionSuite:
    """Return the suite of that name, of corruptions or of resolutions, or that of a TOML file.

    Raises InputError for an unknown name, an unreadable file, or a file that is not a suite.
    """
    if name in RESOLUTION_SUITES:
        return _parse((DATA / f"{name}.toml").read_text("utf-8"), str(name), f"{name}.toml")
    path = Path(name)
    if path.suffix != ".toml":
        if name in suite_names():
            return load_suite(name)
        names = (*suite_names(), *RESOLUTION_SUITES)
        raise InputError(f"{unknown('suite', str(name), names)}, or give a path to a .toml file")
    if path.stem in RESOLUTION_SUITES:
        raise InputError(f"{path}: has the name of a suite that comes with us; rename the file")
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except (OSError, ValueError, RecursionError):
        return load_suite(path)  # which tells what is wrong
    return (
        _parse(text, path.stem, str(path)) if _UNITS.keys() & content.keys() else load_suite(path)
    )


def _parse(text: str, name: str, file: str) -> ResolutionSuite:
    content = tomllib.loads(text)
    _check_keys(content, ("title", "source"), (*_UNITS, "against", "window", "images"), file, "")
    units = [key for key in _UNITS if key in content]
    if len(units) != 1:
        raise InputError(f"{file}: has scales and short_sides; leave one of them out")
    windows = content.get("window", [])
    if not isinstance(windows, list):
        raise InputError(f"{file}: window: expected tables, each under a line [[window]]")
    images = content.get("images", [CLEAN])
    if not isinstance(images, list) or not images or len(set(map(str, images))) < len(images):
        raise InputError(f'{file}: images: expected a list such as ["clean", "fog 3"]')
    suite = ResolutionSuite(
        name=name,
        title=_string(content["title"], file, "title"),
        source=_string(content["source"], file, "source"),
        unit=_UNITS[units[0]],
        values=_values(content[units[0]], units[0], file),
        windows=tuple(_window(window, i, file) for i, window in enumerate(windows, start=1)),
        images=tuple(_image(image, file) for image in images),
        against=content.get("against", CLEAN),
    )
    names = tuple(shift.name for shift in suite.shifts)
    if len(set(names)) < len(names):
        raise InputError(f"{file}: window: two have the same name")
    if suite.against not in (CLEAN, *names):
        raise InputError(f"{file}: against: {unknown('condition', suite.against, (CLEAN, *names))}")
    return suite


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
    if not isinstance(window, dict):
        raise InputError(f"{file}: {where}expected a table")
    slides = window.get("mode") == "slide"
    needed = ("name", "mode", "crop", "stride") if slides else ("name", "mode")
    _check_keys(window, needed, (), file, where)
    if window["mode"] not in get_args(WindowMode):
        raise InputError(
            f'{file}: {where}mode: expected "slide" or "whole", got {window["mode"]!r}'
        )
    for key in needed[2:]:
        if type(window[key]) not in (int, float) or not 0 < window[key] <= LARGEST:
            raise InputError(
                f"{file}: {where}{key}: expected a share of the frame's shorter side, such as "
                f"0.75, got {window[key]!r}"
            )
    if slides and window["stride"] > window["crop"]:
        raise InputError(f"{file}: {where}stride: larger than crop, so that pixels are left out")
    return RelativeWindow(**{**window, "name": _string(window["name"], file, f"{where}name")})


def _image(image: object, file: str) -> tuple[str, int] | None:
    if image == CLEAN:
        return None
    name, _, severity = str(image).rpartition(" ")
    try:
        return find(name).name, check_severity(int(severity) if severity in _DIGITS else severity)
    except InputError as error:
        raise InputError(
            f'{file}: images: {image!r}: {error}; write "clean", or a corruption and its severity '
            'such as "fog 3"'
        ) from None


def _check_keys(
    table: Mapping[str, object],
    needed: tuple[str, ...],
    optional: tuple[str, ...],
    file: str,
    where: str,
) -> None:
    for key in needed:
        if key not in table:
            raise InputError(f"{file}: {where}{key} is missing; needed are {', '.join(needed)}")
    for key in table:
        if key not in (*needed, *optional):
            raise InputError(f"{file}: {where}{unknown('key', key, (*needed, *optional))}")


def _string(value: object, file: str, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{file}: {key}: expected a text, got {value!r}")
    return value
