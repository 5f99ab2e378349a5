"""The interface of a suite: which conditions a run has, and how their scores are summed up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from ...errors import InputError
from ...schema import Name
from ...scores.policy import SeverityPolicy
from ..condition import Condition
from ..input_geometry import Size
from ..own_corruptions import OwnSpec

if TYPE_CHECKING:
    import pandas as pd

Derive = Callable[["pd.DataFrame"], "pd.DataFrame"]
"""From rows of scores, columns (condition, severity), to rows of derived scores."""


class Scores(Protocol):
    """The scores of a run, from which a suite arranges its tables."""

    @property
    def tidy(self) -> pd.DataFrame:
        """All scores of conditions, one in a row."""
        ...

    @property
    def intervals(self) -> pd.DataFrame:
        """Scores derived from several conditions, with their intervals."""
        ...


class UnknownCorruptionError(InputError):
    """A selection has a corruption that the suite lacks."""

    def __init__(self, message: str, name: str = "", selected: Sequence[str] = ()):
        """Take the message, the name of the corruption, and those of all that are selected."""
        super().__init__(message)
        self.name = name
        self.selected = tuple(selected)


@dataclass(frozen=True)
class Suite(ABC):
    """Ordered conditions, and what counts of them; a kind of suite is a subclass.

    Instances are plain data, so that a run can store them: see `to_dict`, `suite_from_dict`.
    """

    name: Name
    title: str
    source: str
    """Origin of the conditions, or of the severities that count."""

    toml_keys: ClassVar[frozenset[str]]
    """Keys by which a suite file of this kind is recognised."""
    noun: ClassVar[str] = ""
    """Word for the conditions in titles, such as "corruptions"."""

    @property
    @abstractmethod
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions in the order of the run, without the clean frames."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 of what is run and what counts; names and titles do not matter."""

    @property
    @abstractmethod
    def tables(self) -> Mapping[str, Callable[[Scores], pd.DataFrame]]:
        """Tables of a run by name."""

    @abstractmethod
    def scores(self, miou: pd.DataFrame) -> pd.DataFrame:
        """Return the scores derived from rows of mIoU: see `Derive`."""

    @property
    def class_scores(self) -> Derive | None:
        """Scores derived from rows of one class's IoU; None: none are."""
        return None

    @property
    def family(self) -> tuple[str, ...]:
        """Names of the conditions, over which p-values of a comparison are corrected."""
        return tuple(dict.fromkeys(condition.name for condition in self.conditions))

    @property
    @abstractmethod
    def examples(self) -> frozenset[tuple[str, float]]:
        """Keys of the conditions whose example images are kept, besides the clean frames."""

    @property
    def policy(self) -> SeverityPolicy | None:
        """Corruptions and their severities that count; None for a suite without severities."""
        return self if isinstance(self, SeverityPolicy) else None

    @property
    def curves(self) -> tuple[str, str] | None:
        """Quantity along curves over the conditions, and the condition that changes are against."""
        return None

    @abstractmethod
    def overview(self) -> pd.DataFrame:
        """Return what the suite runs and counts, as a table of texts for a list of suites."""

    @abstractmethod
    def notes(self, frame_sizes: Sequence[Size]) -> tuple[str, ...]:
        """Return sentences on what is run and what counts, for frames of (height, width)."""

    @property
    def own(self) -> tuple[OwnSpec, ...]:
        """The corruptions that are not built in."""
        return ()

    @property
    def corrupted(self) -> Mapping[tuple[str, float], Mapping[str, float]]:
        """Corruptions and severities whose images the conditions need, each once.

        Each has the parameters that it has in place of those of the severity.
        """
        return {c.corruption: dict(c.parameters) for c in self.conditions if c.corruption}

    @property
    def needs_depth(self) -> bool:
        """Whether a condition needs the depth of the frames."""
        return any(condition.needs_depth for condition in self.conditions)

    @abstractmethod
    def select(
        self, corruptions: Iterable[str] | None = None, severities: Iterable[float] | None = None
    ) -> Suite:
        """Return the part of the suite with these corruptions and severities; None: all of them.

        Raises InputError where there is no such part.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def describes(cls, values: Mapping[str, Any]) -> bool:
        """Whether plain values, as a run stores them, are those of this kind of suite."""
        return values.keys() == {field.name for field in fields(cls)}

    @abstractmethod
    def problem(self) -> str:
        """Return what of the stored values does not fit together, or ""."""

    @classmethod
    @abstractmethod
    def from_toml(cls, content: Mapping[str, Any], name: str, file: str) -> Self:
        """Return the suite of a parsed TOML file; InputError names the file and the key."""
