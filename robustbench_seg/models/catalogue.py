"""The catalogue: the models that are part of the project, by name.

A new model is a file that declares a `Model`, and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from . import (
    auto_deeplab,
    deeplab,
    efficientvit,
    espnet,
    espnetv2,
    fcn,
    icnet,
    pspnet,
    pvt,
    pvtv2,
    segformer,
    setr,
    upernet,
)
from .model import Model

_MODELS: dict[str, Model] = {}
MODELS: Mapping[str, Model] = MappingProxyType(_MODELS)
"""Models by name, in the order in which they are listed."""


def register(*models: Model) -> None:
    """Add models to the catalogue. Raises ValueError for a name that it already has."""
    for model in models:
        if model.name in _MODELS:
            raise ValueError(f"{model.name}: the catalogue already has a model of this name")
        _MODELS[model.name] = model


register(*segformer.MODELS)
register(espnet.MODEL, espnetv2.MODEL)
register(*efficientvit.MODELS)
register(*fcn.MODELS)
register(*pspnet.MODELS)
register(*deeplab.MODELS)
register(*setr.MODELS)
register(*upernet.MODELS)
register(*icnet.MODELS)
register(*pvt.MODELS, *pvtv2.MODELS)
register(*auto_deeplab.MODELS)
