"""`robustseg models`: the list of models, and their costs."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
import torch

from robustbench_seg.__main__ import main
from robustbench_seg.inference import costs
from tests.helpers.samples import networks


@pytest.fixture
def others(tmp_path: Path) -> str:
    return networks(tmp_path)


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    """Run `robustseg models` in this process and return its exit code."""
    monkeypatch.setattr("sys.argv", ["robustseg", "models", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


@pytest.mark.slow
def test_the_command_prints_and_writes_the_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], others: str
) -> None:
    monkeypatch.setattr(costs, "PASSES", 1)
    path = tmp_path / "costs.csv"
    chosen = ("--model", "b0", "--model", f"{others}:function", "--num-classes", "5")
    assert call(monkeypatch, *chosen, "--size", "128x64", "--timed", "--csv", path) == 0
    printed = capsys.readouterr().out
    assert "models for an image of 128x64, 5 classes" in printed
    assert "median of 1 after a first" in printed
    assert f"{torch.get_num_threads()} threads, float32, torch {torch.__version__}" in printed
    table = pd.read_csv(path)
    assert list(table["model"]) == ["b0", f"{others}:function"]
    assert math.isnan(table["gflops"][1])
    assert (table["images_per_second"] > 0).all()
    assert set(table["width"]) == {128}
    assert set(table["height"]) == {64}
    assert set(table["precision"]) == {"float32"}


@pytest.mark.slow
def test_without_options_the_command_lists_the_models(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "3.72 M" in printed
    assert "streets" in printed
    assert "- PSPNet: arXiv 1612.01105; mmsegmentation (Apache-2.0)" in printed
    assert "- SegFormer with PE: arXiv 2105.15203\n" in printed
    assert "GFLOPs" not in printed


@pytest.mark.slow
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], others: str
) -> None:
    cases = {
        "--size '10': not a size; write WIDTHxHEIGHT": ("--size", "10"),
        "--size '2048x'": ("--size", "2048x"),
        "--size 63x32: too small; use at least 64x32": ("--size", "63x32"),
        "no model 'b7'": ("--model", "b0", "--model", "b7"),
        "--num-classes 0: must be a whole number": ("--num-classes", "0"),
        "--precision int8: use one of float32, bf16, fp16": ("--precision", "int8"),
        "--device abacus": ("--model", "b0", "--timed", "--device", "abacus"),
        "its folder does not exist": ("--csv", tmp_path / "absent" / "costs.csv"),
        "cannot be written": ("--model", "b0", "--size", "64x32", "--csv", tmp_path),
        "no function nothing": ("--model", f"{others}:nothing"),
    }
    for words, arguments in cases.items():
        assert call(monkeypatch, *arguments) == 2, words
        printed = capsys.readouterr()
        assert words in printed.err
        assert printed.err.startswith("error: ")
        assert printed.err.strip().count("\n") == 0, printed.err
