"""A measured field with every choice behind it, its file, and its numbers; all without torch."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..names import slug
from ..reading import MANIFESTS, open_data, read_data
from ..writing import new_file, write_file
from .extent import (
    Map,
    mass_by_radius,
    moments,
    normalised,
    replknet_squares,
    squares,
)
from .request import Pixel


class Unit(NamedTuple):
    """A unit of a layer's map, and the input pixel that it is centred on."""

    position: Pixel
    """(row, column) in the map."""
    map_size: tuple[int, int]
    pixel: Pixel


@dataclass(frozen=True)
class Field:
    """The effective receptive field of one unit, averaged over images."""

    model: str
    condition: str
    """"clean", or a corruption with its severity: "fog 3"."""
    layer: str
    """"stage 1" to "stage 4", "head", or "layer" and a module's name."""
    unit: Unit
    gradient: Map
    """float64 (H, W) of the network's input: summed over channels, averaged over images."""
    choices: Mapping[str, Any]
    """Model, data, procedure, machine and versions behind the field, as plain values for JSON."""

    def __post_init__(self) -> None:
        if self.gradient.ndim != 2 or not self.gradient.sum() > 0:
            raise ValueError(f"field of {self.model}, {self.layer}: expected (H, W), sum above 0")

    @property
    def names(self) -> dict[str, str]:
        """Model, condition and layer, as the columns of a table."""
        return {"model": self.model, "condition": self.condition, "layer": self.layer}

    @property
    def share(self) -> Map:
        """The map divided by its sum, float64 (H, W)."""
        return normalised(self.gradient)

    @property
    def slug(self) -> str:
        """Name of the field's files, without a suffix."""
        return slug("_".join(self.names.values()).replace(" ", "-"))

    def save(self, folder: Path, within: Path | None = None) -> Path:
        """Write SLUG.npz (gradient, pixel) and SLUG.json (the rest); return the path of SLUG.npz.

        The folder is made if it does not exist; no folder below `within` may be a link. Raises
        OSError.
        """
        path = folder / f"{self.slug}.npz"
        values = {**self.names, "unit": self.unit._asdict(), "choices": self.choices}
        text = json.dumps(values, indent=1) + "\n"
        write_file(path.with_suffix(".json"), text.encode(), within)
        with new_file(path, within) as file:
            np.savez_compressed(file, gradient=self.gradient, pixel=np.array(self.unit.pixel))
        return path

    @classmethod
    def load(cls, path: str | Path) -> Field:
        """Read the .npz file of a field and the .json file beside it; InputError for others."""
        path = Path(path)
        try:
            values = json.loads(read_data(path.with_suffix(".json"), MANIFESTS))
            with open_data(path) as file, np.load(file, allow_pickle=False) as arrays:
                gradient = arrays["gradient"]
            unit = Unit(**{key: tuple(value) for key, value in values.pop("unit").items()})
            return cls(unit=unit, gradient=gradient, **values)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not a field of robustseg erf with its .json beside it ({error})"
            ) from error


@dataclass(frozen=True)
class Measurement:
    """The fields of one request, with what no single field holds."""

    fields: tuple[Field, ...]
    left_out: Mapping[str, tuple[str, ...]]
    """Model -> requested layers without a field, because their channels' sum is constant."""
    encoders: tuple[str, ...]
    """Models without a head."""
    session: Mapping[str, Mapping[str, str]]
    """Command, time and machine, as sections of plain text."""


def field_table(fields: Iterable[Field]) -> pd.DataFrame:
    """Return the numbers of fields, one row each: index (model, condition, layer).

    For each share t of 20, 30, 50 and 99 %: `side t` in pixels and `area t` (a share of the image)
    of the smallest centred square that holds it, and the same by RepLKNet's procedure as
    `replknet side t` and `replknet area t`. Then `radius` in pixels, `anisotropy` in [0, 1] and its
    `angle` in degrees.
    """
    rows = []
    for field in fields:
        gradient, pixel = field.gradient, field.unit.pixel
        row: dict[str, float | str] = {**field.names}
        for prefix, measure in (("", squares), ("replknet ", replknet_squares)):
            for square in measure(gradient, pixel):
                row[f"{prefix}side {100 * square.share:.0f}"] = square.side
                row[f"{prefix}area {100 * square.share:.0f}"] = square.area
        rows.append(row | moments(gradient, pixel)._asdict())
    return pd.DataFrame(rows).set_index(["model", "condition", "layer"])


def radial_table(fields: Iterable[Field]) -> pd.DataFrame:
    """Return the share within each radius: columns model, condition, layer, radius, share."""
    parts = []
    for field in fields:
        held = mass_by_radius(field.gradient, field.unit.pixel)
        parts.append(pd.DataFrame({**field.names, "radius": np.arange(len(held)), "share": held}))
    return pd.concat(parts, ignore_index=True)
