"""RobustBench-Seg: the robustness benchmark for semantic segmentation.

    import robustbench_seg
    run = robustbench_seg.evaluate("b0", suite="cityscapes-c")
    run.table("suite")

Importing the package is cheap: torch is loaded with the first name that needs it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from .api import evaluate
    from .copies.corrupting import corrupt_folder
    from .erf.measure import effective_receptive_field
    from .reporting.run import Run
    from .runs.comparison import compare

__all__ = [
    "InputError",
    "Run",
    "__version__",
    "compare",
    "corrupt_folder",
    "effective_receptive_field",
    "evaluate",
]

__version__ = version("robustbench-seg")

_HOMES = {
    "compare": ".runs.comparison",
    "corrupt_folder": ".copies.corrupting",
    "effective_receptive_field": ".erf.measure",
    "evaluate": ".api",
    "Run": ".reporting.run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
