"""Gradients of single units with respect to the input, for all layers from one forward pass.

Two published procedures: `luo` (Luo et al., NeurIPS 2016) takes absolute values, `replknet` (Ding
et al., CVPR 2022) rectifies both the unit's channels and the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..models.base import Segmenter
from .extent import Map
from .field import Unit
from .layers import Layer, as_map, tensor_of
from .request import Pixel, Procedure


@dataclass(frozen=True)
class Activation:
    """A scalar to differentiate: the summed channels of one unit, summed over a batch."""

    value: Tensor
    unit: Unit


def activations(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Procedure
) -> dict[Layer, Activation]:
    """Run the network once on inputs (N, 3, H, W); return the activation of each layer's unit.

    `at` is the input pixel whose nearest unit is taken; None takes the centre unit of each map.
    Raises InputError if the network fails, and for a layer that is not called exactly once, returns
    no map, or is not differentiable with respect to the input.
    """
    network = segmenter.network
    assert isinstance(network, nn.Module)
    found: dict[Layer, list[Activation | str]] = {layer: [] for layer in layers}

    def record(layer: Layer, _module: nn.Module, _inputs: Any, output: Any) -> None:
        # Sum at once: later modules may change the output in place.
        found[layer].append(_activation(layer, output, x, at, method))

    with ExitStack() as hooks:
        for layer in layers:
            module = network.get_submodule(layer.module)
            hooks.enter_context(module.register_forward_hook(partial(record, layer)))
        with model_errors(segmenter, x):
            network(x)
    result = {}
    for layer, calls in found.items():
        only = calls[0] if len(calls) == 1 else f"is called {len(calls)} times in a forward pass"
        if isinstance(only, str):
            raise InputError(f"--model {segmenter.name}: {layer.name} {only}; name another --layer")
        result[layer] = only
    return result


def batch_sums(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Procedure
) -> dict[Layer, Map]:
    """Return the contribution of each input pixel to each layer's unit, summed over a batch.

    The sums are (H, W), of inputs (N, 3, H, W). One forward pass for all layers, then one backward
    pass per layer. Raises InputError as `activations` does, and for NaN or infinite gradients.
    """
    x, sums = x.detach().requires_grad_(), {}
    with frozen_parameters(segmenter):
        remaining = list(activations(segmenter, layers, x, at, method).items())
        while remaining:
            layer, activation = remaining.pop(0)
            with model_errors(segmenter, x):
                (gradient,) = torch.autograd.grad(activation.value, x, retain_graph=bool(remaining))
            parts = gradient.abs() if method == "luo" else gradient.relu()
            total = parts.sum(1).cpu().double().sum(0)  # (N, 3, H, W) -> (N, H, W) -> (H, W)
            if not torch.isfinite(total).all():
                raise InputError(
                    f"--model {segmenter.name}: {layer.name}: the gradient is not finite"
                )
            sums[layer] = total.numpy()
    return sums


@contextmanager
def frozen_parameters(segmenter: Segmenter) -> Iterator[None]:
    """Freeze the parameters: gradients with respect to the input alone are computed and kept."""
    assert isinstance(segmenter.network, nn.Module)
    trainable = [p for p in segmenter.network.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


@contextmanager
def model_errors(segmenter: Segmenter, x: Tensor) -> Iterator[None]:
    """Raise any exception of a user's model as an InputError of one line."""
    count, _, height, width = x.shape
    try:
        yield
    except InputError:
        raise
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"--model {segmenter.name}: {x.device} has too little memory for gradients of "
            f"{count} inputs of {width}x{height}; use a smaller --size or --device cpu"
        ) from error
    except (Exception, SystemExit) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"--model {segmenter.name}: fails on an input of {width}x{height} "
            f"({type(error).__name__}: {reason})"
        ) from error


def _activation(
    layer: Layer, output: Any, x: Tensor, at: Pixel | None, method: Procedure
) -> Activation | str:
    """Return the activation of a layer's unit, or the reason that it has none."""
    tensor = tensor_of(output, layer.part)
    size = (x.shape[2], x.shape[3])
    units = None if tensor is None else as_map(tensor, size, len(x))  # (N, C, h, w)
    if units is None:
        given = type(output).__name__ if tensor is None else tuple(tensor.shape)
        return f"gives {given}, which is no map of units"
    if not units.requires_grad:
        return "has no gradients with respect to the input"
    unit = unit_at(at, (units.shape[2], units.shape[3]), size)
    channels = units[:, : layer.channels, unit.position[0], unit.position[1]]  # (N, C)
    return Activation((channels.relu() if method == "replknet" else channels).sum(), unit)


def unit_at(at: Pixel | None, map_size: tuple[int, int], size: tuple[int, int]) -> Unit:
    """Return the unit of a map that is nearest to an input pixel; None: the centre unit.

    In a map with an integer stride, unit i is centred on pixel i * stride, as in convolutions
    padded by half their kernel. In others it is centred on the middle of its part of the input.
    """
    stride = stride_of(map_size, size)
    position, pixel = [], []
    for axis in (0, 1):
        units = np.arange(map_size[axis])
        if stride is None:
            pixels = ((units + 0.5) * size[axis] / map_size[axis]).astype(np.int64)
        else:
            pixels = units * stride
        place = len(units) // 2 if at is None else int(np.abs(pixels - at[axis]).argmin())
        position.append(place)
        pixel.append(int(pixels[place]))
    return Unit((position[0], position[1]), map_size, (pixel[0], pixel[1]))


def stride_of(map_size: tuple[int, int], size: tuple[int, int]) -> int | None:
    """Return the integer stride that gives a map of this size, preferring powers of two.

    None if no integer stride does.
    """
    found = [
        stride
        for stride in range(1, max(size) + 1)
        if tuple(-(-side // stride) for side in size) == map_size
    ]
    powers = [stride for stride in found if stride & (stride - 1) == 0]
    return next(iter(powers or found), None)
