"""Adversarial attacks on a model by its own gradients.

All maximise the mean of a weighted cross-entropy over the pixels with ground truth, by steps along
its gradient, each projected back to the images within epsilon:

- FGSM (Goodfellow et al., ICLR 2015): one step of epsilon, weights 1.
- PGD (Madry et al., ICLR 2018): from a random image, weights 1.
- SegPGD (Gu et al., ECCV 2022): in step t of T, weights 1 - l for pixels that are still to change,
  such as those that are right, and l for the others, l = (t - 1) / 2T.
- CosPGD (Agnihotri et al., ICML 2024): weights are the cosine of the probabilities and the one-hot
  truth, which is constant in the gradient; 1 - cosine for a target.

A target stands for the truth of all pixels, and the cross-entropy is minimised. With targets, both
papers' losses are those of the code of CosPGD's authors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..label_types import LabelMap
from ..models.base import Segmenter, Window
from ..protocol.attack import Attack
from .outputs import output_error
from .predict import Predictor

WHITE = 255.0


@dataclass(frozen=True)
class Attacker:
    """A model on a device that is attacked in float32, whatever predicts with it."""

    segmenter: Segmenter
    device: str
    window: Window

    def __post_init__(self) -> None:
        """Freeze the network: only images have gradients. InputError for other models."""
        network = self.segmenter.network
        if not isinstance(network, nn.Module):
            raise output_error(self.segmenter, "gives labels alone, and attacks need gradients")
        network.requires_grad_(False)

    def attacked(
        self, image: NDArray[np.uint8], label: LabelMap, attack: Attack, stream: int
    ) -> NDArray[np.uint8]:
        """Return the worst image that an attack finds, uint8 (H, W, 3), within its epsilon.

        `label` (H, W) is the ground truth, `stream` the seed of the random start. Raises InputError
        for a network that has no gradients or fails.
        """
        found = self.search(image, label, attack, stream)
        change = found[0].permute(1, 2, 0).cpu().numpy() - image  # (1, 3, H, W) -> (H, W, 3)
        # Grey levels are rounded towards the image in L2, where rounding could exceed epsilon.
        whole = np.rint(change) if attack.norm == "linf" else np.trunc(change)
        return (image + whole).astype(np.uint8)

    def search(
        self, image: NDArray[np.uint8], label: LabelMap, attack: Attack, stream: int
    ) -> Tensor:
        """Return the image that an attack finds before it is rounded, (1, 3, H, W) up to 255."""
        search, classes = attack.search, self.segmenter.classes
        predictor = Predictor(self.segmenter, self.device, "float32", self.window)
        if not self.segmenter.preprocessing.has_gradients((image.shape[0], image.shape[1])):
            raise output_error(
                self.segmenter,
                "resizes images in whole grey levels, and attacks need gradients; set --input-size",
            )
        original = predictor.pixels(image[np.newaxis]).float()  # (1, 3, H, W)
        truth = torch.from_numpy(label.astype(np.int64)).to(self.device)
        seen = truth < len(classes)
        if not seen.any():
            return original
        goal = truth.where(seen, 0)
        if search.target is not None:
            goal = torch.full_like(truth, self._target(search.target))
        direction = 1 if search.target is None else -1
        x = _started(original, attack, stream)
        with torch.enable_grad():
            for number in range(search.steps):
                x = x.detach().requires_grad_()
                logits = predictor.logits(x, (label.shape[0], label.shape[1]))  # (K, H, W)
                loss = F.cross_entropy(logits[None], goal[None], reduction="none")[0]  # (H, W)
                weights = _weights(logits.detach(), goal, attack, number) * seen
                objective = direction * (weights * loss).sum() / seen.sum()
                if not objective.requires_grad:
                    raise output_error(self.segmenter, "has no gradients; attacks need torch")
                (gradient,) = torch.autograd.grad(objective, x)
                x = _projected(x.detach() + _step(gradient, attack), original, attack)
        return x

    def _target(self, name: str) -> int:
        if name not in self.segmenter.classes:
            raise output_error(self.segmenter, f"has no class {name!r} to be the target")
        return self.segmenter.classes.index(name)


def _started(original: Tensor, attack: Attack, stream: int) -> Tensor:
    """Return the image at which an attack starts."""
    if not attack.random:
        return original
    generator = np.random.Generator(np.random.PCG64(stream))
    draws = generator.uniform(-attack.epsilon, attack.epsilon, tuple(original.shape))
    noise = torch.from_numpy(draws.astype(np.float32)).to(original.device)
    return _projected(original + noise, original, attack)


def _weights(logits: Tensor, goal: Tensor, attack: Attack, number: int) -> Tensor:
    """Return the weight of each pixel (H, W) in step `number`, from 0, for logits (K, H, W)."""
    search = attack.search
    if search.method == "segpgd":
        share = number / (2 * search.steps)
        to_change = (logits.argmax(0) == goal) == (search.target is None)
        return torch.where(to_change, 1 - share, share)
    if search.method == "cospgd":
        probabilities = logits.softmax(0)  # (K, H, W)
        own = probabilities.gather(0, goal[None])[0]  # (H, W)
        cosine: Tensor = own / probabilities.norm(dim=0)  # the one-hot truth has length 1
        return cosine if search.target is None else 1 - cosine
    return torch.ones_like(logits[0])


def _step(gradient: Tensor, attack: Attack) -> Tensor:
    """Return the longest step along a gradient in the norm."""
    if attack.norm == "linf":
        return attack.step * gradient.sign()
    length: Tensor = gradient.norm().clamp_min(torch.finfo(gradient.dtype).tiny)
    return attack.step * gradient / length


def _projected(x: Tensor, original: Tensor, attack: Attack) -> Tensor:
    """Return the nearest image within epsilon of the original; one near it, in L2."""
    change, epsilon = x - original, attack.epsilon
    if attack.norm == "linf":
        change = change.clamp(-epsilon, epsilon)
    else:
        change = change * (epsilon / change.norm().clamp_min(epsilon))
    return (original + change).clamp(0, WHITE)
