"""Models from elsewhere: each adapter turns a choice "prefix:target" into a Segmenter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..base import Segmenter
from . import huggingface, onnx, python, torchscript
from .python import load_registered, registered

__all__ = ["ADAPTERS", "FORMS", "Adapter", "load_registered", "registered"]

Adapter = Callable[[str, str, Sequence[str]], Segmenter]
"""From the target, the data's name and its classes; InputError where there is no such model."""

ADAPTERS: Mapping[str, Adapter] = {
    "hf": huggingface.load,
    "onnx": onnx.load,
    "torchscript": torchscript.load,
    "python": python.load,
}
FORMS = ("hf:REPOSITORY_OR_FOLDER", "onnx:FILE", "torchscript:FILE", "python:MODULE:FACTORY")
