"""The papers behind the benchmark, models and datasets: a section, and their BibTeX entries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from ..reports.document import Listing, Section
from ..reports.table import Cell, Head, Table

_FILE = Path(__file__).with_name("citations.bib")
_BENCHMARK = ("hendrycks2019benchmarking", "michaelis2019benchmarking", "kamann2020benchmarking")
_DATASETS = {
    "acdc": "sakaridis2021acdc",
    "ade20k": "zhou2017scene",
    "camvid": "brostow2009semantic",
    "cityscapes": "cordts2016cityscapes",
}
_SUITES = {
    "adversarial": (
        *("goodfellow2015explaining", "madry2018towards"),
        *("gu2022segpgd", "agnihotri2024cospgd"),
    ),
    "imagenet-c-bar": ("mintun2021interaction",),
    "sea": ("croce2024towards",),
    "street-3d": ("sakaridis2018semantic", "halder2019physics", "kar2022common"),
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


def section(cited: Sequence[str]) -> Section:
    """Return the section of the papers with these keys, which a page saves as BibTeX."""
    rows = [tuple(map(Cell, _described(key))) for key in cited]
    table = Table(
        "Papers of the benchmark, the models and the data, as far as they are known.",
        tuple(map(Head, ("authors", "title", "where", "arXiv"))),
        tuple(rows),
        stub=2,
        name="papers-table",
    )
    return Section(
        "References",
        (table, Listing("references.bib", bibtex(cited))),
        foreign=True,
        terminal=False,
    )


def _described(key: str) -> tuple[str, str, str, str]:
    """Return authors, title, place with the year, and the number at arXiv, for readers."""
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", _entries()[key], re.MULTILINE))
    names = [name.partition(",")[0] for name in fields["author"].split(" and ")]
    authors = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    where = fields.get("booktitle") or fields["journal"]
    short = re.search(r"\((\w+)\)$", where)
    title = re.sub(r"[{}]", "", fields["title"])
    return (
        authors,
        title,
        f"{short[1] if short else where} {fields['year']}",
        fields.get("eprint", ""),
    )


def model_keys(name: str) -> tuple[str, ...]:
    """Return the keys of the papers of a model NAME@WEIGHTS; empty for one without entries."""
    model, _, weights = name.partition("@")
    return _MODELS.get(model.partition("-")[0], ()) if weights else ()


def benchmark_keys(suite: str) -> tuple[str, ...]:
    """Return the keys of the benchmark and of a suite."""
    return (*_BENCHMARK, *_SUITES.get(suite.removesuffix("-part"), ()))


def keys(models: Iterable[str], dataset: str, suite: str) -> list[str]:
    """Return the keys of the benchmark, models, dataset and suite, as far as they have entries."""
    of_models = (key for model in models for key in model_keys(model))
    found = [*benchmark_keys(suite), TABLE_5, *of_models, _DATASETS.get(dataset, "")]
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
