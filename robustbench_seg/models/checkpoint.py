"""A checkpoint, and its format: the names that a codebase gives a network's tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError

NO_KEY = r"(?!)"
"""A pattern that matches no key."""


@dataclass(frozen=True)
class CheckpointFormat:
    """A codebase's names for the weights of a model, and what its files do not state."""

    key: str
    """Prefix of keys that every file of the format has."""
    classifier: str
    """Key, by our names, of a tensor whose length is the number of outputs."""
    unused: str = NO_KEY
    """Pattern of keys, by our names, that the network does not use."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Table from their names to ours. "#" is a stage, counted from 0 there and from 1 here; "*" is
    a block, counted from 0 in both."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the network that the tensors do not show."""

    def convert(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors our names, and the shapes that go with them.

        Queries, keys and values of attention become `attn.q` and `attn.kv`, and 1x1 convolutions of
        the MLPs become matrices. A tensor that cannot be converted keeps its name, and is reported
        as unexpected when a network is filled.
        """
        ours = dict(tensors)
        for theirs in tensors:
            name = _renamed(theirs, self.names)
            if name not in ours:  # else the file has it twice: one stays, and is unexpected
                ours[name] = ours.pop(theirs)
        for name in list(ours):
            if ".attn.qkv." in name:
                _split(ours, name)
            elif ".attn.k." in name:
                _join(ours, name)
            elif re.search(r"\.mlp\.fc[12]\.weight$", name) and ours[name].shape[2:] == (1, 1):
                ours[name] = ours[name].flatten(1)  # (outputs, inputs, 1, 1) -> (outputs, inputs)
        return ours


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a weights file under our names, and what the file says about itself."""

    format: CheckpointFormat
    models: tuple[str, ...]
    """Names of the models that these are weights of; several share an encoder, and none has the
    sizes of an unknown variant."""
    encoder_only: bool
    """Whether the weights of a decoder are missing, as in encoders trained on ImageNet."""
    tensors: Mapping[str, Tensor]
    """Tensors that the network uses, by our names."""
    classes: tuple[str, ...] | None
    """Names of the classes; None if the file does not give them."""
    metadata: Mapping[str, str]
    path: Path
    sha256: str
    notes: tuple[str, ...] = ()
    """What surrounded the tensors in the file and was not read."""
    sidecar_sha256: str = ""
    """Digest of NAME.toml beside the file, of the bytes that were parsed; "" if there is none."""

    @property
    def model(self) -> str | None:
        """Name of the one model that these are weights of, if it is one."""
        return self.models[0] if len(self.models) == 1 else None

    @property
    def outputs(self) -> int:
        """Number of outputs of the network. Raises InputError for an encoder."""
        if self.encoder_only:
            raise InputError(
                f"{self.path}: only an encoder, trained to classify whole images; it has no "
                "decoder to segment with; give the weights of a whole model, or train one from it: "
                "robustseg train --init"
            )
        return self.length(self.format.classifier)

    def length(self, name: str) -> int:
        """Return the length of a tensor's first dimension; InputError if there is none."""
        if name not in self.tensors or self.tensors[name].ndim == 0:
            raise InputError(f"{self.path}: {name} is missing; give a complete weights file")
        return len(self.tensors[name])


def _renamed(theirs: str, names: Mapping[str, str]) -> str:
    for pattern, name in names.items():
        module = re.escape(pattern).replace(r"\#", "(?P<stage>[0-9])")
        module = module.replace(r"\*", "(?P<block>[0-9]+)")
        # A fused projection of attention has no module, but a parameter "in_proj_weight".
        if match := re.fullmatch(rf"{module}[._](?P<leaf>[a-z_]+)", theirs):
            groups = match.groupdict()
            name = name.replace("#", str(int(groups.get("stage", 0)) + 1))
            return f"{name.replace('*', groups.get('block', ''))}.{groups['leaf']}"
    return theirs


def _split(ours: dict[str, Tensor], name: str) -> None:
    query, rest = (name.replace(".attn.qkv.", f".attn.{part}.") for part in ("q", "kv"))
    width, remainder = divmod(len(ours[name]) if ours[name].ndim else 1, 3)
    if not remainder and not {query, rest} & ours.keys():
        fused = ours.pop(name)
        ours[query], ours[rest] = fused[:width], fused[width:]  # (3 C, ...) -> (C, ...), (2 C, ...)


def _join(ours: dict[str, Tensor], name: str) -> None:
    value, both = (name.replace(".attn.k.", f".attn.{part}.") for part in ("v", "kv"))
    fit = value in ours and ours[value].shape == ours[name].shape and ours[name].ndim
    if fit and both not in ours:
        ours[both] = torch.cat([ours.pop(name), ours.pop(value)])  # 2 (C, ...) -> (2 C, ...)
