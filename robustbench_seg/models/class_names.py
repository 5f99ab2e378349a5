"""The classes of a model beside those of the data: their number, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..errors import InputError

ClassOrder = Literal["by-name", "as-is"]
"""How a model's outputs become the classes of the data: by their names, or in their own order."""


def check_class_count(where: object, given: int, wanted: int, data: str) -> None:
    """Raise InputError, which begins with `where`, unless a model has as many classes as data."""
    if given != wanted:
        raise InputError(
            f"{where}: a model of {given} classes, where the labels of {data} have {wanted}; "
            "give weights that were trained for these classes, or a --class-map"
        )


def class_name_notes(own: Sequence[str] | None, scored: Sequence[str]) -> list[str]:
    """Return a note if a model names classes differently from the data, else nothing.

    None is a model that does not name its classes.
    """
    pairs = zip(own or (), scored, strict=False)
    differing = [(one, other) for one, other in pairs if plain_name(one) != plain_name(other)]
    if not differing:
        return []
    one, other = differing[0]
    more = f", and {len(differing) - 1} more likewise" if len(differing) > 1 else ""
    return [f"its class {one!r} is scored as {other!r}{more}"]


def order_of_classes(
    where: str, own: Sequence[str] | None, scored: Sequence[str]
) -> tuple[int, ...] | None:
    """Return the model's number of each class of the data; None where its own order is kept.

    It is kept for the same names in the same order, for names of which the data has none, and for a
    model that does not name its classes. Raises InputError, which begins with `where`, for names of
    which only some are the data's.
    """
    names, wanted = ([plain_name(name) for name in each] for each in (own or (), scored))
    shared = set(names) & set(wanted)
    if names == wanted or not shared:
        return None
    if len(shared) == len(names) == len(wanted):
        return tuple(map(names.index, wanted))
    if len(names) != len(wanted):
        raise InputError(
            f"{where}: names {len(names)} of {len(wanted)} classes; correct the names, or "
            "--class-order as-is if its outputs are in the order of the data's classes"
        )
    pairs = zip(own or (), names, wanted, strict=False)
    named = next((shown for shown, one, other in pairs if one != other), "")
    raise InputError(
        f"{where}: only {len(shared)} of its {len(names)} class names are those of the data: it "
        f"has {named!r}; give a --class-map, or --class-order as-is if its outputs are in the "
        "order of the data's classes"
    )


def plain_name(class_name: str) -> str:
    """Return the letters and digits of a class name, by which names are compared."""
    return "".join(filter(str.isalnum, class_name.lower()))
