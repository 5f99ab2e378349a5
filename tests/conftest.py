"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import hypothesis
import pytest

# Set before torch is imported, as the command line does: spinning threads slow a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Weights that a test does not serve itself are not downloaded.
os.environ["HF_HUB_OFFLINE"] = "1"
# No time that a test takes fails it.
hypothesis.settings.register_profile(
    "timeless", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("timeless")
# A shell that starts the tests in the background makes them and their children ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Limits of memory and faults of disks are made by calls that Windows lacks.
collect_ignore = [] if os.name == "posix" else ["e2e/test_fuzz.py", "e2e/hostile"]


def pytest_configure() -> None:
    """Leave networks to torch, unless ROBUSTSEG_TEST_OPENVINO is set.

    Most tests run a network on a few tiny images, for which converting it takes longer.
    """
    from robustbench_seg.inference.runtimes import choice  # after the variable above

    if "ROBUSTSEG_TEST_OPENVINO" not in os.environ:
        choice.RUNTIMES = {}


@pytest.fixture(autouse=True)
def _runtimes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests with the marker `openvino` choose it as users do."""
    if request.node.get_closest_marker("openvino"):
        from robustbench_seg.inference.runtimes import choice, openvino

        monkeypatch.setattr(choice, "RUNTIMES", {"openvino": openvino.load})


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests that need a GPU, a browser or POSIX on machines without it."""
    if item.get_closest_marker("posix") and os.name != "posix":
        pytest.skip("needs POSIX")
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        pytest.skip("needs the chromium browser")
    if item.get_closest_marker("gpu"):
        import torch  # after the variable above

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder that holds the real frames (data/) and weights (weights/) for tests."""
    root = os.environ.get("ROBUSTSEG_TEST_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("needs real data: set ROBUSTSEG_TEST_DATA to the folder that holds it")
    return Path(root).resolve()
