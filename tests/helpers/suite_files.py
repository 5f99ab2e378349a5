"""Suites for tests: a user's own suite of resolutions, and built-in ones of corruptions."""

from __future__ import annotations

from pathlib import Path

from robustbench_seg.protocol.suites import CorruptionSuite, load_suite

RAIN_AND_GLARE = """
title = "Rain and glare"
source = "a test"
severities = [1, 2, 3]

[[category]]
name = "weather"
corruptions = ["spatter", "brightness"]
counted = [1, 2]

[[category]]
name = "noise"
corruptions = ["shot_noise"]
counted = [3]
"""
MINE = """
title = "Half, in fog"
source = "this test"
scales = [0.5, 1.0]
images = ["clean", "fog 3"]
against = "scale 1, slide"

[[window]]
name = "slide"
mode = "slide"
crop = 0.5
stride = 0.25

[[window]]
name = "whole"
mode = "whole"
"""


def corruption_suite(name: str | Path) -> CorruptionSuite:
    """Return a suite that is known to be one of corruptions."""
    suite = load_suite(name)
    assert isinstance(suite, CorruptionSuite)
    return suite
