"""What `erf` shows of fields: tables in the terminal, files in its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.markup import escape

from reports.erf import files as erf_files
from reports.erf.description import SHARES, FieldMap, FieldsReport

from ..erf.field import Field, radial_table, table
from ..erf.plan import Plan
from ..errors import InputError
from ..inference.provenance import provenance
from ..versions import EVALUATING, versions
from .console import console, print_table, say

NUMBERS, RADIAL = "table.csv", "mass_by_radius.csv"
_METHODS = {
    "luo": "Luo et al. (2016): the gradient of the unit's summed channels, its absolute value, "
    "summed over the colours and averaged over images",
    "replknet": "RepLKNet (Ding et al. 2022): the gradient of the summed rectified channels of the "
    "unit, rectified, summed over the colours and averaged over images",
}


def slug(plan: Plan) -> str:
    """Return a folder's name that says what is measured, and that no other plan has."""
    choices = [
        plan.choices(subject, layer, condition)
        for subject in plan.subjects
        for layer in subject.units
        for condition in plan.conditions
    ]
    digest = hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()
    models = "+".join(subject.segmenter.name for subject in plan.subjects)[:80]
    name = f"erf_{models}_{plan.dataset.name}-{plan.dataset.split}_{digest[:8]}"
    return "".join(letter if letter.isalnum() or letter in "@+-_." else "-" for letter in name)


def print_plan(plan: Plan, folder: Path) -> None:
    """Say what is about to be measured, and where it will be."""
    console.print(_title(plan), style="bold", markup=False, highlight=False)
    for subject in plan.subjects:
        if licence := subject.segmenter.weights.get("licence"):
            say(f"{subject.segmenter.name}: licence of the weights: {licence}")
    say(f"folder: {folder}")


def print_fields(plan: Plan, fields: Sequence[Field]) -> None:
    """Print the sides and areas of the squares, linearly and in RepLKNet's way."""
    for stamp in _stamps(plan):
        console.print(f"[bold white on red] {escape(stamp)} [/]", highlight=False)
    shares = [f"{share} %" for share in SHARES]
    for subject, numbers in _numbers(plan, fields).groupby(level="subject", sort=False):
        rows = [(layer, row) for (_, layer), row in _rows(numbers)]
        print_table(
            f"{subject}: side in px (area in %) of the smallest square that holds a share",
            ("layer", *shares, "radius", "anisotropy"),
            [
                (
                    layer,
                    *(_square(row, "", share) for share in SHARES),
                    f"{row['radius']:.0f}",
                    f"{row['anisotropy']:.2f}",
                )
                for layer, row in rows
            ],
            right=1,
        )
        print_table(
            f"{subject}: the same in RepLKNet's way",
            ("layer", *shares),
            [
                (layer, *(_square(row, "replknet ", share) for share in SHARES))
                for layer, row in rows
            ],
            right=1,
        )
    for note in _notes(plan):
        say(f"- {note}")


def write_fields(plan: Plan, fields: Sequence[Field], folder: Path) -> None:
    """Write maps, figures, tables and the report; print where."""
    try:
        for field in fields:
            field.save(folder / erf_files.MAPS)
        table(fields).to_csv(folder / NUMBERS)
        radial_table(fields).to_csv(folder / RADIAL, index=False)
        page = erf_files.write(_report(plan, fields), folder)
    except OSError as error:
        raise InputError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); name another --out"
        ) from error
    say(f"report: {page}")


def _report(plan: Plan, fields: Sequence[Field]) -> FieldsReport:
    numbers = _numbers(plan, fields)
    radial = radial_table(fields)
    radial["subject"] = [
        _subject(plan, str(model), str(condition))
        for model, condition in zip(radial["model"], radial["condition"], strict=True)
    ]
    return FieldsReport(
        title=_title(plan),
        subtitle="; ".join(
            f"{subject.segmenter.name}: trained on {subject.segmenter.trained_on}"
            for subject in plan.subjects
        ),
        stamps=_stamps(plan),
        notes=_notes(plan),
        fields=tuple(
            FieldMap(
                subject=_subject(plan, field.model, field.condition),
                layer=field.layer,
                share=field.share,
                pixel=field.unit.pixel,
                sides={share: int(row[f"side {share}"]) for share in SHARES},
                file=field.slug,
            )
            for field, (_, row) in zip(fields, _rows(numbers), strict=True)
        ),
        numbers=numbers,
        radial=radial[["subject", "layer", "radius", "share"]],
        provenance=_provenance(plan),
    )


