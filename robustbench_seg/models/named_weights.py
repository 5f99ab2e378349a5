"""Weights with a name: the models and data that have some, and where the files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from .adapters.processor import FILE as PROCESSOR
from .hub_files import REPOSITORY, NotFetchedError, fetch_optional, fetch_repository
from .weights_files import SEPARATOR, SUFFIXES, split_choice


class Embedded(NamedTuple):
    """Weights in this package: a file in its folder `weights`."""

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
    ("b0-pe", "streets"): Embedded("b0-pe-streets.safetensors"),
    ("deeplabv3plus-mobilenetv2", "streets"): Embedded(
        "deeplabv3plus-mobilenetv2-streets.safetensors"
    ),
    **{
        (name, "cityscapes"): Hub(f"nvidia/segformer-{name}-finetuned-cityscapes-1024-1024")
        for name in ("b0", "b1", "b2", "b3", "b4", "b5")
    },
}
RANDOM = "random"
EMBEDDED = Path(__file__).parent / "weights"
_UNTRAINED = "--weights random, which stamps UNTRAINED on every output"


class LocatedWeights(NamedTuple):
    """Weights on disk, and what is known of them before they are read."""

    path: Path
    """A file, a folder as Hugging Face lays it out, or FILE::SET for one of several sets in it."""
    label: str
    """The part after the "@" in a result's name."""
    source: str
    licence: str = ""
    trained_on: str = ""
    """Name of the data; empty if only the file may give it."""
    note: str = ""
    named: bool = False
    """Whether the weights have a name here, so that the catalogue's preprocessing is theirs."""


def find_weights(model: str, wanted: str, data: str) -> LocatedWeights:
    """Find a model's weights: those named `wanted`, or the file, folder or repository of that name.

    data is the name of the dataset at hand. A path comes before a repository OWNER/NAME of the
    Hugging Face hub, which is downloaded unless it is in the hub's cache. Raises InputError, with
    the alternatives, if there are no such weights.
    """
    where = NAMED_WEIGHTS.get((model, wanted))
    if isinstance(where, Hub):
        return _published(where, f"{model}@{wanted}", wanted)
    if isinstance(where, Embedded):
        file, licence, note = where
        source = f"{file}, embedded"
        return LocatedWeights(EMBEDDED / file, wanted, source, licence, wanted, note, named=True)
    if wanted == data or wanted in {known for _, known in NAMED_WEIGHTS}:
        raise InputError(_no_weights(model, wanted))
    path, chosen = split_choice(wanted)
    if path.exists():
        label = f"{_label(path)}{SEPARATOR}{chosen}" if chosen else _label(path)
        return LocatedWeights(Path(wanted), label, Path(wanted).name)
    if REPOSITORY.fullmatch(wanted) and path.suffix not in SUFFIXES:
        return _repository(model, wanted)
    known = [*(data for name, data in NAMED_WEIGHTS if name == model), RANDOM]
    raise InputError(
        f"--weights {wanted}: no such file; {model} has weights by name: {', '.join(known)}"
        f"{did_you_mean(wanted, known)}"
    )


def find_weights_for(model: str, data: str, taxonomy: str = "") -> LocatedWeights:
    """Find a model's weights for a dataset: those of its name, else those of its taxonomy.

    Raises InputError, with the alternatives, if there are no such weights.
    """
    where = NAMED_WEIGHTS.get((model, taxonomy))
    if (model, data) in NAMED_WEIGHTS or not isinstance(where, Hub):
        return find_weights(model, data, data)
    try:
        return _fetch(where, taxonomy)
    except NotFetchedError as error:
        raise InputError(
            f"{_no_weights(model, data)}; {where.repository}, trained on {taxonomy}, {error}"
        ) from error


def _published(where: Hub, choice: str, data: str) -> LocatedWeights:
    try:
        return _fetch(where, data)
    except NotFetchedError as error:
        raise InputError(
            f"--model {choice}: {where.repository} {error}, or use "
            f"--weights FILE, --model b0 --data streets, or {_UNTRAINED}"
        ) from error


def _fetch(where: Hub, data: str) -> LocatedWeights:
    """Download weights unless they are in the hub's cache. Raises NotFetchedError."""
    folder = fetch_repository(where.repository)
    source = _source(where.repository, folder)
    return LocatedWeights(folder, data, source, where.licence, data, named=True)


def _repository(model: str, wanted: str) -> LocatedWeights:
    for (name, data), where in NAMED_WEIGHTS.items():
        if isinstance(where, Hub) and (name, where.repository) == (model, wanted):
            return _published(where, f"{model}@{wanted}", data)
    try:
        folder = fetch_repository(wanted)
        fetch_optional(wanted, PROCESSOR, folder)
    except NotFetchedError as error:
        raise InputError(
            f"--weights {wanted}: no such file, and as a repository it {error}, or give a FILE"
        ) from error
    label, trained_on = wanted.partition("/")[2], f"the data of {wanted}"
    return LocatedWeights(folder, label, _source(wanted, folder), trained_on=trained_on)


def _source(repository: str, folder: Path) -> str:
    return f"https://huggingface.co/{repository} at {folder.name}"


def _no_weights(model: str, data: str) -> str:
    ways = ["--weights FILE"]
    if (model, "cityscapes") in NAMED_WEIGHTS:
        ways.insert(0, "--data PATH or CITYSCAPES_DATASET for Cityscapes, which it has weights for")
    if ("b0", data) in NAMED_WEIGHTS:
        ways.append(f"--model b0 on {data}")
    return f"--model {model}: no weights for {data}; use {', '.join(ways)}, or {_UNTRAINED}"


def _label(path: Path) -> str:
    # Trainings name their files alike; the folder's name distinguishes them.
    if path.is_file() and path.stem in {"weights", "model", "pytorch_model"}:
        path = path.resolve().parent
    return path.resolve().name if path.is_dir() else path.stem
