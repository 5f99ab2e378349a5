"""The declaration of a model of the catalogue, with which each paper's file ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from .base import IMAGENET, WHOLE, Preprocessing, Side, Window
from .checkpoint import NO_KEY, Checkpoint

MODEL_ZOO = "mmsegmentation (Apache-2.0)"
"""Whose weights many models have, and their licence."""
ENCODER = "backbone."
"""Prefix of the parameters of an encoder, which may be published without its decoder."""


@dataclass(frozen=True)
class Model:
    """A model of the catalogue: what is the same for all of its weights."""

    name: str
    title: str
    """Title of the paper, and its number at arXiv."""
    description: str
    """Name of the architecture, for a line of `robustseg models`."""
    build: Callable[..., nn.Module]
    """Build a network with a number of outputs and newly drawn weights."""
    keys: tuple[str, ...]
    """Prefixes of keys that every checkpoint with the network's parameter names has."""
    classifier: str
    """Key of a tensor whose length is the number of outputs."""
    transformer: bool = False
    """Whether the encoder is a transformer; else it is a CNN."""
    build_for: Callable[[Checkpoint], nn.Module] | None = None
    """Build a network with the sizes of a checkpoint; None: with its number of outputs."""
    has_sizes: Callable[[Mapping[str, Tensor]], bool] = lambda _: True
    """Whether tensors have the model's sizes, where several models share the same keys."""
    unused: str = NO_KEY
    """Pattern of keys in published checkpoints that the network does not use."""
    published: str = ""
    """Who publishes weights that have no name here, and their licence."""
    preprocessing: Preprocessing = IMAGENET
    published_sizes: tuple[tuple[Side, Side], ...] = ()
    """Input sizes (height, width) of published weights, if they differ; the file's name says which
    of them, as WIDTHxHEIGHT."""
    window: Window = WHOLE
    spare_outputs: int = 0
    """Number of outputs after those of the classes, which are dropped."""
    smallest_batch: int = 1
    """Smallest batch in training: 2 where batch norm follows a mean over the whole image."""
    crop_multiple: int = 1
    """Pixels that the sides of crops in training are a multiple of."""
