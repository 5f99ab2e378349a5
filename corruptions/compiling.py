"""Compile kernels with Numba, with the same result on every processor.

A kernel uses only + - * /, comparisons and integers, whose results IEEE 754 fixes to the bit: no
libm, and no fast-math, which reorders sums and fuses multiplications with additions. Kernels
release the GIL and start no threads: callers corrupt several images in parallel.

Numba caches compiled code on disk and checks only the file of the compiled function, not the
functions that it calls in other files. Delete `__pycache__` after editing a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function on its first call; 0 / 0 is NaN in it, not an exception."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
