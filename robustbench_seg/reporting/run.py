"""A run as users have it: its tables, and its report."""

from __future__ import annotations

from ..runs.run import StoredRun


class Run(StoredRun):
    """A stored run that can be shown."""

    def _repr_html_(self) -> str:
        return self.table().to_html()
