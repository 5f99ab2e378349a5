"""The leaderboard: runs of one protocol, ranks that images can separate, and its static site."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustbench_seg
from robustbench_seg import cli
from robustbench_seg.errors import InputError
from robustbench_seg.leaderboard.board import Leaderboard
from robustbench_seg.protocol.spec import Spec
from robustbench_seg.reports.table import Cell
from robustbench_seg.runs.side_by_side import compare
from robustbench_seg.runs.store import Store
from robustbench_seg.scores.statistics import holm
from tests.helpers.browser import open_page
from tests.helpers.parsed_page import Page
from tests.helpers.sample_runs import SUITE
from tests.helpers.stored_runs import SESSION, stored_spec

FRAMES = 12
EVIL = "fcn-resnet18@<b>a&\u202e"


def write(
    folder: Path, name: str, right: float, noise: int = 0, number: int = FRAMES, **changes: Any
) -> Spec:
    """Store the run of a model that is right in about a share of the pixels of each frame."""
    spec = replace(stored_spec(number, (name,)), **changes)
    rng = np.random.default_rng(noise)
    cells = {}
    for frame in spec.frames:
        pixels = np.array(frame.class_pixels)
        for cell in sorted(spec.cells(frame)):
            correct = (pixels * np.clip(rng.normal(right, 0.05, 3), 0, 1)).astype(np.int64)
            matrix = np.diag(correct)
            matrix[range(3), [1, 2, 0]] += pixels - correct
            cells[cell] = (matrix,)
    with Store.create_or_resume(folder, spec) as store:
        store.add_session(SESSION)
        store.add(cells)
    return spec


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three runs: two models that are alike, and a worse one."""
    folder = tmp_path_factory.mktemp("runs")
    write(folder / "one", "b0@a", 0.8, noise=1)
    write(folder / "two", EVIL, 0.8, noise=2)
    write(folder / "three", "mine", 0.5, noise=3)
    return folder


@pytest.fixture(scope="module")
def board(runs: Path) -> Leaderboard:
    return robustbench_seg.rank_runs([runs])


@pytest.fixture(scope="module")
def site(board: Leaderboard, runs: Path) -> Path:
    return board.write(runs.parent / "site")


@pytest.mark.slow
def test_models_that_cannot_be_told_apart_share_a_rank(board: Leaderboard) -> None:
    found = {each.model: (each.rank, each.encoder, each.badge) for each in board.entries}
    assert found["mine"] == (3, "unknown", "stored counts")
    assert found["b0@a"] == (1, "transformer", "stored counts")
    assert found[EVIL] == (1, "CNN", "stored counts")
    assert [*found][-1] == "mine"
    tables = board.tables
    assert tables["pairs"]["p_holm"].tolist() == holm(tables["pairs"]["p"].to_numpy()).tolist()
    differences = compare(board.runs[0], board.runs[2])
    columns = ["difference", "low", "high", "p"]
    assert [*tables["pairs"].index][1] == ("b0@a", EVIL)
    found_pairs, expected = tables["pairs"][columns], differences[columns]
    assert [*found_pairs.to_numpy()[1]] == [*expected.loc[["suite score"]].to_numpy()[0]]
    assert next(iter(tables["ranking"].sort_values("suite score").index)) == "mine"
    assert set(tables["checks"].index) == {"one", "two", "three"}


def test_few_images_separate_no_model(tmp_path: Path) -> None:
    for name, right in (("good", 0.9), ("bad", 0.2)):
        write(tmp_path / name, name, right, number=3)
    board = robustbench_seg.rank_runs([tmp_path / "good", tmp_path / "bad"])
    assert [(each.model, each.rank) for each in board.entries] == [("good", 1), ("bad", 1)]


