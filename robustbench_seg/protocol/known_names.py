"""Names that a shell completes. It waits for them, so that nothing here may load torch."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from .. import models as models_room

_MODELS = "names.txt"
"""File of the catalogue's models, whose modules load torch; a test compares them."""


def models() -> Iterable[str]:
    """Return the models of the catalogue."""
    return resources.files(models_room).joinpath(_MODELS).read_text("utf-8").split()


def datasets() -> Iterable[str]:
    """Return the datasets that have a name or a layout."""
    from ..datasets.registry import dataset_titles

    return dataset_titles()


def suites() -> Iterable[str]:
    """Return the built-in suites."""
    from .suites import SUITES

    return SUITES


def corruptions() -> Iterable[str]:
    """Return all corruptions."""
    from ..corruptions import REGISTRY

    return REGISTRY
