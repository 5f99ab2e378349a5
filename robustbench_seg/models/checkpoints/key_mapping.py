"""The names that other codebases give SegFormer's tensors, and ours: those of the official code.

In the tables "#" is a stage, counted from 0 there and from 1 here, and "*" is a block, counted from
0 in both. A name that no table has stays as it is, and is told as unexpected when it is filled in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

Names = Mapping[str, str]

HUB: Names = {
    # As transformers writes them into files; transformers 4 has the same in memory.
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
    "classifier": "backbone.head",  # of whole images
}

TRANSFORMERS_5: Names = {
    # In memory, so in what torch.save(model.state_dict()) writes.
    "segformer.stages.#.patch_embeddings.proj": "backbone.patch_embed#.proj",
    "segformer.stages.#.patch_embeddings.layer_norm": "backbone.patch_embed#.norm",
    "segformer.stages.#.blocks.*.layernorm_before": "backbone.block#.*.norm1",
    "segformer.stages.#.blocks.*.attention.q_proj": "backbone.block#.*.attn.q",
    "segformer.stages.#.blocks.*.attention.k_proj": "backbone.block#.*.attn.k",
    "segformer.stages.#.blocks.*.attention.v_proj": "backbone.block#.*.attn.v",
    "segformer.stages.#.blocks.*.attention.sequence_reduction.sequence_reduction": (
        "backbone.block#.*.attn.sr"
    ),
    "segformer.stages.#.blocks.*.attention.sequence_reduction.layer_norm": (
        "backbone.block#.*.attn.norm"
    ),
    "segformer.stages.#.blocks.*.attention.o_proj": "backbone.block#.*.attn.proj",
    "segformer.stages.#.blocks.*.layernorm_after": "backbone.block#.*.norm2",
    "segformer.stages.#.blocks.*.mlp.fc1": "backbone.block#.*.mlp.fc1",
    "segformer.stages.#.blocks.*.mlp.dwconv.dwconv": "backbone.block#.*.mlp.dwconv.dwconv",
    "segformer.stages.#.blocks.*.mlp.fc2": "backbone.block#.*.mlp.fc2",
    "segformer.stages.#.layer_norm": "backbone.norm#",
    "decode_head.linear_projections.#.proj": "decode_head.linear_c#.proj",
    "decode_head.linear_fuse": "decode_head.linear_fuse.conv",
    "decode_head.batch_norm": "decode_head.linear_fuse.bn",
    "decode_head.classifier": "decode_head.linear_pred",
    "classifier": "backbone.head",
}

MMSEGMENTATION: Names = {
    # From 0.17 to 1.x. Its decoder is another one, whose names are ours too.
    "backbone.layers.#.0.projection": "backbone.patch_embed#.proj",
    "backbone.layers.#.0.norm": "backbone.patch_embed#.norm",
    "backbone.layers.#.1.*.norm1": "backbone.block#.*.norm1",
    "backbone.layers.#.1.*.attn.attn.in_proj": "backbone.block#.*.attn.qkv",
    "backbone.layers.#.1.*.attn.attn.out_proj": "backbone.block#.*.attn.proj",
    "backbone.layers.#.1.*.attn.sr": "backbone.block#.*.attn.sr",
    "backbone.layers.#.1.*.attn.norm": "backbone.block#.*.attn.norm",
    "backbone.layers.#.1.*.norm2": "backbone.block#.*.norm2",
    "backbone.layers.#.1.*.ffn.layers.0": "backbone.block#.*.mlp.fc1",
    "backbone.layers.#.1.*.ffn.layers.1": "backbone.block#.*.mlp.dwconv.dwconv",
    "backbone.layers.#.1.*.ffn.layers.4": "backbone.block#.*.mlp.fc2",
    "backbone.layers.#.2": "backbone.norm#",
}


def renamed(tensors: Mapping[str, Tensor], table: Names) -> dict[str, Tensor]:
    """Give tensors our names, and the form that goes with them.

    Queries, keys and values of attention become `attn.q` and `attn.kv`, and 1x1 convolutions of the
    MLPs matrices. What cannot be brought into this form keeps its own.
    """
    ours = dict(tensors)
    patterns = {re.compile(_pattern(theirs)): name for theirs, name in table.items()}
    for theirs in tensors:
        name = _renamed(theirs, patterns)
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


def _pattern(theirs: str) -> str:
    escaped = re.escape(theirs).replace(r"\#", "(?P<stage>[0-9])")
    # A fused projection of attention has no module of its own: "in_proj_weight".
    return escaped.replace(r"\*", "(?P<block>[0-9]+)") + r"[._](?P<leaf>[a-z_]+)"


def _renamed(theirs: str, patterns: Mapping[re.Pattern[str], str]) -> str:
    for pattern, name in patterns.items():
        if match := pattern.fullmatch(theirs):
            found = match.groupdict()
            if "stage" in found:
                name = name.replace("#", str(int(found["stage"]) + 1))
            return f"{name.replace('*', found.get('block', ''))}.{found['leaf']}"
    return theirs


def _split(ours: dict[str, Tensor], name: str) -> None:
    query, rest = (name.replace(".attn.qkv.", f".attn.{part}.") for part in ("q", "kv"))
    width, over = divmod(len(ours[name]) if ours[name].ndim else 1, 3)
    if not over and not {query, rest} & ours.keys():
        fused = ours.pop(name)
        ours[query], ours[rest] = fused[:width], fused[width:]  # (3 C, ...) -> (C, ...), (2 C, ...)


def _join(ours: dict[str, Tensor], name: str) -> None:
    value, both = (name.replace(".attn.k.", f".attn.{part}.") for part in ("v", "kv"))
    fit = value in ours and ours[value].shape == ours[name].shape and ours[name].ndim
    if fit and both not in ours:
        ours[both] = torch.cat([ours.pop(name), ours.pop(value)])  # 2 (C, ...) -> (2 C, ...)
