"""How labels were numbered in the training of a model, as its files declare it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..reading import SETTINGS, read_data
from .adapters.metadata import parse_json
from .adapters.processor import FILE as PROCESSOR
from .base import LabelConvention
from .checkpoints.folders import CONFIG
from .class_names import plain_name

_UNUSED_INDEX = 255
"""Default of transformers, which is no class."""


def read_convention(
    folder: Path, own: Sequence[str] | None, classes: Sequence[str], configuration: str = ""
) -> LabelConvention:
    """Return what a Hugging Face folder, or OpenMMLab's configuration, says of the labels.

    Where a model's own names of classes are among the data's, they tell more than numbers. Raises
    InputError for files that are not JSON.
    """
    processor, config = (_read(folder / name) for name in (PROCESSOR, CONFIG))
    reduced = processor.get("do_reduce_labels", processor.get("reduce_labels")) is True
    reduced |= re.search(r"reduce_zero_label\W{1,5}True", configuration) is not None
    told = {*map(plain_name, own or ())} & {*map(plain_name, classes)}
    index = config.get("semantic_loss_ignore_index", _UNUSED_INDEX)
    return LabelConvention(
        reduced and not told,
        index if isinstance(index, int) and index >= 0 and index != _UNUSED_INDEX else None,
    )


def check_convention(
    where: str, convention: LabelConvention, names: tuple[str, ...], first: int
) -> None:
    """Raise InputError, which begins with `where`, where labels are numbered in another way.

    `names` are the classes of the labels, in the order of the outputs, and `first` is the value of
    the first one in the label files.
    """
    ignored = convention.ignored
    if ignored is not None and ignored < len(names):
        raise InputError(
            f"{where}: its output {ignored} was left out of its training "
            f"(semantic_loss_ignore_index), and the labels score it as {names[ignored]}; give a "
            "taxonomy without this class, or --class-order as-is"
        )
    if convention.reduced and first == 0:
        raise InputError(
            f"{where}: was trained with 0 left out, so that its first output is the value 1 of "
            f"label files (do_reduce_labels), and the value of {names[0]} is 0; give a taxonomy "
            "with the `values` of its labels, or --class-order as-is if the outputs are in the "
            "order of the data's classes"
        )


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    values = parse_json(str(path), read_data(path, SETTINGS))
    return values if isinstance(values, dict) else {}
