"""`python:MODULE:FACTORY` or `python:FILE.py:FACTORY`: a model that a user's code makes.

FACTORY() returns an nn.Module, a Segmenter, or a function from an RGB uint8 (H, W, 3) image to a
label map (H, W). Models that installed packages register are loaded in the same way.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...own_code import files_of, import_file, make_importable, own_code, root_of
from ..base import IMAGENET, WHOLE, Segmenter, undeclared
from ..checkpoints.files import joint_digest, sha256
from ..class_names import check_class_count
from .external import Logits, one_line_errors, provenance
from .metadata import parse_class_names

_Declared = TypeVar("_Declared")
GROUP = "robustbench_seg.models"
"""Group of entry points in which installed packages register their models."""


def registered() -> dict[str, EntryPoint]:
    """Return the models that installed packages register, by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_python(target: str, data: str, classes: Sequence[str]) -> Segmenter:
    """Load the model that a factory in a module or a file makes. Raises InputError."""
    choice = f"python:{target}"
    where, colon, factory = target.rpartition(":")
    if not colon or not where or not factory:
        raise InputError(f"--model {choice}: write python:MODULE:FACTORY or python:FILE.py:FACTORY")
    in_file = where.endswith(".py")
    code = _import_file(choice, Path(where)) if in_file else _import(choice, where)
    name = f"python:{Path(where).stem if in_file else where}:{factory}"
    return _segmenter(choice, name, code, factory, data, classes)


def load_registered(entry: EntryPoint, data: str, classes: Sequence[str]) -> Segmenter:
    """Load the model that the factory of an entry point makes. Raises InputError."""
    code = _import(entry.name, entry.module)
    return _segmenter(entry.name, entry.name, code, entry.attr, data, classes)


class _Code(NamedTuple):
    """A module, and where its source is."""

    module: ModuleType
    files: list[Path]
    """Its file and those of the packages around it; empty for an installed module."""
    root: Path
    """Folder that its imports search."""


def _import(choice: str, name: str) -> _Code:
    make_importable(Path.cwd())
    with one_line_errors(choice, f"the import of {name} failed", location=True):
        root = root_of(name)
        if root is not None:
            make_importable(root)
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):  # the module misses another one
                raise
            raise InputError(
                f"--model {choice}: no module {name} is installed or in the current folder; "
                "install it, or write python:FILE.py:FACTORY"
            ) from error
    return _Code(module, files_of(name, root) if root else [], root or Path.cwd())


def _import_file(choice: str, path: Path) -> _Code:
    if not path.is_file():
        raise InputError(f"--model {choice}: no such file: {path}")
    file = path.resolve()
    make_importable(file.parent)
    with one_line_errors(choice, f"the import of {path} failed", location=True):
        return _Code(import_file(file), [file], file.parent)


def _factory(choice: str, module: ModuleType, name: str) -> Callable[[], Any]:
    factory: Any = module
    for part in name.split("."):
        factory = getattr(factory, part, None)
    if callable(factory):
        return factory
    callables = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
    near = get_close_matches(name, callables, n=3) or callables[:3]
    meant = f"; it has {', '.join(near)}" if near else ""
    raise InputError(f"--model {choice}: {module.__name__} has no function {name}{meant}")


def _segmenter(
    choice: str, name: str, code: _Code, attribute: str, data: str, classes: Sequence[str]
) -> Segmenter:
    factory = _factory(choice, code.module, attribute)
    with one_line_errors(choice, "the factory failed", location=True):
        made = factory()
    source = getattr(factory, "__module__", "") or name
    if isinstance(made, Segmenter):
        check_class_count(f"--model {choice}", len(made.classes), len(classes), data)
        facts = provenance(source, _sha256(code, factory, made.network))
        if isinstance(made.network, nn.Module):
            made = replace(made, network=Logits(made.network).eval())
        return replace(made, weights=facts | dict(made.weights))
    if not callable(made):
        raise InputError(
            f"--model {choice}: its factory returned a {type(made).__name__}; expected an "
            "nn.Module, a Segmenter, or a function from images to labels"
        )
    given = getattr(made, "classes", None)
    # Many networks have their number of classes in this attribute.
    names = None if isinstance(given, int) else given
    own = parse_class_names(f"--model {choice}", names, data, classes)
    assumes = isinstance(made, nn.Module) and not hasattr(made, "preprocessing")
    return Segmenter(
        name=name,
        network=Logits(made).eval() if isinstance(made, nn.Module) else made,
        preprocessing=_declared(choice, made, "preprocessing", IMAGENET),
        window=_declared(choice, made, "window", WHOLE),
        classes=own or tuple(classes),
        trained_on=_declared(choice, made, "trained_on", f"the data of {name}"),
        weights=provenance(source, _sha256(code, factory, made)),
        assumed=undeclared(IMAGENET, ()) if assumes else (),
    )


def _declared(choice: str, made: object, key: str, default: _Declared) -> _Declared:
    value = getattr(made, key, default)
    if not isinstance(value, type(default)):
        raise InputError(
            f"--model {choice}: its {key} is a {type(value).__name__}; expected a "
            f"{type(default).__name__}"
        )
    return value


def _sha256(code: _Code, factory: Callable[[], Any], made: object) -> str:
    """Return a digest of the code, of the factory's file elsewhere, and of the tensors."""
    own = own_code(code.files, code.root)
    parts: dict[str, bytes | str] = {**own}
    with suppress(TypeError):  # only Python functions have a source file
        file = Path(inspect.getsourcefile(inspect.unwrap(factory)) or "")
        if file.is_file() and not any(file == code.root / name for name in own):
            parts[f"{factory.__module__}, installed"] = sha256(file)
    total = hashlib.sha256(joint_digest(parts).encode())
    if isinstance(made, nn.Module):
        for name, value in sorted(made.state_dict().items()):
            if isinstance(value, Tensor):
                total.update(name.encode())
                total.update(value.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
