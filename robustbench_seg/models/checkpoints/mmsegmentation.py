"""SegFormer's weights as mmsegmentation names them, from 0.17 to 1.x."""

from __future__ import annotations

from ..checkpoint import CheckpointFormat
from ..segformer_decoders import RectifiedDecoder

MMSEGMENTATION = CheckpointFormat(
    key="backbone.layers.0.0.projection.weight",
    classifier="decode_head.conv_seg.weight",
    unused=r"auxiliary_head\..*",  # acts in mmsegmentation's training only
    settings={"inner_epsilon": 1e-6, "decoder": RectifiedDecoder},
    names={  # those of its decoder are ours too
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
    },
)
