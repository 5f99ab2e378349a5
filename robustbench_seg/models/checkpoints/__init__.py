"""Checkpoints: recognised by their keys, converted to our names, and loaded strictly."""

from .checkpoint import Checkpoint, fill, open_checkpoint

__all__ = ["Checkpoint", "fill", "open_checkpoint"]
