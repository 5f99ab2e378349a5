"""The time of a prediction with each measure, against mIoU alone.

    python benchmarks/bench_measures.py [--rounds 9]

SegFormer-B0 with the embedded weights, by OpenVINO, from an image to the counts of a cell. In
turns, so that what else the machine does meets all; the ratio is that of the medians. Exits with an
error if calibration takes more than 25 % longer than mIoU alone at 2048x1024.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.datasets.streets import render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.predict import Predictor
from robustbench_seg.inference.runtimes.choice import choose_runtime
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.registry import load_model
from robustbench_seg.scores.counters import MATRIX, Counter, read_measures

CLASSES = tuple(info.name for info in CITYSCAPES)
SIZES = ((512, 256), (2048, 1024))
ALONE, CALIBRATION = "miou", "calibration"
MEASURES: Mapping[str, list[str]] = {
    ALONE: [],
    "boundary": ["boundary"],
    CALIBRATION: ["calibration"],
    "both": ["boundary", "calibration"],
}
MOST = 1.25


def main() -> None:
    """Time all measures at both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="of which the median counts")
    rounds = parser.parse_args().rounds
    print(f"{torch.get_num_threads()} threads, median of {rounds}")
    ratio = 1.0
    for width, height in SIZES:
        ratio = compare(width, height, rounds)
    if ratio > MOST:
        sys.exit(f"calibration takes {ratio:.2f} of the time of mIoU alone; at most {MOST}")


def compare(width: int, height: int, rounds: int) -> float:
    """Print the times at a size, and return the ratio of calibration."""
    image, truth = render("val", 0, width, height)
    segmenter = load_model("b0@streets", data="streets", classes=CLASSES)
    whole = replace(segmenter.window, mode="whole")
    runtime = choose_runtime("openvino", segmenter, image, window=whole)
    predictor = Predictor(segmenter, "cpu", "float32", whole, run=runtime.run)
    counters = {name: (MATRIX, *read_measures(own)) for name, own in MEASURES.items()}
    times: dict[str, list[float]] = {name: [] for name in MEASURES}
    for number in range(rounds + 1):  # the first compiles
        for name, own in counters.items():
            start = time.perf_counter()
            count(predictor, image, truth, own)
            if number:
                times[name].append(time.perf_counter() - start)
    alone = median(times[ALONE])
    print(f"{width}x{height}: {ALONE} alone {1000 * alone:.0f} ms")
    for name in MEASURES:
        print(
            f"  {name} {1000 * median(times[name]):.0f} ms, ratio {median(times[name]) / alone:.2f}"
        )
    return median(times[CALIBRATION]) / alone


def count(
    predictor: Predictor, image: NDArray[np.uint8], truth: LabelMap, counters: tuple[Counter, ...]
) -> None:
    """Predict an image, and count the prediction."""
    needed = any(counter.needs_probabilities for counter in counters)
    (prediction,) = predictor.predict(image[np.newaxis], truth, probabilities=needed)
    assert prediction is not None
    for counter in counters:
        counter.count(truth, prediction, len(CLASSES), len(CLASSES))


if __name__ == "__main__":
    main()
