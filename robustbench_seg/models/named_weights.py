"""The weights that have a name: which model has some for which data, and where they are."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError


class Embedded(NamedTuple):
    """Weights that are part of this package: a file in its folder `weights`."""

    file: str
    licence: str = "Apache-2.0"
    note: str = "a demonstration, trained on rendered streets: not a result about Cityscapes"


class Hub(NamedTuple):
    """Weights in a repository of the Hugging Face hub."""

    repository: str
    licence: str = "non-commercial use only (NVIDIA Source Code License for SegFormer)"


NAMED_WEIGHTS: Mapping[tuple[str, str], Embedded | Hub] = {
    # (model, the data that the weights were trained on)
    ("b0", "streets"): Embedded("b0-streets.safetensors"),
    ("b0", "cityscapes"): Hub("nvidia/segformer-b0-finetuned-cityscapes-1024-1024"),
    ("b1", "cityscapes"): Hub("nvidia/segformer-b1-finetuned-cityscapes-1024-1024"),
    ("b2", "cityscapes"): Hub("nvidia/segformer-b2-finetuned-cityscapes-1024-1024"),
    ("b3", "cityscapes"): Hub("nvidia/segformer-b3-finetuned-cityscapes-1024-1024"),
    ("b4", "cityscapes"): Hub("nvidia/segformer-b4-finetuned-cityscapes-1024-1024"),
    ("b5", "cityscapes"): Hub("nvidia/segformer-b5-finetuned-cityscapes-1024-1024"),
}
RANDOM = "random"
EMBEDDED = Path(__file__).parent / "weights"
_UNTRAINED = "--weights random, which stamps UNTRAINED on every output"


class Found(NamedTuple):
    """Weights that are there to be read, and what is known of them before they are."""

    path: Path
    """A file, or a folder as Hugging Face lays it out."""
    label: str
    """What follows the "@" in the name of a result."""
    source: str
    licence: str = ""
    trained_on: str = ""
    """The name of the data; empty where only the file may say."""
    note: str = ""


def find(model: str, wanted: str, data: str) -> Found:
    """Find a model's weights: those named `wanted`, or the file or folder of that path.

    data is the name of the data they are wanted for. Weights of the Hugging Face hub are fetched
    unless they are in its cache. Raises InputError, with the ways on, where there are none.
    """
    where = NAMED_WEIGHTS.get((model, wanted))
    if isinstance(where, Hub):
        folder = _fetch(where, f"{model}@{wanted}")
        # A folder of the hub's cache is named by the commit.
        source = f"https://huggingface.co/{where.repository} at {folder.name}"
        return Found(folder, wanted, source, where.licence, wanted)
    if isinstance(where, Embedded):
        source = f"{where.file}, embedded"
        return Found(EMBEDDED / where.file, wanted, source, where.licence, wanted, where.note)
    if wanted == data or wanted in {known for _, known in NAMED_WEIGHTS}:
        raise InputError(_no_weights(model, wanted))
    path = Path(wanted)
    if not path.exists():
        known = ", ".join([*(data for name, data in NAMED_WEIGHTS if name == model), RANDOM])
        raise InputError(f"--weights {wanted}: no such file; {model} has weights by name: {known}")
    return Found(path, _label(path), path.name)


def _fetch(where: Hub, choice: str) -> Path:
    # Where the files are in the cache, the network is not asked: a run repeats without one.
    try:
        return _download(where.repository, local_files_only=True)
    except OSError:
        pass
    # The hub's client warns of every new attempt; the one line below says it all.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return _download(where.repository, local_files_only=False)
    # The hub's errors, of the network and of what is not there, are OSErrors.
    except OSError as error:
        raise InputError(
            f"--model {choice}: {where.repository} is not in the cache of the Hugging Face hub, "
            "and the hub did not give it; connect to the network once, or use --weights FILE, "
            f"--model b0 --data streets, or {_UNTRAINED}"
        ) from error


def _download(repository: str, *, local_files_only: bool) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    config = hf_hub_download(repository, "config.json", local_files_only=local_files_only)
    try:
        hf_hub_download(repository, "model.safetensors", local_files_only=local_files_only)
    except EntryNotFoundError:  # the older of the repositories have only the other format
        hf_hub_download(repository, "pytorch_model.bin", local_files_only=local_files_only)
    return Path(config).parent


def _no_weights(model: str, data: str) -> str:
    ways = ["--weights FILE"]
    if (model, "cityscapes") in NAMED_WEIGHTS:
        ways.insert(0, "--data PATH or CITYSCAPES_DATASET for Cityscapes, which it has weights for")
    if ("b0", data) in NAMED_WEIGHTS:
        ways.append(f"--model b0 on {data}")
    return f"--model {model}: no weights for {data}; use {', '.join(ways)}, or {_UNTRAINED}"


def _label(path: Path) -> str:
    # Of names that say nothing, as trainings give them, the folder's says more.
    if path.is_file() and path.stem in {"weights", "model", "pytorch_model"}:
        path = path.resolve().parent
    return path.resolve().name if path.is_dir() else path.stem
