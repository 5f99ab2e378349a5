"""Alias tables: their probabilities are exact, and random levels follow them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from robustbench_seg.corruptions.noise.alias import alias_tables, draw_levels
from robustbench_seg.corruptions.randomness import BLOCK, draw_words
from tests.helpers.alias_shares import table_shares


def _below(rng: np.random.Generator, concentration: float) -> NDArray[np.float64]:
    """Return random probabilities; a low concentration leaves few outcomes above 0."""
    shares = rng.dirichlet(np.full(256, concentration), 256)  # (256, 256)
    return np.clip(np.cumsum(shares, axis=1)[:, :-1], 0.0, 1.0)  # (256, 255)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 0.1, 1.0, 100.0]))
def test_tables_hold_the_probabilities_to_the_last_unit(seed: int, concentration: float) -> None:
    below = _below(np.random.default_rng(seed), concentration)
    expected = np.diff(np.rint(below * 2**32), prepend=0, append=2**32)
    np.testing.assert_array_equal(table_shares(alias_tables(below)), expected)


@pytest.mark.parametrize("outcome", [0, 1, 128, 255])
def test_certainty_is_certain(outcome: int) -> None:
    below = np.tile(np.arange(1, 256) > outcome, (256, 1)).astype(np.float64)
    levels = np.tile(np.arange(256, dtype=np.uint8), 64)
    draw_levels(levels, np.uint64(3), alias_tables(below))
    assert (levels == outcome).all()


def test_a_word_chooses_a_column_and_a_height_in_it() -> None:
    rng = np.random.default_rng(1)
    tables = alias_tables(_below(rng, 0.3))
    levels = rng.integers(0, 256, 2 * BLOCK + 77, np.uint8)
    words = draw_words(9, 0, levels.size + 1)
    expected = []
    for level, word in zip(levels.tolist(), words.tolist(), strict=False):
        column, height = divmod(word, 2**24)
        begins, alias = divmod(int(tables[level, column]), 2**8)
        expected.append(column if height < begins else alias)

    draw_levels(levels, np.uint64(9), tables)

    np.testing.assert_array_equal(levels, expected)


def test_random_levels_follow_the_probabilities() -> None:
    # Significance 1e-4; the stream is fixed.
    tables = alias_tables(_below(np.random.default_rng(2), 5.0))
    levels = np.full(2**20, 77, np.uint8)
    draw_levels(levels, np.uint64(4), tables)
    expected = table_shares(tables)[77] * (levels.size / 2**32)
    assert stats.chisquare(np.bincount(levels, minlength=256), expected).pvalue > 1e-4
