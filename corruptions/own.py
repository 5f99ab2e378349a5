"""Corruptions of one's own: functions of a user's code, or of an installed package.

    @corruption(category="weather")
    def drizzle(image, severity, generator):
        drops = generator.random(image.shape[:2]) < 0.01 * severity
        return np.where(drops[..., np.newaxis], 200, image).astype(np.uint8)

`corrupt` then knows "drizzle" as it knows "fog". A package registers such a function as an entry
point of the group "robustbench_seg.corruptions".
"""

from __future__ import annotations

import hashlib
import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from .catalogue import Corruption, CorruptionFunction, register_own
from .errors import InputError
from .severity_table import NO_PARAMETERS, Parameter, SeverityTable

OWN = "own"
"""Category of a corruption that names none."""

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class OwnCorruption(Corruption):
    """A corruption by a function of (image, severity) or of (image, severity, generator).

    `generator` is a `numpy.random.Generator` that is seeded for the image, the severity and the
    run's seed; a function that takes it is random.
    """

    code: Callable[..., Any]
    origin: str
    """Where the function comes from, for readers: "rain.py:drizzle"."""
    digest: str
    """SHA-256 of its source."""
    choice: str
    """What finds it in another process: its name, or `python:FILE.py:FUNCTION`."""

    keywords: tuple[str, ...] = ()
    """Names of its parameters that may be given beside the severity."""

    @property
    def function(self) -> CorruptionFunction:
        """The function with a seed in place of the generator; it takes a severity alone."""
        return self.apply

    @property
    def table(self) -> SeverityTable:
        """Parameters, which have no values of their own."""
        return SeverityTable(*(Parameter(name, (), -1e9, 1e9) for name in self.keywords))

    def check_size(self, height: int, width: int, *, reference: bool = False) -> None:  # noqa: ARG002
        """Raise InputError with the implementation "imagecorruptions", which lacks it."""
        if reference:
            raise InputError(f"{self.name}: not in the package imagecorruptions; use 'native'")

    def try_out(
        self,
        image: NDArray[np.uint8],
        severity: float,
        parameters: Mapping[str, float] = NO_PARAMETERS,
    ) -> None:
        """Raise InputError unless an image (H, W, 3) is corrupted twice into the same pixels."""
        first, second = (self.apply(image, severity, 0, parameters) for _ in range(2))
        if not np.array_equal(first, second):
            raise self._error(
                f"severity {severity}: other pixels for the same image and seed; draw from the "
                "generator that a third parameter gets, and from nothing else"
            )

    def apply(
        self,
        image: NDArray[np.uint8],
        severity: float,
        stream: int,
        parameters: Mapping[str, float] = NO_PARAMETERS,
        depth: NDArray[np.float32] | None = None,  # noqa: ARG002
    ) -> NDArray[np.uint8]:
        """Return what the function makes of an image; InputError for what it does wrong."""
        self.table.check_names(parameters)
        given = image.view()
        given.flags.writeable = False
        chance = [np.random.Generator(np.random.PCG64(stream))] if self.random else []
        try:
            made = self.code(given, severity, *chance, **parameters)
        except InputError as error:
            raise self._error(str(error)) from error
        except (Exception, SystemExit) as error:  # a user's function may raise any
            if isinstance(error, ValueError) and "read-only" in str(error):
                raise self._error("changes its image; work on image.copy()") from error
            raise self._error(fault(error)) from error
        if not isinstance(made, np.ndarray) or (made.shape, made.dtype) != (image.shape, np.uint8):
            is_array = isinstance(made, np.ndarray)
            kind = f"{made.dtype} {made.shape}" if is_array else type(made).__name__
            raise self._error(f"returned {kind} for an image uint8 {image.shape}; return the same")
        return np.array(made, order="C")  # its own, also where the function returns the image

    def _error(self, fault: str) -> InputError:
        return InputError(f"corruption {self.name} ({self.origin}): {fault}")


@overload
def corruption(function: Function, /) -> Function: ...


@overload
def corruption(*, category: str = OWN) -> Callable[[Function], Function]: ...


def corruption(function: Any = None, /, *, category: str = OWN) -> Any:
    """Register a function as a corruption of its name, in place of an earlier own one.

    Parameters
    ----------
    function
        Function of an image, uint8 RGB (H, W, 3), which it must not change, and a severity, 1 to 5.
        It returns a new image of that shape and type. A random one has a third parameter, a
        `numpy.random.Generator`, and draws from nothing else. Further parameters with defaults may
        be given: see `corrupt`, and the tables [corruption.NAME] of a suite file.
    category
        Group in the tables.

    Returns
    -------
    The function, or without one a decorator. `corrupt`, `evaluate(corruptions=["NAME"])` and
    `corrupt_folder` know its name from then on. The source of the function, and not what it calls,
    identifies it in runs. Raises InputError for the name of a built-in corruption.
    """

    def registered(made: Function) -> Function:
        try:
            source = inspect.getsource(made).encode()
        except (OSError, TypeError):
            raise InputError(
                f"corruption {_name(made)}: its source cannot be read; define it in a file or a "
                "notebook"
            ) from None
        origin = f"{made.__module__}:{_name(made)}"
        register_own(own_corruption(made, origin, source, category=category))
        return made

    return registered if function is None else registered(function)


def own_corruption(
    function: Any,
    origin: str,
    source: bytes,
    *,
    category: str = OWN,
    name: str = "",
    choice: str = "",
) -> OwnCorruption:
    """Return the corruption of a function; InputError if it does not take an image and severity.

    `source` is what its digest is of.
    """
    name = name or _name(function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    needed = [each for each in parameters if each.default is each.empty and each.kind in _BY_PLACE]
    if not name.isidentifier():  # it names folders of copies
        raise InputError(
            f"corruption {name!r} ({origin}): expected letters, digits and _ as a name"
        )
    if len(needed) not in (2, 3):
        raise InputError(
            f"corruption {name} ({origin}): expected a function of (image, severity), or of "
            "(image, severity, generator) if it is random"
        )
    digest = hashlib.sha256(source).hexdigest()
    module = str(getattr(function, "__module__", ""))
    keywords = tuple(
        each.name for each in parameters if each not in needed and each.kind in _BY_NAME
    )
    return OwnCorruption(
        *(name, category, module, len(needed) == 3, function, origin, digest, choice or name),
        keywords,
    )


def fault(error: BaseException) -> str:
    """Return the error of others' code in one line, with the file and line that raised it."""
    words = " ".join(str(error).split()) or "no message"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {words} ({Path(place.filename).name} line {place.lineno})"


def load_installed(entry: EntryPoint) -> OwnCorruption:
    """Register the corruption of an entry point; InputError if it cannot be loaded."""
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "a package"
    try:
        function = entry.load()
        source = Path(inspect.getsourcefile(inspect.unwrap(function)) or "").read_bytes()
    except (Exception, SystemExit) as error:
        raise InputError(
            f"corruption {entry.name}: {entry.value} of {package} cannot be loaded: "
            f"{fault(error)}; update or uninstall the package"
        ) from error
    found = own_corruption(function, f"{entry.value} of {package}", source, name=entry.name)
    register_own(found)
    return found


def _name(function: object) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
