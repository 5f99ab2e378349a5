"""Faults of machines: one line and nothing lost. `nox -s hostile` tries all of them."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg import cli
from robustbench_seg.cli.console import console
from tests.e2e.hostile import WHOLE
from tests.e2e.hostile.machines import COMMANDS, FAULTS, VICTIM
from tests.helpers.frames import write_tree

KINDS = {fault.kind: name for name, fault in FAULTS.items()}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree") / "tree", 1, width=64, height=32)


@pytest.fixture(scope="module")
def run(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    few: dict[str, Any] = {"corruptions": ["contrast"], "severities": [1]}
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, **few).folder


def whole(path: Path, form: str) -> bool:
    """Whether a report is complete, by its end."""
    ends = {"html": b"</html>\n", "latex": b"\\end{document}\n", "parquet": b"PAR1"}
    content = path.read_bytes()
    return content.endswith(ends.get(form, b"\n")) and content != b"half"


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS if WHOLE else sorted(KINDS.values()))
def test_a_fault_costs_one_line_and_nothing_else(
    name: str,
    tree: Path,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault = FAULTS[name]
    command, _, form = fault.command.partition(" ")
    out, victim = tmp_path / "out", tmp_path / VICTIM
    victim.write_bytes(b"mine")
    (tmp_path / f"{VICTIM}.folder").mkdir()
    monkeypatch.chdir(tmp_path)
    places = {"TREE": tree, "OUT": out, "RUN": run, "FORMAT": form}
    words = [str(places.get(word, word)) for word in COMMANDS[command].split()]
    monkeypatch.setattr("sys.argv", ["robustseg", *words])
    meanwhile = fault.do(out)
    if not isinstance(meanwhile, AbstractContextManager):
        meanwhile = nullcontext()
    with meanwhile:
        code = cli.run()
    printed = capsys.readouterr()
    assert code == (fault.code if fault.line else 0), printed
    if fault.line:
        assert re.search(fault.line, printed.err), printed
        assert printed.err.count("\n") == 1
        assert fault.output == "" or not (out / fault.output).exists()
    elif fault.output:
        assert (out / fault.output).is_file()
        assert not (out / fault.output).is_symlink()
        assert whole(out / fault.output, form)
    assert victim.read_bytes() == b"mine"
    assert not list((tmp_path / f"{VICTIM}.folder").iterdir())
    assert not (tmp_path / "made").exists()
    assert not list(out.rglob("*.partial")) or name.endswith("dangling")
    # Once mended, it succeeds.
    if fault.line and not re.search("in use|link|no file", fault.line):
        if (
            fault.output
            or "folder" in name
            or not out.exists()
            or command in ("report", "train", "erf")
        ):
            shutil.rmtree(out, ignore_errors=True)
        assert cli.run() == 0, capsys.readouterr()


def test_there_are_sixty() -> None:
    assert len(FAULTS) >= 60


@pytest.mark.parametrize("words", ["models", "suites", "datasets", "suites --digests --csv -"])
def test_a_reader_that_ends_ends_the_command_as_a_shell_does(
    words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "quiet", False)  # which rich sets, and which is restored
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr("sys.argv", ["robustseg", *words.split()])
    with os.fdopen(writing, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        assert cli.run() == 141
    assert capfd.readouterr().err == ""
