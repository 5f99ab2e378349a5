"""Where and with what a run was made."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import UTC, datetime

from .devices import device_name


def provenance(device: str) -> dict[str, dict[str, str]]:
    """Return machine and command as sections of plain text, made for JSON."""
    return {
        "session": {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": shlex.join(_command()),
        },
        "machine": {
            "device": device_name(device),
            "processor": _processor(),
            "cores": str(os.cpu_count()),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
    }


def _command() -> list[str]:
    return [os.path.basename(sys.argv[0]) or "python", *sys.argv[1:]]  # noqa: PTH119


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123
            names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
