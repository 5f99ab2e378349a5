"""Where in a network units are taken: its stages, its head, or any module by name."""

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
    """A place in a network whose units are looked at."""

    name: str
    """"stage 1" to "stage 4", "head", or "layer" and the module's name."""
    module: str
    """The name of the module whose output it is; "" is the network itself."""
    part: int | None = None
    """Which map of an output of several; None: its first tensor."""
    channels: int | None = None
    """How many channels count, the first ones; None: all."""


def layers_of(
    segmenter: Segmenter, stages: Sequence[str], modules: Sequence[str] = ()
) -> tuple[Layer, ...]:
    """Return the layers that stages ("1" to "4", "head" or "all") and names of modules mean.

    A segmenter without classes is an encoder, and has no head.
    Raises InputError for a stage that the model has not, a module that the network has not, and a
    model that has no gradients.
    """
    where = f"--model {segmenter.name}"
    network = segmenter.network
    if not isinstance(network, nn.Module) or isinstance(network, OnnxNetwork):
        raise InputError(
            f"{where}: has no gradients, and so no effective receptive field that could be "
            "computed; give the network itself (FILE of weights, hf:, torchscript:, python:)"
        )
    known = _stages(network)
    if segmenter.classes:
        known[HEAD] = Layer(HEAD, "", channels=len(segmenter.classes))
    found: list[Layer] = []
    for stage in stages:
        if stage == ALL:
            found += known.values()
        elif stage in known:
            found.append(known[stage])
        else:
            raise InputError(f"--stage {stage}: {_lacking(segmenter, stage, known)}")
    names = [name for name, _ in network.named_modules() if name]
    for name in modules:
        if name not in names:
            raise InputError(
                f"--layer {name}: {segmenter.name} has no such module; {near(name, names)}"
            )
        found.append(Layer(f"layer {name}", name))
    return tuple(dict.fromkeys(found))


def near(name: str, names: Sequence[str]) -> str:
    """Say which names are near one that does not exist."""
    like = (
        get_close_matches(name, names, n=4, cutoff=0.5)
        or [known for known in names if name.rpartition(".")[2] in known][:4]
    )
    if like:
        return f"near it are {', '.join(like)}"
    return f"its modules begin with {', '.join(names[:4])}" if names else "it has none with a name"


def _stages(network: nn.Module) -> dict[str, Layer]:
    outputs: Sequence[StageOutput] = getattr(network, "stage_outputs", ())
    return {str(n): Layer(f"stage {n}", *output) for n, output in enumerate(outputs, start=1)}


def _lacking(segmenter: Segmenter, stage: str, known: Mapping[str, Layer]) -> str:
    if stage == HEAD:
        return f"{segmenter.name} is only an encoder; use --stage {','.join(known)}"
    if set(known) <= {HEAD}:
        return (
            f"which modules of {segmenter.name} are stages is not known; use head, or --layer NAME"
        )
    return f"{segmenter.name} has no such stage; use {', '.join(known)} or {ALL}"


def tensor_of(output: Any, part: int | None) -> Tensor | None:
    """Return a map of a module's output: part number `part`, or the first tensor in it."""
    if isinstance(output, Tensor):
        return output if part is None else None
    if not isinstance(output, Mapping | list | tuple):
        return None
    values: list[Any] = list(output.values() if isinstance(output, Mapping) else output)
    if part is not None:
        values = values[part : part + 1]
    for value in values:
        if isinstance(value, Tensor):
            return value
    return None


def as_map(output: Tensor, size: tuple[int, int], batch: int) -> Tensor | None:
    """Return the units of a layer as (N, C, h, w), for an input of a size; None: it has no map.

    The layer may give (N, C, h, w), (N, h, w, C) as Swin's blocks do, or tokens (N, L, C), without
    or after a class token. The last two are told by the numbers of units that strides give.
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
    """Return the sizes of maps that whole strides give; of equal ones in number, the first."""
    grids = []
    for stride in range(max(size), 0, -1):
        grids.append(tuple(-(-side // stride) for side in size))
        grids.append(tuple(max(side // stride, 1) for side in size))
    return grids
