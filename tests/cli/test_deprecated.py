"""Old spellings of commands and options work, and name the new one on stderr."""

from __future__ import annotations

from typing import Any

import pytest

from robustbench_seg import cli
from robustbench_seg.cli.deprecated import COMMANDS, OPTIONS, VALUES, current

FLAGS = {
    f"{command} {old}": (f"{command} {old} x", f"{command} {new} x", f"{old}: renamed to {new}")
    for command, names in OPTIONS.items()
    for old, new in names.items()
}
WORDS = {
    f"{option} {old}": (
        f"eval {option} {old}",
        f"eval {option} {new}",
        f"{option} {old}: renamed to {option} {new}",
    )
    for option, values in VALUES.items()
    for old, new in values.items()
}
CASES = {
    **FLAGS,
    **WORDS,
    "command": ("plan --draws 2", "forecast --draws 2", "plan: renamed to forecast"),
    "equals": ("train --frames=3", "train --limit 3", "--frames 3: renamed to --limit"),
    "crop": (
        "train --crop 256 512 --seed 1",
        "train --crop 512x256 --seed 1",
        "--crop 256 512: renamed to --crop 512x256",
    ),
    "csv": ("suites --digests --csv", "suites --digests --csv -", "--csv: renamed to --csv -"),
    "csv first": ("suites --csv --digests", "suites --csv - --digests", "--csv: renamed"),
}


@pytest.mark.parametrize(("old", "new", "line"), CASES.values(), ids=CASES)
def test_old_spellings_are_translated_with_a_notice(old: str, new: str, line: str) -> None:
    notices: list[str] = []
    assert current(old.split(), notices.append) == new.split()
    (notice,) = notices
    assert notice.startswith(line)
    assert notice.endswith("; the old name works until 0.3")
    assert current(new.split(), notices.append) == new.split()
    assert len(notices) == 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--help",
        "eval --images photos --labels masks",
        "eval --out --frames --implementation native",
        "corrupt -- --frames out",
        "train --crop 512x256",
        "train --frames train.txt",
        "suites --digests --csv digests.csv",
    ],
)
def test_the_spellings_of_today_are_left_as_they_are(line: str) -> None:
    notices: list[str] = []
    assert current(line.split(), notices.append) == line.split()
    assert not notices


def test_every_new_spelling_is_an_option_of_its_command() -> None:
    import typer

    group: Any = typer.main.get_command(cli.app)
    assert set(COMMANDS.values()) <= set(group.commands)
    for command, names in OPTIONS.items():
        flags = {flag for each in group.commands[command].params for flag in each.opts}
        assert set(names.values()) <= flags
        assert not set(names) & flags


@pytest.mark.slow
def test_the_command_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["robustseg", "plan", "--model", "espnet", "--images", "7"])
    assert cli.run() == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "plan: renamed to forecast; the old name works until 0.3",
        "--images: renamed to --limit; the old name works until 0.3",
    ]
    assert " x 7)" in printed.out
