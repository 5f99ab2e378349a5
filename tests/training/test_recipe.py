"""Recipes: the schedule, and the options that are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.training.recipe import Recipe

RECIPE = Recipe(model="b0", data="streets", steps=8)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"learning_rate": 0.0}, "--learning-rate 0.0"),
        ({"learning_rate": float("nan")}, "--learning-rate nan"),
        ({"learning_rate": float("inf")}, "--learning-rate inf"),
        ({"crop": (31, 64)}, "--crop 64x31: each side must be at least 32"),
        ({"model": "pspnet-resnet50", "batch": 1}, "--batch 1: pspnet-resnet50 pools whole"),
        ({"crop": (64, 0)}, "--crop 0x64"),
        ({"crop": (36, 64), "model": "espnet"}, "--crop 64x36: .* multiple of 8"),
    ],
)
def test_a_recipe_that_cannot_be_trained_is_refused(options: dict[str, Any], wrong: str) -> None:
    replace(RECIPE, crop=(36, 64))
    replace(RECIPE, crop=(40, 64), model="espnet")
    with pytest.raises(InputError, match=wrong):
        replace(RECIPE, **options)


def test_learning_rate_warms_up_and_decays() -> None:
    recipe = Recipe(model="b0", data="streets", steps=1000, learning_rate=1.0, warm_up=10)
    assert recipe.rate(0) == pytest.approx(0.1)
    assert recipe.rate(500) == pytest.approx(0.5)
    assert recipe.rate(999) == pytest.approx(0.001)
