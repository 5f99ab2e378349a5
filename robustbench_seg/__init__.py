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
        compare,
        compare_runs,
        corrupt_folder,
        effective_receptive_field,
        evaluate,
        forecast,
        list_class_maps,
        list_datasets,
        list_models,
        list_suites,
        list_taxonomies,
        merge,
        model_costs,
        suite_digests,
        train,
    )
    from .reporting.run import Run

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
    "list_class_maps",
    "list_datasets",
    "list_models",
    "list_suites",
    "list_taxonomies",
    "merge",
    "model_costs",
    "suite_digests",
    "train",
]

__version__ = version("robustbench-seg")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = ".reporting.run" if name == "Run" else ".api"
    return getattr(import_module(home, __name__), name)


def __dir__() -> list[str]:
    return __all__
