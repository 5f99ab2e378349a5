"""The stamp of an unfinished run says how the rest comes, or that it never can."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.store import Store
from robustbench_seg.versions import EVALUATING, versions
from tests.helpers.stored_runs import SESSION, stored_spec, write_run

HERE = versions(EVALUATING)


@pytest.mark.parametrize(
    ("made_with", "division", "advice"),
    [
        (HERE, {}, "its command adds the rest"),
        ({**HERE, "torch": "1.0"}, {}, "only with torch 1.0 can its command add the rest; other"),
        (HERE, {"division": {"shard": "1/2"}}, "robustseg merge adds those of the other shards"),
    ],
)
def test_a_partial_run_says_what_to_do(
    made_with: dict[str, str], division: dict[str, dict[str, str]], advice: str, tmp_path: Path
) -> None:
    spec = write_run(tmp_path, stored_spec(versions=made_with), frames=1)
    with Store.create_or_resume(tmp_path, spec) as store:
        store.add_session({**SESSION, **division})
    (stamp,) = [each for each in Run.open(tmp_path).report().stamps if each.startswith("PARTIAL")]
    assert stamp.startswith(f"PARTIAL: 1 of 2 frames are finished; {advice}")
