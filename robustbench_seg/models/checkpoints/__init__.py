"""Checkpoints: recognised by their keys, renamed, and loaded strictly."""

from .checkpoint import Checkpoint, fill, open_checkpoint

__all__ = ["Checkpoint", "fill", "open_checkpoint"]
