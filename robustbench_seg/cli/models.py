"""`robustseg models`: the models and their weights."""

from __future__ import annotations

from .console import print_table


def models() -> None:
    """List the models, their sizes, and the weights that are found by name."""
    from ..models.registry import models as known

    rows = [
        (
            info.name,
            info.description,
            f"{info.parameters / 1e6:.2f} M",
            ", ".join(info.weights) or "a FILE",
        )
        for info in known()
    ]
    print_table("models", ("name", "what", "parameters", "weights for"), rows)
