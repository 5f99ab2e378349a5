"""The reference of a comparison: a model of the runs, or numbers that others printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...corruptions.checks import did_you_mean
from ...datasets.registry import written_name
from ...errors import InputError
from ...protocol.spec import Spec
from ...runs.side_by_side import SideBySide
from ...scores.policy import SeverityPolicy
from .. import published
from .description import Published

TABLES = ("segformer-table5", "stl-table4", "semsegbench")
_CITYSCAPES_VAL = 500


@dataclass(frozen=True)
class Reference:
    """Model whose errors CD and rCD divide by."""

    label: str
    printed: pd.DataFrame | None = None
    """Its row of `tables.suite_scores`, if published; None: a model of the runs."""


def check_tables(names: Sequence[str]) -> None:
    """Raise InputError for an unknown published table."""
    for name in names:
        if name not in TABLES:
            meant = did_you_mean(name, TABLES)
            known = ", ".join(TABLES)
            raise InputError(f"--with: no such table {name!r}; choose from {known}{meant}")


def find_reference(text: str | None, found: SideBySide, columns: pd.Index) -> Reference:
    """Return the named model of the runs, or published model; the first model for None.

    `columns` are (category, corruption) of the measured table. Raises InputError for an unknown or
    ambiguous name, and for a published model without numbers for all corruptions.
    """
    labels = [item.label for item in found.contenders]
    if text is None:
        return Reference(labels[0])
    meant = [item.label for item in found.contenders if text in (item.label, item.shown)] or [
        item.label
        for item in found.contenders
        if item.model.name == text or item.run.folder.resolve() == Path(text).resolve()
    ]
    if len(meant) > 1:
        raise InputError(f"--reference {text}: names several models; choose from {_quoted(meant)}")
    if meant:
        return Reference(meant[0])
    table = published.part_of_table5(columns)
    known = {str(name).casefold(): str(name) for name in table.index}
    if text.casefold() not in known:
        raise InputError(
            f"--reference {text}: unknown; choose a model of these runs ({_quoted(labels)}), the "
            f"folder of a run, or a published model ({_quoted(list(known.values()))})"
            f"{did_you_mean(text, [*labels, *known.values()])}"
        )
    row = table.loc[[known[text.casefold()]]]
    if row.isna().any(axis=None):
        missing = [str(pair[1]) for pair in row.columns[row.isna().to_numpy()[0]].to_list()]
        raise InputError(
            f"--reference {text}: Table 5 has no numbers for {', '.join(missing)}; choose another, "
            "or evaluate with --suite cityscapes-c"
        )
    return Reference(str(row.index[0]), row.droplevel(0, axis="columns"))


def published_rows(
    tables: Sequence[str], reference: Reference, columns: pd.Index, dataset: str
) -> tuple[Published, ...]:
    """Return the published rows: of the named tables, and of a published reference."""
    found = []
    if "segformer-table5" in tables or reference.printed is not None:
        rows = published.part_of_table5(columns)
        whole = len(published.segformer_table5(columns))
        if "segformer-table5" not in tables:
            rows = rows.loc[[reference.label]]
        part = "" if whole else " Mean and retention are over the corruptions of these runs only."
        found.append(Published(f"{published.TABLE_5}{part}", rows))
    if "stl-table4" in tables:
        found.append(Published(published.MEANS, published.cityscapes_c_means()))
    if "semsegbench" in tables:
        found.append(Published(*published.semsegbench(dataset)))
    return tuple(found)


def published_note(spec: Spec, policy: SeverityPolicy) -> str:
    """Return how the published rows may differ from what was measured here."""
    differ = [_other_data(spec)] if _other_data(spec) else []
    others = [
        column.corruption
        for column in policy.columns
        if column.counted != published.COUNTED_IN_TABLE_5.get(column.category, (1, 2, 3, 4, 5))
    ]
    if others:
        differ.append(f"other severities count for {', '.join(others)}")
    differ.append(
        "the images were corrupted by other code and with other random draws, and the authors "
        "trained and ran the models"
    )
    return (
        "Results on Cityscapes-C are those on the 500 validation frames as their authors printed "
        "them; severities 1-3 of noise and 1-5 of the other corruptions count. Differences from "
        f"the runs here: {'; '.join(differ)}."
    )


def reference_stamps(reference: Reference, spec: Spec) -> list[str]:
    """Return a warning if CD and rCD divide by numbers that were measured on other data."""
    other = _other_data(spec)
    if reference.printed is None or not other:
        return []
    return [
        f"OTHER DATA: CD and rCD divide by the published numbers of {reference.label} on "
        f"Cityscapes, but {other}; such ratios mean little"
    ]


def _other_data(spec: Spec) -> str:
    if spec.dataset == "cityscapes" and spec.split == "val" and len(spec.frames) == _CITYSCAPES_VAL:
        return ""
    return f"the frames are {len(spec.frames)} of {written_name(spec.dataset)} ({spec.split})"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
