"""Adversarial attacks against the loop that people write, on one scene.

The peer is the loop of the papers' codes in plain PyTorch: transforms by hand, logits interpolated
to the labels, `loss.backward()`; for the losses of SEA, Auto-PGD on its three radii. Both give the
same image but for few values, whose gradients are near 0, which is checked before the times of both
are measured in turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from robustbench_seg.datasets.streets import render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.attacks import Attacker
from robustbench_seg.models.base import Segmenter
from robustbench_seg.models.registry import load_model
from robustbench_seg.protocol.attack import SEA_METHODS, Attack, Method, Search
from robustbench_seg.protocol.parsing import size

CLASSES = tuple(info.name for info in CITYSCAPES)
METHODS: tuple[Method, ...] = ("pgd", "segpgd", "cospgd", *SEA_METHODS)
EPSILON = 8
MOST_DIFFERENT = 0.05
"""Largest share of values that may differ."""


def main() -> None:
    """Compare and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="b0@streets")
    parser.add_argument("--size", type=size, default=(256, 512), help="WIDTHxHEIGHT")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--turns", type=int, default=5, help="the median of N is shown")
    options = parser.parse_args()
    height, width = options.size
    segmenter = load_model(options.model, data="streets", classes=CLASSES)
    image, label = render("val", 0, width, height)
    pixels = np.bincount(label[label < len(CLASSES)], minlength=len(CLASSES))
    inverse = np.divide(1, pixels, out=np.zeros(len(CLASSES)), where=pixels > 0)
    weights = tuple((inverse / inverse.sum()).tolist())  # of the classes, for sea-balanced
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, float32")
    for method in METHODS:
        search = Search(method, method, options.steps, step=None, target=None, source=None)
        attack = Attack(search, "linf", EPSILON)
        attacker = Attacker(segmenter, "cpu", segmenter.window, weights)
        loop = SeaLoop if method in SEA_METHODS else Loop
        ours, peers = [], []
        for _ in range(options.turns):
            begin = time.perf_counter()
            found = attacker.search(image, label, attack, 0)
            middle = time.perf_counter()
            segmenter.network.requires_grad_(True)  # type: ignore[union-attr]  # as a script has it
            other = loop(segmenter, image, label, attack, weights).run()
            segmenter.network.requires_grad_(False)  # type: ignore[union-attr]
            ours.append(middle - begin)
            peers.append(time.perf_counter() - middle)
            different = float(((found / 255 - other).abs() > 1e-5).float().mean())
            assert different <= MOST_DIFFERENT, different
        one, two = statistics.median(ours), statistics.median(peers)
        print(
            f"{options.model} {width}x{height}, {method}, {options.steps} steps: {one:.2f} s, "
            f"the loop {two:.2f} s ({two / one:.2f}x); {100 * different:.2f} % of values differ"
        )


