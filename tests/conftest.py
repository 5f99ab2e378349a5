"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# As the command line does, and as early: worker threads that spin are slow on busy machines.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# A shell that starts the tests in the background has them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder that holds the real frames (data/) and weights (weights/) for tests."""
    root = os.environ.get("ROBUSTSEG_TEST_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("needs real data: set ROBUSTSEG_TEST_DATA to the folder that holds it")
    return Path(root).resolve()
