"""RobustBench-Seg: the robustness benchmark for semantic segmentation.

    import robustbench_seg
    run = robustbench_seg.evaluate("b0", suite="cityscapes-c")
    run.table("suite")

Importing the package is cheap: torch is loaded by the first call that needs it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from .api import (
        check_dataset,
        compare_runs,
        corrupt_folder,
        effective_receptive_field,
        evaluate,
        forecast,
        merge,
        model_costs,
        suite_digests,
        train,
    )
    from .models.registry import list_models
    from .reporting.run import Run
    from .runs.side_by_side import compare

__all__ = [
    "InputError",
    "Run",
    "__version__",
    "check_dataset",
    "compare",
    "compare_runs",
    "corrupt_folder",
    "effective_receptive_field",
    "evaluate",
    "forecast",
    "list_models",
    "merge",
    "model_costs",
    "suite_digests",
    "train",
]

__version__ = version("robustbench-seg")

_HOMES = {
    "Run": ".reporting.run",
    "compare": ".runs.side_by_side",
    "list_models": ".models.registry",
}
"""Modules of the names that are not in `api`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, ".api"), __name__), name)


def __dir__() -> list[str]:
    return __all__
