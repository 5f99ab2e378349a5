"""The figures of the documentation are those that its scripts draw today."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from docs import pictures, sampling

CELL = 8
"""Pixels are compared as means of squares of this side, which rounding of JPEG hardly changes."""


@pytest.mark.slow
@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_up_to_date(name: str) -> None:
    draw, quality = pictures.PICTURES[name]
    file = io.BytesIO()
    draw().save(file, "JPEG", quality=quality)
    stored = Image.open(pictures.FOLDER / name)
    drawn = Image.open(file)
    assert drawn.size == stored.size
    means = [np.asarray(image.reduce(CELL), np.int64) for image in (drawn, stored)]
    assert np.abs(means[0] - means[1]).max() <= 4


def test_the_curve_of_samples_is_up_to_date() -> None:
    stored = (pictures.FOLDER / "sampling.svg").read_text("utf-8")
    assert sampling.draw(pictures.FOLDER / "sampling.csv") == stored
