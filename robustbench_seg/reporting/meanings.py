"""The terms of reports, each with its explanation."""

from __future__ import annotations

from collections.abc import Collection

MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        "",
        "mIoU",
        "is the mean over the classes of intersection over union, from one confusion matrix summed "
        "over all images. Classes without ground truth in these frames are left out.",
    ),
    (
        "suite",
        "The suite score",
        "is the plain mean over the corruptions; the score of a corruption is its mean mIoU over "
        "the severities that count.",
    ),
    ("suite", "Retention", "is the suite score divided by clean mIoU."),
    (
        "suite",
        "mPC",
        "is the mean over all severities of the corruptions, whether they count or not; rPC is mPC "
        "divided by clean mIoU.",
    ),
    (
        "resolution",
        "Frames",
        "are rescaled before the model sees them; predictions are always scored at the size of the "
        "labels.",
    ),
    (
        "resolution",
        "A change",
        "is an mIoU minus that of the named condition, for the same model, in percentage points: a "
        "\u201cdrop of 3.3 points\u201d in a paper is a change of \u22123.3. A model that is worse "
        "at every scale has less to lose, so read changes beside the mIoU.",
    ),
    ("", "An en dash", "marks what was not measured; all scores are in percent."),
)
"""Table of a run ("": any), term, and its explanation for reports with that table."""


def meanings(tables: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the terms of a report with these tables, each with its explanation."""
    return tuple((term, text) for table, term, text in MEANINGS if table in ("", *tables))
