"""BibTeX entries of the benchmark, of models and of datasets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("references.bib")
_BENCHMARK = ("hendrycks2019benchmarking", "michaelis2019benchmarking", "kamann2020benchmarking")
_DATASETS = {
    "acdc": "sakaridis2021acdc",
    "ade20k": "zhou2017scene",
    "camvid": "brostow2009semantic",
    "cityscapes": "cordts2016cityscapes",
}
_MODELS: Mapping[str, tuple[str, ...]] = {
    **{f"b{number}": ("xie2021segformer",) for number in range(6)},
    "auto": ("liu2019auto",),
    "deeplabv3plus": ("chen2018encoder",),
    "efficientvit": ("cai2023efficientvit",),
    "espnet": ("mehta2018espnet",),
    "espnetv2": ("mehta2019espnetv2",),
    "fcn": ("long2015fully",),
    "icnet": ("zhao2018icnet",),
    "pspnet": ("zhao2017pyramid",),
    "pvt": ("wang2021pyramid",),
    "pvtv2": ("wang2022pvtv2",),
    "setr": ("zheng2021rethinking",),
    "upernet": ("liu2021swin", "xiao2018unified"),
}
"""First word of a model's name -> keys of its papers, the first that of the catalogue."""
TABLE_5 = "xie2021segformer"


def model_keys(name: str) -> tuple[str, ...]:
    """Return the keys of the papers of a model NAME@WEIGHTS; empty for one without entries."""
    model, _, weights = name.partition("@")
    return _MODELS.get(model.partition("-")[0], ()) if weights else ()


def keys(models: Iterable[str], dataset: str) -> list[str]:
    """Return the keys of the benchmark, of models and of a dataset, as far as they have entries."""
    of_models = (key for model in models for key in model_keys(model))
    found = [*_BENCHMARK, TABLE_5, *of_models, _DATASETS.get(dataset, "")]
    return list(dict.fromkeys(filter(None, found)))


def bibtex(chosen: Iterable[str]) -> str:
    """Return the entries of these keys as a BibTeX file."""
    entries = _entries()
    return "\n".join(entries[key] for key in chosen)


@cache
def _entries() -> dict[str, str]:
    """Return all entries by key."""
    text = _FILE.read_text("utf-8")
    return {
        match[1]: match[0] for match in re.finditer(r"@\w+\{(\w+),\n.*?\n\}\n", text, re.DOTALL)
    }
