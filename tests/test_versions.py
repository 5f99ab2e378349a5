"""Versions that stand in several places, and the one that runs store."""

from __future__ import annotations

import re
from importlib.metadata import version

from robustbench_seg import __version__
from robustbench_seg.inference.provenance import provenance
from robustbench_seg.versions import EVALUATING, NUMBERS, PACKAGE, versions
from tests.helpers.paths import ROOT


def in_file(name: str, pattern: str) -> str:
    """Return the first group of a pattern in a file of the repository."""
    found = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def test_runs_store_the_version_that_changed_numbers_last() -> None:
    found = versions(EVALUATING)
    assert found[PACKAGE] == NUMBERS
    assert found["torch"] == version("torch")
    assert provenance("cpu")["session"]["version"] == f"{PACKAGE} {__version__}"


def test_the_files_of_a_release_agree() -> None:
    assert in_file("CITATION.cff", r"^version: (\S+)$") == __version__
    assert in_file("CHANGELOG.md", r"^## (\d[\d.]+)") == __version__


def test_the_hooks_use_the_pinned_ruff() -> None:
    pinned = in_file("constraints.txt", r"^ruff==(\S+)$")
    assert in_file(".pre-commit-config.yaml", r"ruff-pre-commit\n    rev: v(\S+)") == pinned
