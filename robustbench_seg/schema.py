"""Plain values of JSON, read as dataclasses: the annotations of the fields are the schema.

    @dataclass(frozen=True)
    class Crop:
        side: Annotated[int, Between(1, 4096)]
        mode: Literal["slide", "whole"] = "slide"

    parse(Crop, {"side": 512}, "crop")       # Crop(512, "slide")
    parse(Crop, {"side": "512"}, "crop")     # InputError: crop: side: expected a whole number ...

Nothing is converted, except lists to tuples: a 1 stays 1 where a fraction is allowed, so that what
is read has the digest of what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from .errors import InputError

T = TypeVar("T")
Reader = Callable[[Any, str], Any]
"""A function of a plain value and the place that messages name; raises InputError."""


class Between(NamedTuple):
    """Bounds of a number, of the letters of a text, or of the items of a list or table."""

    least: float
    most: float


class ReadBy(NamedTuple):
    """The function that reads a value whose type does not say how."""

    read: Reader


Count = Annotated[int, Between(0, 2**31 - 1)]
Positive = Annotated[int, Between(1, 2**31 - 1)]
Name = Annotated[str, Between(1, 10_000)]
_LETTERS = Between(0, 100_000)
_ITEMS = Between(0, 2**20)
"""Bounds of texts, and of lists and tables, that declare none."""


def parse(kind: type[T], value: object, where: str) -> T:
    """Return plain values as a dataclass; InputError names the place of the first wrong one."""
    found: T = _reader(kind)(value, where)  # type: ignore[arg-type]  # types are hashable
    return found


@cache
def _reader(kind: Any, bounds: Between | None = None) -> Reader:
    """Return the function that reads values of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner, (mark, *_) = arguments[0], arguments[1:]
        return mark.read if isinstance(mark, ReadBy) else _reader(inner, mark)
    if origin in (Union, UnionType):
        return _optional(_reader(next(each for each in arguments if each is not NoneType)))
    if origin is Literal:
        return _one_of(arguments)
    if origin is tuple and arguments[-1] is ...:
        return _list_of(arguments[0], bounds or _ITEMS)
    if origin is tuple:
        return _row_of(arguments)
    if origin is Mapping:
        return _table_of(arguments[1], bounds or _ITEMS)
    if is_dataclass(kind):
        return _fields_of(kind)
    return {int: _whole, float: _number, str: _text, bool: _switch}[kind](bounds)


def _refused(where: str, expected: str, value: object) -> InputError:
    nested = isinstance(value, list | tuple | Mapping)
    shown = f"a {type(value).__name__}" if nested else f"{value!a:.60}"
    return InputError(f"{where}: expected {expected}, got {shown}")


def _optional(read: Reader) -> Reader:
    return lambda value, where: None if value is None else read(value, where)


def _one_of(words: tuple[object, ...]) -> Reader:
    def read(value: object, where: str) -> object:
        if not isinstance(value, str) or value not in words:
            raise _refused(where, f"one of {', '.join(map(str, words))}", value)
        return value

    return read


def _whole(bounds: Between | None) -> Reader:
    least, most = bounds or Between(-(2**63), 2**63 - 1)

    def read(value: object, where: str) -> object:
        if type(value) is not int or not least <= value <= most:  # True is no number
            raise _refused(where, f"a whole number, {least:.10g} to {most:.10g}", value)
        return value

    return read


def _number(bounds: Between | None) -> Reader:
    least, most = bounds or Between(-1e9, 1e9)

    def read(value: Any, where: str) -> object:
        if type(value) not in (int, float) or not least <= value <= most:  # nor is NaN
            raise _refused(where, f"a number, {least:.10g} to {most:.10g}", value)
        return value

    return read


def _switch(bounds: Between | None) -> Reader:  # noqa: ARG001
    def read(value: object, where: str) -> object:
        if type(value) is not bool:
            raise _refused(where, "true or false", value)
        return value

    return read


def _text(bounds: Between | None) -> Reader:
    least, most = bounds or _LETTERS

    def read(value: object, where: str) -> object:
        if not isinstance(value, str) or not least <= len(value) <= most or not _is_utf8(value):
            raise _refused(where, f"a text of {least} to {most} letters", value)
        return value

    return read


def _is_utf8(text: str) -> bool:
    # JSON can hold halves of characters, which no table or page can.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _list_of(item: Any, bounds: Between) -> Reader:
    read_item = _reader(item)

    def read(value: object, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or not bounds.least <= len(value) <= bounds.most:
            raise _refused(where, f"a list of {bounds.least} to {bounds.most}", value)
        return tuple(read_item(each, f"{where} {n}") for n, each in enumerate(value, start=1))

    return read


def _row_of(items: tuple[Any, ...]) -> Reader:
    readers = tuple(map(_reader, items))

    def read(value: object, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) != len(readers):
            raise _refused(where, f"a list of {len(readers)}", value)
        return tuple(read(each, where) for read, each in zip(readers, value, strict=True))

    return read


def _table_of(item: Any, bounds: Between) -> Reader:
    read_key, read_item = _text(None), _reader(item)

    def read(value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not bounds.least <= len(value) <= bounds.most:
            raise _refused(where, f"a table of {bounds.least} to {bounds.most}", value)
        return {
            read_key(key, f"{where}: a name"): read_item(each, f"{where}: {ascii(key)[1:-1][:40]}")
            for key, each in value.items()
        }

    return read


def _fields_of(kind: Any) -> Reader:
    types = get_type_hints(kind, include_extras=True)
    readers = {each.name: _reader(types[each.name]) for each in fields(kind)}
    required = [each.name for each in fields(kind) if each.default is MISSING]

    def read(value: object, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise _refused(where, "a table", value)
        if missing := [name for name in required if name not in value]:
            raise InputError(f"{where}: {missing[0]} is missing")
        if unknown := [name for name in value if name not in readers]:
            raise InputError(f"{where}: {ascii(unknown[0])[1:-1][:40]} is unknown")
        found = {name: readers[name](each, f"{where}: {name}") for name, each in value.items()}
        return kind(**found)

    return read
