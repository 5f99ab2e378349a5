"""Names of models as papers write them: "SegFormer-B0" for `b0@streets`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from ..corruptions.checks import did_you_mean
from ..errors import InputError

_WORDS = {
    "espnet": "ESPNet",
    "espnetv2": "ESPNetv2",
    "efficientvit": "EfficientViT",
    "fcn": "FCN",
    "pspnet": "PSPNet",
    "deeplabv3plus": "DeepLabv3+",
    "setr": "SETR",
    "upernet": "UPerNet",
    "swin": "Swin",
    "icnet": "ICNet",
    "pvt": "PVT",
    "pvtv2": "PVTv2",
    "mobilenetv2": "MobileNetV2",
    "naive": "Na\u00efve",
    "pup": "PUP",
    "mla": "MLA",
}
"""Words of the catalogue's names, as papers write them."""
_PLAIN = {"tiny": "Tiny", "small": "Small", "medium": "Medium", "base": "Base", "large": "Large"}
_SEGFORMER = re.compile(r"b[0-5](-pe)?")
_RESNET = re.compile(r"resnet(\d+)")
_VARIANT = re.compile(r"b\d")
# Parts that papers join to the name before them with a hyphen: PVTv2-B0, Swin-Tiny, SETR-PUP.
_JOINED = frozenset({*_PLAIN, "naive", "pup", "mla"})


def display_name(name: str) -> str:
    """Return the name NAME@WEIGHTS of a catalogue's model as papers write it, without its weights.

    Names of other models, and those of folders with predictions, stay as they are.
    """
    model, weights, _ = name.partition("@")
    if not weights:
        return name
    if _SEGFORMER.fullmatch(model):
        variant, *positions = model.split("-")
        return f"SegFormer-{variant.upper()}" + (" with PE" if positions else "")
    if model.startswith("auto-deeplab-"):
        return f"Auto-DeepLab-{_PLAIN.get(model.rpartition('-')[2], '')}".rstrip("-")
    first, *parts = model.split("-")
    words = [_word(part) for part in parts]
    if first not in _WORDS or not all(words):
        return name
    shown = _WORDS[first]
    for part, word in zip(parts, words, strict=True):
        joined = part in _JOINED or _VARIANT.fullmatch(part)
        shown += f"{'-' if joined else ' '}{word}"
    return shown


def display_names(names: Iterable[str], labels: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the display name of each model; those that share one have their weights beside it.

    `labels` are names of the user's own, by NAME@WEIGHTS.
    """
    own = labels or {}
    shown = {name: own.get(name) or display_name(name) for name in names}
    often = Counter(shown.values())
    return {
        name: text if often[text] == 1 else f"{text} ({name.partition('@')[2] or name})"
        for name, text in shown.items()
    }


def read_labels(labels: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return a user's labels, by NAME or NAME@WEIGHTS, by the names of the models that they mean.

    Raises InputError for a label without text, and for a name that no model or several have.
    """
    known = list(dict.fromkeys(names))
    found = {}
    for name, label in labels.items():
        meant = [each for each in known if name == each] or [
            each for each in known if each.partition("@")[0] == name
        ]
        if len(meant) != 1:
            what = "several models have this name" if meant else "no model has this name"
            ones = f"{', '.join(known)}{'' if meant else did_you_mean(name, known)}"
            raise InputError(f"--label {name}: {what}; write one of {ones}")
        if not label.strip():
            raise InputError(f"--label {name}: an empty label; write NAME=TEXT")
        found[meant[0]] = label.strip()
    return found


def _word(part: str) -> str:
    """Return a part of a name as papers write it, or "" for an unknown one."""
    if depth := _RESNET.fullmatch(part):
        return f"ResNet-{depth[1]}"
    if _VARIANT.fullmatch(part):
        return part.upper()
    return _WORDS.get(part) or _PLAIN.get(part, "")
