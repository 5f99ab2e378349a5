"""Reads the parts of suite files; InputError names the file and the key of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...corruptions.checks import check_severity, unknown
from ...errors import InputError
from ...scores.policy import RESERVED, Column
from ..own_corruptions import OwnSpec, find_corruption, own_specs


def check_keys(
    table: object, needed: tuple[str, ...], optional: tuple[str, ...], file: str, where: str
) -> Mapping[str, Any]:
    """Return a table of a suite file that has all needed keys and no others than the optional ones.

    InputError names the file and the key.
    """
    if not isinstance(table, dict):
        raise InputError(f"{file}: {where}expected a table")
    for key in needed:
        if key not in table:
            raise InputError(f"{file}: {where}{key} is missing; needed are {', '.join(needed)}")
    for key in table:
        if key not in (*needed, *optional):
            raise InputError(f"{file}: {where}{unknown('key', key, (*needed, *optional))}")
    return table


def text(value: object, file: str, key: str) -> str:
    """Return a text of a suite file; InputError if it is empty."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{file}: {key}: expected a text, got {value!r}")
    return value


def read_columns(
    category: object,
    severities: tuple[float, ...],
    file: str,
    where: str,
    earlier: Sequence[Column],
    own: list[OwnSpec],
) -> list[Column]:
    """Return the columns of a table [[category]], and add to `own` what is not built in."""
    table = check_keys(category, ("name", "corruptions", "counted"), (), file, where)
    category_name = text(table["name"], file, f"{where}name")
    if category_name in RESERVED:
        raise InputError(f"{file}: {where}name: {category_name!r} is the name of a score")
    given = table["counted"]
    counted = tuple(each for each in severities if isinstance(given, list) and each in given)
    if not counted or list(counted) != given:
        expected = f"expected rising severities out of {', '.join(map(str, severities))}"
        raise InputError(f"{file}: {where}counted: {expected}, got {given!s:.60}")
    names = table["corruptions"]
    if not isinstance(names, list) or not names:
        raise InputError(f"{file}: {where}corruptions: expected a list of names")
    columns: list[Column] = []
    for choice in names:
        try:
            found = find_corruption(text(choice, file, f"{where}corruptions"), Path(file).parent)
        except InputError as error:
            raise InputError(f"{file}: {where}corruptions: {error}") from None
        name = found.name
        own += own_specs([found])
        if any(name == column.corruption for column in (*earlier, *columns)):
            raise InputError(f"{file}: {where}corruptions: {name!r} appears twice")
        columns.append(Column(name, category_name, counted))
    return columns


def read_severities(value: object, most: int, file: str, key: str) -> tuple[float, ...]:
    """Return rising severities from 1 to the highest one."""
    try:
        numbers = [check_severity(each, most) for each in value] if isinstance(value, list) else []
    except InputError:
        numbers = []
    if not numbers or numbers != sorted(set(numbers)):
        expected = f"expected rising severities from 1 to {most}"
        raise InputError(f"{file}: {key}: {expected}, got {value!s:.60}")
    return tuple(numbers)
