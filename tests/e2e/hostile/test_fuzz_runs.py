"""Run files that are changed at random: a few, or 10,000 in `nox -s hostile`."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

from tests.e2e.hostile import WHOLE

FIRST, EACH = (range(0, 10_000, 250), 250) if WHOLE else (range(1), 15)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a clock that interrupts")
@pytest.mark.parametrize("first", FIRST)
def test_a_changed_run_is_refused_or_has_the_numbers_of_the_validator(
    first: int, tmp_path: Path
) -> None:
    from tests.e2e.hostile.fuzz_runs import fuzz  # Unix only

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures = fuzz(tmp_path, range(first, first + EACH))
    assert figures["wrong"] == 0
    assert min(figures["taken"], figures["refused"]) > 0
