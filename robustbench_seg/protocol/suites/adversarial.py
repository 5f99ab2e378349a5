"""Suites of adversarial attacks, whose severities are the largest distances from an image.

A suite file has this form:

    title = "Adversarial attacks"
    source = "where the attacks come from"
    norm = "linf"                    # or "l2"
    epsilons = [2, 4, 8]             # in 1/255 of white: the severities

    [[attack]]
    method = "segpgd"                # fgsm, pgd, segpgd, cospgd, sea-balanced, sea-masked, sea-js
    steps = 10                       # all but fgsm; by default 300 for those of SEA, else 10
    step = 2.0                       # in 1/255; by default 2.5 * epsilon / steps; not for SEA
    target = "road"                  # class that all pixels are to get; else any other; not for SEA
    source = "b0@streets"            # model of the run that is attacked; by default each itself
    name = "to-road"                 # by default such as segpgd-10
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Self, get_args

from ...corruptions.catalogue import Corruption
from ...errors import InputError
from ...schema import Between, parse
from ...scores.policy import RESERVED, Column
from ..attack import SEA_METHODS, Attack, Norm, Search
from ..condition import CLEAN, Condition
from ..input_geometry import Size
from .corruption import CorruptionSuite
from .suite_file import check_keys, text

LARGEST_EPSILON = 255
STEPS: Mapping[str, int] = {"fgsm": 1, **dict.fromkeys(SEA_METHODS, 300)}
"""Steps of a method by default, if not 10."""


@dataclass(frozen=True)
class AdversarialSuite(CorruptionSuite):
    """Attacks on each model itself at several epsilons, which are the severities."""

    norm: Norm = "linf"
    attacks: Annotated[tuple[Search, ...], Between(0, 100)] = ()
    """Those of the columns, of which a part of the suite may lack some."""

    toml_keys: ClassVar[frozenset[str]] = frozenset({"attack", "epsilons"})
    noun: ClassVar[str] = "attacks"

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Each attack at each epsilon."""
        attacks = [
            Attack(search, self.norm, int(epsilon))
            for name in self.corruptions
            for search in self.attacks
            if search.name == name
            for epsilon in self.severities
        ]
        return tuple(
            Condition(each.search.name, each.epsilon, attack=each, random=each.random)
            for each in attacks
        )

    @property
    def digest(self) -> str:
        """SHA-256 of what is run and what counts."""
        run = [asdict(each) for each in self.attacks if each.name in self.corruptions]
        content = json.dumps([super().digest, self.norm, run], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def notes(self, frame_sizes: Sequence[Size]) -> tuple[str, ...]:
        """Return what the severities are, and whose gradients the attacks follow."""
        norm = "no pixel value" if self.norm == "linf" else "the L2 norm of the change"
        what = "changes by more than" if self.norm == "linf" else "is not above"
        return (
            f"Severities are epsilons in 1/255 of white: {norm} {what} epsilon.",
            "White box: each model is attacked by its own gradients, in float32.",
            *(
                f"{search.name}: all models see images by the gradients of {search.source}."
                for search in self.attacks
                if search.source and search.name in self.corruptions
            ),
            *super().notes(frame_sizes),
        )

    def problem(self) -> str:
        """Return what of the stored values does not fit together, or ""."""
        names = [each.name for each in self.attacks]
        if len(set(names)) < len(names):
            return "two attacks have the same name"
        of_sea = [each.name for each in self.attacks if each.method in SEA_METHODS]
        if of_sea and self.norm != "linf":
            return f'norm: expected "linf" for {of_sea[0]}, whose radius is one of that norm'
        return super().problem()

    _known_severities: ClassVar[tuple[int, ...]] = tuple(range(1, LARGEST_EPSILON + 1))
    between: ClassVar[bool] = False

    def _is_known(self, corruption: str) -> bool:
        return corruption in [each.name for each in self.attacks]

    def _added(self, choices: Iterable[str]) -> dict[str, Corruption]:  # noqa: ARG002
        return {}

    @classmethod
    def from_toml(cls, content: Mapping[str, Any], name: str, file: str) -> Self:
        """Return the suite of a parsed TOML file."""
        check_keys(content, ("title", "source", "norm", "epsilons", "attack"), (), file, "")
        tables = content["attack"]
        if not isinstance(tables, list) or not tables:
            raise InputError(f"{file}: attack: expected tables, each under a line [[attack]]")
        attacks = tuple(_attack(table, file, i) for i, table in enumerate(tables, start=1))
        epsilons = content["epsilons"]
        if not isinstance(epsilons, list) or not all(type(each) is int for each in epsilons):
            raise InputError(f"{file}: epsilons: expected whole numbers of 1/255, got {epsilons!r}")
        if content["norm"] not in get_args(Norm):
            raise InputError(f'{file}: norm: expected "linf" or "l2", got {content["norm"]!r}')
        severities = tuple(epsilons)
        suite = cls(
            name=name,
            title=text(content["title"], file, "title"),
            source=text(content["source"], file, "source"),
            columns=tuple(Column(each.name, _category(each), severities) for each in attacks),
            severities=severities,
            norm=content["norm"],
            attacks=attacks,
        )
        if problem := suite.problem():
            raise InputError(f"{file}: {problem}")
        return suite


def _category(search: Search) -> str:
    return "white box" if search.source is None else f"from {search.source}"


def _attack(table: object, file: str, number: int) -> Search:
    where = f"attack {number}: "
    optional = ("steps", "step", "target", "source", "name")
    given = dict(check_keys(table, ("method",), optional, file, where))
    method = str(given["method"])
    refused = {"fgsm": (("steps", "step"), "FGSM has one step")} | dict.fromkeys(
        SEA_METHODS, (("step", "target"), "SEA chooses its steps itself and has no target")
    )
    keys, reason = refused.get(method, ((), ""))
    for key in keys:
        if key in given:
            raise InputError(f"{file}: {where}{key}: {reason}; leave it out")
    given.setdefault("steps", STEPS.get(method, 10))
    given.setdefault("name", method if method == "fgsm" else f"{method}-{given['steps']}")
    given = {**dict.fromkeys(optional), **given}
    if type(given["step"]) is int:
        given["step"] = float(given["step"])
    found = parse(Search, given, f"{file}: {where}".removesuffix(": "))
    if found.name in (*RESERVED, CLEAN.name):
        raise InputError(f"{file}: {where}name: {found.name!r} is the name of a score")
    return found
