"""Parameters that are options as well: of a function of the library, and of its command.

A parameter `limit: Limit` is the keyword `limit` in Python and the option `--limit` of the command.
Its declaration, in `Annotated`, says what it means and how a text is read as its value.
"""

from __future__ import annotations

import inspect
import numbers
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from textwrap import fill, indent
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar, Union, get_args, get_origin

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..notebook import default_progress
from ..processes import end_if_unguarded
from . import parsing

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Option:
    """How a parameter is documented, and how the command line spells and reads it."""

    help: str
    panel: str
    metavar: str = ""
    """The value in the help, where it is not that of the parameter's type."""
    default: str = ""
    """What a default of None means."""
    flag: str = ""
    """The spelling, where it is not the parameter's name; without dashes it is positional."""
    least: int | None = None
    """The smallest number that is allowed."""
    read: Callable[[str], Any] | None = None
    """Return the value of a text, a list where the option may be repeated, where it is not read by
    the parameter's type. Raises InputError."""
    names: Callable[[], Iterable[str]] | None = None
    """Return the names that a shell completes, without loading torch."""


_TYPES: Mapping[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("N", parsing.integer),
    float: ("NUMBER", parsing.number),
    tuple[int, int]: ("WIDTHxHEIGHT", parsing.size),
    Sequence[str]: ("LIST", parsing.names),
    Sequence[float]: ("LIST", parsing.numbers),
}
"""How the help shows the values of a type, and how they are read."""


_EXPECTED: Mapping[Any, str] = {
    bool: "True or False",
    int: "a whole number, such as 1",
    float: "a number, such as 0.5",
    str: "a text",
    Path: "a path",
    tuple[int, int]: "two whole numbers, (height, width) or (y, x)",
    Sequence[str]: 'a list of texts, such as ["fog", "snow"]',
    Sequence[str | Path]: "a list of paths",
    Sequence[float]: "a list of numbers, such as [0.5, 2.0]",
    Mapping[str, str]: 'a dictionary of texts, such as {"b0": "Ours"}',
}
"""How messages describe the types of parameters."""


_PROGRESS = """progress : Callable[[str, int, int, str], None]
    Called after each step with the name of the stage, the steps done, their total and a note.
    Default: a bar in a notebook, and nothing elsewhere."""


class Parameter(NamedTuple):
    """A parameter of a function, or a field of a dataclass, that is an option."""

    name: str
    type: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """What a user types: `--class-map`, or `IN` for an argument without a flag."""
        return self.option.flag or f"--{self.name.replace('_', '-')}"

    @property
    def types(self) -> tuple[Any, ...]:
        """The members of a union without None; else the one type."""
        union = get_origin(self.type) in (Union, UnionType)
        every = get_args(self.type) if union else (self.type,)
        return tuple(each for each in every if each is not NoneType)

    @property
    def repeated(self) -> bool:
        """Whether the option may be given several times."""
        return any(get_origin(each) in (Sequence, Mapping) for each in self.types)

    @property
    def words(self) -> tuple[str, ...]:
        """The allowed values of a parameter whose type is a Literal; else empty."""
        return get_args(self.types[0]) if get_origin(self.types[0]) is Literal else ()

    @property
    def metavar(self) -> str:
        """The value in the help; a space for a switch, which takes none."""
        by_type, _ = _TYPES.get(self.types[0], (" ", None))
        return self.option.metavar or "|".join(self.words) or by_type

    def completions(self, typed: str) -> list[str]:
        """Return what a shell may complete a text to: its name, or the last one of a list."""
        names = self.option.names() if self.option.names else self.words
        start = typed.rfind(",") + 1 if self.repeated else 0
        return [typed[:start] + name for name in names if name.startswith(typed[start:])]

    def read(self, typed: str | list[str] | bool) -> Any:
        """Return the value of what a user typed, once or several times.

        Raises InputError for a text that cannot be read.
        """
        _, by_type = _TYPES.get(self.types[0], ("", None))
        read = self.option.read or by_type
        if read is None or isinstance(typed, bool):
            return typed
        values: list[Any] = []
        merged: dict[str, Any] = {}
        for text in typed if isinstance(typed, list) else [typed]:
            try:
                value = read(text)
            except InputError as error:
                raise InputError(f"{self.flag} {text!r}: {error}") from None
            if isinstance(value, Mapping):
                merged |= value
            else:
                values += value if self.repeated else [value]
        return merged or (values if self.repeated else values[0])

    def check(self, value: Any) -> None:
        """Raise InputError for a value of another type, or one that is not allowed."""
        if value is None and NoneType in get_args(self.type):
            return
        known = all(each in _EXPECTED for each in self.types)
        if known and not any(_is(value, each) for each in self.types):
            expected = " or ".join(dict.fromkeys(_EXPECTED[each] for each in self.types))
            raise InputError(f"{self.flag} {value!r}: expected {expected}")
        if self.words and value not in self.words:
            meant = did_you_mean(value, self.words)
            raise InputError(f"{self.flag} {value}: use one of {', '.join(self.words)}{meant}")
        least = self.option.least
        if least is not None and value < least:
            raise InputError(f"{self.flag} {value}: must be a whole number, {least} or more")