class Loop:
    """An attack with steps of one length on an image from 0 to 1, by a plain loop."""

    def __init__(
        self,
        segmenter: Segmenter,
        image: NDArray[np.uint8],
        label: NDArray[np.uint8],
        attack: Attack,
        weights: Sequence[float],
    ):
        self.network = cast(nn.Module, segmenter.network)
        settings = segmenter.preprocessing
        self.mean, self.std = (
            torch.tensor(each).view(3, 1, 1) / 255 for each in (settings.mean, settings.std)
        )
        self.original = torch.from_numpy(image).permute(2, 0, 1)[None] / 255  # (1, 3, H, W)
        self.truth = torch.from_numpy(label.astype(np.int64))[None]
        self.attack, self.method, self.steps = attack, attack.search.method, attack.search.steps
        self.weights = torch.tensor(weights)

    def started(self, epsilon: float) -> Tensor:
        """Return the random image (1, 3, H, W) at which the search starts."""
        draws = np.random.Generator(np.random.PCG64(0)).uniform(
            -255 * epsilon, 255 * epsilon, tuple(self.original.shape)
        )
        return self.near(self.original + torch.from_numpy(draws.astype(np.float32)) / 255, epsilon)

    def near(self, x: Tensor, epsilon: float) -> Tensor:
        """Return the nearest image within epsilon."""
        return (self.original + (x - self.original).clamp(-epsilon, epsilon)).clamp(0, 1)

    def logits(self, x: Tensor) -> Tensor:
        """Return (1, K, H, W)."""
        y = self.network((x - self.mean) / self.std)
        return F.interpolate(y, self.truth.shape[1:], mode="bilinear")

    def run(self) -> Tensor:
        """Return the attacked image (1, 3, H, W)."""
        epsilon = self.attack.epsilon / 255
        x = self.started(epsilon)
        for step in range(self.steps):
            x = x.detach().requires_grad_()
            logits = self.logits(x)
            self.loss(logits, step).mean().backward()
            assert x.grad is not None
            x = self.near(x.detach() + self.attack.step / 255 * x.grad.sign(), epsilon)
        return x

    def loss(self, logits: Tensor, step: int) -> Tensor:
        """Return the loss of each pixel (1, H, W) for logits (1, K, H, W)."""
        truth = self.truth
        loss = F.cross_entropy(logits, truth, ignore_index=255, reduction="none")
        right = logits.argmax(1) == truth
        if self.method == "segpgd":
            share = step / (2 * self.steps)
            return torch.where(right, (1 - share) * loss, share * loss)
        if self.method == "pgd":
            return loss
        if self.method == "sea-masked":
            return right * loss
        clamped = truth.clamp(max=len(CLASSES) - 1)
        if self.method == "sea-balanced":
            return right * self.weights[clamped] * loss
        one_hot = F.one_hot(clamped, len(CLASSES)).permute(0, 3, 1, 2)
        p = logits.softmax(1)
        if self.method == "cospgd":
            return F.cosine_similarity(p, one_hot, dim=1).detach() * loss
        middle = ((p + one_hot) / 2).log()
        parts = [F.kl_div(middle, each, reduction="none").sum(1) for each in (p, one_hot.float())]
        return (parts[0] + parts[1]) / 2 * (truth != 255)


class SeaLoop(Loop):
    """An attack of SEA: Auto-PGD on three radii, by a plain loop."""

    def run(self) -> Tensor:
        """Return the attacked image (1, 3, H, W)."""
        epsilon, first = self.attack.epsilon / 255, int(0.3 * self.steps)
        x = self.started(2 * epsilon)
        for times, steps in ((2, first), (1.5, first), (1, self.steps - 2 * first)):
            x = self.auto_pgd(self.near(x, times * epsilon), times * epsilon, steps)
        return x

    def asked(self, x: Tensor) -> tuple[Tensor, float, int]:
        """Return the gradient, the mean cross-entropy and the number of right pixels."""
        x = x.detach().requires_grad_()
        logits = self.logits(x)
        self.loss(logits, 0).mean().backward()
        assert x.grad is not None
        cross_entropy = F.cross_entropy(logits, self.truth, ignore_index=255)
        return x.grad, cross_entropy.item(), int((logits.argmax(1) == self.truth).sum())

    def auto_pgd(self, x: Tensor, epsilon: float, steps: int) -> Tensor:
        """Return the image at which fewest pixels are right, by Algorithm 1 of Auto-PGD."""
        every, fewer, least = (max(int(share * steps), 1) for share in (0.22, 0.03, 0.06))
        length, check, rises, was_halved = 2 * epsilon, every, 0, True
        gradient, loss, fewest = self.asked(x)
        best, best_gradient, best_loss, loss_at_check = x, gradient, loss, loss
        worst, before, loss = x, x, 0.0
        for step in range(steps):
            far = self.near(x + length * gradient.sign(), epsilon)
            share = 0.75 if step else 1.0
            new = self.near(x + share * (far - x) + (1 - share) * (x - before), epsilon)
            before, x, earlier = x, new, loss
            gradient, loss, right = self.asked(x)
            rises += loss > earlier
            if right <= fewest:
                worst, fewest = x, right
            if loss > best_loss:
                best, best_gradient, best_loss = x, gradient, loss
            if step + 1 == check:
                few, stuck = rises <= 0.75 * every, not was_halved and loss_at_check >= best_loss
                was_halved, loss_at_check, rises = few or stuck, best_loss, 0
                if was_halved:
                    length, x, gradient = length / 2, best, best_gradient
                every = max(every - fewer, least)
                check += every
        return worst


if __name__ == "__main__":
    main()
