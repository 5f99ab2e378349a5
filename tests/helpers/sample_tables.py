"""Tables of sample scores: by corruption, by severity and by class."""

from __future__ import annotations

from robustbench_seg.reporting import tables
from tests.helpers.sample_report import COUNTED, class_frame, scored_severity_frame, suite_frame

_MODELS = ("b0", "b1")
TABLES = {
    "suite_table": tables.suite_table(suite_frame(_MODELS), COUNTED, name="suite"),
    "severity_table": tables.severity_table(scored_severity_frame(_MODELS), COUNTED, "severities"),
    "class_table": tables.class_table(class_frame(), "b0", "classes"),
}
