"""What attacks maximise: the loss of each pixel, and a model's answer to an image.

With logits u, truth y and probabilities p = softmax(u), all averaged over the pixels with truth:

- FGSM and PGD: the cross-entropy CE(u, y).
- SegPGD (Gu et al., ECCV 2022): CE, weighted in step t of T by 1 - l for pixels that are still to
  change, such as those that are right, and by l for the others, l = (t - 1) / 2T.
- CosPGD (Agnihotri et al., ICML 2024): CE, weighted by the cosine of p and the one-hot truth, which
  is constant in the gradient; by 1 - cosine for a target.
- SEA (Croce et al., ECCV 2024): the CE of those pixels alone that are right; that, weighted by
  class; and the Jensen-Shannon divergence of p and the one-hot truth.

A target stands for the truth of all pixels, and the cross-entropy is minimised. With targets, the
losses of SegPGD and CosPGD are those of the code of CosPGD's authors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..protocol.attack import Search
from ..protocol.input_geometry import Size
from .outputs import output_error
from .predict import Predictor


class Answer(NamedTuple):
    """What a model says of an image."""

    gradient: Tensor
    """Gradient of the attack's objective by the image, (1, 3, H, W)."""
    logits: Tensor
    """(K, H, W)."""
    cross_entropy: Tensor
    """(H, W)."""


@dataclass(frozen=True)
class Objective:
    """What an attack on a model maximises for a frame."""

    predictor: Predictor
    search: Search
    goal: Tensor
    """Truth, or target, of each pixel, int64 (H, W)."""
    seen: Tensor
    """Pixels with truth, bool (H, W)."""
    class_weights: Tensor
    """Weights of the classes, float32 (K,), for the loss that balances them."""

    def at(self, x: Tensor, number: int) -> Answer:
        """Ask the model for an image (1, 3, H, W), from 0 to 255, in step `number`, from 0.

        Raises InputError for a network that has no gradients or fails.
        """
        size: Size = (self.goal.shape[0], self.goal.shape[1])
        direction = 1 if self.search.target is None else -1
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            logits = self.predictor.logits(x, size)  # (K, H, W)
            cross_entropy = F.cross_entropy(logits[None], self.goal[None], reduction="none")[0]
            loss = self._loss(logits, cross_entropy, number)  # (H, W)
            objective = direction * (loss * self.seen).sum() / self.seen.sum()
            if not objective.requires_grad:
                raise output_error(self.predictor.segmenter, "has no gradients; attacks need torch")
            (gradient,) = torch.autograd.grad(objective, x)
        return Answer(gradient, logits.detach(), cross_entropy.detach())

    def cross_entropy(self, answer: Answer) -> float:
        """Return the mean cross-entropy over the pixels with truth."""
        return float(answer.cross_entropy[self.seen].mean())

    def right(self, answer: Answer) -> float:
        """Return the share of the pixels with truth that are right."""
        return float((answer.logits.argmax(0) == self.goal)[self.seen].float().mean())

    def _loss(self, logits: Tensor, cross_entropy: Tensor, number: int) -> Tensor:
        """Return the loss of each pixel (H, W) for logits (K, H, W)."""
        match self.search.method:
            case "fgsm" | "pgd":
                return cross_entropy
            case "sea-js":
                return jensen_shannon(cross_entropy)
        return self._weights(logits.detach(), number) * cross_entropy

    def _weights(self, logits: Tensor, number: int) -> Tensor:
        """Return the weight of each pixel's cross-entropy (H, W)."""
        untargeted = self.search.target is None
        right = logits.argmax(0) == self.goal
        match self.search.method:
            case "segpgd":
                share = number / (2 * self.search.steps)
                return torch.where(right == untargeted, 1 - share, share)
            case "cospgd":
                probabilities = logits.softmax(0)  # (K, H, W)
                own = probabilities.gather(0, self.goal[None])[0]  # (H, W)
                cosine: Tensor = own / probabilities.norm(dim=0)  # the one-hot truth has length 1
                return cosine if untargeted else 1 - cosine
            case "sea-balanced":
                return right * self.class_weights[self.goal]
        return right.float()


def jensen_shannon(cross_entropy: Tensor) -> Tensor:
    """Return the Jensen-Shannon divergence of probabilities and one-hot truth, in nats.

    With m the mean of both, (KL(p|m) + KL(y|m)) / 2 depends on the probability q of the truth
    alone, which is exp(-CE): it is log 2 + (q log q - (1 + q) log(1 + q)) / 2.
    """
    q = torch.exp(-cross_entropy)
    return math.log(2) - (q * cross_entropy + (1 + q) * torch.log1p(q)) / 2
