"""RobustBench-Seg: the robustness benchmark for semantic segmentation.

    import robustbench_seg
    run = robustbench_seg.evaluate("b0", suite="cityscapes-c")
    run.table("suite")

Importing the package is cheap: torch is loaded by the first call that needs it.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

# A wheel holds corruptions/ and reports/ in this folder; in a checkout they stand beside it. Under
# this package's name, a file corruptions.py of the user's own is not in the way.
if not (Path(__file__).parent / "corruptions").is_dir():
    __path__.append(str(Path(__file__).parents[1]))

from .errors import InputError

if TYPE_CHECKING:
    from .api import (
        add_entry,
        calibrate,
        check_dataset,
        check_run,
        compare_runs,
        corrupt_folder,
        diagnose,
        doctor,
        effective_receptive_field,
        evaluate,
        figures,
        forecast,
        merge,
        model_costs,
        rank_runs,
        suite_digests,
        train,
    )
    from .corruptions import corrupt, corruption
    from .models.listing import list_models
    from .reporting.comparison import Comparison
    from .reporting.run import Run
    from .runs.side_by_side import compare

__all__ = [
    "Comparison",
    "InputError",
    "Run",
    "__version__",
    "add_entry",
    "calibrate",
    "check_dataset",
    "check_run",
    "compare",
    "compare_runs",
    "corrupt",
    "corrupt_folder",
    "corruption",
    "diagnose",
    "doctor",
    "effective_receptive_field",
    "evaluate",
    "figures",
    "forecast",
    "list_models",
    "merge",
    "model_costs",
    "rank_runs",
    "suite_digests",
    "train",
]

__version__ = "0.2.0"

_HOMES = {
    "Comparison": ".reporting.comparison",
    "Run": ".reporting.run",
    "compare": ".runs.side_by_side",
    "corrupt": ".corruptions",
    "corruption": ".corruptions",
    "list_models": ".models.listing",
}
"""Modules of the names that are not in `api`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, ".api"), __name__), name)


def __dir__() -> list[str]:
    return __all__
