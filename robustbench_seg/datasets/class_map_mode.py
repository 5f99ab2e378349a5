"""What becomes of predictions of classes that a class map leaves out."""

from __future__ import annotations

from typing import Literal

ClassMapMode = Literal["wrong", "restricted"]
"""They are wrong, or are never made (argmax over the other classes)."""
