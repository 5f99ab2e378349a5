"""The check of a submitted run refuses what was changed, left out, or made with other pixels."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustbench_seg
from robustbench_seg import cli
from robustbench_seg.errors import InputError
from robustbench_seg.leaderboard import rerun
from robustbench_seg.leaderboard.entries import protocol
from robustbench_seg.runs.database import FILE, digest
from robustbench_seg.runs.packed_counts import pack
from robustbench_seg.runs.store import Store
from tests.helpers.paths import ROOT
from tests.helpers.sample_runs import frame, make_spec
from tests.helpers.stored_runs import stored_spec, write_run

ALL = 100
"""More cells than the run has."""


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run of an embedded model on a scene: clean, and under noise."""
    folder = tmp_path_factory.mktemp("leaderboard") / "run"
    run = robustbench_seg.evaluate(
        *("b0",),
        data="streets",
        limit=1,
        corruptions=["gaussian_noise"],
        severities=[3],
        device="cpu",
        measure=["miou"],
        out=folder,
    )
    run.write("csv")
    for path in folder.glob("*.csv"):
        if path.name != "summary.csv":
            path.unlink()
    return folder


@pytest.fixture
def copy(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "run"))


def statuses(folder: Path, cells: int = ALL, **given: Any) -> dict[str, str]:
    found = robustbench_seg.check_run(folder, cells=cells, seed=0, **given)
    return {each.check: each.status for each in found.findings}


def wrong(folder: Path, cells: int = ALL) -> dict[str, str]:
    """Return what is found to be wrong with a run, by check."""
    found = robustbench_seg.check_run(folder, cells=cells, seed=0)
    return {each.check: each.found for each in found.wrong}


