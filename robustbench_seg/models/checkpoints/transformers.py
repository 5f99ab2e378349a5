"""SegFormer's weights as Hugging Face's transformers names them, in files and in memory."""

from __future__ import annotations

from ..checkpoint import CheckpointFormat

SETTINGS = {"epsilon": 1e-5}
"""transformers leaves every layer norm at torch's default and ignores config.json."""

HUB = CheckpointFormat(
    # As transformers writes them into files; transformers 4 has the same in memory.
    key="segformer.encoder.patch_embeddings.0.proj.weight",
    classifier="decode_head.linear_pred.weight",
    settings=SETTINGS,
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
        "decode_head.linear_fuse": "decode_head.linear_fuse.conv",
        "decode_head.batch_norm": "decode_head.linear_fuse.bn",
        "decode_head.classifier": "decode_head.linear_pred",
        "classifier": "backbone.head",  # of whole images
    },
)
TRANSFORMERS_5 = CheckpointFormat(
    # In memory, so in what torch.save(model.state_dict()) writes.
    key="segformer.stages.0.patch_embeddings.proj.weight",
    classifier="decode_head.linear_pred.weight",
    settings=SETTINGS,
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
        "decode_head.linear_fuse": "decode_head.linear_fuse.conv",
        "decode_head.batch_norm": "decode_head.linear_fuse.bn",
        "decode_head.classifier": "decode_head.linear_pred",
        "classifier": "backbone.head",
    },
)