def test_the_site_links_its_pages_and_runs_no_name(site: Path) -> None:
    source = site.read_text(encoding="utf-8")
    page = Page(source)
    links = [link for link in page.values("href") if not link.startswith(("#", "data:"))]
    assert len(set(links)) == 4  # three models, and the comparison
    for link in links:
        assert Page((site.parent / link).read_text(encoding="utf-8")).values("id")
    assert not [tag for tag, _ in page.tags if tag == "b"]
    assert "\u202e" not in source
    assert not re.search(r"(?:src|href)=.(?:https?:)?//", source)


@pytest.mark.slow
@pytest.mark.browser
def test_models_are_filtered_by_family_and_encoder(site: Path, tmp_path: Path) -> None:
    script = """
        const [family, encoder, checked] = document.querySelectorAll("#ranking .filter select");
        const shown = () => Array.from(document.querySelectorAll("#ranking-table tbody tr"))
            .filter((row) => !row.hidden).length;
        const choose = (select, value) => {
            select.value = value;
            select.dispatchEvent(new Event("change"));
            said.push(shown());
        };
        said.push(Array.from(encoder.options, (option) => option.value).join(","));
        choose(encoder, "CNN");
        choose(family, "SegFormer");
        choose(encoder, "");
        choose(family, "");
        choose(checked, "stored counts");
        """
    seen = open_page(site.read_text(encoding="utf-8"), tmp_path, script)
    assert seen.said == ",CNN,transformer,unknown|1|0|1|3|3"


OTHERS: Mapping[str, tuple[Callable[[Spec], dict[str, Any]], str]] = {
    "suite": (lambda _: {"suite": replace(SUITE, severities=(1, 2))}, r"suite \(tiny"),
    "pixels": (lambda _: {"implementation": "imagecorruptions"}, r"pixels \(imagecorruptions"),
    "seed": (lambda _: {"seed": 1}, r"pixels \(native corruptions, seed 1, .* not .* seed 0"),
    "images": (
        lambda spec: {"frames": (replace(spec.frames[0], image_key="x"), *spec.frames[1:])},
        r"frames \(12, digest",
    ),
    "fewer frames": (lambda spec: {"frames": spec.frames[1:]}, r"frames \(11, digest"),
    "dataset": (lambda _: {"dataset": "other"}, r"dataset \(other, val, not streets, val\)"),
    "classes": (
        lambda spec: {"classes": (replace(spec.classes[0], name="lane"), *spec.classes[1:])},
        r"classes \(lane, sky, person, not road",
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_runs_of_other_protocols_are_refused(
    what: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    changes, words = OTHERS[what]
    write(tmp_path / "other", "b1@a", 0.8, **changes(stored_spec(FRAMES)))
    command = ["leaderboard", str(runs / "one"), str(tmp_path / "other")]
    monkeypatch.setattr("sys.argv", ["robustseg", *command, "--out", str(tmp_path / "site")])
    assert cli.run() == 2
    *_, line = capsys.readouterr().err.splitlines()
    expected = rf"error: \S+other: has another protocol than \S+one: {words}.*; rank runs of one"
    assert re.match(expected, line), line
    assert not (tmp_path / "site").exists()


def test_what_the_check_refuses_is_not_ranked(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run here"):
        robustbench_seg.rank_runs([tmp_path])
    shutil.copytree(runs / "one", tmp_path / "one")
    (tmp_path / "one" / "summary.csv").write_text("model\n")
    with pytest.raises(InputError, match=r"one: refused: tables: summary.csv differs"):
        robustbench_seg.rank_runs([tmp_path])


def test_other_files_are_not_written_over(board: Leaderboard, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="holds other files"):
        board.write(tmp_path)


def test_a_link_is_a_relative_address_or_a_place() -> None:
    assert Cell("a", link="001/report.html").link
    assert Cell("a", link="#map-1", name="row-1").link
    with pytest.raises(ValueError, match="not an identifier"):
        Cell("a", name='a" onclick="b')
    for link in ("javascript:alert(1)", "https://a.b", 'a" onclick="b', "#a:b"):
        with pytest.raises(ValueError, match="not a relative address"):
            Cell("a", link=link)
