"""The sentence that says what a run found."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd

from robustbench_seg.reporting.headline import headline

COLUMNS = ["clean", "suite score", "blur", "noise", "retention"]


def sentence(**models: list[float]) -> str:
    """Return the headline of models with these scores in percent."""
    names = {"b0": "SegFormer-B0", "dl": "DeepLabv3+ MobileNetV2", "fcn": "mine"}
    rows = {
        names.get(name, name): [value / 100 for value in values] for name, values in models.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    policy = SimpleNamespace(categories=("blur", "noise", "weather"))
    report: Any = SimpleNamespace(
        tables=("summary",),
        table=lambda _: table,
        spec=SimpleNamespace(suite=SimpleNamespace(policy=policy)),
    )
    return headline(cast(Any, report))


def test_two_models_are_set_against_each_other() -> None:
    assert sentence(b0=[62.2, 41, 50, 42.9, 66.2], dl=[52.5, 24, 45, 10.4, 45.1]) == (
        "SegFormer-B0 keeps 66 % of its clean mIoU (62.2), DeepLabv3+ MobileNetV2 45 % (52.5); "
        "noise separates them most (42.9 against 10.4)."
    )


def test_one_model_has_its_hardest_category() -> None:
    assert sentence(b0=[62.2, 41, 50, 42.9, 66.2]) == (
        "SegFormer-B0 keeps 66 % of its clean mIoU (62.2); noise is the hardest (42.9)."
    )


def test_of_many_models_the_first_and_the_last_are_named() -> None:
    many = {f"m{place}": [60.0 + place, 40, 50, 40 + place, 60.0 + place] for place in range(5)}
    assert sentence(**many) == (
        "Of 5 models m4 keeps most of its clean mIoU (64 % of 64.0), m0 least (60 % of 60.0); "
        "noise separates them most (44.0 against 40.0)."
    )


def test_values_that_differ_do_not_look_alike() -> None:
    found = sentence(b0=[60, 40, 50.02, 40, 66.21], fcn=[60, 40, 50.04, 40, 66.24])
    assert "keeps 66.21 % of its clean mIoU (60.0), mine 66.24 % (60.0)" in found
    assert "blur separates them most (50.02 against 50.04)" in found


def test_without_a_retention_there_is_no_sentence() -> None:
    assert sentence(b0=[float("nan"), 41, 50, 42.9, float("nan")]) == ""
