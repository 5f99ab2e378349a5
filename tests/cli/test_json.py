"""`--json`: the tables of a command on stdout, and everything else on stderr."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.main import get_command

from robustbench_seg import Run
from robustbench_seg.cli import app, run
from robustbench_seg.diagnosis import checkup
from robustbench_seg.reporting.files import csv_content, json_content
from tests.helpers.stored_runs import stored_spec, write_run


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(command: str) -> tuple[int, Any, str]:
        """Return the exit code of a command, its tables and what is on stderr."""
        monkeypatch.setattr("sys.argv", ["robustseg", *command.split()])
        code = run()
        printed = capsys.readouterr()
        tables = json.loads(printed.out or "null")
        keys = {key for rows in (tables or {}).values() for row in rows for key in row}
        assert not re.search(r"\b(index|level_\d)\b", " ".join(keys))
        return code, tables, printed.err

    return call


@pytest.mark.slow
def test_the_tables_of_runs_are_those_of_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_run(Path(name), stored_spec(3, (f"{name}@streets",)))
    code, found, rest = call("report a --format csv --json")
    assert code == 0
    assert "report:" not in rest
    assert "tables: a" in rest
    assert list(found) == list(Run.open("a").tables)
    for name in ("summary", "suite", "tidy"):
        table = pd.read_csv(f"a/{name}.csv", keep_default_na=False, na_values=[""])
        assert [list(row) for row in found[name]] == [list(table)] * len(table)
        shown = pd.read_csv(StringIO(csv_content(pd.DataFrame(found[name])).decode()))
        pd.testing.assert_frame_equal(shown, pd.read_csv(f"a/{name}.csv"), check_exact=True)
    _, both, _ = call("report a b --format csv --json")
    assert both["a/summary"] == found["summary"]
    assert {"b/summary", "b/tidy"} <= set(both)
    code, compared, _ = call("compare a b --format csv --out both --json")
    assert code == 0
    assert {path.stem for path in Path("both").glob("*.csv")} == set(compared)


@pytest.mark.slow
def test_lists_and_exit_codes_are_those_without_json(
    monkeypatch: pytest.MonkeyPatch, call: Any
) -> None:
    checks = {name: checkup.CHECKS[name] for name in ("packages", "hub")}
    monkeypatch.setattr(checkup, "CHECKS", {**checks, "hub": lambda: print("here") or 1 // 0})
    code, found, rest = call("doctor --json")
    assert (code, [row["status"] for row in found["checks"]]) == (1, ["ok", "problem"])
    assert "Broken: hub." in rest
    code, found, rest = call("suites --json")
    assert "cityscapes-c" in found
    assert rest == ""
    assert call("models --json")[1]["models"][0]["name"] == "b0"
    assert [*call("datasets --json")[1]] == ["datasets", "classes", "class_maps"]
    (total,) = call("forecast --limit 2 --size 64x32 --json")[1]["run"]
    assert (total["cells"], total["seconds"]) == (2 * 81, None)
    code, found, rest = call("suites --digests --csv - --json")
    assert (code, found) == (2, None)
    assert rest == "error: --csv - and --json are mutually exclusive\n"
    code, found, rest = call("report nothing --json")
    assert (code, found) == (2, None)


def test_numbers_are_exact_and_what_json_lacks_is_null() -> None:
    table = pd.DataFrame({"value": [0.1 + 0.2, float("inf")], "n": [1, 2]}, index=["a", "\x1b"])
    assert json.loads(json_content({"some": table.rename_axis("name")})) == {
        "some": [
            {"name": "a", "value": 0.1 + 0.2, "n": 1},
            {"name": "\x1b", "value": None, "n": 2},
        ]
    }


def test_each_command_with_tables_has_the_option() -> None:
    group: Any = get_command(app)
    commands = dict(group.commands)
    commands |= {
        f"{name} {part}": command
        for name in ("datasets", "leaderboard")
        for part, command in group.commands[name].commands.items()
    }
    del commands["leaderboard"]
    without = {
        name
        for name, command in commands.items()
        if "--json" not in [flag for option in command.params for flag in option.opts]
    }
    assert without == {"corrupt", "train", "figures", "leaderboard add"}
