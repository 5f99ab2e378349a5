"""How the inner loops are compiled: by Numba, so that every processor rounds alike.

Without fast-math nothing is reordered or contracted to fused multiply-adds, and a kernel uses
only + - * / and comparisons, whose results IEEE 754 fixes to the bit; no libm. Kernels release
the interpreter's lock and start no threads of their own: images are corrupted side by side, by
threads or processes of the caller's.

Compiled code is cached on disk. Numba looks only at the file of a cached function, not at the
functions that it calls in other files: after editing a kernel here, delete `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function on its first call; 0 / 0 is NaN in it, not an exception."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
