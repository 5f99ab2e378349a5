"""Checkpoints: recognised by their keys, renamed, and loaded strictly.

Official SegFormer names (https://github.com/NVlabs/SegFormer) are ours too; those of the Hugging
Face hub, as `transformers` writes them, are mapped by HUB_NAMES. ESPNet's are its authors', those
of DeepLabv3+ mmsegmentation's.
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

from ..errors import InputError
from .segformer import VARIANTS
from .weight_files import open_folder, read, read_metadata, sha256

HUB_NAMES = {
    # Stages, "#", count from 0 on the hub and from 1 here; blocks, "*", from 0 in both.
    "segformer.encoder.patch_embeddings.#.proj": "backbone.patch_embed#.proj",
    "segformer.encoder.patch_embeddings.#.layer_norm": "backbone.patch_embed#.norm",
    "segformer.encoder.block.#.*.layer_norm_1": "backbone.block#.*.norm1",
    "segformer.encoder.block.#.*.attention.self.query": "backbone.block#.*.attn.q",
    "segformer.encoder.block.#.*.attention.self.key": "backbone.block#.*.attn.k",
    "segformer.encoder.block.#.*.attention.self.value": "backbone.block#.*.attn.v",
    "segformer.encoder.block.#.*.attention.self.sr": "backbone.block#.*.attn.sr",
    "segformer.encoder.block.#.*.attention.self.layer_norm": "backbone.block#.*.attn.norm",
    "segformer.encoder.block.#.*.attention.output.dense": "backbone.block#.*.attn.proj",
    "segformer.encoder.block.#.*.layer_norm_2": "backbone.block#.*.norm2",
    "segformer.encoder.block.#.*.mlp.dense1": "backbone.block#.*.mlp.fc1",
    "segformer.encoder.block.#.*.mlp.dwconv.dwconv": "backbone.block#.*.mlp.dwconv.dwconv",
    "segformer.encoder.block.#.*.mlp.dense2": "backbone.block#.*.mlp.fc2",
    "segformer.encoder.layer_norm.#": "backbone.norm#",
    "decode_head.linear_c.#.proj": "decode_head.linear_c#.proj",
    "decode_head.linear_fuse": "decode_head.linear_fuse.conv",
    "decode_head.batch_norm": "decode_head.linear_fuse.bn",
    "decode_head.classifier": "decode_head.linear_pred",
}

ENCODER = "segformer encoder"
"""The kind of weights that were trained to classify whole images: a start, nothing to segment."""
_HUB = "segformer of the hub"
MARKS = {
    # A key that only this kind of file has -> the kind.
    "backbone.patch_embed1.proj.weight": "segformer",
    "segformer.encoder.patch_embeddings.0.proj.weight": _HUB,
    "patch_embed1.proj.weight": ENCODER,
    "encoder.level2_0.c1.conv.weight": "espnet",
    "backbone.layer7.0.conv.2.conv.weight": "deeplabv3plus-mobilenetv2",
}
OUTPUTS = {
    "segformer": "decode_head.linear_pred.weight",
    "espnet": "conv.conv.weight",
    "deeplabv3plus-mobilenetv2": "decode_head.conv_seg.weight",
}
"""Of each kind, a tensor whose length is the number of outputs."""

UNUSED = {
    "segformer": r"decode_head\.conv_seg\..*",  # the official decoder never calls it
    ENCODER: r"backbone\.head\..*",  # of the 1,000 classes of ImageNet
    "deeplabv3plus-mobilenetv2": r"auxiliary_head\..*",  # acts in mmsegmentation's training only
}
"""Of each kind, the tensors that predict nothing."""
_COUNTER = r".*\.num_batches_tracked"  # of batch norm's training


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a weight file under our names, and what the file says about itself."""

    kind: str
    """A value of MARKS; "segformer" also for files of the hub."""
    tensors: Mapping[str, Tensor]
    epsilon: float
    """Of the layer norms in SegFormer's blocks and stages: it depends on who wrote the file."""
    classes: tuple[str, ...] | None
    """The names of the classes, where the file gives them."""
    metadata: Mapping[str, str]
    path: Path
    sha256: str

    @property
    def outputs(self) -> int:
        """The number of outputs of the network, as the shapes tell."""
        if self.kind == ENCODER:
            raise InputError(
                f"{self.path}: only an encoder, trained to classify whole images; it has no "
                "decoder to segment with; give the weights of a whole model, or train one from it: "
                "robustseg train --init"
            )
        return self.length(OUTPUTS[self.kind])

    def length(self, name: str) -> int:
        """Return the length of a tensor's first dimension; InputError where there is none."""
        if name not in self.tensors or self.tensors[name].ndim == 0:
            raise InputError(f"{self.path}: {name} is missing; give a complete weights file")
        return len(self.tensors[name])

    @property
    def variant(self) -> str | None:
        """The SegFormer variant whose depths and widths the tensors have, if there is one."""
        names = " ".join(self.tensors)
        depths = tuple(len(set(re.findall(rf"block{i}\.(\d+)\.", names))) for i in range(1, 5))
        norms = [self.tensors.get(f"backbone.norm{i}.weight") for i in range(1, 5)]
        widths = tuple(0 if norm is None else norm.numel() for norm in norms)
        fits = (name for name, v in VARIANTS.items() if (v.depths, v.widths) == (depths, widths))
        return next(fits, None)


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Read a weight file, or a folder as Hugging Face lays it out (config.json, weights).

    Raises InputError for what cannot be read safely, or is of no known model.
    """
    path, config = Path(path), dict[str, Any]()
    if path.is_dir():
        path, config = open_folder(path)
    tensors = read(path)
    kind = next((kind for mark, kind in MARKS.items() if mark in tensors), None)
    if kind is None:
        raise InputError(
            f"{path}: weights of no known model, with keys like {_first(tensors)}; known are "
            "SegFormer (official and Hugging Face names), DeepLabv3+ on MobileNetV2 "
            "(mmsegmentation's names) and ESPNet"
        )
    if kind == ENCODER:
        tensors = {f"backbone.{name}": value for name, value in tensors.items()}
    metadata = read_metadata(path)
    return Checkpoint(
        kind="segformer" if kind == _HUB else kind,
        tensors=from_hub(tensors) if kind == _HUB else tensors,
        # transformers leaves every layer norm at torch's default, whatever config.json says.
        epsilon=1e-5 if kind == _HUB else 1e-6,
        classes=_class_names(metadata, config),
        metadata=metadata,
        path=path,
        sha256=sha256(path),
    )


def from_hub(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors with the hub's names ours; keys and values of attention become one tensor.

    Names that HUB_NAMES does not have stay as they are.
    """
    renamed = {_from_hub(name): value for name, value in tensors.items()}
    for name in [name for name in renamed if ".attn.k." in name]:
        value = name.replace(".attn.k.", ".attn.v.")
        if value in renamed and renamed[value].shape == renamed[name].shape:
            both = [renamed.pop(name), renamed.pop(value)]
            renamed[name.replace(".attn.k.", ".attn.kv.")] = torch.cat(both)  # 2 (C, ...) -> 2 C
    return renamed


