"""Adversarial attacks against the loop that people write, on one scene.

The peer is the loop of the papers' codes in plain PyTorch: transforms by hand, logits interpolated
to the labels, `loss.backward()`. Both give the same image but for few values, whose gradients are
near 0, which is checked before the times of both are measured in turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
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
from robustbench_seg.protocol.attack import Attack, Method, Search
from robustbench_seg.protocol.parsing import size

CLASSES = tuple(info.name for info in CITYSCAPES)
METHODS: tuple[Method, ...] = ("pgd", "segpgd", "cospgd")
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
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, float32")
    for method in METHODS:
        search = Search(method, method, options.steps, step=None, target=None, source=None)
        attack = Attack(search, "linf", EPSILON)
        attacker = Attacker(segmenter, "cpu", segmenter.window)
        ours, peers = [], []
        for _ in range(options.turns):
            begin = time.perf_counter()
            found = attacker.search(image, label, attack, 0)
            middle = time.perf_counter()
            segmenter.network.requires_grad_(True)  # type: ignore[union-attr]  # as a script has it
            other = peer(segmenter, image, label, attack)
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


def peer(
    segmenter: Segmenter, image: NDArray[np.uint8], label: NDArray[np.uint8], attack: Attack
) -> Tensor:
    """Return the attacked image (1, 3, H, W), from 0 to 1, by a plain loop."""
    network = cast(nn.Module, segmenter.network)
    settings = segmenter.preprocessing
    mean, std = (torch.tensor(each).view(3, 1, 1) / 255 for each in (settings.mean, settings.std))
    original = torch.from_numpy(image).permute(2, 0, 1)[None] / 255  # (1, 3, H, W)
    truth = torch.from_numpy(label.astype(np.int64))[None]
    epsilon, steps = attack.epsilon / 255, attack.search.steps
    draws = np.random.Generator(np.random.PCG64(0)).uniform(
        -attack.epsilon, attack.epsilon, tuple(original.shape)
    )
    x = (original + torch.from_numpy(draws.astype(np.float32)) / 255).clamp(0, 1)
    for step in range(steps):
        x = x.detach().requires_grad_()
        logits = F.interpolate(network((x - mean) / std), label.shape, mode="bilinear")
        loss = F.cross_entropy(logits, truth, ignore_index=255, reduction="none")
        if attack.search.method == "segpgd":
            share = step / (2 * steps)
            loss = torch.where(logits.argmax(1) == truth, (1 - share) * loss, share * loss)
        elif attack.search.method == "cospgd":
            one_hot = F.one_hot(truth.clamp(max=len(CLASSES) - 1), len(CLASSES)).permute(0, 3, 1, 2)
            loss = F.cosine_similarity(logits.softmax(1), one_hot, dim=1).detach() * loss
        loss.mean().backward()
        assert x.grad is not None
        x = x.detach() + attack.step / 255 * x.grad.sign()
        x = (original + (x - original).clamp(-epsilon, epsilon)).clamp(0, 1)
    return x.detach()


if __name__ == "__main__":
    main()