def _subject(plan: Plan, model: str, condition: str) -> str:
    """Return what a row is called: the model, that it is random, and its condition."""
    untrained = any(s.segmenter.untrained for s in plan.subjects if s.segmenter.name == model)
    name = f"{model} (UNTRAINED)" if untrained else model
    shown = len(plan.conditions) > 1 or condition != "clean"
    return f"{name}, {condition}" if shown else name


def _numbers(plan: Plan, fields: Sequence[Field]) -> pd.DataFrame:
    numbers = table(fields).reset_index(drop=True)
    names = [(_subject(plan, field.model, field.condition), field.layer) for field in fields]
    numbers.index = pd.MultiIndex.from_tuples(names, names=["subject", "layer"])
    return numbers


def _rows(numbers: pd.DataFrame) -> list[tuple[tuple[str, str], pd.Series[float]]]:
    return [((str(index[0]), str(index[1])), row) for index, row in numbers.iterrows()]  # type: ignore[index]  # a MultiIndex of two


def _square(row: pd.Series[float], way: str, share: int) -> str:
    side, area = row[f"{way}side {share}"], row[f"{way}area {share}"]
    percent = f"{100 * area:.1f}" if area < 0.1 else f"{100 * area:.0f}"
    return f"{side:.0f} ({percent})" if side else "-"


def _title(plan: Plan) -> str:
    count = len(plan.frames)
    images = f"{count} image{'s' if count > 1 else ''}"
    return (
        f"Effective receptive fields on {plan.dataset.name} ({plan.dataset.split}, {images}, "
        f"{plan.method})"
    )


def _stamps(plan: Plan) -> tuple[str, ...]:
    return tuple(
        f"UNTRAINED: the weights of {subject.segmenter.name} are random, its field is that of the "
        "architecture"
        for subject in plan.subjects
        if subject.segmenter.untrained
    )


def _notes(plan: Plan) -> tuple[str, ...]:
    notes = [f"Procedure of {_METHODS[plan.method]}."]
    where = "the centre of each map" if plan.at is None else f"nearest to pixel {plan.at} (y, x)"
    notes.append(f"The unit is the one {'at ' if plan.at is None else ''}{where}.")
    for subject in plan.subjects:
        name, (height, width) = subject.segmenter.name, subject.size
        if note := subject.segmenter.weights.get("note"):
            notes.append(f"{name}: {note}.")
        notes.append(f"{name}: the input is the whole image, {height}x{width}, no window of it.")
        if subject.constant:
            notes.append(
                f"{name}: {', '.join(subject.constant)} left out: the channels of each always sum "
                "to the same, as after a layer norm of equal gains, so that luo finds only "
                "rounding; --method replknet has a field there."
            )
        if not subject.segmenter.classes:
            notes.append(f"{name}: an encoder; it has no head.")
    if any(condition.corruption for condition in plan.conditions):
        notes.append(f"The images are corrupted before they are resized, with seed {plan.seed}.")
    return tuple(notes)


def _provenance(plan: Plan) -> dict[str, dict[str, str]]:
    sections = provenance(plan.device)
    for subject in plan.subjects:
        segmenter = subject.segmenter
        sections[segmenter.name] = {
            "trained on": segmenter.trained_on,
            **{key: value for key, value in segmenter.weights.items() if value},
            **{
                layer.name: f"unit {unit.position} of {unit.map_size}, on pixel {unit.pixel}; "
                f"output of {layer.module or 'the network'}"
                for layer, unit in subject.units.items()
            },
        }
    keys = [(frame.name, frame.key) for frame in plan.frames]
    sections["images"] = {
        "dataset": f"{plan.dataset.name}, {plan.dataset.split}",
        "images": str(len(keys)),
        "digest": hashlib.sha256(json.dumps(keys).encode()).hexdigest(),
    }
    sections["packages"] = versions(EVALUATING)
    return sections
