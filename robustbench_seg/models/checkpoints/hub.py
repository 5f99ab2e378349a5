"""The names that `transformers` gives SegFormer's tensors on the Hugging Face hub, and ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

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
