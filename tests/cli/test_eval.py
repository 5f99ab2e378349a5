"""The command line, as a user runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import robustbench_seg
from robustbench_seg import __version__
from robustbench_seg.__main__ import main
from robustbench_seg.corruptions import corrupt
from robustbench_seg.inference import condition_images
from tests.helpers.frames import CITY, image_path, label_path, write_tree

FEW = ("--model", "b0@random", "--corruptions", "fog", "--severities", "2-3", "--limit", "1")
ALL = "html,pdf,md,latex,csv,parquet,svg,png"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 1)


def robustseg(
    *arguments: str | Path, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    environment.pop("CITYSCAPES_DATASET", None)
    return subprocess.run(
        [sys.executable, "-m", "robustbench_seg", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )


def test_help_and_version_answer_without_torch() -> None:
    code = (
        "import sys; sys.argv[1:] = ['eval', '--help']\n"
        "from robustbench_seg.__main__ import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--suite" in done.stdout
    assert done.stdout.strip().endswith("False False")
    assert robustseg("--version").stdout.strip() == f"robustseg {__version__}"


@pytest.mark.slow
def test_stored_runs_are_read_without_torch() -> None:
    code = (
        "import sys, robustbench_seg, robustbench_seg.reporting.run\n"
        "import robustbench_seg.reports.formats.terminal\n"
        "robustbench_seg.Run, robustbench_seg.compare\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_eval_ends_with_tables_and_a_report(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = robustseg("eval", *FEW, "--data", tree, "--out", out, "--format", ALL)
    assert done.returncode == 0, done.stderr
    title = "Cityscapes-C (part: fog; severities 2, 3) on Cityscapes, val, 1 frame"
    assert title in done.stdout.splitlines()
    assert "UNTRAINED" in done.stdout
    assert re.search(r"SegFormer-B0( +\d+\.\d){4}\n", done.stdout)
    assert re.search(r"SegFormer-B0 keeps .* of its clean mIoU \(\d+\.\d\)", done.stdout)
    assert f"report: {out / 'report.html'}" in done.stdout
    page = (out / "report.html").read_text("utf-8")
    assert "UNTRAINED" in page
    assert list(pd.read_csv(out / "summary.csv")["model"]) == ["b0@random"]
    assert "iou" in set(pd.read_parquet(out / "tidy.parquet")["metric"])

    assert (out / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "**UNTRAINED**" in (out / "report.md").read_text("utf-8")
    assert "UNTRAINED" in (out / "report.tex").read_text("utf-8")
    figures = {path.name for path in (out / "figures").iterdir()}
    assert {"heat-map-1-SegFormer-B0.svg", "heat-map-1-SegFormer-B0.png"} <= figures
    assert f"figures: {out / 'figures'}\n" in done.stdout

    again = robustseg("report", out, "--out", tmp_path / "again", "--format", "html,pdf")
    assert again.returncode == 0, again.stderr
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == [
        "report.html",
        "report.pdf",
    ]
    for name in ("report.html", "report.pdf"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["suites", "models", "datasets"])
def test_models_suites_and_datasets_are_listed(command: str) -> None:
    done = robustseg(command)
    assert done.returncode == 0, done.stderr
    expected = {"suites": "speckle_noise", "models": "3.72", "datasets": "streets"}[command]
    assert expected in done.stdout


def test_bad_input_is_one_line_and_exit_code_2(
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    (tmp_path / "weights.pth").write_text("not weights")
    (tmp_path / "file").write_text("")
    cases = {
        "no such folder": ("--data", tmp_path / "absent"),
        "--split train": ("--data", tree, "--split", "train"),
        "b7": ("--data", tree, "--model", "b7"),
        "weights.pth": ("--data", tree, "--model", "b0", "--weights", tmp_path / "weights.pth"),
        "absent.pth": ("--data", tree, "--model", "espnet@absent.pth"),
        "cityscapes-d": ("--data", tree, "--suite", "cityscapes-d"),
        "'frog'": ("--data", tree, "--corruptions", "frog"),
        "no such format 'docx'": ("--data", tree, "--format", "html,docx"),
        "--format ',': an empty list": ("--data", tree, "--format", ","),
        "--severities '1..3'": ("--data", tree, "--severities", "1..3"),
        "severity 6": ("--data", tree, "--severities", "6"),
        r"a\x1b[31m name: no such folder": ("--data", "a\x1b[31m\nname"),
        "--limit 0": ("--data", tree, "--limit", "0"),
        "--limit 'x': not a whole number": ("--data", tree, "--limit", "x"),
        "--nonsense": ("--nonsense",),
        "other files": ("--data", tree, "--out", tmp_path),
        "cannot be written": ("--data", tree, "--out", tmp_path / "file", *FEW),
        "--weights random": ("--data", "streets", "--model", "b5"),
    }
    for words, arguments in cases.items():
        monkeypatch.setattr("sys.argv", ["robustseg", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        assert stopped.value.code == 2, (words, printed)
        assert words in printed.err
        assert printed.err.startswith("error: ")
        assert printed.err.strip().isprintable(), printed.err
    assert not (tmp_path / "results").exists()


@pytest.mark.posix
@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_file_names_that_are_not_utf8_are_refused_in_one_line(
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = write_tree(tmp_path / "tree", 1)
    for path in (image_path(other, 0), label_path(other, 0)):
        path.rename(path.with_name(path.name.replace(CITY, "stre\udcffts")))
    weights = tmp_path / "we\udcffights.safetensors"
    embedded = Path(robustbench_seg.__file__).parent / "models" / "weights"
    shutil.copy(embedded / "b0-streets.safetensors", weights)
    for words, arguments in {
        r"stre\xffts_000000_000019: its name": ("eval", "--model", "b0@random", "--data", other),
        r"we\xffights.safetensors: its name": ("eval", "--model", f"b0@{weights}", "--data", tree),
        r"stre\xffts_000000_000019_leftImg8bit.png: its": ("corrupt", other, tmp_path / "out"),
    }.items():
        monkeypatch.setattr("sys.argv", ["robustseg", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr().err
        assert (stopped.value.code, said.count("\n")) == (2, 1), said
        assert words in said
        assert said.endswith("is not UTF-8; rename it\n")


@pytest.mark.slow
def test_train_writes_weights_that_eval_takes(tmp_path: Path) -> None:
    recipe = ("--limit", "2", "--steps", "1", "--batch", "1", "--crop", "64x64")
    done = robustseg("train", *recipe, "--workers", "0", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    weights = tmp_path / "results" / "train-b0-streets" / "weights.safetensors"
    assert weights.is_file()
    done = robustseg(
        "eval", "--weights", weights, "--corruptions", "contrast", "--limit", "1", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "trained on streets" in next((tmp_path / "results").glob("b0*/report.html")).read_text()


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    """Run the command line in this process and return its exit code."""
    monkeypatch.setattr("sys.argv", ["robustseg", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


@pytest.mark.slow
def test_ctrl_c_exits_with_130_and_the_run_can_be_resumed(
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made: list[tuple[Any, ...]] = []

    def interrupt(*arguments: Any, **options: Any) -> Any:
        made.append(arguments[1:])
        if len(made) == 1:
            raise KeyboardInterrupt
        return corrupt(*arguments, **options)

    monkeypatch.setattr(condition_images, "corrupt", interrupt)
    out = tmp_path / "a[b]"
    run = ("eval", *FEW, "--data", tree, "--out", out)
    assert call(monkeypatch, *run) == 130
    assert f"What is done is kept in {out}; the same command goes on" in capsys.readouterr().out
    assert call(monkeypatch, "report", out) == 2
    assert "no frame is finished yet" in capsys.readouterr().err
    assert call(monkeypatch, *run) == 0
    assert f"report: {out}" in capsys.readouterr().out


@pytest.mark.slow
def test_a_report_that_cannot_be_written_is_one_line(
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    assert call(monkeypatch, "eval", *FEW, "--data", tree, "--out", out) == 0
    capsys.readouterr()
    taken = tmp_path / "taken"
    taken.touch()
    assert call(monkeypatch, "report", out, "--out", taken) == 2
    assert f"{taken}: cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_several_runs_have_a_report_each(
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    assert call(monkeypatch, "eval", *FEW, "--data", tree, "--out", run) == 0
    page = run / "report.html"
    for folder in ("a", "b/run"):
        shutil.copytree(run, tmp_path / folder)
        (tmp_path / folder / page.name).unlink()
    runs = (run, tmp_path / "a")
    assert call(monkeypatch, "report", *runs) == 0
    assert (tmp_path / "a" / page.name).read_bytes() == page.read_bytes()
    assert call(monkeypatch, "report", *runs, "--out", tmp_path / "all", "--format", "md") == 0
    written = sorted((tmp_path / "all").glob("*/*"))
    assert written == [tmp_path / "all" / "a" / "report.md", tmp_path / "all" / "run" / "report.md"]
    capsys.readouterr()
    alike = (run, tmp_path / "b" / "run", "--out", tmp_path / "none")
    assert call(monkeypatch, "report", *alike) == 2
    assert "folders of the same name" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_the_first_run_on_a_machine_prints_that_it_compiles(tree: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "COLUMNS": "200"}

    def lines_of(run: str) -> str:
        arguments = ["eval", *FEW, "--data", str(tree), "--out", str(tmp_path / run)]
        done = subprocess.run(
            [sys.executable, "-m", "robustbench_seg", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert lines_of("first").count("Compiling for this processor") == 1
    assert "Compiling" not in lines_of("second")
