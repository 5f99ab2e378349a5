"""The configuration that mmsegmentation stores in a checkpoint, read as data.

It is Python source, which mmengine would execute. Here it is parsed, and anything but assignments
of plain values is refused. What a model could be made to do with such values is refused as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from ...errors import InputError

_UNUSED = ("init_cfg", "pretrained")
"""Settings that fetch the weights a training began with."""
KNOWN_IMPORTS = ("mmdet.models", "mmpretrain.models")
"""Modules of OpenMMLab's other packages that a configuration may import."""
_NAME = re.compile(r"[\w-]*")
_USED = ("custom_imports", "model", "test_dataloader", "test_pipeline")
"""Settings that are read; values of the others, of the training, may be of any kind."""


def parse_config(where: str, text: str) -> dict[str, Any]:
    """Return the settings of a configuration that say how a model is run.

    Raises InputError, which begins with `where`, for source that is no list of plain values, and
    for one that imports modules.
    """
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{where}: not Python source; give CONFIG.py@CHECKPOINT") from error
    found: dict[str, Any] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if name in _USED:
                    found[name] = _plain(where, value)
            case _:
                raise _refused(where, statement)
    imports = found.get("custom_imports") or {}
    named = imports.get("imports") if isinstance(imports, dict) else imports
    for module in [named] if isinstance(named, str) else named or []:
        if module not in KNOWN_IMPORTS:
            raise InputError(
                f"{where}: custom_imports of {module!r:.60} would run code; give "
                "CONFIG.py@CHECKPOINT, if you trust it"
            )
    return found


def without_sources(value: Any) -> Any:
    """Return a configuration without what loads other weights, which the checkpoint replaces."""
    if isinstance(value, dict):
        return {key: without_sources(each) for key, each in value.items() if key not in _UNUSED}
    if isinstance(value, list | tuple):
        return type(value)(map(without_sources, value))
    return value


def kinds(value: Any) -> Iterator[Any]:
    """Yield the value of each `type` in a configuration."""
    for key, each in _texts(value):
        if key == "type":
            yield each


def check_texts(where: str, model: dict[str, Any]) -> None:
    """Raise InputError, which begins with `where`, for texts that could name a file or an address.

    Some modules load those, as pickles.
    """
    for key, text in _texts(model):
        # mmengine imports the package that a `_scope_` names; a text for class_weight is a file.
        if key != "type" and (key in ("_scope_", "class_weight") or not _NAME.fullmatch(text)):
            raise InputError(
                f"{where}: {key} = {text!r:.60} may name a file or a package, which could run "
                "code; give CONFIG.py@CHECKPOINT, if you trust it"
            )


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, str(name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, key)


def _plain(where: str, node: ast.expr) -> Any:
    """Return the value of an expression of literals, lists, tuples, {...} and dict(...)."""
    match node:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {_key(where, each): _plain(where, each.value) for each in keywords}
        case ast.Call(func=ast.Name(id="dict"), args=[ast.Dict() as table], keywords=[]):
            return _plain(where, table)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_literal(where, key): _plain(where, each) for key, each in pairs}
        case ast.List(elts=items):
            return [_plain(where, each) for each in items]
        case ast.Tuple(elts=items):
            return tuple(_plain(where, each) for each in items)
    return _literal(where, node)


def _key(where: str, keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise _refused(where, keyword.value)
    return keyword.arg


def _literal(where: str, node: ast.expr | None) -> Any:
    try:
        value = ast.literal_eval(node or "")
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise _refused(where, node) from error
    if isinstance(value, set | bytes):
        raise _refused(where, node)
    return value


def _refused(where: str, node: ast.AST | None) -> InputError:
    source = ast.unparse(node).split("\n")[0] if node else ""
    return InputError(
        f"{where}: {source[:60]!r} is code, which is not run; give CONFIG.py@CHECKPOINT, if you "
        "trust it"
    )
