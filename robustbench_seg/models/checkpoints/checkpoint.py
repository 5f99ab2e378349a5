"""A checkpoint: recognised by its keys, with our names, and loaded strictly.

Official SegFormer names (https://github.com/NVlabs/SegFormer) are ours too; other codebases' are
mapped by `names`. ESPNet's are its authors', those of the other CNNs mmsegmentation's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError
from ...names import check_name
from ..segformer import VARIANTS
from .files import read, sha256
from .folders import Folder, read_folder
from .formats import SEGFORMER, CheckpointFormat, kind_of

_COUNTER = r".*\.num_batches_tracked"  # of batch norm's training


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a weight file under our names, and what the file says about itself."""

    format: CheckpointFormat
    tensors: Mapping[str, Tensor]
    classes: tuple[str, ...] | None
    """The names of the classes, where the file gives them."""
    metadata: Mapping[str, str]
    path: Path
    sha256: str

    @property
    def outputs(self) -> int:
        """The number of outputs of the network, as the shapes tell."""
        if self.format.outputs is None:
            raise InputError(
                f"{self.path}: only an encoder, trained to classify whole images; it has no "
                "decoder to segment with; give the weights of a whole model, or train one from it: "
                "robustseg train --init"
            )
        return self.length(self.format.outputs)

    def length(self, name: str) -> int:
        """Return the length of a tensor's first dimension; InputError where there is none."""
        if name not in self.tensors or self.tensors[name].ndim == 0:
            raise InputError(f"{self.path}: {name} is missing; give a complete weights file")
        return len(self.tensors[name])

    @property
    def decoder_width(self) -> int | None:
        """The width of a SegFormer's decoder, where its weights agree on one."""
        for name in ("linear_fuse", "fusion_conv"):
            fuse = self.tensors.get(f"decode_head.{name}.conv.weight")  # (D, 4 D, 1, 1)
            if fuse is not None and fuse.ndim == 4 and fuse.shape[1] == 4 * len(fuse):
                return len(fuse)
        return None

    @property
    def model(self) -> str | None:
        """The name of the model that these are weights of; None for a SegFormer of other sizes."""
        if self.format.model != SEGFORMER:
            return self.format.model
        names = " ".join(self.tensors)
        depths = tuple(len(set(re.findall(rf"block{i}\.(\d+)\.", names))) for i in range(1, 5))
        norms = [self.tensors.get(f"backbone.norm{i}.weight") for i in range(1, 5)]
        widths = tuple(0 if norm is None else norm.numel() for norm in norms)
        sizes = (depths, widths, "backbone.position1.map" in self.tensors)
        for name, variant in VARIANTS.items():
            if (variant.depths, variant.widths, variant.positions is not None) == sizes:
                return name
        return None


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Read a weight file, or a folder as Hugging Face lays it out (config.json, weights).

    Raises InputError for what cannot be read safely, or is of no known model.
    """
    path = Path(path)
    check_name(str(path))
    found = read_folder(path) if path.is_dir() else Folder(path, read(path), {}, sha256(path))
    tensors, metadata = found.contents
    kind = kind_of(tensors)
    if kind is None:
        raise InputError(
            f"{found.path}: weights of no known model, with keys like {_first(tensors)}; known are "
            "SegFormer (official, Hugging Face and mmsegmentation's names), FCN, PSPNet and "
            "DeepLabv3+ on ResNet-50, ResNet-101 and MobileNetV2 (mmsegmentation's) and ESPNet"
        )
    return Checkpoint(
        format=kind,
        tensors=kind.rename(tensors),
        classes=_class_names(metadata, found.config),
        metadata=metadata,
        path=found.path,
        sha256=found.sha256,
    )


def fill(network: nn.Module, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's tensors into a network of the same names and shapes.

    Those of an encoder go into the network's; its decoder stays as it is. Raises InputError that
    lists the first keys that are missing, extra or of another shape.
    """
    state = network.state_dict()
    if checkpoint.format.outputs is None:
        state = {name: value for name, value in state.items() if name.startswith("backbone.")}
    unused = re.compile(f"{_COUNTER}|{checkpoint.format.unused}")
    own = {name: value for name, value in state.items() if not unused.fullmatch(name)}
    given = {n: value for n, value in checkpoint.tensors.items() if not unused.fullmatch(n)}
    shared = own.keys() & given.keys()
    misshaped = [
        f"{name} {list(given[name].shape)} instead of {list(own[name].shape)}"
        for name in sorted(shared)
        if given[name].shape != own[name].shape
    ]
    problems = {
        "missing": sorted(own.keys() - given.keys()),
        "unexpected": sorted(given.keys() - own.keys()),
        "of another shape": misshaped,
    }
    if any(problems.values()):
        told = [
            f"{len(names)} {what}: {_first(names)}" for what, names in problems.items() if names
        ]
        raise InputError(f"{checkpoint.path}: the weights do not fit the model; {'; '.join(told)}")
    counters = {name: torch.zeros_like(state[name]) for name in state.keys() - own.keys()}
    network.load_state_dict(given | counters, strict=checkpoint.format.outputs is not None)


def _first(names: Iterable[str], count: int = 3) -> str:
    names = list(names)
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def _class_names(metadata: Mapping[str, str], config: Mapping[str, Any]) -> tuple[str, ...] | None:
    try:
        names = json.loads(metadata.get("classes", "null"))
        if names is None:
            labels = config.get("id2label") or {}
            names = [labels[str(index)] for index in range(len(labels))]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    # LABEL_0, LABEL_1, ... is how transformers writes that nobody named them.
    if not isinstance(names, list) or not names or "LABEL_0" in names:
        return None
    return tuple(map(str, names))
