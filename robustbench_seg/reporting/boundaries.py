"""The section on boundaries: which corruptions cost borders, and which what they enclose."""

from __future__ import annotations

from ..protocol.spec import Spec
from ..reports.document import Section
from ..scores.boundary import SCORES
from .kept import Kept
from .report import Report


def boundaries(report: Report) -> Section | None:
    """Return the scores near borders and inside, and how much of each is kept."""
    found = report.table("measures")
    found = found[found["metric"].isin(list(SCORES))]
    if found.empty:
        return None
    kept = Kept(
        "boundaries",
        SCORES,
        f"mIoU of a band of {_width(report.spec)} on both sides of the borders between classes, "
        "mIoU of the interior, and Boundary IoU",
        "more is lost near borders",
    )
    return Section(
        "Boundaries", (*kept.parts(found, report), *kept.by_severity(report)), terminal=False
    )


def _width(spec: Spec) -> str:
    """Return the width of the band in words."""
    (name,) = (name for name in spec.measures if name.startswith("boundary:"))
    width = name.partition(":")[2]
    if width.endswith("%"):
        return f"{width[:-1]} % of the image diagonal"
    return f"{width.removesuffix('px')} pixels"
