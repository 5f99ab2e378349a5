"""The recipe that made the embedded weights.

SegFormer's own (arXiv 2105.15203, section 4.1), for training from scratch on a small machine:
AdamW, a poly schedule with warm-up, random resize, crop and flip, cross-entropy that leaves out
ignored pixels.
All chance is a function of (seed, step), so a resumed training ends with the bytes of an
uninterrupted one.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from .datasets.augmentation import Augmentation
from .datasets.base import IGNORE
from .datasets.base import Dataset as Frames
from .errors import InputError
from .models.base import Preprocessing
from .progress import Progress, silent

WEIGHTS, CHECKPOINT, LOG = "weights.safetensors", "checkpoint.pt", "log.csv"
_CACHE_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Recipe:
    """What decides a training; two with the same recipe give the same weights."""

    model: str
    data: str
    """Which frames, in words."""
    steps: int
    batch: int = 8
    learning_rate: float = 6e-4
    weight_decay: float = 0.01
    warm_up: int = 200
    crop: tuple[int, int] = (256, 512)
    """(height, width) in pixels."""
    resize: tuple[float, float] = (0.5, 2.0)
    seed: int = 0
    precision: Literal["float32", "bf16"] = "float32"
    init: str = "random"

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: a linear warm-up, then a linear (poly 1) decay."""
        return self.learning_rate * min((step + 1) / self.warm_up, 1) * (1 - step / self.steps)


class Samples(Dataset[tuple[Tensor, Tensor]]):
    """Endless augmented samples; sample i is a function of (seed, i) alone."""

    def __init__(self, frames: Frames, recipe: Recipe):
        self._frames = frames.frames
        self._augment = Augmentation(recipe.crop, recipe.resize)
        self._seed = recipe.seed
        self._cache: dict[int, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
        self._cached_bytes = 0

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return an image, uint8 (3, H, W), and its label, uint8 (H, W), of the crop's size."""
        epoch, position = divmod(index, len(self._frames))
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._frames))
        image, label = self._read(int(order[position]))
        random = np.random.default_rng((self._seed, 1, index))
        image, label = self._augment(image, label, random)
        return torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(label)  # (3, H, W)

    def _read(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if index in self._cache:
            return self._cache[index]
        frame = self._frames[index]
        pair = frame.image(), frame.label()
        size = sum(array.nbytes for array in pair)
        if self._cached_bytes + size <= _CACHE_BYTES:
            self._cache[index] = pair
            self._cached_bytes += size
        return pair


def train(
    network: nn.Module,
    frames: Frames,
    recipe: Recipe,
    folder: Path,
    *,
    preprocessing: Preprocessing,
    device: str = "cpu",
    workers: int = 1,
    checkpoint_every: int = 100,
    progress: Progress = silent,
) -> Path:
    """Train a network on a dataset, resume what the folder holds, and return the weights' file.

    The folder gets a checkpoint, a log (CSV: step, learning rate, loss) and the weights as float16
    safetensors. Crops are of the frames as they are, not resized as `preprocessing` may ask.
    Raises InputError where the folder cannot be written or holds a training of another recipe, and
    for a frame that cannot be read.
    """
    network = network.to(device).train()
    optimizer = torch.optim.AdamW(_groups(network, recipe.weight_decay), lr=recipe.learning_rate)
    start = _resume(folder, recipe, network, optimizer)
    for step, (images, labels) in enumerate(_batches(frames, recipe, start, workers), start):
        torch.manual_seed(recipe.seed * 1_000_003 + step)  # dropout and stochastic depth
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step)
        x = preprocessing.normalise(images.to(device, memory_format=torch.channels_last))
        bf16 = recipe.precision == "bf16"
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bf16):
            logits = network(x)  # (N, 3, H, W) -> (N, K, h, w)
        logits = F.interpolate(logits.float(), labels.shape[1:], mode="bilinear")  # (N, K, H, W)
        loss = F.cross_entropy(logits, labels.to(device).long(), ignore_index=IGNORE)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        _log(folder, step, recipe.rate(step), loss.item())
        if (step + 1) % checkpoint_every == 0 or step + 1 == recipe.steps:
            _save(folder, recipe, network, optimizer, step + 1, frames)
        progress("training", step + 1, recipe.steps, f"loss {loss.item():.3f}")
    return folder / WEIGHTS


def fast_precision(device: str) -> Literal["float32", "bf16"]:
    """Return bf16 where the device computes it at speed: GPUs, and CPUs with AVX-512."""
    # Without these instructions a convolution in bf16 takes a hundred times as long.
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


def _batches(
    frames: Frames, recipe: Recipe, start: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    indices = range(start * recipe.batch, recipe.steps * recipe.batch)
    try:
        yield from DataLoader(
            Subset(Samples(frames, recipe), indices),
            batch_size=recipe.batch,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
        )
    except InputError as error:
        # From a worker the error comes as text: a traceback that ends with what it said.
        raise InputError(str(error).strip().splitlines()[-1].split("InputError: ")[-1]) from error


def _resume(
    folder: Path, recipe: Recipe, network: nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    path = folder / CHECKPOINT
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / LOG).write_text("step,learning_rate,loss\n")
        except OSError as error:
            raise InputError(f"--out {folder}: cannot be written ({error})") from error
        return 0
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    # torch tells of damaged files by whatever its readers stumble over.
    except Exception as error:
        raise InputError(
            f"{path}: not a checkpoint, or damaged; remove it to begin anew"
        ) from error
    wanted = json.loads(json.dumps(asdict(recipe)))
    differing = sorted(key for key in wanted if wanted[key] != state["recipe"].get(key))
    if differing:
        raise InputError(
            f"--out {folder}: holds another training, which differs in {', '.join(differing)}; "
            "name another folder"
        )
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    step: int = state["step"]
    lines = (folder / LOG).read_text().splitlines(keepends=True)
    (folder / LOG).write_text("".join(lines[: step + 1]))  # the steps since will be done again
    return step


def _save(
    folder: Path,
    recipe: Recipe,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: int,
    frames: Frames,
) -> None:
    state = {
        "recipe": json.loads(json.dumps(asdict(recipe))),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
    }
    partial = folder / f"{CHECKPOINT}.partial"
    torch.save(state, partial)
    os.replace(partial, folder / CHECKPOINT)  # noqa: PTH105 - atomic: never a torn checkpoint
    weights = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {
        "model": recipe.model,
        "classes": json.dumps(frames.class_names),
        "trained_on": frames.name,
        "steps": f"{step} of {recipe.steps}",
        "recipe": json.dumps(asdict(recipe)),
    }
    save_file(weights, folder / WEIGHTS, metadata)


def _log(folder: Path, step: int, rate: float, loss: float) -> None:
    with (folder / LOG).open("a", newline="") as file:
        csv.writer(file).writerow([step, f"{rate:.3e}", f"{loss:.5f}"])
