"""Models of other projects: each adapter turns a choice PREFIX:TARGET into a Segmenter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..base import Segmenter
from .huggingface import load_huggingface
from .onnx import load_onnx
from .python import load_python, load_registered, registered
from .torchscript import load_torchscript

__all__ = ["ADAPTERS", "Adapter", "load_registered", "registered"]


class Adapter(NamedTuple):
    """A way to load models of other projects."""

    form: str
    """The choices that it takes, as help and messages show them."""
    load: Callable[[str, str, Sequence[str]], Segmenter]
    """Load a model from a target, the data's name and its classes, or raise InputError."""


ADAPTERS: Mapping[str, Adapter] = {
    "hf": Adapter("hf:REPOSITORY_OR_FOLDER", load_huggingface),
    "onnx": Adapter("onnx:FILE", load_onnx),
    "torchscript": Adapter("torchscript:FILE", load_torchscript),
    "python": Adapter("python:MODULE:FACTORY", load_python),
}
"""Adapters by the prefix of their choices."""
