"""Conditions: what happens to a frame before a model sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ..corruptions.catalogue import BUILT_IN, depth_corruption_names
from ..corruptions.checks import check_severity
from ..corruptions.finding import find
from ..errors import InputError
from .attack import Attack
from .input_geometry import NATIVE, InputView, RelativeWindow, Scale, Size


@dataclass(frozen=True)
class Condition:
    """A corruption at a severity, a resolution, an attack, the weather of a frame, or nothing."""

    name: str
    """Name without the severity: "clean", "fog", "fog 3, scale 0.5"."""
    severity: float = 0
    """From 1 to 5, an int where it is whole, or 0 for a condition without severities."""
    corruption: tuple[str, float] | None = None
    """Corruption and severity applied at native resolution; None: the frame as it is."""
    scale: Scale | None = None
    """Size of the network's input, instead of each model's own."""
    window: RelativeWindow | None = None
    """Inference window, instead of each model's own."""
    random: bool = False
    """Whether the pixels depend on the seed."""
    parameters: tuple[tuple[str, float], ...] = ()
    """Names and values of parameters of the corruption in place of those of the severity."""
    attack: Attack | None = None
    """Attack of each model on the image."""

    @classmethod
    def corrupted(
        cls,
        corruption: str,
        severity: float,
        random: bool | None = None,
        parameters: tuple[tuple[str, float], ...] = (),
    ) -> Condition:
        """Return the condition of a corruption at a severity.

        `random` need not be given for a corruption that can be found.
        """
        if random is None:
            random = find(corruption).random
        return cls(
            *(corruption, severity, (corruption, severity)), random=random, parameters=parameters
        )

    @property
    def key(self) -> tuple[str, float]:
        """Name and severity, which identify the condition within a run."""
        return self.name, self.severity

    @property
    def label(self) -> str:
        """Name with the severity, for readers: "fog 3"."""
        return f"{self.name} {self.severity}" if self.severity else self.name

    @property
    def passes(self) -> int:
        """Cost in forward passes: one with its backward pass counts as three."""
        return 1 + 3 * self.attack.search.steps if self.attack else 1

    @property
    def needs_depth(self) -> bool:
        """Whether its corruption needs the depth of a frame."""
        return self.corruption is not None and self.corruption[0] in depth_corruption_names()

    @property
    def changes_images(self) -> bool:
        """Whether models see other pixels than the frame's."""
        return any((self.corruption, self.scale, self.attack))

    def view(self, frame: Size) -> InputView:
        """Return how a model sees a frame of size (height, width) under this condition."""
        if self.scale is None:
            return NATIVE
        return InputView(True, self.window.window(frame) if self.window else None)


CLEAN = Condition("clean")
"""The frame as it is."""


class Draw(NamedTuple):
    """One repetition of a condition; draw `number` uses the random seed `seed + number`."""

    condition: Condition
    number: int = 0


def parse_condition(text: str) -> Condition:
    """Read "clean" or a corruption and its severity, "fog:3", "fog:2.5"; InputError for others.

    "fog 3", the form of version 0.1, is read too.
    """
    if text == CLEAN.name:
        return CLEAN
    name, _, severity = text.replace(":", " ").partition(" ")
    try:
        found = find(name).name
        is_number = re.fullmatch(r"\d+(\.\d+)?", severity)
        number = check_severity(float(severity) if is_number else severity)
        if number != int(number) and found in BUILT_IN:
            find(found).table.at(number)  # some have none between whole ones
    except InputError as error:
        raise InputError(
            f"{text!r}: {error}; write clean, or a corruption and its severity: fog:3"
        ) from None
    return Condition.corrupted(found, number)
