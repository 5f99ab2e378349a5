"""A whole run against the script that people patch together, on the same frames and weights.

    python benchmarks/bench_eval.py [--frames 2] [--size 512x256] [--rounds 3] [--severities 1-5]

SegFormer-B0 with the embedded weights over the conditions of cityscapes-c, 81 by default, by each
runtime, and by OpenVINO in bf16 too. The script is a loop over `imagecorruptions`, transformers'
SegFormer, an interpolation to the size of the label and NumPy's bincount. Ours is
`robustbench_seg.evaluate`, which besides writes every matrix to its store. In turns, so that what
else the machine does meets all. Exits with an error if they do not agree: the mIoU of clean frames
to 0.0005 (bf16: 0.003), of each corruption without chance to 0.005 (bf16: 0.02), and the mean over
those by chance to 0.02.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

import imagecorruptions
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

import robustbench_seg
from robustbench_seg.corruptions import corrupt
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.datasets.streets import render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.models.base import IMAGENET, Precision, RuntimeName
from robustbench_seg.models.checkpoints.formats import TRANSFORMERS_5
from robustbench_seg.models.registry import load_model
from robustbench_seg.models.segformer import VARIANTS
from robustbench_seg.protocol.parsing import integers
from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.scores.metrics import mean_iou, present_classes

CLASSES = tuple(info.name for info in CITYSCAPES)
COUNT = len(CLASSES)
CLEAN = ("clean", 0)
SCRIPT = "the script"

Scores = dict[tuple[str, float], float]
WAYS: Mapping[str, tuple[RuntimeName, Precision]] = {
    "torch": ("torch", "float32"),
    "OpenVINO": ("openvino", "float32"),
    "OpenVINO bf16": ("openvino", "bf16"),
}
TOLERANCES: Mapping[Precision, tuple[float, float]] = {
    "float32": (5e-4, 5e-3),
    "bf16": (3e-3, 2e-2),
}
"""Largest difference of the mIoU of clean frames, and of a corruption without chance."""


def main() -> None:
    """Read the options, run all sides in turns, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--size", default="512x256", help="WIDTHxHEIGHT of the frames")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--severities", type=integers, default=list(SEVERITIES))
    options = parser.parse_args()
    severities = options.severities
    width, height = map(int, options.size.split("x"))
    network = their_network()
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        for index in range(options.frames):
            write_frame(tree, index, width, height)
        for way in WAYS:  # compiles, where this machine has not
            ours(tree, Path(folder) / f"first {way}", way, limit=1, corruptions=["fog"])
        times: dict[str, list[float]] = {side: [] for side in (SCRIPT, *WAYS)}
        for number in range(options.rounds):
            start = time.perf_counter()
            expected = theirs(tree, network, severities)
            times[SCRIPT].append(time.perf_counter() - start)
            for way, (_, precision) in WAYS.items():
                start = time.perf_counter()
                found = ours(tree, Path(folder) / f"{way} {number}", way, severities=severities)
                times[way].append(time.perf_counter() - start)
                check(found, expected, tree, precision)
                print(f"{way}: clean mIoU {found[CLEAN]:.4f}, the script's {expected[CLEAN]:.4f}")
    print(
        f"{options.frames} frames of {width}x{height} under {len(expected)} conditions, "
        f"{torch.get_num_threads()} threads: the script {median(times[SCRIPT]):.1f} s"
    )
    for way in WAYS:
        mine = median(times[way])
        print(f"  {way} {mine:.1f} s, ratio {median(times[SCRIPT]) / mine:.1f}")