def _is(value: Any, kind: Any) -> bool:
    """Return whether a value from Python has a type of _EXPECTED; numbers may be those of NumPy."""
    if get_origin(kind) is Mapping:
        texts = [*value, *value.values()] if isinstance(value, Mapping) else [None]
        return all(isinstance(text, str) for text in texts)
    if get_origin(kind) in (Sequence, tuple):
        (item, *_) = get_args(kind)
        if isinstance(value, str | bytes) or not isinstance(value, Collection):
            return False
        right_length = get_origin(kind) is Sequence or len(value) == len(get_args(kind))
        kinds = get_args(item) or (item,)
        return right_length and all(any(_is(each, one) for one in kinds) for each in value)
    if kind in (int, float):
        number = numbers.Integral if kind is int else numbers.Real
        return isinstance(value, number) and not isinstance(value, bool)
    return isinstance(value, os.PathLike if kind is Path else kind)


def parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the options among the parameters of a function or the fields of a dataclass.

    Its module must not postpone annotations: they are read as objects.
    """
    return {
        name: Parameter(name, parameter.annotation.__origin__, parameter.default, option)
        for name, parameter in inspect.signature(inspect.unwrap(function)).parameters.items()
        for option in getattr(parameter.annotation, "__metadata__", ())
    }


def documented(function: Callable[P, R]) -> Callable[P, R]:
    """Check the options of a function at each call, and describe them in its docstring."""
    declared, plain = parameters(function), inspect.signature(function)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        end_if_unguarded()  # before the call takes locks or prints anything
        for name in kwargs.keys() - plain.parameters.keys():
            meant = did_you_mean(name, plain.parameters)
            raise TypeError(f"{function.__name__} has no parameter {name!r}{meant}")
        for name, value in plain.bind(*args, **kwargs).arguments.items():
            if name in declared:
                declared[name].check(value)
        if "progress" not in plain.parameters or "progress" in kwargs:
            return function(*args, **kwargs)
        with default_progress() as kwargs["progress"]:
            return function(*args, **kwargs)

    # Completion and help() show the types without the declarations of the command line.
    checked.__signature__ = plain.replace(  # type: ignore[attr-defined]
        parameters=[
            each.replace(annotation=declared[name].type) if name in declared else each
            for name, each in plain.parameters.items()
        ]
    )
    names = {each.flag: name for name, each in declared.items()}
    described = [_described(each, names) for each in declared.values()]
    if "progress" in plain.parameters:
        described.append(_PROGRESS)
    summary = inspect.cleandoc(function.__doc__ or "")
    checked.__doc__ = f"{summary}\n\nParameters\n----------\n" + "\n".join(described)
    return checked


def _described(each: Parameter, names: Mapping[str, str]) -> str:
    """Return a parameter's entry in a docstring; `names` are those of all flags in Python."""
    kind = re.sub(r"\b[a-z]+\.(?:[a-z]+\.)*", "", inspect.formatannotation(each.type))
    text = each.option.help
    if each.option.default and (each.default is None or NoneType in get_args(each.type)):
        text += f" {'Default' if each.default is None else 'None'}: {each.option.default}."
    text = re.sub(r"--[\w-]+", lambda match: names[match[0]], text)
    return f"{each.name} : {kind}\n{indent(fill(text, 92), ' ' * 4)}"
