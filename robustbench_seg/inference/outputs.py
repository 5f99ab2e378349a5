"""Checks of the outputs of models: logits and label maps of the declared classes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..label_types import LabelMap, label_dtype
from ..models.base import Segmenter
from ..protocol.input_geometry import Size

NOT_FINITE = "gives NaN or infinite logits"
LARGEST_LOGIT = 2.0**100
"""Larger ones count as infinite: sums of them over windows could be."""


def output_error(segmenter: Segmenter, problem: str) -> InputError:
    """Return an error that names the model."""
    return InputError(f"--model {segmenter.name}: {problem}")


def call_error(segmenter: Segmenter, size: Size, error: BaseException) -> InputError:
    """Return a one-line error for an exception that a model raised on an input."""
    message = str(error).strip().split("\n")[0]
    reason = f"{type(error).__name__}: {message}"
    return output_error(segmenter, f"fails on an input of {size[1]}x{size[0]} ({reason})")


def check_logits(segmenter: Segmenter, logits: object, inputs: int) -> Tensor:
    """Return the logits of the classes, (N, K, h, w), for N inputs; InputError for other outputs.

    Spare outputs, which follow those of the classes, are dropped. Where there are two classes, one
    channel may be the logit of the second: above 0 where it is likelier than the first.
    """
    outputs = len(segmenter.classes) + segmenter.spare_outputs
    if outputs == 2 and isinstance(logits, Tensor) and logits.shape[1:2] == (1,):
        if logits.numel() and 0 <= logits.min() <= logits.max() <= 1:
            raise output_error(
                segmenter,
                "gives one channel of values from 0 to 1, as of probabilities; expected the logit, "
                "which is above 0 for the second class",
            )
        logits = torch.cat([torch.zeros_like(logits), logits], 1)  # (N, 1, h, w) -> (N, 2, h, w)
    if (
        not isinstance(logits, Tensor)
        or not logits.is_floating_point()
        or logits.ndim != 4
        or logits.shape[:2] != (inputs, outputs)
    ):
        given = str(tuple(logits.shape)) if isinstance(logits, Tensor) else type(logits).__name__
        expected = f"expected logits ({inputs}, {outputs}, h, w), one channel for each class"
        if isinstance(logits, Tensor) and not logits.is_floating_point():
            kind = str(logits.dtype).removeprefix("torch.")
            given = f"labels, {kind} {given}"
            expected += ": return them before the argmax, or make a function of an image"
        raise output_error(segmenter, f"gives {given}; {expected}")
    return logits[:, : len(segmenter.classes)]


def check_labels(segmenter: Segmenter, output: object, size: Size) -> LabelMap:
    """Return a label function's output as a label map (H, W); InputError if it is none."""
    labels, classes = np.asarray(output), len(segmenter.classes)
    if labels.dtype.kind not in "iu" or labels.shape != size:
        given = f"gives {labels.dtype} {labels.shape} for an image of {size[1]}x{size[0]}"
        raise output_error(segmenter, f"{given}; expected a label map, integers {size}")
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        given = f"gives labels from {labels.min()} to {labels.max()}"
        raise output_error(segmenter, f"{given}; its classes are 0 to {classes - 1}")
    return labels.astype(label_dtype(classes))
