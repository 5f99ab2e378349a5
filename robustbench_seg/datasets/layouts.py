"""Layouts: how the folders of a dataset are arranged, by which a path is recognised."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from .split_index import SplitIndex, subfolders

Indexer = Callable[[Path, str], SplitIndex]
_LAYOUTS: dict[str, Layout] = {}
LAYOUTS: Mapping[str, Layout] = MappingProxyType(_LAYOUTS)
"""All layouts by name; `registry` imports the modules that register them."""


@dataclass(frozen=True)
class Layout:
    """A layout of folders."""

    name: str
    title: str
    expected: str
    """Folders in the root, for messages."""
    fits: Callable[[Path], bool]
    """Whether a folder is the root of such a dataset."""
    index: Indexer
    """From a root and a split to the split's files; InputError if there are none."""
    images: str = ""
    """Folder of the images, if the labels lie beside it."""
    narrow: bool = False
    """Whether it is tried before the others, since they fit its roots too."""


def layout(
    name: str,
    title: str,
    expected: str,
    fits: Callable[[Path], bool],
    images: str = "",
    narrow: bool = False,
) -> Callable[[Indexer], Indexer]:
    """Register the decorated function as the indexer of a layout; see `Layout`."""

    def register(index: Indexer) -> Indexer:
        _LAYOUTS[name] = Layout(name, title, expected, fits, index, images, narrow)
        return index

    return register


def layout_of(root: Path, names: Collection[str] = LAYOUTS) -> Layout | None:
    """Return the first layout of these names that a folder has, or None."""
    known = sorted((LAYOUTS[name] for name in names), key=lambda each: not each.narrow)
    return next((each for each in known if each.fits(root)), None)


def roots_near(folder: Path, names: Collection[str]) -> list[Path]:
    """Return up to three roots of datasets in a folder, or else the nearest of three above it."""
    below = [folder / name for name in subfolders(folder) if layout_of(folder / name, names)]
    above = [parent for parent in folder.absolute().parents[:3] if layout_of(parent, names)]
    return below[:3] or above[:1]
