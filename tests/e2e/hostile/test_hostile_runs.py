"""Run files from strangers: each crafted one is refused in one line, or read as what it is."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
from pathlib import Path

import pytest

from robustbench_seg import cli
from robustbench_seg.errors import InputError
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.database import FILE
from robustbench_seg.runs.store import Store
from tests.e2e.hostile import sample
from tests.e2e.hostile.crafted import crafted
from tests.e2e.hostile.runs import Attack, attacks
from tests.e2e.hostile.validator import clean_miou
from tests.helpers.stored_runs import stored_spec

ATTACKS = attacks()
SAMPLE: list[Attack] = sample(ATTACKS, lambda each: f"{each.kind} {each.refusal is None}")
FEW = [each for each in SAMPLE if each.refusal][::7]
COMMANDS = ("report run --format csv", "compare run good --format csv", "merge good run --out both")


def refused(attack: Attack, message: str) -> None:
    assert attack.refusal is not None, message
    assert re.search(attack.refusal, message), message
    assert FILE in message
    assert message.isprintable()
    assert len(message) < 1000


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "good"
    crafted().write(folder)
    return folder


@pytest.mark.parametrize("attack", SAMPLE, ids=str)
def test_a_crafted_run_is_refused_in_one_line(attack: Attack, good: Path, tmp_path: Path) -> None:
    path = attack.write(tmp_path / "run")
    content = path.read_bytes()
    try:
        run = Run.open(path.parent)
    except InputError as error:
        refused(attack, str(error))
        with pytest.raises(InputError), Store.create_or_resume(path.parent, stored_spec()):
            pass
    else:
        assert attack.refusal is None
        assert clean_miou(path, run.frames) == pytest.approx(clean_miou(good / FILE, run.frames))
        for name, table in Run.open(good).pixel_counts.items():
            assert (run.pixel_counts[name].counts == table.counts).all()
        with Store.create_or_resume(path.parent, stored_spec()):
            pass
    if attack.refusal is not None:
        assert path.read_bytes() == content
    if (tmp_path / "run" / "thesis.tex").exists():
        assert (tmp_path / "run" / "thesis.tex").read_text() == "important"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("attack", FEW, ids=str)
def test_each_command_ends_with_one_line(
    attack: Attack, command: str, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attack.write(tmp_path / "run")
    shutil.copytree(good, tmp_path / "good")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["robustseg", *command.split()])
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = cli.run()
    (line,) = errors.getvalue().strip().splitlines()
    assert code == 2
    refused(attack, line)
    assert {each.name for each in tmp_path.iterdir()} == {"run", "good"}


def test_there_are_crafted_runs_of_every_kind() -> None:
    assert len(ATTACKS) > 200
    assert len({each.kind for each in ATTACKS}) >= 10
    names = [(each.kind, each.name) for each in ATTACKS]
    assert len(set(names)) == len(names)
