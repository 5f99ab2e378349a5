"""SegFormer against `transformers`, in one run, on the same weights: agreement first, then speed.

Prints, for each size, the median time of both on this machine's CPU threads and their ratio.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

import torch
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.segformer import VARIANTS, segformer

CASES = (("b0", 256, 512), ("b0", 1024, 2048), ("b2", 512, 1024))
ROUNDS = 5


def main() -> None:
    """Compare all cases."""
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, float32, median of {ROUNDS}"
    )
    for name, height, width in CASES:
        compare(name, height, width)


@torch.inference_mode()
def compare(name: str, height: int, width: int) -> None:
    """Assert that both give the same logits, then time them in turns."""
    torch.manual_seed(0)
    variant = VARIANTS[name]
    config = SegformerConfig(
        hidden_sizes=list(variant.widths),
        depths=list(variant.depths),
        num_attention_heads=list(variant.heads),
        decoder_hidden_size=variant.decoder_width,
        num_labels=19,
    )
    theirs = SegformerForSemanticSegmentation(config).eval()
    ours = segformer(name, 19, epsilon=1e-5).eval()
    with TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        ours.load_state_dict(open_checkpoint(folder).tensors)
    image = torch.randn(1, 3, height, width)
    expected, found = theirs(image).logits, ours(image)
    difference = (found - expected).abs().max() / expected.abs().max()
    assert difference < 1e-4, f"{name}: logits differ by {difference:.1e}"
    our_times, their_times = [], []
    for _ in range(ROUNDS):
        their_times.append(seconds(lambda: theirs(image)))
        our_times.append(seconds(lambda: ours(image)))
    mine, other = statistics.median(our_times), statistics.median(their_times)
    print(
        f"{name} {width}x{height}: ours {mine:.3f} s, transformers {other:.3f} s, "
        f"ratio {other / mine:.1f}, logits differ by {difference:.0e} of their largest"
    )


def seconds(call: Callable[[], object]) -> float:
    """Return the time of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
