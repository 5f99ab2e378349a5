"""`robustseg erf`, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from robustbench_seg import cli
from robustbench_seg.cli import console
from robustbench_seg.corruptions import image_key
from robustbench_seg.erf import measure
from robustbench_seg.erf.field import Field
from tests.helpers.frames import image_path, name, write_tree

FEW = ("--limit", "1", "--size", "64x32", "--stage", "2,head")


def main(folder: Path, *arguments: str | Path) -> int:
    """Run the command in a folder, in this process, which is faster than starting another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CITYSCAPES_DATASET", raising=False)
        # Another test may have made the console before, for which COLUMNS comes too late.
        patch.setattr(console.console, "width", 120)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["robustseg", "erf", *map(str, arguments)])
        return cli.run()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("fields")
    models = ("--model", "b0", "--model", "deeplabv3plus-mobilenetv2@random")
    command = [sys.executable, "-m", "robustbench_seg", "erf", *models, *FEW, "--unit", "10,40"]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    environment.pop("CITYSCAPES_DATASET", None)
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    (out,) = (folder / "results").iterdir()
    return out, done.stdout


@pytest.mark.slow
def test_the_folder_has_maps_figures_tables_and_a_report(made: tuple[Path, str]) -> None:
    out, printed = made
    assert out.name.startswith("erf_b0@streets+deeplabv3plus-mobilenetv2@random_streets-val_")
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    maps = {
        f"maps/{model}_clean_{layer}.{suffix}"
        for model in ("b0@streets", "deeplabv3plus-mobilenetv2@random")
        for layer in ("stage-2", "head")
        for suffix in ("npz", "json", "png", "pdf")
    }
    overviews = {"overview.png", "overview.pdf", "overview.svg"}
    assert names == maps | overviews | {"report.html", "table.csv", "mass_by_radius.csv"}
    assert (out / "overview.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "overview.pdf").read_bytes().startswith(b"%PDF")
    assert b"/Type3" not in (out / "overview.pdf").read_bytes()
    assert f"report: {Path('results') / out.name / 'report.html'}" in printed
    assert "UNTRAINED" in printed
    assert "UNTRAINED" in (out / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_the_numbers_are_those_of_the_stored_maps(made: tuple[Path, str]) -> None:
    out, printed = made
    numbers = pd.read_csv(out / "table.csv")
    assert len(numbers) == 4
    radial = pd.read_csv(out / "mass_by_radius.csv")
    for path in (out / "maps").glob("*.npz"):
        field = Field.load(path)
        own = (numbers["model"] == field.model) & (numbers["layer"] == field.layer)
        row = numbers.loc[own, ["side 50", "area 50"]].iloc[0].astype(float)
        y, x = field.unit.pixel
        half = int(row["side 50"]) // 2
        part = field.share[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1]
        assert part.sum() >= 0.5
        assert row["area 50"] == pytest.approx(part.size / (32 * 64))
        assert f"{row['side 50']:.0f}" in printed.split()
        mine = radial[(radial["model"] == field.model) & (radial["layer"] == field.layer)]
        assert mine["share"].iloc[-1] == pytest.approx(1)
        assert field.choices["unit"]["asked"] == [10, 40]


@pytest.mark.slow
def test_conditions_are_compared_in_a_named_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ("--limit", "1", "--size", "64x32", "--layer", "backbone.block4.1")
    formats = ("--format", "html,md,latex")
    conditions = ("--condition", "clean,fog:3", "--method", "replknet")
    assert main(tmp_path, *options, *conditions, *formats, "--out", out) == 0
    printed = capsys.readouterr().out
    assert "SegFormer-B0, fog 3" in printed
    assert "layer backbone.block4.1" in printed
    name = "b0@streets_fog-3_layer-backbone.block4.1.json"
    choices = json.loads((out / "maps" / name).read_text())["choices"]
    assert choices["condition"] == {"corruption": "fog", "severity": 3, "seed": 0}
    assert choices["method"] == "replknet"
    assert len(list((out / "maps").glob("*.npz"))) == 2  # beside --layer, stages are not measured
    assert {path.name for path in out.glob("report.*")} == {
        "report.html",
        "report.md",
        "report.tex",
    }


@pytest.mark.slow
def test_a_list_of_frames_chooses_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = write_tree(tmp_path / "tree", 3)
    (tmp_path / "list.txt").write_text(f"{name(2)}\n{name(0)}\n")
    options = ("--data", tree, "--frames", "list.txt", "--size", "64x32", "--stage", "1")
    assert main(tmp_path, *options, "--model", "b0@streets", "--format", "md", "--out", "out") == 0
    (path,) = (tmp_path / "out" / "maps").glob("*.json")
    images = json.loads(path.read_text())["choices"]["data"]["images"]
    keys = [image_key(np.asarray(Image.open(image_path(tree, number)))) for number in (2, 0)]
    assert [image["name"] for image in images] == [name(2), name(0)]
    assert [image["digest"] for image in images] == keys
    assert path.with_suffix(".npz").is_file()
    (tmp_path / "list.txt").write_text("other\n")
    capsys.readouterr()
    assert main(tmp_path, *options, "--out", "none") == 2
    assert "--frames list.txt: 'other' is no frame of the split" in capsys.readouterr().err


@pytest.mark.slow
def test_old_spellings_work_with_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--images", "1", "--size", "32x64", "--stage", "1", "--format", "md")
    assert main(tmp_path, *options, "--out", "out") == 0
    printed = "".join(capsys.readouterr())
    assert "--images: renamed to --limit" in printed
    assert "--size 32x64: is WIDTHxHEIGHT" in printed
    (path,) = (tmp_path / "out" / "maps").glob("*.npz")
    assert Field.load(path).gradient.shape == (64, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "512"], "--size '512': not a size; write WIDTHxHEIGHT"),
        (["--unit", "left"], "--unit 'left': not a pixel; write center, or Y,X"),
        (["--unit", "500,0"], "--unit 500,0: outside the input of b0@streets, which is 512x256"),
        (["--stage", "7"], "--stage 7: b0@streets has no such stage; use 1, 2, 3, 4, head or all"),
        (["--layer", "backbone.blok4"], "--layer backbone.blok4: b0@streets has no such module"),
        (["--condition", "fog:9"], "--condition: 'fog:9': "),
        (["--model", "b9"], "--model b9: no model 'b9'"),
        (["--stage", ","], "--stage ',': "),
        (["--limit", "101"], "--limit 101: streets (val) has 100 frames; give a smaller number"),
        (["--format", "doc"], "--format 'doc': no such format 'doc'"),
        (["--out", "mine"], "--out mine: holds other files; name a new folder"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.png").touch()
    assert main(tmp_path, *(() if "--limit" in arguments else ("--limit", "1")), *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert len(list(tmp_path.rglob("*"))) == 2


def test_ctrl_c_prints_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "batch_sums", interrupted)
    assert main(tmp_path, *FEW) == 130
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == (
        "Stopped. Averages are not kept; the same command begins again."
    )
    assert not list(tmp_path.iterdir())


def test_help_answers_without_torch() -> None:
    code = (
        "import sys; sys.argv[1:] = ['erf', '--help']\n"
        "from robustbench_seg.__main__ import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--method" in done.stdout
    assert done.stdout.strip().endswith("False False")
