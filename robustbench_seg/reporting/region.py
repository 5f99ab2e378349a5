"""The sections on the region of a run: scores inside, where images are corrupted, and outside."""

from __future__ import annotations

import pandas as pd

from ..reports.document import Section
from ..scores.region import SCORES
from ..scores.tables import ALL_CLASSES
from .kept import Kept
from .report import Report

_KEPT = Kept(
    "region",
    (*SCORES, "miou"),
    "mIoU of the pixels inside of the region, which are corrupted, of those outside, which are "
    "clean, and of whole frames",
    "more is lost inside",
)


def region(report: Report) -> Section | None:
    """Return the scores inside and outside of the region, and of whole frames."""
    if report.spec.region is None:
        return None
    measures, whole = report.table("measures"), report.table("intervals")
    whole = whole[whole["class"] == ALL_CLASSES].assign(metric="miou")
    rows = pd.concat([measures[measures["metric"].isin(SCORES)], whole], join="inner")
    return Section("Region", _KEPT.parts(rows, report))


def region_by_severity(report: Report) -> Section | None:
    """Return the same scores at every severity."""
    if report.spec.region is None:
        return None
    parts = _KEPT.by_severity(report)
    return Section("Region by severity", parts, short="Region, severities", terminal=False)
