"""A suite of resolutions of a user's own, with all that one may have."""

from __future__ import annotations

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
