"""Types of arrays by their dtype; docstrings name the shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Uint8 = NDArray[np.uint8]
Uint16 = NDArray[np.uint16]
Uint32 = NDArray[np.uint32]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Array = NDArray[Any]
"""An array of float32 or float64; in sums of taps also of uint32."""
