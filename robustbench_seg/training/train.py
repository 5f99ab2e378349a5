"""Training from scratch on a small machine, as the embedded weights were.

The method is that of SegFormer (arXiv 2105.15203, section 4.1): AdamW, a poly schedule with
warm-up, random resize, crop and flip, cross-entropy without ignored pixels. All random numbers are
functions of (seed, step): a resumed training ends with the bytes of an uninterrupted one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import nn
from torch.optim import AdamW

from ..datasets.base import Dataset
from ..errors import InputError
from ..label_types import ignored_label, label_dtype
from ..models.base import Preprocessing
from ..progress import Progress, silent
from ..reading import read_data
from ..writing import PARTIAL, new_file, write_file
from .augmentation import Augmentation, Samples, batches
from .recipe import Recipe

WEIGHTS, CHECKPOINT, LOG = "weights.safetensors", "checkpoint.pt", "log.csv"
CHECKPOINT_EVERY = 100
"""Steps between checkpoints."""
_LOG_HEADER = "step,learning_rate,loss\n"


def train(
    network: nn.Module,
    frames: Dataset,
    recipe: Recipe,
    folder: Path,
    *,
    preprocessing: Preprocessing,
    device: str = "cpu",
    workers: int = 1,
    checkpoint_every: int = CHECKPOINT_EVERY,
    progress: Progress = silent,
) -> Path:
    """Train a network, or resume the training in a folder, and return the weights' file.

    The folder gets a checkpoint, a log (CSV: step, learning rate, loss) and the weights as float16
    safetensors. Frames keep their size, even if `preprocessing` resizes. Raises InputError if the
    folder cannot be written or holds other files or a training with another recipe, for an invalid
    frame, and if the loss is no longer finite.
    """
    network = network.to(device).train()
    optimizer = AdamW(_groups(network, recipe.weight_decay), lr=recipe.learning_rate)
    start = _resume(folder, recipe, network, optimizer)
    samples = Samples(frames, Augmentation(recipe.crop, recipe.resize), recipe.seed)
    ignore = ignored_label(label_dtype(len(frames.classes)))
    indices = range(start * recipe.batch, recipe.steps * recipe.batch)
    loaded = batches(samples, indices, recipe.batch, workers)
    for step, (images, labels) in enumerate(loaded, start):
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # dropout
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step)
        x = preprocessing.normalise(images.to(device, memory_format=torch.channels_last))
        bf16 = recipe.precision == "bf16"
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bf16):
            logits = network(x)  # (N, 3, H, W) -> (N, K, h, w)
        logits = F.interpolate(logits.float(), labels.shape[1:], mode="bilinear")  # (N, K, H, W)
        labels = labels.to(device).long()
        loss = F.cross_entropy(logits, labels, ignore_index=ignore)
        if (labels == ignore).all():
            loss = logits.sum() * 0  # the mean over no pixels would be NaN
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if not torch.isfinite(loss + norm):
            raise InputError(
                f"step {step + 1}: the loss or its gradient is no longer finite; "
                "lower --learning-rate, with a new folder"
            )
        optimizer.step()
        with _writing(folder), (folder / LOG).open("a", newline="", encoding="utf-8") as log:
            csv.writer(log).writerow([step, f"{recipe.rate(step):.3e}", f"{loss.item():.5f}"])
        if (step + 1) % checkpoint_every == 0 or step + 1 == recipe.steps:
            _save(folder, recipe, network, optimizer, step + 1, frames, preprocessing)
        progress("training", step + 1, recipe.steps, f"loss {loss.item():.3f}")
    return folder / WEIGHTS


def fast_precision(device: str) -> Literal["float32", "bf16"]:
    """Return bf16 if the device is fast at it, as GPUs and CPUs with AVX-512 are."""
    # Without AVX-512 a convolution in bf16 takes a hundred times as long.
    cpu = torch.backends.cpu.get_cpu_capability()
    fast = torch.device(device).type != "cpu" or cpu.startswith("AVX512")
    return "bf16" if fast else "float32"


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    # As in SegFormer's recipe, norms and biases (all one-dimensional) are not decayed.
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _resume(folder: Path, recipe: Recipe, network: nn.Module, optimizer: AdamW) -> int:
    path = folder / CHECKPOINT
    if not path.is_file():
        _begin(folder)
        return 0
    wanted = _plain(recipe)
    try:
        state = torch.load(BytesIO(read_data(path)), map_location="cpu", weights_only=True)
        differing = sorted(key for key in wanted if wanted[key] != state["recipe"].get(key))
        if not differing:
            network.load_state_dict(state["network"])
            optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
    # torch raises many kinds of errors for damaged and foreign files.
    except Exception as error:
        raise InputError(
            f"{path}: not a checkpoint, or damaged; delete it to begin anew"
        ) from error
    if differing:
        raise InputError(
            f"--out {folder}: holds another training, which differs in {', '.join(differing)}; "
            "name another folder"
        )
    _cut_log(folder / LOG, step)
    return step


def _begin(folder: Path) -> None:
    log = folder / LOG
    # Files of a training that was interrupted before its first checkpoint.
    ours = {LOG, *(name + PARTIAL for name in (LOG, WEIGHTS, CHECKPOINT))}
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        foreign = {path.name for path in folder.iterdir()} - ours
        if foreign or (log.exists() and not read_data(log).startswith(_LOG_HEADER.encode())):
            raise InputError(f"--out {folder}: holds other files; name a new folder")
        write_file(log, _LOG_HEADER.encode())


def _cut_log(log: Path, step: int) -> None:
    # The steps after the checkpoint are repeated, and logged again.
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)[1:] if log.is_file() else []
    numbers = [line.partition(",")[0] for line in lines]
    kept = [line for line, n in zip(lines, numbers, strict=True) if n.isdigit() and int(n) < step]
    with _writing(log.parent):
        write_file(log, "".join([_LOG_HEADER, *kept]).encode())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn an OSError into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"--out {folder}: cannot be written ({error.strerror}); the last checkpoint is kept: "
            "mend it and run the same command again, or name another folder"
        ) from error


def _save(
    folder: Path,
    recipe: Recipe,
    network: nn.Module,
    optimizer: AdamW,
    step: int,
    frames: Dataset,
    preprocessing: Preprocessing,
) -> None:
    weights = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {
        "model": recipe.model,
        "classes": json.dumps(frames.class_names),
        "trained_on": frames.name,
        "mean": json.dumps(preprocessing.mean),
        "std": json.dumps(preprocessing.std),
        "channels": preprocessing.channels,
        "steps": f"{step} of {recipe.steps}",
        "recipe": json.dumps(asdict(recipe)),
        **getattr(network, "checkpoint_metadata", {}),
    }
    state = {
        "recipe": _plain(recipe),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    content = BytesIO()  # torch reports a full disk in many ways
    torch.save(state, content)
    # Both are written before either takes its place, the checkpoint last: its weights always exist.
    with _writing(folder), new_file(folder / CHECKPOINT) as checkpoint:
        checkpoint.write(content.getbuffer())
        write_file(folder / WEIGHTS, save(weights, metadata))


def _plain(recipe: Recipe) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))  # tuples become lists
    return values
