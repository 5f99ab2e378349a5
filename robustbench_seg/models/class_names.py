"""The classes of a model beside those of the data: their number, and their names."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError


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


def plain_name(class_name: str) -> str:
    """Return the letters and digits of a class name, by which names are compared."""
    return "".join(filter(str.isalnum, class_name.lower()))
