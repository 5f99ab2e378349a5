"""The manifest of a corrupted copy: everything that its pixels depend on, in a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from ..datasets.copied import MANIFEST
from ..errors import InputError
from ..protocol.suites import Suite, suite_from_dict
from ..reading import MANIFESTS, read_data
from ..writing import write_file
from .sources import SourceImage

FORMAT, OLD_FORMAT = 2, 1
"""Formats of a copy; in the old one, of version 0.1.0, digests leave out the shape of images."""


@dataclass(frozen=True)
class Manifest:
    """Suite, seed, packages and images; copies with equal manifests have equal pixels."""

    suite: Suite
    seed: int
    versions: Mapping[str, str]
    """Versions of the packages that can change pixels."""
    images: tuple[SourceImage, ...]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write the file atomically; OSError if that fails."""
        content: dict[str, Any] = {
            "about": "corrupted copy of a folder of images, by robustseg corrupt; "
            "the SHA-256 of every image is in images.csv",
            "suite_digest": self.suite.digest,
            **asdict(self),
            "suite": self.suite.to_dict(),
        }
        for image in content["images"]:
            if not image["depth_key"]:  # which version 0.1.0 did not know
                del image["depth_key"]
        write_file(folder / MANIFEST, (json.dumps(content, indent=1) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the file of a folder; InputError if there is none, or if it is damaged."""
        path = folder / MANIFEST
        damaged = f"{path}: not the manifest of a corrupted copy, or damaged; make the copy again"
        try:
            values = json.loads(read_data(path, MANIFESTS))
        except InputError:
            raise
        except OSError as error:
            raise InputError(
                f"{folder}: no corrupted copy here ({MANIFEST}: {error.strerror}); name the OUT of "
                "a robustseg corrupt"
            ) from error
        except (ValueError, RecursionError) as error:
            raise InputError(damaged) from error
        found = values.get("format") if isinstance(values, dict) else None
        if type(found) is int and found not in (FORMAT, OLD_FORMAT):
            raise InputError(
                f"{path}: made by another version of robustseg (format {found}, not "
                f"{FORMAT}); use that version, or make the copy again"
            )
        try:
            return cls._of(values)
        # ValueError: also of a suite that is none.
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(damaged) from error

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> Manifest:
        suite = suite_from_dict(values["suite"])
        numbers = values["seed"], values["format"]
        numbers += tuple(image[side] for image in values["images"] for side in ("height", "width"))
        if not all(type(number) is int for number in numbers):
            raise TypeError("the seed, the format and sizes are whole numbers")
        # The copy may be someone else's: its manifest must not lead out of the folder.
        names = [name for name, _ in suite.corrupted]
        for name in (*names, *(image["path"] for image in values["images"])):
            path = PurePath(name)
            if path.anchor or ".." in path.parts:
                raise ValueError(f"{name!r} is outside of it")
        return cls(
            suite=suite,
            seed=values["seed"],
            versions=dict(values["versions"]),
            images=tuple(SourceImage(**image) for image in values["images"]),
            format=values["format"],
        )


def refuse_another(folder: Path, **wanted: object) -> int:
    """Return the format of the copy in a folder, or of a new one.

    Raises InputError if the folder has a manifest that differs in one of these parts.
    """
    if not (folder / MANIFEST).exists():
        return FORMAT
    stored = Manifest.read(folder)
    differing = [name for name, value in wanted.items() if getattr(stored, name) != value]
    if differing:
        raise InputError(
            f"{folder}: holds another copy, which differs in {', '.join(differing)}; "
            "name another folder"
        )
    return stored.format
