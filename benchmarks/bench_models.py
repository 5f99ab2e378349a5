"""SegFormer against `transformers`: image to label map, on the same weights, in one run.

Agreement first: the labels are equal on 99.99 % of the pixels. Then, in turns, the time of both on
this machine's CPU threads, and the ratio; then each one's highest memory, in processes of their
own. At last the step from logits to labels alone, against torch's interpolate and argmax.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
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
from robustbench_seg.inference.upsample_argmax import label_map, sample_axis
from robustbench_seg.models.base import IMAGENET
from robustbench_seg.models.registry import load_model
from robustbench_seg.models.segformer import VARIANTS

CASES = (("b0", 1024, 2048), ("b2", 512, 1024), ("b5", 512, 1024))
MEMORY_CASES = (("b0", 1024, 2048), ("b5", 1024, 2048))
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
    print(f"torch {torch.__version__}, {threads} threads, float32, median of {options.rounds}")
    for name, height, width in CASES:
        compare(name, height, width, options.rounds)
    for name, height, width in MEMORY_CASES:
        ours, theirs = (peak_memory(side, name, height, width) for side in ("ours", "theirs"))
        print(f"{name} {width}x{height}: peak memory ours {ours:.2f}, theirs {theirs:.2f} GiB")
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


def our_labeller(name: str, weights: str) -> Labeller:
    """Return our way from an image to its labels."""
    segmenter = load_model(name, data="cityscapes", weights=weights, classes=CLASSES)
    predictor = Predictor(segmenter, "cpu", "float32", replace(segmenter.window, mode="whole"))
    return lambda image: predictor.labels(image[None], image.shape[:2])[0]


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
    """Assert that both give the same labels, then time them in turns."""
    image, _ = render("val", 0, width, height)
    network = transformers_model(name)
    with TemporaryDirectory() as folder:
        cast(Any, network).save_pretrained(folder)
        ours, theirs = our_labeller(name, folder), their_labeller(network)
    equal = float((ours(image) == theirs(image)).mean())
    assert equal >= 0.9999, f"{name}: only {equal:.4%} of the labels are equal"
    mine, other = in_turns(lambda: ours(image), lambda: theirs(image), rounds)
    print(
        f"{name} {width}x{height}: ours {mine:.2f} s, transformers {other:.2f} s, "
        f"ratio {other / mine:.1f}, labels equal on {equal:.4%}"
    )


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

    def ours() -> NDArray[np.uint8]:
        return label_map(logits, rows, columns)

    equal = float((ours() == theirs().numpy()).mean())
    assert equal >= 1 - 1e-5, f"labels differ on {1 - equal:.1e}"
    mine, other = in_turns(ours, theirs, 3 * rounds)
    print(
        f"logits to labels at {width}x{height}: ours {1e3 * mine:.1f} ms, interpolate and argmax "
        f"{1e3 * other:.0f} ms, ratio {other / mine:.0f}, differing {1 - equal:.0e}"
    )


def in_turns(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Return the median seconds of both, called in turns so that noise meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, kept in zip((theirs, ours), times, strict=True):
            start = time.perf_counter()
            call()
            kept.append(time.perf_counter() - start)
    return statistics.median(times[1]), statistics.median(times[0])


def peak_memory(side: str, name: str, height: int, width: int) -> float:
    """Return the highest memory in GiB of a process that labels one image."""
    command = [sys.executable, __file__, "--memory-of", side, name, str(height), str(width)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def label_once(side: str, name: str, height: int, width: int) -> None:
    """Label one image and print this process's highest memory in GiB."""
    image, _ = render("val", 0, width, height)
    if side == "ours":
        our_labeller(name, "random")(image)
    else:
        their_labeller(transformers_model(name))(image)
    # Not getrusage, in which a process begins with the highest memory of the one that started it.
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    print(int(kilobytes) / 2**20)


if __name__ == "__main__":
    main()
