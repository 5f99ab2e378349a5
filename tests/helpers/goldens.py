"""Golden files: comparison in tests, and `python -m tests.helpers.goldens` to make them anew.

`tests/golden/README.md` says which files that command makes, and what the others are.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.helpers.paths import GOLDEN, ROOT

UPDATE = "ROBUSTSEG_UPDATE_GOLDENS"
TESTS = ("tests/reports_", "tests/reporting", "tests/copies/test_digests.py")


def assert_golden(name: str, text: str) -> None:
    """Compare a text with a golden file, or write the file where goldens are made anew."""
    path = GOLDEN / name
    if os.environ.get(UPDATE):
        path.write_text(text, encoding="utf-8")
        return
    assert text == path.read_text(encoding="utf-8")


def main() -> int:
    """Make anew the golden files of the tests that call `assert_golden`; show what changed."""
    os.environ[UPDATE] = "1"
    code = pytest.main(["-q", "-k", "golden", *TESTS])
    subprocess.run(["git", "status", "--short", "tests/golden"], cwd=ROOT, check=True)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
