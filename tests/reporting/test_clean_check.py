"""Stamps on clean scores that are too low to be true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.reporting.stamps import stamps
from tests.helpers.sample_runs import make_run, model

GOOD = np.diag([500, 200, 100]) + 20


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (GOOD, ""),
        # Few of many pixels of the largest class are right, as where rare classes weigh more.
        ([[9900, 60, 40], [0, 50, 0], [0, 0, 50]], ""),
        (np.roll(GOOD, 1, axis=1), "57.1 % if it always predicted road; robustseg diagnose"),
        (
            [[500, 0, 0], [0, 0, 300], [0, 150, 0]],
            "33.3 %, and 100.0 % with its outputs in another",
        ),
        ([[90, 0, 0], [0, 0, 0], [0, 0, 0]], ""),
    ],
)
def test_a_clean_score_is_suspicious(tmp_path: Path, matrix: object, words: str) -> None:
    run = make_run(tmp_path)
    run.clean = {"b0": np.array(matrix)}
    found = [stamp for stamp in stamps(run) if stamp.startswith("SUSPICIOUS CLEAN SCORE: b0: ")]
    assert len(found) == bool(words)
    assert words in "".join(found)


def test_random_weights_are_stamped_as_such_alone(tmp_path: Path) -> None:
    run = make_run(tmp_path, [model("b0", trained_on="nothing")])
    run.clean = {"b0": np.roll(GOOD, 1, axis=1)}
    assert not [stamp for stamp in stamps(run) if "SUSPICIOUS" in stamp]


def test_assumed_preprocessing_is_stamped(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.sessions.append({"assumed preprocessing": {"b0": "mean, std"}})
    (found,) = (stamp for stamp in stamps(run) if stamp.startswith("ASSUMED PREPROCESSING: "))
    assert "b0: its weights do not declare mean, std; the defaults" in found
