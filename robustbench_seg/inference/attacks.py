"""Adversarial attacks on a model by its own gradients.

All maximise an objective (`attack_losses`) within epsilon of an image. Most do so by steps of one
length along its gradient, each projected back:

- FGSM (Goodfellow et al., ICLR 2015): one step of epsilon from the image.
- PGD (Madry et al., ICLR 2018), and so SegPGD and CosPGD: from a random image.

The attacks of SEA choose the length of their steps themselves (`auto_pgd`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..label_types import LabelMap
from ..models.base import Segmenter, Window
from ..protocol.attack import SEA_METHODS, Attack
from ..protocol.spec import Spec
from .attack_losses import Objective
from .auto_pgd import WHITE, clipped, falling_radius
from .outputs import output_error
from .predict import Predictor


@dataclass(frozen=True)
class Attacker:
    """A model on a device that is attacked in float32, whatever predicts with it."""

    segmenter: Segmenter
    device: str
    window: Window
    class_weights: tuple[float, ...] = ()
    """Weights of the classes, for the attack that balances them."""

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
        if not self.segmenter.preprocessing.has_gradients((image.shape[0], image.shape[1])):
            raise output_error(
                self.segmenter,
                "resizes images in whole grey levels, and attacks need gradients; set --input-size",
            )
        predictor = Predictor(self.segmenter, self.device, "float32", self.window)
        original = predictor.pixels(image[np.newaxis]).float()  # (1, 3, H, W)
        truth = torch.from_numpy(label.astype(np.int64)).to(self.device)
        seen = truth < len(self.segmenter.classes)
        if not seen.any():
            return original
        goal, search = truth.where(seen, 0), attack.search
        if search.target is not None:
            goal = torch.full_like(truth, self._target(search.target))
        weights = torch.tensor(self.class_weights, device=self.device)
        objective = Objective(predictor, search, goal, seen, weights)
        if search.method in SEA_METHODS:
            start = _started(original, replace(attack, epsilon=2 * attack.epsilon), stream)
            return falling_radius(objective, original, start, attack.epsilon)
        x = _started(original, attack, stream)
        for number in range(search.steps):
            gradient = objective.at(x, number).gradient
            x = _projected(x + _step(gradient, attack), original, attack)
        return x

    def _target(self, name: str) -> int:
        if name not in self.segmenter.classes:
            raise output_error(self.segmenter, f"has no class {name!r} to be the target")
        return self.segmenter.classes.index(name)


def attackers_of(spec: Spec, segmenters: Sequence[Segmenter], device: str) -> dict[str, Attacker]:
    """Return what attacks each model of a run, by name.

    Classes weigh the more, the fewer pixels of all frames they have.
    """
    pixels = np.sum([frame.class_pixels for frame in spec.frames], axis=0)  # (C,)
    inverse = np.divide(1.0, pixels, out=np.zeros(len(pixels)), where=pixels > 0)
    weights = tuple((inverse / inverse.sum()).tolist())
    models = zip(segmenters, spec.models, strict=True)
    return {model.name: Attacker(each, device, model.window, weights) for each, model in models}


def _started(original: Tensor, attack: Attack, stream: int) -> Tensor:
    """Return the image at which an attack starts."""
    if not attack.random:
        return original
    generator = np.random.Generator(np.random.PCG64(stream))
    draws = generator.uniform(-attack.epsilon, attack.epsilon, tuple(original.shape))
    noise = torch.from_numpy(draws.astype(np.float32)).to(original.device)
    return _projected(original + noise, original, attack)


def _step(gradient: Tensor, attack: Attack) -> Tensor:
    """Return the longest step along a gradient in the norm."""
    if attack.norm == "linf":
        return attack.step * gradient.sign()
    length: Tensor = gradient.norm().clamp_min(torch.finfo(gradient.dtype).tiny)
    return attack.step * gradient / length


def _projected(x: Tensor, original: Tensor, attack: Attack) -> Tensor:
    """Return the nearest image within epsilon of the original; one near it, in L2."""
    if attack.norm == "linf":
        return clipped(x, original, attack.epsilon)
    change = x - original
    share: Tensor = attack.epsilon / change.norm().clamp_min(attack.epsilon)
    change = change * share
    return (original + change).clamp(0, WHITE)
