"""Layers of a network whose units have fields: its stages, its head, or any module by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from torch import Tensor, nn

from ..errors import InputError
from ..models.adapters.onnx import OnnxNetwork
from ..models.base import Segmenter, StageOutput

HEAD, ALL = "head", "all"


@dataclass(frozen=True)
class Layer:
    """A layer of a network: the output of one module, or one map of it."""

    name: str
    """"stage 1" to "stage 4", "head", or "layer" and the module's name."""
    module: str
    """Module whose output it is; "" is the network itself."""
    part: int | None = None
    """Index of the map in an output of several; None: its first tensor."""
    channels: int | None = None
    """Number of leading channels that are summed; None: all."""


def layers_of(
    segmenter: Segmenter, stages: Sequence[str], modules: Sequence[str] = ()
) -> tuple[Layer, ...]:
    """Return the layers for stages ("1" to "4", "head" or "all") and names of modules.

    A segmenter without classes is an encoder, which has no head. Raises InputError for an unknown
    stage or module, and for a model without gradients.
    """
    network = segmenter.network
    if not isinstance(network, nn.Module) or isinstance(network, OnnxNetwork):
        raise InputError(
            f"--model {segmenter.name}: has no gradients, and so no effective receptive field; "
            "give the network itself (FILE of weights, hf:, mmseg:, torchscript:, python:)"
        )
    outputs: Sequence[StageOutput] = getattr(network, "stage_outputs", ())
    known = {str(n): Layer(f"stage {n}", *output) for n, output in enumerate(outputs, start=1)}
    if segmenter.classes:
        known[HEAD] = Layer(HEAD, "", channels=len(segmenter.classes))
    found: list[Layer] = []
    for stage in stages:
        if stage == ALL:
            found += known.values()
        elif stage in known:
            found.append(known[stage])
        else:
            raise InputError(f"--stage {stage}: {_unknown_stage(segmenter, stage, known)}")
    names = [name for name, _ in network.named_modules() if name]
    for name in modules:
        if name not in names:
            raise InputError(
                f"--layer {name}: {segmenter.name} has no such module; {near(name, names)}"
            )
        found.append(Layer(f"layer {name}", name))
    return tuple(dict.fromkeys(found))


def near(name: str, names: Sequence[str]) -> str:
    """Suggest names similar to one that does not exist."""
    similar = (
        get_close_matches(name, names, n=4, cutoff=0.5)
        or [known for known in names if name.rpartition(".")[2] in known][:4]
    )
    if similar:
        return f"similar are {', '.join(similar)}"
    return f"its modules begin with {', '.join(names[:4])}" if names else "it has none"


def _unknown_stage(segmenter: Segmenter, stage: str, known: Mapping[str, Layer]) -> str:
    if stage == HEAD:
        return f"{segmenter.name} is only an encoder; use --stage {','.join(known)}"
    if set(known) <= {HEAD}:
        return f"{segmenter.name} declares no stages; use head, or --layer NAME"
    return f"{segmenter.name} has no such stage; use {', '.join(known)} or {ALL}"


def tensor_of(output: Any, part: int | None) -> Tensor | None:
    """Return item `part` of a module's output, or its first tensor; None if there is no tensor."""
    if isinstance(output, Tensor):
        return output if part is None else None
    if not isinstance(output, Mapping | list | tuple):
        return None
    values: list[Any] = list(output.values() if isinstance(output, Mapping) else output)
    if part is not None:
        values = values[part : part + 1]
    return next((value for value in values if isinstance(value, Tensor)), None)


def as_map(output: Tensor, size: tuple[int, int], batch: int) -> Tensor | None:
    """Return a layer's output as (N, C, h, w), for an input of `size`; None if it is no map.

    The layer may return (N, C, h, w), (N, h, w, C) as Swin's blocks do, or tokens (N, L, C), with
    or without a class token. The last two are recognised by the map sizes that strides give.
    """
    if output.ndim not in (3, 4) or len(output) != batch:
        return None
    grids = _grids(size)
    if output.ndim == 4:
        if output.shape[2:] not in grids and output.shape[1:3] in grids:
            return output.permute(0, 3, 1, 2)  # (N, h, w, C) -> (N, C, h, w)
        return output
    lengths = {math.prod(grid): grid for grid in grids}
    for skipped in (0, 1):
        grid = lengths.get(output.shape[1] - skipped)
        if grid is not None:
            tokens = output[:, skipped:].transpose(1, 2)  # (N, L, C) -> (N, C, h * w)
            return tokens.reshape(*tokens.shape[:2], *grid)  # (N, C, h * w) -> (N, C, h, w)
    return None


def _grids(size: tuple[int, int]) -> list[tuple[int, ...]]:
    """Return the map sizes that integer strides give, by rounding up and down."""
    grids = []
    for stride in range(max(size), 0, -1):
        grids.append(tuple(-(-side // stride) for side in size))
        grids.append(tuple(max(side // stride, 1) for side in size))
    return grids
