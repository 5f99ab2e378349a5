"""How the inner loops are compiled: Numba without fast-math, so every CPU rounds alike.

Compiled code is cached on disk. Numba looks only at the file of a cached function, not at the
functions that it calls in other files: after editing a kernel here, delete `__pycache__`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function of + - * / and sqrt; without fast-math nothing is contracted."""
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))
