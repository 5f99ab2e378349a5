"""SegFormer against `transformers`: image to label map, on the same weights, in one run.

Ours is measured by each runtime, and by OpenVINO in bf16 too. Agreement first: the labels are equal
on 99.99 % of the pixels, in bf16 on 95 %. Then, in turns, the times on this machine's CPU threads,
and the ratios; then each one's highest memory, in processes of their own. At last the step from
logits to labels alone, against torch's interpolate and argmax.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.datasets.streets import render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.runtimes.choice import choose_runtime
from robustbench_seg.inference.upsample_argmax import label_map, sample_axis
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import IMAGENET, Precision, RuntimeName
from robustbench_seg.models.registry import load_model
from robustbench_seg.models.segformer import VARIANTS

CASES = (("b0", 1024, 2048), ("b2", 512, 1024), ("b5", 512, 1024))
MEMORY_CASES = (("b0", 1024, 2048), ("b5", 1024, 2048))
WAYS: Mapping[str, tuple[RuntimeName, Precision, float]] = {
    "torch": ("torch", "float32", 0.9999),
    "OpenVINO": ("openvino", "float32", 0.9999),
    "OpenVINO bf16": ("openvino", "bf16", 0.95),
}
"""Runtime and precision of ours, and the least share of equal labels."""
THEIRS = "transformers"
CLASSES = tuple(info.name for info in CITYSCAPES)

Labeller = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def main() -> None:
    """Compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    parser.add_argument("--memory-of", nargs=4, metavar=("SIDE", "NAME", "HEIGHT", "WIDTH"))
    options = parser.parse_args()
    if options.memory_of:
        side, name, height, width = options.memory_of
        label_once(side, name, int(height), int(width))
        return
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {threads} threads, median of {options.rounds}")
    for name, height, width in CASES:
        compare(name, height, width, options.rounds)
    for name, height, width in MEMORY_CASES:
        peaks = {way: peak_memory(way, name, height, width) for way in (*WAYS, THEIRS)}
        shown = ", ".join(f"{way} {peak:.2f}" for way, peak in peaks.items())
        print(f"{name} {width}x{height}: peak memory in GiB: {shown}")
    compare_labelling(options.rounds)


def transformers_model(name: str) -> nn.Module:
    """Return the library's model of a size, with random weights."""
    torch.manual_seed(0)
    variant = VARIANTS[name]
    config = SegformerConfig(
        hidden_sizes=list(variant.widths),
        depths=list(variant.depths),
        num_attention_heads=list(variant.heads),
        decoder_hidden_size=variant.decoder_width,
        id2label=dict(enumerate(CLASSES)),
    )
    return cast(nn.Module, SegformerForSemanticSegmentation(config)).eval()


def our_labeller(name: str, weights: str, way: str) -> Labeller:
    """Return our way from an image to its labels."""
    runtime, precision, _ = WAYS[way]
    segmenter = load_model(name, data="cityscapes", weights=weights, classes=CLASSES)
    whole = replace(segmenter.window, mode="whole")
    predictors: dict[tuple[int, int], Predictor] = {}

    def labels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        size = image.shape[0], image.shape[1]
        if size not in predictors:
            chosen = choose_runtime(runtime, segmenter, image, precision=precision, window=whole)
            predictors[size] = Predictor(segmenter, "cpu", precision, whole, run=chosen.run)
        found: NDArray[np.uint8] = predictors[size].labels(image[None], size)[0]
        return found

    return labels


def their_labeller(network: nn.Module) -> Labeller:
    """Return the library's way, as its documentation shows it."""

    @torch.inference_mode()
    def labels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        pixels = IMAGENET.normalise(torch.from_numpy(image[None]).permute(0, 3, 1, 2))
        logits = network(pixels).logits  # (1, K, H / 4, W / 4)
        full = F.interpolate(logits, image.shape[:2], mode="bilinear", align_corners=False)
        return cast("NDArray[np.uint8]", full.argmax(1)[0].to(torch.uint8).numpy())  # (H, W)

    return labels


def compare(name: str, height: int, width: int, rounds: int) -> None:
    """Assert that all give the same labels, then time them in turns."""
    image, _ = render("val", 0, width, height)
    network = transformers_model(name)
    labellers = {THEIRS: their_labeller(network)}
    with TemporaryDirectory() as folder:
        cast(Any, network).save_pretrained(folder)
        for way in WAYS:
            labellers[way] = our_labeller(name, folder, way)
        maps = {way: labels(image) for way, labels in labellers.items()}
    equal = {way: float((maps[way] == maps[THEIRS]).mean()) for way in WAYS}
    for way, (*_, least) in WAYS.items():
        assert equal[way] >= least, f"{name}: {way}: only {equal[way]:.4%} of the labels are equal"
    calls = {way: partial(labels, image) for way, labels in labellers.items()}
    seconds = in_turns(calls, rounds)
    print(f"{name} {width}x{height}: {THEIRS} {seconds[THEIRS]:.2f} s")
    for way in WAYS:
        ratio = seconds[THEIRS] / seconds[way]
        print(f"  {way} {seconds[way]:.2f} s, ratio {ratio:.1f}, labels equal on {equal[way]:.4%}")


def compare_labelling(rounds: int) -> None:
    """Compare the step from logits to labels, on logits of trained weights and a rendered frame."""
    height, width = 1024, 2048
    image, _ = render("val", 0, width, height)
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    assert isinstance(segmenter.network, nn.Module)
    with torch.inference_mode():
        pixels = IMAGENET.normalise(torch.from_numpy(image[None]).permute(0, 3, 1, 2))
        logits: Tensor = segmenter.network(pixels).contiguous()  # (1, 19, 256, 512)

    def theirs() -> Tensor:
        return F.interpolate(logits, (height, width), mode="bilinear").argmax(1)[0]

    rows = sample_axis([0], height, height, logits.shape[2], height)
    columns = sample_axis([0], width, width, logits.shape[3], width)

    def ours() -> LabelMap:
        return label_map(logits, rows, columns)

    equal = float((ours() == theirs().numpy()).mean())
    assert equal >= 1 - 1e-5, f"labels differ on {1 - equal:.1e}"
    seconds = in_turns({"theirs": theirs, "ours": ours}, 3 * rounds)
    mine, other = seconds["ours"], seconds["theirs"]
    print(
        f"logits to labels at {width}x{height}: ours {1e3 * mine:.1f} ms, interpolate and argmax "
        f"{1e3 * other:.0f} ms, ratio {other / mine:.0f}, differing {1 - equal:.0e}"
    )


def in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, called in turns so that noise meets all."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(kept) for name, kept in times.items()}


def peak_memory(side: str, name: str, height: int, width: int) -> float:
    """Return the highest memory in GiB of a process that labels one image."""
    command = [sys.executable, __file__, "--memory-of", side, name, str(height), str(width)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def label_once(side: str, name: str, height: int, width: int) -> None:
    """Label one image and print this process's highest memory in GiB."""
    image, _ = render("val", 0, width, height)
    if side == THEIRS:
        their_labeller(transformers_model(name))(image)
    else:
        our_labeller(name, "random", side)(image)
    # Not getrusage, in which a process begins with the highest memory of the one that started it.
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    print(int(kilobytes) / 2**20)


if __name__ == "__main__":
    main()
