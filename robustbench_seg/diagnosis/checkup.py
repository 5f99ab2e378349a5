"""`robustseg doctor`: check an installation part by part, and give a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..progress import Progress
from . import installation, self_test
from .check import Check

if TYPE_CHECKING:
    import pandas as pd

CHECKS: Mapping[str, Callable[[], Check | None]] = {
    "packages": installation.check_packages,
    "optional packages": installation.check_optional_packages,
    "devices": installation.check_devices,
    "hub": installation.check_hub,
    "data": installation.check_data,
    "disks": installation.check_disks,
    "corruptions": self_test.check_corruptions,
    "torch on the CPU": self_test.check_torch,
    "OpenVINO": self_test.check_openvino,
    "GPU": self_test.check_gpu,
}
"""The checks by name; one returns None where it does not apply."""


@dataclass(frozen=True)
class Checkup:
    """The results of all checks."""

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether no check found a problem."""
        return not self._named("problem")

    @property
    def verdict(self) -> str:
        """The result in one line."""
        if problems := self._named("problem"):
            return f"Broken: {', '.join(problems)}."
        if warnings := self._named("warning"):
            return f"Ready, with warnings: {', '.join(warnings)}."
        return "Ready."

    @property
    def table(self) -> pd.DataFrame:
        """A check per row: `name`, `status` (ok, warning, problem), `found` and `advice`."""
        import pandas as pd

        return pd.DataFrame(map(asdict, self.checks))

    def _named(self, status: str) -> list[str]:
        return [check.name for check in self.checks if check.status == status]


def examine(progress: Progress) -> Checkup:
    """Run all checks."""
    checks = []
    for done, (name, check) in enumerate(CHECKS.items()):
        progress("checking", done, len(CHECKS), name)
        try:
            found = check()
        except Exception as error:  # a damaged package may raise any
            found = Check.failed(name, error, "reinstall the package that fails")
        if found is not None:
            checks.append(found)
    progress("checking", len(CHECKS), len(CHECKS), "")
    return Checkup(tuple(checks))
