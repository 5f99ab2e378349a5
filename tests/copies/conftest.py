"""Fixtures of the tests of corrupted copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.frames import write_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Cityscapes tree of three small frames."""
    return write_tree(tmp_path_factory.mktemp("tree"), 3)
