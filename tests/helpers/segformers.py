"""SegFormers of transformers, and ours with the weights of a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoint import Checkpoint
from robustbench_seg.models.checkpoints import fill
from robustbench_seg.models.segformer import VARIANTS, SegFormer


def config_of(variant: str, classes: int | Sequence[str] = 19, **options: Any) -> SegformerConfig:
    """Return transformers' configuration of a variant, for a number of classes or for names."""
    sizes = VARIANTS[variant]
    if isinstance(classes, int):
        labels: dict[str, Any] = {"num_labels": classes}
    else:
        labels = {
            "id2label": dict(enumerate(classes)),
            "label2id": {name: index for index, name in enumerate(classes)},
        }
    return SegformerConfig(
        **{
            "hidden_sizes": list(sizes.widths),
            "depths": list(sizes.depths),
            "num_attention_heads": list(sizes.heads),
            "decoder_hidden_size": sizes.decoder_width,
            **labels,
            **options,
        }
    )


def peer_of(variant: str, classes: int | Sequence[str] = 19, **options: Any) -> Any:
    """Build a variant by transformers, with random weights, for inference."""
    return SegformerForSemanticSegmentation(config_of(variant, classes, **options)).eval()


def filled(checkpoint: Checkpoint, **settings: Any) -> SegFormer:
    """Build our network of a checkpoint for inference; settings replace those of its format."""
    settings = {**checkpoint.format.settings, **settings}
    build_for = MODELS[checkpoint.model or ""].build_for
    assert build_for is not None
    network = build_for(
        replace(checkpoint, format=replace(checkpoint.format, settings=settings))
    ).eval()
    assert isinstance(network, SegFormer)
    fill(network, checkpoint)
    return network
