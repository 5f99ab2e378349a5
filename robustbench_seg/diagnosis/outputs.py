"""What is wrong with the outputs of a network, whatever enters it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import InputError
from ..inference.predict import Predictor
from ..label_types import LabelMap
from ..models.base import Segmenter
from .candidates import Setting

_DIFFERENT = 0.01
"""Share of pixels with other labels that rounding does not explain."""


def with_all_outputs(
    segmenter: Segmenter, device: str, setting: Setting, image: NDArray[np.uint8]
) -> tuple[Segmenter, Tensor | None]:
    """Run a model on an image (H, W, 3); return it, and its raw outputs (1, K, h, w).

    A network with more outputs than classes gets a class for each of the others. The outputs are
    None for a function of images. Raises InputError if the model cannot be run.
    """
    network, raw = segmenter.network, list[object]()
    if isinstance(network, nn.Module):
        hook = network.register_forward_hook(lambda *call: raw.append(call[-1]))
    try:
        _labels(segmenter, device, setting, image[np.newaxis])
    except InputError:
        outputs = (
            raw[-1].shape[1] if raw and isinstance(raw[-1], Tensor) and raw[-1].ndim == 4 else 0
        )
        spare = outputs - len(segmenter.classes) - segmenter.spare_outputs
        if not 0 < spare <= len(segmenter.classes):
            raise
        extra = tuple(f"output {outputs - spare + number}" for number in range(spare))
        segmenter = replace(segmenter, classes=segmenter.classes + extra, spare_outputs=0)
        _labels(segmenter, device, setting, image[np.newaxis])
    finally:
        if isinstance(network, nn.Module):
            hook.remove()
    return segmenter, raw[-1] if raw and isinstance(raw[-1], Tensor) else None


def output_problems(
    segmenter: Segmenter,
    device: str,
    setting: Setting,
    image: NDArray[np.uint8],
    outputs: Tensor | None,
) -> Iterator[str]:
    """Yield what is wrong with the outputs of a model that runs on an image (H, W, 3)."""
    alone, again = (_labels(segmenter, device, setting, image[np.newaxis]) for _ in range(2))
    changed = float((alone != again).mean())
    if changed > _DIFFERENT:
        yield (
            f"eval mode: {100 * changed:.0f} % of the pixels get another class when the same image "
            "is labelled again: dropout is active; call eval() before the network is saved, traced "
            "or used, and give functional.dropout its `training`"
        )
    elif outputs is not None:
        # A black one has other statistics, which batch norm in training mode mixes with these.
        pair = np.stack([image, np.zeros_like(image)])  # (2, H, W, 3)
        changed = float((_labels(segmenter, device, setting, pair)[0] != alone[0]).mean())
        if changed > _DIFFERENT:
            yield (
                f"eval mode: {100 * changed:.0f} % of the pixels get another class when another "
                "image is in the batch: batch norm is in training mode; call eval() before the "
                "network is saved, traced or used"
            )
    if outputs is not None and _are_probabilities(outputs):
        yield (
            "softmax: the outputs are probabilities; upsampling and windows average them in place "
            "of logits, which gives other labels at edges: return the logits"
        )


def _are_probabilities(outputs: Tensor) -> bool:
    """Return whether the channels of outputs (N, K, h, w) are shares of 1."""
    if outputs.shape[1] == 1 or outputs.min() < 0:
        return False
    return bool(((outputs.sum(1) - 1).abs() < 1e-3).all())


def _labels(
    segmenter: Segmenter, device: str, setting: Setting, images: NDArray[np.uint8]
) -> LabelMap:
    """Label images (N, H, W, 3) together at their own size."""
    model = replace(segmenter, preprocessing=setting.preprocessing)
    predictor = Predictor(model, device, "float32", setting.window, batch=len(images))
    return predictor.labels(images, (images.shape[1], images.shape[2]))