def _from_hub(name: str) -> str:
    stem, _, leaf = name.rpartition(".")
    numbers = re.findall(r"(?<=\.)\d+", stem)
    for number, sign in zip(numbers, "#*", strict=False):
        stem = re.sub(rf"(?<=\.){number}(?=\.|$)", sign, stem, count=1)
    if stem not in HUB_NAMES:
        return name
    ours = HUB_NAMES[stem]
    for number, sign in zip(numbers, "#*", strict=False):
        ours = ours.replace(sign, str(int(number) + (sign == "#")))
    return f"{ours}.{leaf}"


def fill(network: nn.Module, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's tensors into a network of the same names and shapes.

    Those of an encoder go into the network's; its decoder stays as it is. Raises InputError that
    lists the first keys that are missing, extra or of another shape.
    """
    state = network.state_dict()
    if checkpoint.kind == ENCODER:
        state = {name: value for name, value in state.items() if name.startswith("backbone.")}
    unused = re.compile("|".join(filter(None, [_COUNTER, UNUSED.get(checkpoint.kind)])))
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
    network.load_state_dict(given | counters, strict=checkpoint.kind != ENCODER)


def _first(names: Iterable[str], count: int = 3) -> str:
    names = list(names)
    return ", ".join(names[:count]) + (", ..." if len(names) > count else "")


def _class_names(metadata: Mapping[str, str], config: Mapping[str, Any]) -> tuple[str, ...] | None:
    try:
        names = json.loads(metadata.get("classes", "null"))
        if names is None:
            labels = config.get("id2label") or {}
            names = [labels[str(index)] for index in range(len(labels))]
    except (ValueError, KeyError, TypeError):
        return None
    # LABEL_0, LABEL_1, ... is how transformers writes that nobody named them.
    if not isinstance(names, list) or not names or "LABEL_0" in names:
        return None
    return tuple(map(str, names))
