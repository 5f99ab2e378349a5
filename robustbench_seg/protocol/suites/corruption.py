"""Suites of corruptions: which at which severities, and which severities count in the scores.

A suite file has this form:

    title = "Rain and glare"
    source = "where the policy comes from"
    severities = [1, 2, 3]                       # run and shown

    [[category]]
    name = "weather"
    corruptions = ["spatter", "brightness"]      # in the order of the table
    counted = [1, 2]                             # severities in the score

    [corruption.spatter]                         # other parameters than the published ones
    threshold = [0.7, 0.65, 0.6]                 # by severity, from 1 on

A corruption of one's own is `python:FILE.py:FUNCTION`, with the path from the folder of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from ...corruptions.catalogue import REGISTRY, Corruption
from ...corruptions.checks import MOST_SEVERITIES, SEVERITIES, unknown
from ...errors import InputError
from ...schema import Between
from ...scores.policy import RESERVED, Column, SeverityPolicy
from ..condition import Condition
from ..input_geometry import Size
from ..own_corruptions import OwnSpec, find_corruption, is_own, own_specs
from ..parameter_lists import ParameterLists, lists_fault, read_lists
from .severities import (
    chosen_severities,
    counted_of,
    severity_fault,
    severity_text,
    with_severities,
)
from .suite import Derive, Scores, Suite, UnknownCorruptionError
from .suite_file import check_keys, read_columns, read_severities, text

if TYPE_CHECKING:
    import pandas as pd

_LATER = ("own", "parameters")
"""Fields that version 0.1.0 did not know, and that are stored if they are not empty."""


@dataclass(frozen=True)
class CorruptionSuite(SeverityPolicy, Suite):
    """Ordered corruptions, the severities to run, and the policy by which they count."""

    own: Annotated[tuple[OwnSpec, ...], Between(0, 1000)] = ()
    """Those of the corruptions that are not built in."""
    parameters: Annotated[tuple[ParameterLists, ...], Between(0, 1000)] = ()
    """Parameters of some corruptions in place of the published ones."""

    toml_keys: ClassVar[frozenset[str]] = frozenset({"category", "severities"})
    noun: ClassVar[str] = "corruptions"

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Each corruption at each severity."""
        random = {own.name: own.random for own in self.own}  # known without their code
        lists = {each.corruption: each for each in self.parameters}
        return tuple(
            Condition.corrupted(
                *(name, severity, random.get(name)),
                parameters=lists[name].at(severity) if name in lists else (),
            )
            for name in self.corruptions
            for severity in self.severities
        )

    @property
    def digest(self) -> str:
        """SHA-256 of what is run and what counts."""
        columns = [[column.corruption, column.category, column.counted] for column in self.columns]
        own = [[[each.name, each.digest] for each in self.own]] if self.own else []
        lists = [[asdict(each) for each in self.parameters]] if self.parameters else []
        content = json.dumps([columns, self.severities, *own, *lists], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def tables(self) -> Mapping[str, Callable[[Scores], pd.DataFrame]]:
        """Tables of a run by name: tidy, summary, suite, severities, classes."""
        from ...scores import tables  # with pandas, which corrupting images does not need

        return {
            "tidy": lambda scores: scores.tidy,
            "summary": lambda scores: tables.summary(scores.tidy, self),
            "suite": lambda scores: tables.suite_table(scores.tidy, self),
            "severities": lambda scores: tables.severity_table(scores.tidy, self),
            "classes": lambda scores: tables.class_table(scores.tidy, self),
        }

    def scores(self, miou: pd.DataFrame) -> pd.DataFrame:
        """Return headline numbers and the score of each corruption for rows of mIoU."""
        from ...scores import tables

        return tables.suite_scores(miou, self)

    @property
    def class_scores(self) -> Derive:
        """Scores of a class: clean, by category, over the suite, retention."""
        from ...scores import tables

        return partial(tables.class_scores, suite=self)

    @property
    def examples(self) -> frozenset[tuple[str, float]]:
        """First corruption of each category at severity 3, or the strongest that is run below.

        That of the suite also at the lowest and the highest severity.
        """
        first = {column.category: column.corruption for column in reversed(self.columns)}
        lowest, highest = min(self.severities), max(self.severities)
        severity = max((number for number in self.severities if number <= 3), default=lowest)
        strip = {(self.columns[0].corruption, number) for number in (lowest, highest)}
        return frozenset((name, severity) for name in first.values()) | strip

    def overview(self) -> pd.DataFrame:
        """Return the corruptions of each category and their severities that count."""
        import pandas as pd

        rows = [
            (category, ", ".join(column.corruption for column in columns), counted)
            for (category, counted), columns in self._by_category()
        ]
        return pd.DataFrame(rows, columns=["category", "corruptions", "severities that count"])

    def _by_category(self) -> Iterator[tuple[tuple[str, str], Iterator[Column]]]:
        return groupby(
            self.columns, key=lambda column: (column.category, severity_text(column.counted))
        )

    def notes(self, frame_sizes: Sequence[Size]) -> tuple[str, ...]:  # noqa: ARG002
        """Return which severities count, by category."""
        parts = [f"{counted} of {category}" for (category, counted), _ in self._by_category()]
        return (
            f"Severities that count in the scores: {', '.join(parts)}. "
            f"All of {severity_text(self.severities)} are run and shown.",
            *(
                f"The corruption {own.name} is not built in: {own.origin}, source "
                f"{own.digest[:12]}."
                for own in self.own
            ),
            *(
                f"The parameters of {each.corruption} are those of the suite, by severity: {each}."
                for each in self.parameters
            ),
        )

    def select(
        self, corruptions: Iterable[str] | None = None, severities: Iterable[float] | None = None
    ) -> CorruptionSuite:
        """Return the part of the suite with these corruptions and severities; None: all of them.

        The order stays that of the suite; name and title say that it is a part. A severity that is
        left out no longer counts, and a corruption without counted severities has no score. One
        between two of the suite, 2.5, counts if both do. Corruptions may have their severities:
        "fog:1", "fog:2". Corruptions that are not built in are added after the others, and all
        severities of theirs count. Raises InputError for a name or severity that the suite lacks.
        """
        if corruptions is not None:
            corruptions, severities = with_severities(corruptions, severities)
        names = self.corruptions if corruptions is None else tuple(corruptions)
        if added := self._added(names):
            own = [added[name].name if name in added else name for name in names]
            return self._with(added.values()).select(own, severities)
        for name in names:
            if name not in self.corruptions:
                message = unknown(f"corruption in {self.name}", name, self.corruptions)
                raise UnknownCorruptionError(message, name, names)
        numbers = self.severities if severities is None else tuple(severities)
        if not names or not numbers:
            raise InputError(f"{self.name}: the selection leaves nothing to run")

        kept = chosen_severities(numbers, self.severities, self.name, between=self.between)
        columns = tuple(
            replace(column, counted=counted_of(kept, column.counted))
            for column in self.columns
            if column.corruption in names
        )
        if len(columns) == len(self.columns) and kept == self.severities:
            return self
        which = ", ".join(column.corruption for column in columns)
        part = f"part: {which}" if len(columns) < len(self.columns) else "part: all corruptions"
        title = f"{self.title} ({part}; severities {severity_text(kept, ranges=False)})"
        lists = tuple(each for each in self.parameters if each.corruption in names)
        chosen = replace(self, name=f"{self.name}-part", title=title, columns=columns)
        chosen = replace(chosen, severities=kept, parameters=lists)
        if problem := chosen.problem():  # some corruptions have nothing between two severities
            raise InputError(problem)
        return chosen

    def _added(self, choices: Iterable[str]) -> dict[str, Corruption]:
        """Return the corruptions of one's own among some choices that the suite lacks."""
        others = (choice for choice in choices if choice not in self.corruptions)
        return {choice: find_corruption(choice, Path()) for choice in others if is_own(choice)}

    def _with(self, corruptions: Iterable[Corruption]) -> CorruptionSuite:
        """Return the suite with further corruptions of one's own."""
        added = tuple(corruptions)
        suite = replace(
            self,
            name=f"{self.name}-own",
            title=f"{self.title} with {', '.join(each.name for each in added)}",
            columns=(
                *self.columns,
                *(Column(each.name, each.category, self.severities) for each in added),
            ),
            own=(*self.own, *own_specs(added)),
        )
        if problem := suite.problem():
            raise InputError(f"{suite.title}: {problem}")
        return suite

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = super().to_dict()
        return {key: value for key, value in values.items() if value or key not in _LATER}

    @classmethod
    def describes(cls, values: Mapping[str, Any]) -> bool:
        """Whether plain values, as a run stores them, are those of this kind of suite."""
        return super().describes({**dict.fromkeys(_LATER, ()), **values})

    def problem(self) -> str:
        """Return which corruption or severity is unknown, twice there or out of order, or ""."""
        names = self.corruptions
        if not names or not self.severities:
            return "has no corruptions, or no severities"
        if twice := [name for name, often in Counter(names).items() if often > 1]:
            return f"{twice[0]} is there twice"
        if unknown := [name for name in names if not self._is_known(name)]:
            return f"{unknown[0]} is no {self.noun.removesuffix('s')}"
        if reserved := [column.category for column in self.columns if column.category in RESERVED]:
            return f"the category {reserved[0]} has the name of a score"
        if reserved := [own.name for own in self.own if own.name in RESERVED]:
            return f"the corruption {reserved[0]} has the name of a score"
        for column in self.columns:
            counted = column.counted
            if not set(counted) <= set(self.severities) or list(counted) != sorted(set(counted)):
                return f"severities {counted}: expected rising ones out of {self.severities}"
        if list(self.severities) != sorted(set(self.severities)):
            return f"severities {self.severities}: expected rising ones"
        lists = {each.corruption: each for each in self.parameters}
        if len(lists) < len(self.parameters) or not {*lists} <= {*names}:
            return "parameters: expected those of corruptions in the suite, each once"
        rules = self._known_severities, self.between
        faults = (severity_fault(self.severities, *rules, name, lists.get(name)) for name in names)
        return next((fault for fault in (*map(lists_fault, lists.values()), *faults) if fault), "")

    _known_severities: ClassVar[tuple[int, ...]] = SEVERITIES
    between: ClassVar[bool] = True
    """Whether severities between the known ones may be run."""

    def _is_known(self, corruption: str) -> bool:
        return corruption in REGISTRY or corruption in [own.name for own in self.own]

    @classmethod
    def from_toml(cls, content: Mapping[str, Any], name: str, file: str) -> Self:
        """Return the suite of a parsed TOML file."""
        needed = ("title", "source", "severities", "category")
        most = MOST_SEVERITIES if "corruption" in content else SEVERITIES[-1]
        check_keys(content, needed, ("corruption",), file, "")
        severities = read_severities(content["severities"], most, file, "severities")
        categories = content["category"]
        if not isinstance(categories, list) or not categories:
            raise InputError(f"{file}: category: expected tables, each under a line [[category]]")
        columns: list[Column] = []
        own: list[OwnSpec] = []
        for number, category in enumerate(categories, start=1):
            where = f"category {number}: "
            columns += read_columns(category, severities, file, where, columns, own)
        names = [column.corruption for column in columns]
        suite = cls(
            name=name,
            title=text(content["title"], file, "title"),
            source=text(content["source"], file, "source"),
            columns=tuple(columns),
            severities=severities,
            own=tuple(own),
            parameters=read_lists(content.get("corruption", {}), names, severities[-1], file),
        )
        if problem := suite.problem():
            raise InputError(f"{file}: {problem}")
        return suite