def write_frame(tree: Path, index: int, width: int, height: int) -> None:
    """Write a rendered scene as a frame of Cityscapes."""
    ids = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
    name = f"streets_{index:06}_000019"
    image, classes = render("val", index, width, height)
    label = np.append(ids, np.zeros(256 - len(ids), int)).astype(np.uint8)[classes]
    for kind, end, pixels in (
        ("leftImg8bit", "leftImg8bit", image),
        ("gtFine", "gtFine_labelIds", label),
        ("gtFine", "gtFine_labelTrainIds", classes),
    ):
        path = tree / kind / "val" / "streets" / f"{name}_{end}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def ours(tree: Path, out: Path, way: str, **options: Any) -> Scores:
    """Evaluate with this project."""
    runtime, precision = WAYS[way]
    run = robustbench_seg.evaluate(
        "b0@streets",
        data=str(tree),
        window="whole",  # as the script does
        out=out,
        runtime=runtime,
        precision=precision,
        **options,
    )
    tidy = run.table("tidy")
    rows = tidy[tidy["metric"] == "miou"].set_index(["condition", "severity"])
    return cast(Scores, rows["value"].to_dict())


@torch.inference_mode()
def theirs(tree: Path, network: nn.Module, severities: list[int]) -> Scores:
    """Evaluate with the script."""
    conditions = [CLEAN, *load_suite("cityscapes-c").select(None, severities).corrupted]
    sums = {condition: np.zeros((COUNT, COUNT), np.int64) for condition in conditions}
    for path in sorted((tree / "leftImg8bit").rglob("*.png")):
        image = np.array(Image.open(path).convert("RGB"))
        name = path.name.replace("leftImg8bit", "gtFine_labelTrainIds")
        label = np.asarray(Image.open(tree / "gtFine" / "val" / "streets" / name)).astype(int)
        valid = label < COUNT
        for condition, total in sums.items():
            seen = image
            if condition != CLEAN:
                seen = imagecorruptions.corrupt(image, condition[1], condition[0])
            pixels = IMAGENET.normalise(torch.from_numpy(np.array(seen)[None]).permute(0, 3, 1, 2))
            logits = network(pixels).logits  # (1, K, H / 4, W / 4)
            full = F.interpolate(logits, label.shape, mode="bilinear", align_corners=False)
            predicted = full.argmax(1)[0].numpy()  # (H, W)
            index = COUNT * label[valid] + predicted[valid]
            total += np.bincount(index, minlength=COUNT**2).reshape(COUNT, COUNT)
    present = present_classes(sums[CLEAN])
    return {condition: float(mean_iou(total, present)) for condition, total in sums.items()}


def their_network() -> nn.Module:
    """Return transformers' SegFormer-B0 with the embedded weights."""
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    weights = cast(nn.Module, segmenter.network).state_dict()
    variant = VARIANTS["b0"]
    config = SegformerConfig(
        hidden_sizes=list(variant.widths),
        depths=list(variant.depths),
        num_attention_heads=list(variant.heads),
        decoder_hidden_size=variant.decoder_width,
        num_labels=COUNT,
    )
    network = cast(nn.Module, SegformerForSemanticSegmentation(config)).eval()
    network.load_state_dict({name: under(name, weights) for name in network.state_dict()})
    return network


def under(name: str, weights: dict[str, Tensor]) -> Tensor:
    """Return our tensor under a name of transformers."""
    (ours,) = TRANSFORMERS_5.convert({name: torch.empty(1)})
    for part, half in (("k", 0), ("v", 1)):
        if f".attn.{part}." in ours:
            return weights[ours.replace(f".attn.{part}.", ".attn.kv.")].chunk(2)[half]
    return weights[ours]


def check(found: Scores, expected: Scores, tree: Path, precision: Precision) -> None:
    """Assert that both sides agree."""
    clean, corrupted = TOLERANCES[precision]
    image = np.asarray(Image.open(next(iter(tree.rglob("*leftImg8bit.png")))))
    by_chance = {
        name
        for name, _ in found.keys() - {CLEAN}
        if not np.array_equal(corrupt(image, name, 3), corrupt(image, name, 3, seed=1))
    }
    differences = {condition: found[condition] - expected[condition] for condition in expected}
    assert abs(differences[CLEAN]) < clean, differences[CLEAN]
    for condition, difference in differences.items():
        assert condition[0] in by_chance or abs(difference) < corrupted, (condition, difference)
    chance = [value for (name, _), value in differences.items() if name in by_chance]
    assert abs(float(np.mean(chance))) < 0.02, float(np.mean(chance))


if __name__ == "__main__":
    main()
