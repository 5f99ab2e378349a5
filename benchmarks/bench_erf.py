"""Effective receptive fields: time of all layers together, and peak memory.

Checks first that one forward pass gives the same fields as a pass per layer. Then measures seconds
per image of both in turns, on this machine's CPU threads, and what 100 images would take. With
--memory, measures the peak memory of a model and a size in a separate process.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from torch import Tensor

from robustbench_seg.datasets.streets import render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.erf.gradients import batch_sums
from robustbench_seg.erf.inputs import network_input
from robustbench_seg.erf.layers import Layer, layers_of
from robustbench_seg.models.base import Segmenter
from robustbench_seg.models.registry import load_model
from robustbench_seg.protocol.parsing import size

CLASSES = tuple(info.name for info in CITYSCAPES)
PUBLISHED = 100
"""Images of SegFormer's Figure 3."""


def main() -> None:
    """Measure time, or memory with --memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="b0@streets")
    parser.add_argument("--size", type=size, default=(512, 1024), help="WIDTHxHEIGHT")
    parser.add_argument("--images", type=int, default=5, help="the median of N is shown")
    parser.add_argument("--memory", action="store_true", help="peak memory of one image")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    height, width = options.size
    if options.memory and not options.measure:
        command = [sys.executable, __file__, "--memory", "--measure", "--model", options.model]
        subprocess.run([*command, "--size", f"{width}x{height}"], check=True)
        return
    segmenter, x = prepared(options.model, height, width)
    layers = layers_of(segmenter, ["all"])
    case = f"{options.model} {width}x{height}, {len(layers)} layers"
    if options.memory:
        start = time.perf_counter()
        batch_sums(segmenter, layers, x, None, "replknet")
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{case}: peak memory {peak:.2f} GiB, {seconds:.0f} s an image")
        return
    agree(segmenter, layers, x)
    together, apart = [], []
    for _ in range(options.images):
        start = time.perf_counter()
        batch_sums(segmenter, layers, x, None, "luo")
        middle = time.perf_counter()
        for layer in layers:
            batch_sums(segmenter, [layer], x, None, "luo")
        together.append(middle - start)
        apart.append(time.perf_counter() - middle)
    one, other = statistics.median(together), statistics.median(apart)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, float32")
    print(f"{case}: {one:.2f} s an image, a pass for each layer {other:.2f} s ({other / one:.2f}x)")
    print(f"{case}: {PUBLISHED} images would take {PUBLISHED * one / 60:.1f} minutes")


def prepared(model: str, height: int, width: int) -> tuple[Segmenter, Tensor]:
    """Return a model and an input (1, 3, height, width)."""
    segmenter = load_model(model, data="streets", classes=CLASSES)
    image, _ = render("val", 0, width, height)
    return segmenter, network_input(segmenter, [image], None, "cpu")


def agree(segmenter: Segmenter, layers: tuple[Layer, ...], x: Tensor) -> None:
    """Assert that layers measured together and alone have equal fields."""
    for layer, found in batch_sums(segmenter, layers, x, None, "luo").items():
        alone = batch_sums(segmenter, [layer], x, None, "luo")[layer]
        np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-6 * alone.max())


if __name__ == "__main__":
    main()
