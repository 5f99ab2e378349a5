"""Provenance of a run: the machine, and the command that started it."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import UTC, datetime

from .. import __version__
from ..versions import PACKAGE
from .devices import device_name


def provenance(device: str) -> dict[str, dict[str, str]]:
    """Return machine and command as sections of strings, made for JSON."""
    program = os.path.basename(sys.argv[0]) or "python"  # noqa: PTH119
    return {
        "session": {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": shlex.join([program, *sys.argv[1:]]),
            "version": f"{PACKAGE} {__version__}",
        },
        "machine": {
            "device": device_name(device),
            "processor": _processor(),
            "cores": str(os.cpu_count()),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
