"""What a runtime is: a function that loads a network, and returns one that runs it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ...models.base import Precision

Run = Callable[[Tensor], Tensor]
"""Compute the logits, float32 (N, K, h, w), of normalised images, float32 (N, 3, H, W).

For images of a new size it raises UnsuitableError unless its logits are those of torch."""
Load = Callable[[nn.Module, Precision, int], Run]
"""Load a network, to be run by torch's number of threads in a number of streams.

Any number of threads may call it at once: a call has a stream's part of torch's threads, and waits
while all streams are taken. Raises UnsuitableError for a network, a precision or a machine that the
runtime cannot serve."""

TOLERANCE = {"float32": 1e-4, "bf16": 0.1}
"""Largest difference from torch's logits in float32, as a share of the largest of these."""


class UnsuitableError(Exception):
    """The reason why a runtime does not run a network, a clause that names the runtime."""


def check_agreement(name: str, logits: Tensor, reference: Tensor, precision: Precision) -> None:
    """Raise UnsuitableError unless the logits (N, K, h, w) of a runtime are those of torch."""
    if logits.shape != reference.shape:
        raise UnsuitableError(
            f"{name} gives {tuple(logits.shape)}, and torch {tuple(reference.shape)}"
        )
    finite = reference.isfinite()
    expected, given = reference[finite], logits[finite]  # (finite ones,)
    share = 0.0
    if expected.numel():
        share = float((given - expected).abs().max() / expected.abs().max().clamp_min(1e-30))
    if not share <= TOLERANCE[precision]:
        raise UnsuitableError(
            f"the logits of {name} differ from those of torch by {share:.1e} of the largest; "
            f"{TOLERANCE[precision]:.0e} is allowed"
        )
