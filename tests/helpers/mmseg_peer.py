"""mmsegmentation itself, as the peer of `mmseg:`: its networks, its inference, random weights.

A stand-in takes the place of mmcv's compiled operators, which `mmcv-lite` lacks; only networks that
do not call them are compared.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.inference.predict import Predictor
from robustbench_seg.models.registry import load_model
from tests.helpers.mmseg_cases import Case


class _Operators(ModuleType):
    """A module that has every operator, each of which fails when it is called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _fail


def _fail(*_arguments: object) -> None:
    raise RuntimeError("an operator that mmcv-lite lacks")


def stand_in() -> None:
    """Let mmsegmentation be imported beside `mmcv-lite`."""
    sys.modules.setdefault("mmcv._ext", _Operators("mmcv._ext"))


class Compared(NamedTuple):
    """Ours beside mmsegmentation's, for one frame."""

    difference: float
    """Largest difference of logits, relative to the largest of them."""
    equal: float
    """Share of equal labels."""
    classes: int
    """Number of classes that are predicted."""


def configuration(case: Case) -> Any:
    """Return a case's configuration."""
    import mmseg
    from mmengine.config import Config

    folder = Path(mmseg.__file__).parent / ".mim" / "configs"
    config = Config.fromfile(folder / case.config)
    changes: dict[str, Any] = {}
    if case.scale is not None:
        changes["test_pipeline.1.scale"] = case.scale
    if case.window is not None:
        crop, stride = case.window
        changes |= {"model.test_cfg.crop_size": (crop, crop)}
        changes |= {"model.test_cfg.stride": (stride, stride)}
        if "img_size" in config.model.backbone:
            changes["model.backbone.img_size"] = (crop, crop)
    config.merge_from_dict(changes)
    return config


def network(config: Any) -> Any:
    """Return mmsegmentation's network of a configuration, with random weights."""
    from mmseg.apis import init_model

    model = init_model(config, None, device="cpu")
    generator = torch.Generator().manual_seed(0)
    for name, value in model.state_dict().items():
        if not value.is_floating_point():
            continue
        if name.endswith("running_var") or (value.ndim == 1 and name.endswith("weight")):
            value.copy_(torch.rand(value.shape, generator=generator) * 0.5 + 0.75)
        else:
            spread = 0.05 if value.ndim < 2 else (1.5 / value[0].numel()) ** 0.5
            value.copy_(torch.randn(value.shape, generator=generator) * spread)
    return model


def save(path: Path, config: Any, model: Any, **meta: Any) -> tuple[str, ...]:
    """Write a checkpoint as mmengine does; return the names of its classes."""
    names = tuple(f"class {number}" for number in range(model.num_classes))
    meta = {"cfg": config.pretty_text, "dataset_meta": {"classes": names}} | meta
    torch.save({"meta": meta, "state_dict": model.state_dict()}, path)
    return names


def compare(choice: str, model: Any, names: tuple[str, ...], frame: NDArray[np.uint8]) -> Compared:
    """Compare a choice with mmsegmentation's `inference_model` on an RGB frame (H, W, 3)."""
    from mmseg.apis import inference_model

    theirs = inference_model(model, np.ascontiguousarray(frame[..., ::-1]))
    expected = theirs.pred_sem_seg.data[0].numpy()  # (H, W)
    segmenter = load_model(choice, data="the test", classes=names)
    predictor = Predictor(segmenter, "cpu", "float32", segmenter.window)
    size = (frame.shape[0], frame.shape[1])
    labels = predictor.labels(frame[np.newaxis], size)[0]
    difference = 0.0
    if model.out_channels > 1:  # otherwise mmsegmentation gives probabilities
        logits = theirs.seg_logits.data.numpy()  # (K, H, W)
        rows, columns = np.arange(0, size[0], 3), np.arange(0, size[1], 3)
        ours = predictor.logits_at(frame, size, rows, columns)
        difference = float(np.abs(ours - logits[:, ::3, ::3]).max() / np.abs(logits).max())
    return Compared(difference, float((labels == expected).mean()), len(np.unique(expected)))