def edit(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute(statement, values)


def forge_spec(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the specification of a run, and recompute its digest."""
    with Store.open(folder) as store:
        values = json.loads(json.dumps(store.spec.to_dict()))
    change(values)
    text = json.dumps(values)
    edit(folder, "UPDATE meta SET value = ? WHERE key = 'spec'", text)
    edit(folder, "UPDATE meta SET value = ? WHERE key = 'digest'", digest("spec", text))


def forge_matrix(folder: Path, change: Callable[[np.ndarray], object]) -> None:
    """Change the matrix under noise, and recompute its digest."""
    with Store.open(folder) as store:
        cells = {cell: counts for cell, counts in store.counts() if cell.severity}
    ((cell, (matrix, *_)),) = cells.items()
    change(matrix)
    row = (cell.model, cell.condition, cell.severity, cell.frame, cell.draw, pack([matrix]))
    marks = "UPDATE cells SET matrix = ?, digest = ? WHERE severity > 0"
    edit(folder, marks, row[-1], digest(*row))


def test_an_honest_run_is_verified(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = statuses(honest)
    assert [*found] == [
        *("file", "counts", "frames", "suite", "tables", "pixels", "data", "cells"),
    ]
    assert {*found.values()} == {"verified"}
    with pytest.MonkeyPatch.context() as patch:
        command = ["robustseg", "leaderboard", "check", str(honest), "--cells", "0", "--json"]
        patch.setattr("sys.argv", command)
        assert cli.run() == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["checks"][-1]["status"] == "not checked"
    assert printed.err.splitlines()[-1] == "Verified; not checked: cells."


def test_a_changed_matrix_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy, "UPDATE cells SET matrix = zeroblob(9) WHERE severity > 0")
    monkeypatch.setattr("sys.argv", ["robustseg", "leaderboard", "check", str(copy)])
    assert cli.run() == 2
    printed = " ".join(capsys.readouterr().out.split())
    assert "digest of b0@streets on val_000000 under gaussian_noise 3 is wrong" in printed
    assert printed.endswith("Refused: file.")


def more_pixels(matrix: np.ndarray) -> None:
    matrix[0, 0] += 1


def better(matrix: np.ndarray) -> None:
    pixels = matrix[2].sum()
    matrix[2] = 0
    matrix[2, 2] = pixels


def test_a_matrix_with_a_new_digest_is_refused(copy: Path, honest: Path) -> None:
    forge_matrix(copy, more_pixels)
    assert "pixels of road, and the frame" in wrong(copy, cells=0)["file"]
    shutil.copy(honest / FILE, copy / FILE)
    forge_matrix(copy, better)
    assert "summary.csv differs from the table" in wrong(copy, cells=0)["tables"]
    (copy / "summary.csv").unlink()
    assert statuses(copy, cells=0)["cells"] == "not checked"  # no other check sees it
    assert "under gaussian_noise 3: the labels of at least" in wrong(copy)["cells"]


@pytest.mark.slow
def test_on_another_machine_a_few_pixels_may_differ(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / "summary.csv").unlink()
    forge_spec(copy, lambda spec: spec["versions"].update(torch="0"))
    forge_matrix(copy, better)
    assert "another version of packages" in wrong(copy)["cells"]
    monkeypatch.setattr(rerun, "TOLERANCE", 0.5)
    assert statuses(copy)["cells"] == "verified"


def first_frame(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda spec: spec["frames"][0].update(changes)


def test_a_changed_digest_is_refused(copy: Path) -> None:
    edit(copy, "UPDATE meta SET value = 'f' || substr(value, 2) WHERE key = 'digest'")
    assert "the digest of the specification is wrong" in wrong(copy)["file"]


@pytest.mark.slow
def test_other_pixels_are_refused(copy: Path, honest: Path, tmp_path: Path) -> None:
    forge_spec(copy, first_frame(image_key="0" * 32))
    assert "1 of 1 frames have other images or labels here: val_000000" in wrong(copy)["data"]
    seeded = robustbench_seg.evaluate(
        *("b0",),
        data="streets",
        limit=1,
        corruptions=["gaussian_noise"],
        severities=[3],
        device="cpu",
        measure=["miou"],
        seed=1,
        out=tmp_path / "seeded",
    )
    forge_spec(seeded.folder, lambda spec: spec.update(seed=0))
    assert "gaussian_noise 3: the labels of at least" in wrong(seeded.folder)["cells"]


def test_other_weights_are_refused(copy: Path) -> None:
    forge_spec(copy, lambda spec: spec["models"][0]["weights"].update(sha256="0" * 64))
    assert "models b0@streets weights sha256" in wrong(copy)["data"]


def test_missing_frames_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run", stored_spec(3, ("b0@streets",)), frames=2)
    assert wrong(tmp_path / "run")["frames"].startswith("1 of 3 are not finished")
    edit(tmp_path / "run", "DELETE FROM cells WHERE frame = 'frame_0'")
    assert wrong(tmp_path / "run")["frames"].startswith("2 of 3 are not finished")


def test_another_suite_is_refused(copy: Path) -> None:
    forge_spec(copy, lambda spec: spec["suite"]["columns"][0].update(counted=[]))
    assert "differs from cityscapes-c-part of this version" in wrong(copy)["suite"]
    forge_spec(copy, lambda spec: spec["suite"].update(name="mine"))
    (copy / "summary.csv").unlink()
    found = statuses(copy)
    assert (found["suite"], found["cells"]) == ("not checked", "not checked")


def test_only_the_rounding_of_a_table_may_differ(copy: Path) -> None:
    path = copy / "summary.csv"
    header, row = path.read_text().splitlines()
    name, number, *others = row.split(",")
    for change, status in ((1e-12, "verified"), (1e-6, "wrong")):
        changed = ",".join([name, str(float(number) + change), *others])
        path.write_text(f"{header}\n{changed}\n")
        assert statuses(copy, cells=0)["tables"] == status
    for content in (b"", b"\0", b"\xff", b"a," * 2**17, f"{header}\n{row}\n{row}\n".encode()):
        path.write_bytes(content)
        assert statuses(copy, cells=0)["tables"] == "wrong"


def test_what_is_not_at_hand_is_not_checked(tmp_path: Path) -> None:
    write_run(tmp_path / "run", stored_spec(3, ("b0@mine",), dataset="cityscapes"))
    found = statuses(tmp_path / "run")
    assert found["cells"] == "not checked"
    assert "pixels" not in found


def test_an_entry_has_the_counts_without_pictures(honest: Path, tmp_path: Path) -> None:
    entry = robustbench_seg.add_entry(honest, out=tmp_path / "entry")
    assert {path.name for path in entry.iterdir()} == {FILE, "run.lock", "summary.csv"}
    with Store.open(honest) as store, Store.open(entry) as copied:
        assert store.pictures()
        assert not copied.pictures()
        assert copied.sessions() == store.sessions()
        for one, other in zip(store.counts(), copied.counts(), strict=True):
            assert one[0] == other[0]
            assert all(map(np.array_equal, one[1], other[1]))
    assert statuses(entry, cells=0)["tables"] == "verified"
    assert robustbench_seg.add_entry(honest, out=entry) == entry
    forge_spec(entry, lambda spec: spec["suite"]["columns"][0].update(counted=[]))
    with pytest.raises(InputError, match="refused: suite: "):
        robustbench_seg.add_entry(entry, out=tmp_path / "other")


def test_the_entries_of_the_repository_share_a_protocol_and_are_small() -> None:
    entries = sorted((ROOT / "leaderboard" / "streets").iterdir())
    assert {path.name.partition("@")[0] for path in entries} >= {"b0", "deeplabv3plus-mobilenetv2"}
    found = []
    for path in entries:
        assert (path / FILE).stat().st_size < 5_000_000
        with Store.open(path) as store:
            assert len(store.stored()) == 81 * 100 * len(store.spec.models)
            found.append(protocol(store.spec))
    assert all(each == found[0] for each in found)


def test_runs_with_another_depth_have_another_protocol() -> None:
    specs = [
        make_spec(frames=(frame(1), frame(2, depth_key=key))) for key in ("", "one", "another")
    ]
    found = [protocol(spec)["frames"] for spec in specs]
    assert len(set(found)) == 3
    assert ["depth" in each for each in found] == [False, True, True]
