"""Checkpoints: recognised by their keys, converted to our names, and loaded strictly."""

from .loading import fill, open_checkpoint

__all__ = ["fill", "open_checkpoint"]
