"""Names of models as people write them: `SegFormer_B5`, `mit_b5`, `DeepLabV3+ R50`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from .catalogue import MODELS

_SHORT = (
    *(("resnet", "r"), ("tiny", "t"), ("small", "s")),
    *(("medium", "m"), ("base", "b"), ("large", "l")),
)
"""Words of names, and what is also written for them."""
_SEGFORMER = ("segformer", "mit", "segformermit")
"""What is written before the size of a SegFormer."""


def model_name(text: str) -> str:
    """Return the name of the catalogue's model that a text means, or the text if it means none."""
    return text if text in MODELS else _spellings().get(_plain(text), text)


def nearest_names(text: str, known: Iterable[str]) -> list[str]:
    """Return the models that a text may mean: those whose name begins with it, or the nearest."""
    plain = _plain(text)
    family = [
        name
        for name, model in MODELS.items()
        if plain and (_plain(name).startswith(plain) or _plain(model.description) == plain)
    ]
    if family:
        return family
    spellings = {_plain(name): name for name in known} | _spellings()
    return [spellings[near] for near in get_close_matches(plain, spellings, n=1)]


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower().replace("+", "plus")))


def _spellings() -> dict[str, str]:
    return {spelling: name for name in MODELS for spelling in _spellings_of(name)}


def _spellings_of(name: str) -> Iterator[str]:
    plain = short = _plain(name)
    for word, letter in _SHORT:
        short = short.replace(word, letter)
    yield from (plain, short)
    if MODELS[name].description.startswith("SegFormer"):
        yield from (before + plain for before in _SEGFORMER)
