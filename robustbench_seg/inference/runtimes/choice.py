"""The choice of a runtime for a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ...errors import InputError
from ...models.base import (
    AUTO,
    TORCH,
    Precision,
    PredictedBy,
    RuntimeChoice,
    RuntimeName,
    Segmenter,
    Window,
)
from ...protocol.input_geometry import NATIVE, InputView
from ..devices import device_kind
from ..predict import Predictor
from . import openvino
from .runtime import Load, Run, UnsuitableError

RUNTIMES: Mapping[RuntimeName, Load] = {"openvino": openvino.load}
"""Runtimes for the CPU; `auto` takes the first one that gives a model's logits as torch does."""


@dataclass(frozen=True)
class Runtime:
    """What computes the logits of a model; or its predictions are read from files."""

    name: PredictedBy = TORCH
    run: Run | None = None
    """None: torch runs the network itself."""
    reason: str = ""
    """Why it is torch, where `auto` tried other runtimes."""
    callers: int = 1
    """Number of threads that may predict at once."""


def choose_runtime(
    wanted: RuntimeChoice,
    segmenter: Segmenter,
    image: NDArray[np.uint8],
    *,
    device: str = "cpu",
    precision: Precision = "float32",
    compiled: bool = False,
    window: Window | None = None,
    view: InputView = NATIVE,
    streams: int = 1,
) -> Runtime:
    """Return the wanted runtime for a model, loaded; for `auto`, the first that suits it.

    Its logits are compared with those of torch on the first window of an RGB uint8 (H, W, 3) image.
    It computes that many `streams` of logits at once, for one caller more, which labels pixels
    meanwhile; torch has one caller, since its threads would wait for those of another. Raises
    InputError where a runtime that is wanted by name does not suit the model.
    """
    network = segmenter.network
    if wanted == TORCH:
        return Runtime()
    if device_kind(device) != "cpu" or compiled or not isinstance(network, nn.Module):
        if wanted == AUTO:
            return Runtime()
        raise InputError(
            f"--runtime {wanted}: runs networks on the CPU, without --compile; leave it out"
        )
    reason = ""
    predictor = Predictor(segmenter, device, precision, window or segmenter.window)
    first = predictor.windows(image[np.newaxis], view).windows[:1]  # (1, 3, h, w)
    for name, load in RUNTIMES.items():
        if wanted not in (AUTO, name):
            continue
        try:
            run = load(network, precision, streams)
            run(first)
            return Runtime(name, run, callers=streams + 1)
        except UnsuitableError as error:
            reason = str(error)
    if wanted != AUTO:
        raise InputError(
            f"--runtime {wanted}: cannot run {segmenter.name}: {reason}; use auto or torch"
        )
    return Runtime(reason=reason)
