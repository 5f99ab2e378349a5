"""Attacks against restated reference updates, their bounds, and what gradients flow through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.datasets.streets import render, streets
from robustbench_seg.errors import InputError
from robustbench_seg.inference.attacks import Attacker
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.base import IMAGENET, WHOLE, Segmenter, Window
from robustbench_seg.models.preprocessing import ProcessorPreprocessing
from robustbench_seg.models.registry import load_model
from robustbench_seg.protocol.attack import Attack, Method, Norm, Search

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.integers(0, 256, (16, 24, 3), np.uint8)
LABEL = RANDOM.integers(0, 4, (16, 24), np.uint8)
LABEL[LABEL == 3] = 255
CLASSES = ("a", "b", "c")


def segmenter(**changes: Any) -> Segmenter:
    """Return a small smooth network whose logits are half as large as its input."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Tanh(), nn.Conv2d(8, 3, 1))
    given: dict[str, Any] = {"preprocessing": IMAGENET, "window": WHOLE, **changes}
    return Segmenter("toy", network, classes=CLASSES, trained_on="", **given)


def attack(
    method: Method = "pgd",
    epsilon: int = 8,
    norm: Norm = "linf",
    steps: int = 3,
    **changes: Any,
) -> Attack:
    given = {"step": None, "target": None, "source": None, **changes}
    return Attack(Search("one", method, steps, **given), norm, epsilon)


def weights(method: Method, logits: Tensor, label: Tensor, t: int, steps: int) -> Tensor:
    """Restate the weight of each pixel in step t, from 1, of the papers' losses."""
    if method == "segpgd":
        share = (t - 1) / (2 * steps)
        right = (logits.argmax(1) == label).float()
        return right * (1 - share) + (1 - right) * share
    if method == "cospgd":
        one_hot = F.one_hot(label.clamp(max=2), 3).permute(0, 3, 1, 2).float()
        return F.cosine_similarity(F.softmax(logits, dim=1), one_hot, dim=1)
    return torch.ones_like(label, dtype=torch.float32)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("fgsm", None),
        ("pgd", None),
        ("segpgd", None),
        ("segpgd", "b"),
        ("cospgd", None),
        ("cospgd", "b"),
    ],
)
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_three_steps_are_those_of_the_papers(
    method: Method, target: str | None, norm: Norm
) -> None:
    steps, epsilon = (1 if method == "fgsm" else 3), 8 if norm == "linf" else 200
    chosen = attack(method, epsilon, norm, steps, target=target)
    made = segmenter()
    network = made.network
    assert isinstance(network, nn.Module)
    start = torch.from_numpy(IMAGE).permute(2, 0, 1)[None].float()
    x = start
    if method != "fgsm":
        draws = np.random.Generator(np.random.PCG64(5)).uniform(-epsilon, epsilon, x.shape)
        x = limited(start + torch.from_numpy(draws.astype(np.float32)), start, norm, epsilon)
    seen = torch.from_numpy(LABEL != 255)[None]
    label = torch.from_numpy(LABEL.astype(np.int64))[None]
    if target:
        label = torch.where(seen, 1, label)
    length = epsilon if method == "fgsm" else 2.5 * epsilon / steps
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    for t in range(1, steps + 1):
        x = x.detach().requires_grad_()
        logits = F.interpolate(network((x - mean) / std), (16, 24), mode="bilinear")
        loss = F.cross_entropy(logits, label, ignore_index=255, reduction="none")
        weight = weights(method, logits.detach(), label, t, steps)
        loss = -(1 - weight) * loss if target else weight * loss  # as in the authors' code
        (gradient,) = torch.autograd.grad(loss.sum() / seen.sum(), x)
        if norm == "linf":
            x = x.detach() + length * gradient.sign()
        else:
            x = x.detach() + length * gradient / gradient.square().sum().sqrt()
        x = limited(x, start, norm, epsilon)
    found = Attacker(made, "cpu", WHOLE).search(IMAGE, LABEL, chosen, 5)
    assert (found - x).abs().max() / 255 < 1e-6


def limited(x: Tensor, start: Tensor, norm: Norm, epsilon: float) -> Tensor:
    if norm == "linf":
        x = torch.max(torch.min(x, start + epsilon), start - epsilon)
    else:
        length = (x - start).square().sum().sqrt()
        x = start + (x - start) * min(1, epsilon / float(length))
    return x.clip(0, 255)


@pytest.mark.parametrize(
    ("method", "norm", "epsilon"),
    [
        ("fgsm", "linf", 1),
        ("pgd", "linf", 3),
        ("cospgd", "linf", 8),
        ("segpgd", "linf", 255),
        ("pgd", "l2", 40),
        ("cospgd", "l2", 300),
    ],
)
def test_epsilon_is_never_exceeded_in_whole_grey_levels(
    method: Method, norm: Norm, epsilon: int
) -> None:
    chosen = attack(method, epsilon, norm, 1 if method == "fgsm" else 3)
    attacker = Attacker(segmenter(), "cpu", WHOLE)
    before = IMAGE.copy()
    found = attacker.attacked(IMAGE, LABEL, chosen, 1)
    change = found.astype(float) - IMAGE
    distance = np.abs(change).max() if norm == "linf" else np.sqrt((change**2).sum())
    assert 0 < distance <= epsilon
    assert (before == IMAGE).all()
    np.testing.assert_array_equal(found, attacker.attacked(IMAGE, LABEL, chosen, 1))
    if chosen.random:
        assert (found != attacker.attacked(IMAGE, LABEL, chosen, 2)).any()
    unseen = np.full_like(LABEL, 255)
    np.testing.assert_array_equal(attacker.attacked(IMAGE, unseen, chosen, 1), IMAGE)


