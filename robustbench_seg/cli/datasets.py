"""`robustseg datasets`: the datasets."""

from __future__ import annotations

from .console import print_table


def datasets() -> None:
    """List the datasets that --data knows by name or by layout."""
    from ..datasets.registry import DATASETS

    print_table(
        "datasets", ("name", "what"), [(info.name, info.title) for info in DATASETS.values()]
    )
