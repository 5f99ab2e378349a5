"""Models as fields need them: whole ones as they are evaluated, or an encoder without a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import nn

from ..models.base import Segmenter
from ..models.catalogue import MODELS
from ..models.checkpoints import Checkpoint, open_checkpoint
from ..models.named_weights import RANDOM, find_weights
from ..models.registry import build_model, parse_choice
from ..models.registry import load_model as load_whole_model
from ..models.segformer import OFFICIAL, VARIANTS, SegFormer, segformer


def load_model(
    choice: str, *, data: str, weights: str | None, classes: Sequence[str], seed: int = 0
) -> Segmenter:
    """Return a model as `registry.load_model` does, or the encoder that a file holds alone.

    Such an encoder, as `mit_b0.pth`, comes as a segmenter without classes, whose decoder is drawn
    and means nothing. The seed draws the weights of NAME@random. Raises InputError as
    `registry.load_model`.
    """
    parsed = parse_choice(choice)
    wanted = weights or parsed.weights
    if parsed.prefix or parsed.model not in MODELS or wanted is None or weights == parsed.weights:
        return load_whole_model(choice, data=data, weights=weights, classes=classes)
    if wanted == RANDOM:
        segmenter = load_whole_model(parsed.model, data=data, weights=RANDOM, classes=classes)
        source = f"drawn at random, seed {seed}"
        return replace(
            segmenter,
            network=build_model(parsed.model, len(classes), seed=seed).eval(),
            weights={**segmenter.weights, "source": source},
        )
    found = find_weights(parsed.model, wanted, data)
    checkpoint = open_checkpoint(found.path)
    if checkpoint.format.outputs is not None:
        return load_whole_model(choice, data=data, weights=weights, classes=classes)
    model = MODELS[parsed.model]
    return Segmenter(
        name=f"{parsed.model}@{found.label}",
        network=_with_encoder(parsed.model, checkpoint),
        preprocessing=model.preprocessing,
        window=model.window,
        classes=(),
        trained_on="ImageNet, as encoders are",
        weights={"source": found.source, "sha256": checkpoint.sha256, "licence": found.licence},
    )


def _with_encoder(name: str, checkpoint: Checkpoint) -> nn.Module:
    network = build_model(name, 1, init=checkpoint.path)
    codebase = checkpoint.format.codebase
    if name in VARIANTS and codebase is not OFFICIAL:
        # What is trained here is official, but an encoder is what its own codebase makes of it.
        with torch.random.fork_rng(devices=[]):
            exact = segformer(name, 1, codebase=codebase)
        exact.backbone.load_state_dict(cast(SegFormer, network).backbone.state_dict())
        network = exact
    return network.eval()
