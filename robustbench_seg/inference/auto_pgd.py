"""Auto-PGD: steps along the gradient whose length follows from how the loss rises.

From Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
parameter-free attacks" (ICML 2020), in the form that SEA (Croce et al., ECCV 2024) uses: in the
norm Linf, on a radius that falls from twice epsilon to epsilon.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from torch import Tensor

from .attack_losses import Answer, Objective

WHITE = 255.0
"""Largest value of an image."""
PHASES = ((0.3, 2.0), (0.3, 1.5), (0.4, 1.0))
"""Share of the steps, the last one's being the rest, and radius in epsilons."""
CHECKS = 0.22, 0.03, 0.06
"""Steps to the first check, by how many fewer to each next one, and their least number, in shares
of all steps."""
RISES = 0.75
"""Share of the steps between checks whose loss must rise."""
NEW = 0.75
"""Weight of a step; the rest is that of the one before it."""


def falling_radius(objective: Objective, original: Tensor, start: Tensor, epsilon: float) -> Tensor:
    """Return the image (1, 3, H, W) within epsilon at which fewest pixels are right.

    `start` is within twice epsilon. Each phase starts at the worst image of the one before it.
    """
    steps = objective.search.steps
    numbers = [int(share * steps) for share, _ in PHASES[:-1]]
    x = start
    for number, (_, times) in zip([*numbers, steps - sum(numbers)], PHASES, strict=True):
        x = clipped(x, original, times * epsilon)
        x = auto_pgd(objective, original, x, times * epsilon, number)
    return x


class _Place(NamedTuple):
    """An image, what the model says of it, and its mean cross-entropy."""

    x: Tensor
    answer: Answer
    loss: float


def auto_pgd(
    objective: Objective, original: Tensor, start: Tensor, epsilon: float, steps: int
) -> Tensor:
    """Return the image of a search at which fewest pixels are right, the latest of equal ones.

    The gradient is that of the objective. The cross-entropy decides whether steps are halved: when
    it rose in too few of the steps since the last check, or its best value did not and the step was
    not halved then. The search goes on at the best image so far.
    """

    def look(x: Tensor) -> _Place:
        answer = objective.at(x, 0)
        return _Place(x, answer, objective.cross_entropy(answer))

    interval, fewer, least = (max(int(share * steps), 1) for share in CHECKS)
    now = best = look(start)
    previous, worst, fewest_right = start, start, objective.right(now.answer)
    length, halved, best_at_check = 2.0 * epsilon, True, best.loss
    losses, check = [0.0], interval  # the loss at the start counts as a rise
    for step in range(steps):
        far = clipped(now.x + length * now.answer.gradient.sign(), original, epsilon)
        new = NEW if step else 1.0
        x = now.x + new * (far - now.x) + (1 - new) * (now.x - previous)
        previous, now = now.x, look(clipped(x, original, epsilon))
        right = objective.right(now.answer)
        if right <= fewest_right:
            worst, fewest_right = now.x, right
        losses.append(now.loss)
        if now.loss > best.loss:
            best = now
        if not fewest_right:
            break
        if step + 1 == check:
            rises = sum(b > a for a, b in pairwise(losses[-interval - 1 :]))
            stuck = not halved and best_at_check >= best.loss
            halved, best_at_check = rises <= RISES * interval or stuck, best.loss
            if halved:
                length, now = length / 2, best
            interval = max(interval - fewer, least)
            check += interval
    return worst


def clipped(x: Tensor, original: Tensor, epsilon: float) -> Tensor:
    """Return the nearest image within epsilon of the original."""
    return (original + (x - original).clamp(-epsilon, epsilon)).clamp(0, WHITE)
