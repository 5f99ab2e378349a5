"""Other names of weights: SegFormer's in transformers and mmsegmentation (0.17 to 1.x), Swin's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from ..checkpoint import CheckpointFormat
from ..segformer_decoders import RectifiedDecoder

_HEADS = {
    "decode_head.linear_fuse": "decode_head.linear_fuse.conv",
    "decode_head.batch_norm": "decode_head.linear_fuse.bn",
    "decode_head.classifier": "decode_head.linear_pred",
    "classifier": "backbone.head",  # of whole images
}
HUB = CheckpointFormat(
    # transformers writes these into files; version 4 has them in memory too.
    key="segformer.encoder.patch_embeddings.0.proj.weight",
    classifier="decode_head.linear_pred.weight",
    settings={"epsilon": 1e-5},  # torch's default for every norm, whatever config.json says
    names={
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
        **_HEADS,
    },
)
TRANSFORMERS_5 = replace(
    HUB,  # version 5 has other names in memory, so in what torch.save(model.state_dict()) writes
    key="segformer.stages.0.patch_embeddings.proj.weight",
    names={
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
        **_HEADS,
    },
)
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


class _SwinFormat(CheckpointFormat):
    """Swin's authors' names, and their order of the pixels that patch merging joins."""

    def convert(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give tensors our names and order."""
        ours = {}
        for theirs, value in tensors.items():
            name = theirs
            for part, own in self.names.items():
                name = name.replace(part, own)
            if ".downsample." in name and value.ndim and value.shape[-1] % 4 == 0:
                joined = value.unflatten(-1, (2, 2, -1))  # (..., 4 C): column, row, channel
                value = joined.transpose(-1, -3).flatten(-3)  # channel, row, column
            ours[name] = value
        return ours


SWIN = _SwinFormat(
    # Their repository Swin-Transformer-Semantic-Segmentation; its heads are mmsegmentation's.
    key="backbone.layers.0.blocks.0.norm1.weight",
    classifier="decode_head.conv_seg.weight",
    unused=r".*\.relative_position_index|auxiliary_head\..*",
    names={
        "backbone.patch_embed.proj.": "backbone.patch_embed.projection.",
        "backbone.layers.": "backbone.stages.",
        ".attn.": ".attn.w_msa.",
        ".mlp.fc1.": ".ffn.layers.0.0.",
        ".mlp.fc2.": ".ffn.layers.1.",
    },
)
FORMATS = (HUB, TRANSFORMERS_5, MMSEGMENTATION, SWIN)
"""Formats with other names than ours."""
