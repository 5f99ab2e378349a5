"""mmsegmentation's networks: built by its registry, and run as in its `inference_model`."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import InputError
from .external import one_line_errors
from .mmseg_config import kinds
from .mmseg_pipeline import Padding

INSTALL = "pip install openmim 'mmsegmentation>=1.2' && mim install mmengine 'mmcv>=2.0,<2.2'"
_EXTENSION = "mmcv._ext"
"""The compiled operators of mmcv, which `mmcv-lite` lacks."""
_SIBLINGS = ("mmdet", "mmpretrain")
"""Packages whose modules configurations name as PACKAGE.MODULE."""
_INFERENCE = ("predict", "inference", "slide_inference", "whole_inference", "postprocess_result")
"""Methods of `EncoderDecoder` in place of which the windows and the upsampling of a run stand."""


def import_mmseg(choice: str) -> None:
    """Import mmsegmentation's models. Raises InputError with the command that installs it."""
    _import(choice, "mmseg.models")


def _import(choice: str, module: str) -> Any:
    with one_line_errors(choice, f"the import of {module} failed"):
        try:
            return importlib.import_module(module)
        except ImportError as error:
            missing = (error.name or module).partition(".")[0]
            if error.name == _EXTENSION:
                needed, install = "mmcv with its compiled operators, not mmcv-lite", INSTALL
            elif missing in ("mmseg", "mmcv", "mmengine"):
                needed, install = f"{missing}, which is not installed", INSTALL
            else:
                needed, install = f"{missing}, which is not installed", f"pip install {missing}"
            raise InputError(f"--model {choice}: needs {needed}; {install}") from error


def execute_config(choice: str, path: Path) -> dict[str, Any]:
    """Execute a configuration file, and those it is based on. Raises InputError."""
    from mmengine.config import Config

    with one_line_errors(choice, f"{path} cannot be executed", location=True):
        values: dict[str, Any] = Config.fromfile(path).to_dict()
        return values


def class_names(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the names of the classes of a configuration's test dataset, if it has some."""
    from mmseg.registry import DATASETS

    loader = config.get("test_dataloader")
    dataset = loader.get("dataset") if isinstance(loader, Mapping) else None
    if not isinstance(dataset, Mapping):
        return None
    kind = str(dataset.get("type")).rpartition(".")[2]
    DATASETS.import_from_location()
    known = getattr(DATASETS.module_dict.get(kind), "METAINFO", {})
    given = dataset.get("metainfo")
    names = {**known, **(given if isinstance(given, Mapping) else {})}.get("classes")
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None


def check_registered(choice: str, where: str, model: Mapping[str, Any]) -> None:
    """Raise InputError, which begins with `where`, for a `type` that is in no registry.

    mmengine would import any other by its name, and call it.
    """
    from mmseg.registry import MODELS, TASK_UTILS

    for kind in dict.fromkeys(kinds(model)):
        package, _, name = kind.rpartition(".")
        found: list[Any] = []
        if package in ("", "mmseg"):
            found = [MODELS, MODELS.parent, TASK_UTILS]
        elif package in _SIBLINGS:
            registry = _import(choice, f"{package}.registry")
            found = [registry.MODELS, registry.TASK_UTILS]
        for each in found:
            each.import_from_location()
        if not any(name in each.module_dict for each in found):
            raise InputError(
                f"{where}: type = {kind!r:.60} is no module of mmsegmentation; give "
                "CONFIG.py@CHECKPOINT, if it is your own"
            )


def build(choice: str, model: Mapping[str, Any]) -> Any:
    """Build a network with random weights. Raises InputError if mmsegmentation cannot."""
    from mmengine.config import ConfigDict
    from mmengine.registry import init_default_scope
    from mmseg.models import EncoderDecoder
    from mmseg.registry import MODELS

    for package in {kind.partition(".")[0] for kind in kinds(model)}.intersection(_SIBLINGS):
        _import(choice, f"{package}.models")
    init_default_scope("mmseg")
    with one_line_errors(choice, "mmsegmentation cannot build it"), torch.random.fork_rng([]):
        network = MODELS.build(ConfigDict(model, train_cfg=None))
    own = {name for name in _INFERENCE if _differs(network, EncoderDecoder, [name])}
    if own or not isinstance(network, EncoderDecoder):
        kind = type(network).__name__
        raise InputError(
            f"--model {choice}: {kind} is run in another way than EncoderDecoder, which is "
            "supported; load it in a factory of python:"
        )
    return network


def _differs(value: object, kind: type, methods: Iterable[str]) -> bool:
    return any(getattr(type(value), name, None) is not getattr(kind, name) for name in methods)


class MmsegNetwork(nn.Module):
    """A network of mmsegmentation: images (N, 3, H, W) to logits (N, K, h, w)."""

    def __init__(self, model: Any, padding: Padding) -> None:
        super().__init__()
        from mmseg.models.decode_heads.decode_head import BaseDecodeHead

        self.model = model.float()
        self.padding = padding
        self.shift = 0.0
        last: Any = model.decode_head
        if isinstance(last, nn.ModuleList):
            last = last[-1]
        if model.out_channels == 1:
            # A class of two is scored where its logit is above 0, and there above a threshold.
            self.shift = math.log(last.threshold / (1 - last.threshold))
        # Where it only resizes logits, that is left to what makes labels of them, for speed.
        if not _differs(last, BaseDecodeHead, ["predict_by_feat"]):
            last.predict_by_feat = _unresized

    def forward(self, image: Tensor) -> Tensor:
        size = image.shape[2:]
        padded = torch.Size(self.padding.padded((size[0], size[1])))
        right, bottom = padded[1] - size[1], padded[0] - size[0]
        if padded != size:
            image = F.pad(image, (0, right, 0, bottom), value=self.padding.value)
        meta = {
            "ori_shape": tuple(size),
            "img_shape": padded,
            "pad_shape": padded,
            "padding_size": [0, right, 0, bottom],
        }
        logits = self.model.encode_decode(image, [dict(meta) for _ in image])
        if padded != size:
            corners = self.model.align_corners
            logits = F.interpolate(logits, padded, mode="bilinear", align_corners=corners)
            logits = logits[:, :, : size[0], : size[1]]  # (N, K, *padded) -> (N, K, H, W)
        return logits - self.shift


def _unresized(logits: Tensor, _metas: object) -> Tensor:
    return logits