def test_gradients_flow_through_resizing_windows_and_upsampling() -> None:
    window = Window("slide", crop=(12, 12), stride=(8, 8))
    preprocessing = IMAGENET.__class__(IMAGENET.mean, IMAGENET.std, "BGR", (20, 30))
    made = segmenter(preprocessing=preprocessing)
    assert isinstance(made.network, nn.Module)
    predictor = Predictor(made, "cpu", "float32", window)
    logits = predictor.logits(predictor.pixels(IMAGE[None]).float(), (16, 24))
    rows, columns = np.arange(16), np.arange(24)
    found = predictor.logits_at(IMAGE, (16, 24), rows, columns)
    np.testing.assert_allclose(logits.numpy(force=True), found, rtol=0, atol=1e-6)

    mixed = torch.from_numpy(RANDOM.normal(size=(3, 16, 24)).astype(np.float32))
    way = torch.from_numpy(RANDOM.normal(size=(1, 3, 16, 24)).astype(np.float32))
    x = predictor.pixels(IMAGE[None]).float().requires_grad_()
    (gradient,) = torch.autograd.grad((predictor.logits(x, (16, 24)) * mixed).sum(), x)
    with torch.no_grad():
        ends = [(predictor.logits(x + far * way, (16, 24)) * mixed).sum() for far in (-0.5, 0.5)]
    slope = float(ends[1] - ends[0])
    assert float((gradient * way).sum()) == pytest.approx(slope, rel=1e-2)


@pytest.mark.slow
def test_losses_rise_with_steps_and_stronger_attacks_are_not_weaker() -> None:
    image, label = render("val", 1, 128, 64)
    made = load_model("b0", data="streets", classes=streets(limit=1).class_names)
    predictor = Predictor(made, "cpu", "float32", WHOLE)

    def loss(x: Tensor) -> float:
        logits = predictor.logits(x, (64, 128))
        truth = torch.from_numpy(label.astype(int))[None]
        return float(F.cross_entropy(logits[None], truth, ignore_index=255))

    attacker = Attacker(made, "cpu", WHOLE)
    # The step stays the same, so that more steps go further on the same way.
    by_steps = [
        loss(attacker.search(image, label, attack("pgd", 8, steps=steps, step=1.0), 0))
        for steps in range(1, 6)
    ]
    assert np.polyfit(range(5), by_steps, 1)[0] > 0
    assert by_steps == sorted(by_steps)

    def wrong(method: Method, epsilon: int) -> float:
        chosen = attack(method, epsilon, steps=1 if method == "fgsm" else 5)
        found = attacker.attacked(image, label, chosen, 0)
        return float((predictor.labels(found[None], (64, 128))[0] != label).mean())

    clean = float((predictor.labels(image[None], (64, 128))[0] != label).mean())
    fgsm, pgd, segpgd, cospgd = (wrong(each, 4) for each in ("fgsm", "pgd", "segpgd", "cospgd"))
    assert clean < fgsm < pgd < min(segpgd, cospgd)
    assert wrong("segpgd", 1) < wrong("segpgd", 4) < wrong("segpgd", 8)


def test_a_target_draws_pixels_to_its_class() -> None:
    made = segmenter()
    attacker, predictor = Attacker(made, "cpu", WHOLE), Predictor(made, "cpu", "float32", WHOLE)
    shares = []
    for method in ("pgd", "cospgd"):
        chosen = attack(method, 255, steps=10, target="b")
        found = attacker.attacked(IMAGE, LABEL, chosen, 0)
        shares.append((predictor.labels(found[None], (16, 24)) == 1).mean())
    assert min(shares) > (predictor.labels(IMAGE[None], (16, 24)) == 1).mean() + 0.2


class Detached(nn.Module):
    """A network without gradients, as one of another runtime."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the image as logits."""
        return x.detach()


def test_models_without_gradients_are_refused() -> None:
    resized = ProcessorPreprocessing(IMAGENET.mean, IMAGENET.std, size=(8, 8))
    labels = Segmenter("labels", lambda image: image[..., 0], IMAGENET, WHOLE, CLASSES, "")
    detached = Segmenter("detached", Detached(), IMAGENET, WHOLE, CLASSES, "")
    for made, chosen, words in (
        (labels, attack(), "labels: gives labels alone, and attacks need gradients"),
        (detached, attack(), "detached: has no gradients"),
        (segmenter(preprocessing=resized), attack(), "resizes images in whole grey levels"),
        (segmenter(), attack(target="d"), "has no class 'd' to be the target"),
    ):
        with pytest.raises(InputError, match=words):
            Attacker(made, "cpu", WHOLE).search(IMAGE, LABEL, chosen, 0)
