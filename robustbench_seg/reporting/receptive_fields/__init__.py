"""Receptive fields as a report: the sequence that a measurement returns, and its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import overload

import pandas as pd

from ...datasets.registry import written_name
from ...erf.field import Field, Measurement, field_table, radial_table
from ...folders import RESULTS
from ...models.base import NOTHING
from ...models.display_names import display_names
from ...names import slug
from ...reports import Page
from ...reports.paper import colors
from ...writing import write_file
from ..files import Reported
from ..words import count, training_note
from . import figures
from .maps import FieldMap
from .sections import encoded_figure, headline, sections

MAPS = "maps"

_METHODS = {
    "luo": "Luo et al. (2016): the gradient of the unit's summed channels, its absolute value, "
    "summed over the colours and averaged over images",
    "replknet": "RepLKNet (Ding et al. 2022): the gradient of the summed rectified channels of the "
    "unit, rectified, summed over the colours and averaged over images",
}
_MEANINGS = (
    (
        "A map",
        "shows by how much one unit of a layer changes when a pixel changes a little: the size of "
        "the gradient, averaged over images. It is a property of these weights on these images, to "
        "first order.",
    ),
    (
        "It does not say",
        "that the model uses what it can see, nor that a larger field is better; compare fields "
        "only at the same input size, on the same images and by the same procedure.",
    ),
)


class ReceptiveFields(Sequence[Field], Reported):
    """The measured fields, one per model, condition and layer. In a notebook, shows its report."""

    def __init__(
        self,
        measurement: Measurement,
        folder: str | Path | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Take a measurement; `labels` are names of models in reports, by NAME@WEIGHTS."""
        self._measurement, self._labels = measurement, labels
        self.folder = Path(folder or RESULTS / self._slug())

    @overload
    def __getitem__(self, index: int) -> Field: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Field, ...]: ...
    def __getitem__(self, index: int | slice) -> Field | tuple[Field, ...]:
        return self._measurement.fields[index]

    def __len__(self) -> int:
        return len(self._measurement.fields)

    def save(self) -> None:
        """Write each field as `Field.save` does, and its map as PNG and PDF, to FOLDER/maps.

        The overview is written as PNG, PDF and SVG to the folder. Raises InputError where a file
        cannot be written.
        """
        with self._writing(self.folder):
            for item in self._maps:
                path = item.field.save(self.folder / MAPS, self.folder)
                figure = figures.single(item, colors())
                for suffix in ("png", "pdf"):
                    drawing = path.with_name(f"{path.stem}.{suffix}")
                    write_file(drawing, encoded_figure(figure, suffix), self.folder)
            overview = figures.overview(self._maps, colors())
            for suffix in ("png", "pdf", "svg"):
                write_file(
                    self.folder / f"overview.{suffix}",
                    encoded_figure(overview, suffix),
                    self.folder,
                )

    def report_tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that `write` makes files of, by the names of these."""
        return {"table": field_table(self), "mass_by_radius": radial_table(self)}

    @property
    def _report_folder(self) -> Path:
        return self.folder

    def _slug(self) -> str:
        """Return a folder name that says what was measured, and that no other measurement has."""
        choices = [field.choices for field in self]
        digest = hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()
        data = self[0].choices["data"]
        models = "+".join(self._models)[:80]
        return slug(f"erf_{models}_{data['dataset']}-{data['split']}_{digest[:8]}")

    @property
    def _models(self) -> dict[str, tuple[Field, ...]]:
        """The fields of each model."""
        names = dict.fromkeys(field.model for field in self)
        return {name: tuple(field for field in self if field.model == name) for name in names}

    @cached_property
    def _names(self) -> dict[str, str]:
        """The display name of each model."""
        return display_names(self._models, self._labels)

    @property
    def headline(self) -> str:
        """Summary of the fields in one sentence."""
        return headline(self._maps)

    @cached_property
    def _maps(self) -> tuple[FieldMap, ...]:
        one = len({field.condition for field in self}) == 1
        return tuple(
            FieldMap(
                self._marked(field)
                if one and field.condition == "clean"
                else f"{self._marked(field)}, {field.condition}",
                field,
            )
            for field in self
        )

    def _marked(self, field: Field) -> str:
        name = self._names[field.model]
        return f"{name} (UNTRAINED)" if _untrained(field) else name

    @cached_property
    def _document(self) -> Page:
        choices = self[0].choices
        data = choices["data"]
        frames = count(len(data["images"]), "frame")
        return Page(
            title=f"Effective receptive fields on {written_name(data['dataset'])} "
            f"({data['split']}, {frames}, {choices['method']})",
            subtitle="; ".join(
                f"{self._names[name]}: trained on {fields[0].choices['model']['trained_on']}"
                for name, fields in self._models.items()
            ),
            kind="Effective receptive fields",
            stamps=tuple(
                f"UNTRAINED: the weights of {self._names[name]} are random; its field shows the "
                "architecture"
                for name, fields in self._models.items()
                if _untrained(fields[0])
            ),
            notes=tuple(self._notes()),
            meanings=_MEANINGS,
            sections=tuple(sections(self._maps)),
            provenance=self._provenance(),
            headline=self.headline,
        )

    def _notes(self) -> Iterator[str]:
        choices, measurement = self[0].choices, self._measurement
        asked = choices["unit"]["asked"]
        if asked == "center":
            unit = "The unit is the one at the centre of each map."
        else:
            unit = f"The unit is the one nearest to pixel {tuple(asked)} (y, x) of the input."
        yield f"Procedure of {_METHODS[choices['method']]}."
        yield unit
        for name, fields in self._models.items():
            model, (height, width) = fields[0].choices["model"], fields[0].choices["input"]["size"]
            shown = self._names[name]
            if note := model["weights"].get("note"):
                yield f"{shown}: {training_note(note)}."
            yield f"{shown}: the input is the whole image, {width}x{height}, without windows."
            if layers := measurement.left_out.get(name):
                yield (
                    f"{shown}: {', '.join(layers)} left out: the channels of each always sum to "
                    "the same value, as after a layer norm with equal gains, and luo finds only "
                    "rounding errors; --method replknet measures these layers."
                )
            if name in measurement.encoders:
                yield f"{shown}: an encoder, without a head."
        if any(field.choices["condition"]["corruption"] for field in self):
            seed = choices["condition"]["seed"]
            yield f"The images are corrupted before they are resized, with random seed {seed}."

    def _provenance(self) -> dict[str, dict[str, str]]:
        sections = {name: dict(entries) for name, entries in self._measurement.session.items()}
        for name, fields in self._models.items():
            model = fields[0].choices["model"]
            sections[name] = {
                "trained on": model["trained_on"],
                **{key: value for key, value in model["weights"].items() if value},
                **{
                    field.layer: f"unit {field.unit.position} of {field.unit.map_size}, on pixel "
                    f"{field.unit.pixel}; output of "
                    f"{field.choices['layer']['module'] or 'the network'}"
                    for field in fields
                },
            }
        data = self[0].choices["data"]
        keys = [(image["name"], image["digest"]) for image in data["images"]]
        sections["frames"] = {
            "dataset": f"{data['dataset']}, {data['split']}",
            "frames": str(len(keys)),
            "digest": hashlib.sha256(json.dumps(keys).encode()).hexdigest(),
        }
        sections["packages"] = self[0].choices["versions"]
        return sections


def _untrained(field: Field) -> bool:
    return bool(field.choices["model"]["trained_on"] == NOTHING)
