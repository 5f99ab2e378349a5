"""`eval` on folders of strangers, whose runs have the specification that it would continue."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg import cli
from robustbench_seg.runs.database import LOCK
from robustbench_seg.runs.store import Store
from tests.e2e.hostile import sample
from tests.e2e.hostile.crafted import Crafted
from tests.e2e.hostile.runs import Attack, attacks
from tests.helpers.frames import write_tree

WORDS = "eval --model b0@random --data tree --corruptions contrast --severities 1 --out run"
OTHERS = ("field", "specification", "resolution")
"""Kinds that are other specifications here, as which they are refused."""
ATTACKS = [each for each in attacks() if each.kind not in OTHERS]
# Pictures of four cells are not too many.
SAMPLE = sample(
    (each for each in ATTACKS if each.name != "many large ones"),
    lambda each: f"{each.kind} {each.refusal is None}",
)
CAUSES = (
    r"row \w+ of \w+: |its tables are not those of a run|damaged|made by another version|"
    "is a link, or no file|belongs to several databases"
)
KEY = ("model", "condition", "severity", "frame", "draw")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree") / "tree", 2, width=64, height=32)


@pytest.fixture(scope="module")
def whole(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Crafted:
    """Return a run of the command as plain values."""
    out = tmp_path_factory.mktemp("run") / "run"
    few: dict[str, Any] = {"corruptions": ["contrast"], "severities": [1], "measure": ["miou"]}
    robustbench_seg.evaluate("b0@random", data=tree, out=out, **few)

    def key(cell: object) -> list[Any]:
        return [getattr(cell, name) for name in KEY]

    with Store.open(out) as store:
        return Crafted(
            spec=json.loads(json.dumps(store.spec.to_dict())),
            cells=[[*key(cell), matrix.copy()] for cell, matrix in store.matrices()],
            sessions=[dict(each) for each in store.sessions()],
            pictures=[[*key(each.cell), each.caption, each.png] for each in store.pictures()],
        )


@pytest.fixture
def folder(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with the data as `tree`."""
    (tmp_path / "tree").symlink_to(tree)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it prints on stderr."""
    monkeypatch.setattr(sys, "argv", ["robustseg", *WORDS.split(), *words])
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = cli.run()
    return code, errors.getvalue()


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the time of change and the content of each file."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
        if path.name not in (LOCK, "run", "tree")  # locking changes the time of the folder
    }


@pytest.mark.slow
@pytest.mark.parametrize("attack", SAMPLE, ids=str)
def test_a_crafted_run_is_continued_only_if_it_is_whole(
    attack: Attack, whole: Crafted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy.deepcopy(whole)
    attack.change(run)
    run.write(folder / "run")
    before = state(folder)
    code, said = evaluate(monkeypatch)
    if attack.refusal is None:
        assert (code, said) == (0, "")
        return
    assert code == 2
    assert said.count("\n") == 1
    assert re.match("error: (--out run|.*run.sqlite.*): ", said), said
    assert re.search(CAUSES, said), said
    assert state(folder) == before


@pytest.mark.parametrize("cells", [0, 1])
def test_a_run_of_another_specification_stays(
    cells: int, whole: Crafted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy.deepcopy(whole)
    run.spec["seed"] = 1
    del run.cells[cells:]
    run.write(folder / "run")
    before = state(folder)
    code, said = evaluate(monkeypatch)
    assert (code, said.count("\n")) == (2, 1)
    assert "--out run: holds another run, which differs in seed (1, 0)" in said
    assert state(folder) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["report.html", "summary.csv", "figures"])
def test_a_report_of_a_strangers_run_is_written_beside_links(
    name: str, whole: Crafted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole.write(folder / "run")
    (folder / "victim").mkdir()
    (folder / "victim" / "thesis.tex").write_text("important")
    target = "../victim" if name == "figures" else "../victim/thesis.tex"
    (folder / "run" / name).symlink_to(target)
    code, said = evaluate(monkeypatch, "--format", "html,csv,svg")
    assert [path.name for path in (folder / "victim").iterdir()] == ["thesis.tex"]
    assert (folder / "victim" / "thesis.tex").read_text() == "important"
    if name == "figures":
        assert (code, said.count("\n")) == (2, 1)
        assert "figures" in said
        assert "is a link" in said
    else:
        assert (code, said) == (0, "")
        assert not (folder / "run" / name).is_symlink()
