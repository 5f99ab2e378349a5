"""A measured field: the averaged gradient, and beside it every choice that led to it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .gradients import Unit
from .measures import SHARES, Map, mass_by_radius, normalised, replknet_squares, shape, squares


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
    """What was measured, on what, how and with what: plain values for JSON."""

    @property
    def share(self) -> Map:
        """The map of sum 1."""
        return normalised(self.gradient)

    @property
    def slug(self) -> str:
        """The name of its files, without a suffix."""
        name = f"{self.model}_{self.condition}_{self.layer}".replace(" ", "-")
        return "".join(letter if letter.isalnum() or letter in "@+-_." else "-" for letter in name)

    def save(self, folder: Path) -> Path:
        """Write SLUG.npz (gradient, pixel) and SLUG.json; return the path of the former."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.slug}.npz"
        np.savez_compressed(path, gradient=self.gradient, pixel=np.array(self.unit.pixel))
        values = {
            "model": self.model,
            "condition": self.condition,
            "layer": self.layer,
            "unit": self.unit._asdict(),
            "choices": self.choices,
        }
        path.with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Field:
        """Read what `save` wrote. Raises InputError for anything else."""
        path = Path(path)
        try:
            values = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            with np.load(path, allow_pickle=False) as arrays:
                gradient = arrays["gradient"]
            unit = Unit(**{key: tuple(value) for key, value in values.pop("unit").items()})
            return cls(unit=unit, gradient=gradient, **values)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not a field of robustseg erf with its .json beside it ({error})"
            ) from error


def table(fields: Iterable[Field]) -> pd.DataFrame:
    """Return the numbers of fields, one row each: index (model, condition, layer).

    For each share t of 20, 30, 50 and 99 %: `side t` in pixels and `area t` (a share of the image)
    of the smallest centred square that holds it, and the same in RepLKNet's way. Then `radius` in
    pixels, `anisotropy` in [0, 1] and its `angle` in degrees.
    """
    rows = []
    for field in fields:
        gradient, pixel = field.gradient, field.unit.pixel
        row: dict[str, float | str] = {
            "model": field.model,
            "condition": field.condition,
            "layer": field.layer,
        }
        for way, found in (
            ("", squares(gradient, pixel)),
            ("replknet ", replknet_squares(gradient, pixel)),
        ):
            for square in found:
                row[f"{way}side {100 * square.share:.0f}"] = square.side
                row[f"{way}area {100 * square.share:.0f}"] = square.area
        rows.append(row | shape(gradient, pixel)._asdict())
    return pd.DataFrame(rows, columns=_COLUMNS).set_index(["model", "condition", "layer"])


def radial_table(fields: Iterable[Field]) -> pd.DataFrame:
    """Return the share within each radius: columns model, condition, layer, radius, share."""
    parts = []
    for field in fields:
        held = mass_by_radius(field.gradient, field.unit.pixel)
        columns = {"model": field.model, "condition": field.condition, "layer": field.layer}
        parts.append(pd.DataFrame({**columns, "radius": np.arange(len(held)), "share": held}))
    return pd.concat(parts, ignore_index=True)


_COLUMNS = [
    *("model", "condition", "layer"),
    *(
        f"{way}{what} {100 * share:.0f}"
        for way in ("", "replknet ")
        for share in SHARES
        for what in ("side", "area")
    ),
    *("radius", "anisotropy", "angle"),
]
