"""Numbers as a reader sees them: percentages and percentage points."""

from __future__ import annotations

import math

MISSING = EN_DASH = "\u2013"
MINUS = "\u2212"


def percent(value: float) -> str:
    """Write a fraction in percent with one decimal, without the sign; an en dash for NaN."""
    return MISSING if math.isnan(value) else f"{100 * value:.1f}"


def points(change: float) -> str:
    """Write a change of a fraction in percentage points with its sign; an en dash for NaN."""
    if math.isnan(change):
        return MISSING
    text = f"{abs(100 * change):.1f}"
    return text if float(text) == 0 else f"{'+' if change > 0 else MINUS}{text}"
