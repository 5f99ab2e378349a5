"""Users' own Python files: what is hashed is what runs, with the modules that they import."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path
from types import CodeType, ModuleType

from .names import sorted_paths
from .reading import read_data

_INSTALLED = {"site-packages", "dist-packages"}
_STDLIB = Path(sysconfig.get_path("stdlib"))
_OURS = Path(__file__).resolve().parents[0]
_roots: set[Path] = set()
"""Folders of users' code, whose modules are loaded by `_Loader`."""
_executed: dict[Path, bytes] = {}
"""Content of each file of these modules, as it was executed."""


class _Loader(SourceFileLoader):
    """Executes source files, each read once, and no bytecode, which may be of an older file."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the file of a module. Raises InputError for anything but a regular file."""
        path = Path(self.get_filename(fullname))
        content = read_data(path)
        code: CodeType = self.source_to_code(content, str(path))
        _executed[path] = content
        return code


def import_file(path: Path) -> ModuleType:
    """Execute a Python file as a new module, which can import the modules beside it."""
    loader = _Loader(path.stem, str(path))
    spec = importlib.util.spec_from_file_location(path.stem, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # Classes in the file look their module up by name; a loaded module of that name stays.
    sys.modules.setdefault(path.stem, module)
    loader.exec_module(module)
    return module


def make_importable(root: Path) -> None:
    """Let imports search a folder of users' code, after all others."""
    # A folder `reports` or `corruptions` there must not hide a package, hence last.
    if str(root) not in sys.path:
        sys.path.append(str(root))
    if not _roots:
        sys.path_hooks.insert(0, _finder)
    _roots.add(root)
    for folder in [each for each in sys.path_importer_cache if _is_own(Path(each), root)]:
        del sys.path_importer_cache[folder]


def _finder(folder: str) -> FileFinder:
    if not any(_is_own(Path(folder), root) for root in _roots):
        raise ImportError
    sources, extensions = (_Loader, SOURCE_SUFFIXES), (ExtensionFileLoader, EXTENSION_SUFFIXES)
    return FileFinder(folder, extensions, sources)


def root_of(module: str) -> Path | None:
    """Return the folder with a module's package, or None for one that is installed or missing."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except ValueError:  # a module that was made by hand
        return None
    if spec is None:
        return None
    places = [*(spec.submodule_search_locations or ()), spec.origin or ""]
    root = Path(places[0]).absolute().parent
    return root if _is_own(Path(places[0]).absolute(), root) else None


def _is_own(path: Path, root: Path) -> bool:
    """Whether a path is below a folder, and neither in an installed package nor in ours."""
    others = path.is_relative_to(_STDLIB) or path.is_relative_to(_OURS)
    return path.is_relative_to(root) and not others and not _INSTALLED & {*path.parts}


def files_of(module: str, root: Path) -> list[Path]:
    """Return the files of a dotted module and of the packages around it, below a folder."""
    found = []
    for name in filter(None, module.split(".")):
        package, file = root / name / "__init__.py", root / f"{name}.py"
        root /= name
        found += [each for each in (package, file) if each.is_file()][:1]
    return found


def own_code(files: Iterable[Path], root: Path) -> dict[str, bytes]:
    """Return the content of files and of what they import from below a folder, by relative path.

    Import statements say what that is, and not what was imported by now: other models may have
    imported more. Raises InputError for anything but regular files.
    """
    found: dict[Path, bytes] = {}
    waiting = [*files]
    while waiting:
        path = waiting.pop()
        if path not in found and _is_own(path, root):
            found[path] = _executed[path] if path in _executed else read_data(path)
            waiting += _imported(path, found[path], root)
    return {path.relative_to(root).as_posix(): found[path] for path in sorted_paths(found)}


def _imported(path: Path, content: bytes, root: Path) -> Iterator[Path]:
    try:
        nodes = list(ast.walk(ast.parse(content)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # of a file that was not run
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from files_of(alias.name, root)
        elif isinstance(node, ast.ImportFrom) and node.level <= len(path.parents):
            base = path.parents[node.level - 1] if node.level else root
            for alias in node.names:
                yield from files_of(f"{node.module or ''}.{alias.name}", base)
