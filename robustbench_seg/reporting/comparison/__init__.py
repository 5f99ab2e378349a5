"""Models of several runs compared: scores, differences, and what is lost where."""

from __future__ import annotations

from .compare_runs import compare_runs
from .comparison import Comparison

__all__ = ["Comparison", "compare_runs"]
