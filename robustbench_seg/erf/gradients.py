"""Gradients of single units with respect to the input, all layers from one forward pass.

Two published procedures: `luo` (Luo et al., NeurIPS 2016) takes absolute values, `replknet` (Ding
et al., CVPR 2022) rectifies the unit's channels, and the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..models.base import Segmenter
from .layers import Layer, as_map, tensor_of
from .measures import Pixel

Method = Literal["luo", "replknet"]


class Unit(NamedTuple):
    """A unit of a layer's map, and the pixel of the network's input on which it is centred."""

    position: Pixel
    """(row, column) in the map."""
    map_size: tuple[int, int]
    pixel: Pixel


@dataclass(frozen=True)
class Score:
    """What is differentiated: a number that depends on one unit of each image of a batch."""

    value: Tensor
    unit: Unit


def scores(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Method
) -> dict[Layer, Score]:
    """Run the network once on inputs (N, 3, H, W), and return the score of each layer's unit.

    `at` is a pixel of the input, whose nearest unit is taken; None is the centre unit of the map.
    Raises InputError where the network fails, and for a layer that is not called once, gives no
    map, or does not depend on the input by gradients.
    """
    network = segmenter.network
    assert isinstance(network, nn.Module)
    found: dict[Layer, list[Score | str]] = {layer: [] for layer in layers}

    def look(layer: Layer, _module: nn.Module, _inputs: Any, output: Any) -> None:
        # At once, since what follows may change the output in place.
        found[layer].append(_score(layer, output, x, at, method))

    with ExitStack() as hooks:
        for layer in layers:
            module = network.get_submodule(layer.module)
            hooks.enter_context(module.register_forward_hook(partial(look, layer)))
        with told(segmenter, x):
            network(x)
    for layer, given in found.items():
        what = f"is called {len(given)} times in a forward pass" if len(given) != 1 else given[0]
        if isinstance(what, str):
            raise InputError(f"--model {segmenter.name}: {layer.name} {what}; name another --layer")
    return {layer: given[0] for layer, given in found.items() if isinstance(given[0], Score)}


def contributions(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Method
) -> Iterator[tuple[Layer, Tensor]]:
    """Yield what each input pixel contributes to the unit of each layer, float32 (N, H, W).

    One forward pass for all layers, then one backward pass for each. Raises InputError as `scores`.
    """
    x = x.detach().requires_grad_()
    with constant(segmenter):
        remaining = list(scores(segmenter, layers, x, at, method).items())
        while remaining:
            layer, score = remaining.pop(0)
            with told(segmenter, x):
                (gradient,) = torch.autograd.grad(score.value, x, retain_graph=bool(remaining))
            parts = gradient.abs() if method == "luo" else gradient.relu()
            yield layer, parts.sum(1)  # (N, 3, H, W) -> (N, H, W)


@contextmanager
def constant(segmenter: Segmenter) -> Iterator[None]:
    """Hold the parameters constant, so that gradients of the input alone are computed and kept."""
    assert isinstance(segmenter.network, nn.Module)
    free = [p for p in segmenter.network.parameters() if p.requires_grad]
    for parameter in free:
        parameter.requires_grad_(False)
    try:
        with torch.enable_grad():
            yield
    finally:
        for parameter in free:
            parameter.requires_grad_(True)


@contextmanager
def told(segmenter: Segmenter, x: Tensor) -> Iterator[None]:
    """Turn whatever a user's model raises into an InputError of one line."""
    try:
        yield
    except InputError:
        raise
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"--model {segmenter.name}: {x.device} has too little memory for gradients of "
            f"{len(x)} inputs of {x.shape[2]}x{x.shape[3]}; use a smaller --size or --device cpu"
        ) from error
    except Exception as error:
        said = str(error).strip().split("\n")[0]
        raise InputError(
            f"--model {segmenter.name}: fails on an input of {x.shape[2]}x{x.shape[3]} "
            f"({type(error).__name__}: {said})"
        ) from error


def _score(layer: Layer, output: Any, x: Tensor, at: Pixel | None, method: Method) -> Score | str:
    tensor = tensor_of(output, layer.part)
    size = (x.shape[2], x.shape[3])
    units = None if tensor is None else as_map(tensor, size, len(x))
    if units is None:
        given = type(output).__name__ if tensor is None else tuple(tensor.shape)
        return f"gives {given}, which is no map of units"
    if not units.requires_grad:
        return "has no gradients with respect to the input"
    unit = unit_at(at, (units.shape[2], units.shape[3]), size)
    channels = units[:, : layer.channels, unit.position[0], unit.position[1]]  # (N, C)
    return Score((channels.relu() if method == "replknet" else channels).sum(), unit)


def unit_at(at: Pixel | None, map_size: tuple[int, int], size: tuple[int, int]) -> Unit:
    """Return the unit of a map that is nearest to a pixel of the input; None: the centre unit.

    In a map of a whole stride, unit i is on pixel i times stride, where convolutions put it that
    are padded by half their kernel. Else it is on the middle of its part of the input.
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
    """Return the stride that gives a map of this size, a power of two if one does; None: no one."""
    found = [
        stride
        for stride in range(1, max(size) + 1)
        if tuple(-(-side // stride) for side in size) == map_size
    ]
    powers = [stride for stride in found if stride & (stride - 1) == 0]
    return next(iter(powers or found), None)


def batch_sums(
    segmenter: Segmenter, layers: Sequence[Layer], x: Tensor, at: Pixel | None, method: Method
) -> Mapping[Layer, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return the contributions summed over the inputs of a batch, float64 (H, W).

    Raises InputError where they are not finite.
    """
    sums = {}
    for layer, parts in contributions(segmenter, layers, x, at, method):
        total = parts.cpu().double().sum(0)  # (N, H, W) -> (H, W)
        if not torch.isfinite(total).all():
            raise InputError(f"--model {segmenter.name}: {layer.name}: the gradient is not finite")
        sums[layer] = total.numpy()
    return sums
