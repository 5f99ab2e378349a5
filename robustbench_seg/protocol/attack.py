"""Adversarial attacks: what is searched for, how far from the image, and in how many steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ..schema import Between, Name

Method = Literal["fgsm", "pgd", "segpgd", "cospgd", "sea-balanced", "sea-masked", "sea-js"]
SEA_METHODS: tuple[Method, ...] = ("sea-balanced", "sea-masked", "sea-js")
"""Attacks of the ensemble SEA, which choose the length of their steps themselves."""
Norm = Literal["linf", "l2"]
Distance = Annotated[float, Between(0, 1e6)]
"""In grey levels, 1/255 of white."""
RELATIVE_STEPS = 2.5
"""Length of all steps together over epsilon, where none is given (Madry et al., ICLR 2018)."""


@dataclass(frozen=True)
class Search:
    """How an image that a model labels worse is searched for, by the model's gradients."""

    name: Name
    method: Method
    steps: Annotated[int, Between(1, 10_000)]
    step: Distance | None
    """Length of a step; None: that of FGSM is epsilon, those of SEA vary, else `RELATIVE_STEPS`."""
    target: Name | None
    """Class that all pixels are to get; None: any but their own."""
    source: Name | None
    """Model of the run whose gradients are followed (transfer); None: each model's own."""


@dataclass(frozen=True)
class Attack:
    """A search among the images within a distance of another."""

    search: Search
    norm: Norm
    epsilon: int
    """Largest distance in grey levels."""

    @property
    def random(self) -> bool:
        """Whether it starts at a random image, as all but FGSM do."""
        return self.search.method != "fgsm"

    @property
    def step(self) -> float:
        """Length of a step in grey levels."""
        if self.search.step is not None:
            return self.search.step
        return RELATIVE_STEPS * self.epsilon / self.search.steps if self.random else self.epsilon
