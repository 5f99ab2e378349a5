"""Fixtures of the tests of models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which is empty, and from which no module is loaded yet."""
    monkeypatch.chdir(tmp_path)
    # Folders of other tests, which they made importable, may hold modules of the same names.
    others = str(tmp_path.parent)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if not each.startswith(others)])
    for name in ("zoo", "broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path
