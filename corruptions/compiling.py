"""Compile kernels with Numba, with the same result on every processor.

A kernel uses only + - * /, comparisons and integers, whose results IEEE 754 fixes to the bit: no
libm, and no fast-math, which reorders sums and fuses multiplications with additions. Kernels
release the GIL and start no threads: callers corrupt several images in parallel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from threading import RLock
from types import FunctionType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])

_compiling = RLock()


def kernel(function: Function) -> Function:
    """Compile a function on its first call; 0 / 0 is NaN in it, not an exception."""
    return compiled(function, error_model="numpy")


def compiled(function: Function, **options: Any) -> Function:
    """Compile a function on its first call with options of `numba.njit`."""
    return cast(Function, _Kernel(function, options))


class _Kernel:
    """A function that is compiled on its first call.

    Numba too is imported then: it takes a sixth of a second, and many commands call no kernel.
    """

    def __init__(self, function: Callable[..., object], options: dict[str, Any]):
        self._function: Any = function
        self._options = options
        self._made: Callable[..., object] | None = None
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> object:
        return (self._made or self.made())(*arguments)

    def made(self) -> Callable[..., object]:
        """Return the function as Numba has it."""
        with _compiling:
            if self._made is None:
                from .numba_cache import cached

                self._made = cached(self._with_kernels(), self._options)
            return self._made

    def _with_kernels(self) -> FunctionType:
        """Return the function with the kernels that it calls as Numba has them."""
        own = self._function
        called = {name: own.__globals__.get(name) for name in own.__code__.co_names}
        made = {name: each.made() for name, each in called.items() if isinstance(each, _Kernel)}
        function = FunctionType(own.__code__, {**own.__globals__, **made}, own.__name__)
        function.__module__, function.__qualname__ = own.__module__, own.__qualname__
        return function
