"""Images of a corrupted copy, which must not pass for those of a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError
from ..reading import MANIFESTS, read_data

MANIFEST = "manifest.json"
"""Name of the file in the root of a corrupted copy; `copies.manifest` writes and reads it."""
_KEYS = {"suite_digest", "seed", "images"}


def refuse_copied(option: str, images: Iterable[Path]) -> None:
    """Raise InputError if one of these images, or what it links to, is in a corrupted copy."""
    copies: dict[Path, bool] = {}
    for folder in dict.fromkeys(path.resolve().parent for path in images):
        for root in (folder, *folder.parents):
            if root not in copies:
                copies[root] = _is_copy(root)
            if copies[root]:
                taken = folder.relative_to(root).parts[:2]
                condition = f", {taken[0]} at severity {taken[1]}" if len(taken) == 2 else ""
                raise InputError(
                    f"{option}: its images are a corrupted copy{condition} ({root / MANIFEST}), "
                    "and would be taken for clean ones; name the dataset that was copied, and "
                    f"--copy {root}"
                )


def _is_copy(folder: Path) -> bool:
    path = folder / MANIFEST
    try:
        content = json.loads(read_data(path, MANIFESTS)) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.keys() >= _KEYS
