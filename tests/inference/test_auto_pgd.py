"""The attacks of SEA against a restatement of their papers, in PyTorch from 0 to 1."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import jensenshannon
from torch import Tensor, nn

from robustbench_seg.inference.attack_losses import jensen_shannon
from robustbench_seg.inference.attacks import Attacker
from robustbench_seg.models.base import IMAGENET, WHOLE
from robustbench_seg.protocol.attack import SEA_METHODS, Method
from tests.inference.test_attacks import IMAGE, LABEL, attack, segmenter

WEIGHTS = (0.2, 0.7, 0.1)
TRUTH = torch.from_numpy(LABEL.astype(np.int64))
SEEN = TRUTH != 255


MEAN, STD = (torch.tensor(each).view(3, 1, 1) for each in (IMAGENET.mean, IMAGENET.std))
STREAM = 1
"""A start from which no gradient comes near 0, where rounding would change its sign."""


class Restated:
    """One search, whose iterates are kept."""

    def __init__(self, network: nn.Module, method: Method):
        self.network, self.method, self.halvings = network, method, 0

    def logits(self, x: Tensor) -> Tensor:
        """Return the logits (K, H, W)."""
        x = (255 * x - MEAN) / STD
        return F.interpolate(self.network(x), (16, 24), mode="bilinear")[0]

    def gradient(self, x: Tensor) -> Tensor:
        """Return the sign of the gradient of the mean loss."""
        x = x.detach().requires_grad_()
        logits = self.logits(x)
        right = (logits.argmax(0) == TRUTH).float()
        if self.method == "sea-js":
            p, y = logits.softmax(0), F.one_hot(TRUTH.where(SEEN, 0), 3).permute(2, 0, 1)
            m = ((p + y) / 2).log()
            parts = [F.kl_div(m, each.float(), reduction="none") for each in (p, y)]
            loss = torch.stack(parts).sum(dim=(0, 1)) / 2
        else:
            weights = torch.tensor(WEIGHTS) if self.method == "sea-balanced" else None
            loss = F.cross_entropy(
                logits[None], TRUTH[None], weights, ignore_index=255, reduction="none"
            )[0]
            loss = right * loss
        loss[SEEN].sum().backward()
        assert x.grad is not None
        return x.grad.sign()

    def tracked(self, x: Tensor) -> float:
        """Return the mean cross-entropy."""
        return float(F.cross_entropy(self.logits(x)[None], TRUTH[None], ignore_index=255))

    def right(self, x: Tensor) -> float:
        """Return the share of right pixels."""
        return float((self.logits(x).argmax(0) == TRUTH)[SEEN].float().mean())

    def run(self, clean: Tensor, x: Tensor, epsilon: float, steps: int) -> Tensor:
        """Return the worst image of one radius, by Algorithm 1 of Auto-PGD."""

        def near(x: Tensor) -> Tensor:
            return torch.max(torch.min(x, clean + epsilon), clean - epsilon).clip(0, 1)

        checkpoints, width = [0], max(int(0.22 * steps), 1)
        while checkpoints[-1] < steps:
            checkpoints.append(checkpoints[-1] + width)
            width = max(width - max(int(0.03 * steps), 1), max(int(0.06 * steps), 1))
        eta, xs, fs = 2 * epsilon, [x], [0.0, self.tracked(x)]
        start_of, signs, best, at_check, was_halved = x, [self.gradient(x)], 0, fs[1], True
        before, sign = x, signs[0]
        for k in range(steps):
            z = near(start_of + eta * sign)
            share = 0.75 if k else 1
            new = near(start_of + share * (z - start_of) + (1 - share) * (start_of - before))
            before, start_of = start_of, new
            xs.append(new)
            fs.append(self.tracked(new))
            signs.append(self.gradient(new))
            sign = signs[-1]
            if fs[-1] > fs[best + 1]:
                best = k + 1
            if not self.right(new):
                break
            if k + 1 in checkpoints:
                since = checkpoints[checkpoints.index(k + 1) - 1]
                # As in the code of SEA, f starts with 0 and the loss of the start is left out.
                values = [0.0, *fs[2:]]
                rises = sum(values[i + 1] > values[i] for i in range(since, k + 1))
                first = rises <= 0.75 * (k + 1 - since)
                second = not was_halved and at_check >= fs[best + 1]
                was_halved, at_check = first or second, fs[best + 1]
                if was_halved:
                    self.halvings += 1
                    eta, start_of, sign = eta / 2, xs[best], signs[best]
        return min(reversed(xs), key=self.right)


@pytest.mark.parametrize("method", SEA_METHODS)
@pytest.mark.parametrize("steps", [3, 40])
def test_the_search_is_that_of_the_paper(method: Method, steps: int) -> None:
    made = segmenter()
    assert isinstance(made.network, nn.Module)
    chosen = attack(method, 4, steps=steps)
    found = Attacker(made, "cpu", WHOLE, WEIGHTS).search(IMAGE, LABEL, chosen, STREAM)

    clean = torch.from_numpy(IMAGE).permute(2, 0, 1)[None] / 255
    draws = np.random.Generator(np.random.PCG64(STREAM)).uniform(-8, 8, clean.shape)
    x = (clean + torch.from_numpy(draws.astype(np.float32)) / 255).clip(0, 1)
    restated = Restated(made.network, method)
    parts = (0, 0, 3) if steps == 3 else (12, 12, 16)
    for share, part in zip((2, 1.5, 1), parts, strict=True):
        epsilon = share * 4 / 255
        x = (clean + (x - clean).clip(-epsilon, epsilon)).clip(0, 1)
        x = restated.run(clean, x, epsilon, part)
    assert (found / 255 - x).abs().max() < 1e-6
    assert restated.halvings > 3 or steps == 3
    assert restated.right(found / 255) < restated.right(clean)

    whole = Attacker(made, "cpu", WHOLE, WEIGHTS).attacked(IMAGE, LABEL, chosen, STREAM)
    assert 0 < np.abs(whole.astype(int) - IMAGE).max() <= 4


def test_the_divergence_is_that_of_scipy() -> None:
    logits = torch.tensor([[0.0, 3, -2], [200, 0, 0], [0, 200, 0]])  # (pixels, K); truth 0
    cross_entropy = F.cross_entropy(logits, torch.zeros(3, dtype=torch.long), reduction="none")
    found = jensen_shannon(cross_entropy.requires_grad_())
    expected = [jensenshannon(p, [1, 0, 0]) ** 2 for p in logits.double().softmax(1).numpy()]
    np.testing.assert_allclose(found.numpy(force=True), expected, atol=1e-6)
    found.sum().backward()
    assert cross_entropy.grad is not None
    assert cross_entropy.grad.isfinite().all()
