"""The result of checking a run: what was verified, what is wrong, and what could not be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["verified", "wrong", "not checked"]
NOT_CHECKED: Status = "not checked"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    """Name of the check: file, counts, frames, suite, tables, pixels, data or cells."""
    status: Status
    found: str


@dataclass(frozen=True)
class RunCheck:
    """The findings of all checks of a run."""

    findings: Sequence[Finding]

    @property
    def wrong(self) -> list[Finding]:
        """Findings that refuse the run."""
        return self.named("wrong")

    @property
    def verdict(self) -> str:
        """The result in one line."""
        if self.wrong:
            return f"Refused: {', '.join(each.check for each in self.wrong)}."
        if unchecked := self.named(NOT_CHECKED):
            return f"Verified; not checked: {', '.join(each.check for each in unchecked)}."
        return "Verified."

    @property
    def table(self) -> pd.DataFrame:
        """A check per row: `check`, `status` (verified, wrong, not checked) and `found`."""
        import pandas as pd

        return pd.DataFrame(map(asdict, self.findings))

    def named(self, status: Status) -> list[Finding]:
        """Return the findings of a status."""
        return [each for each in self.findings if each.status == status]
