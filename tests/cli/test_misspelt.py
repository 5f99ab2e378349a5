"""Names that are nearly right: the line of the error ends with the one that is meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robustbench_seg import cli
from robustbench_seg.errors import InputError
from robustbench_seg.runs.run import StoredRun
from tests.helpers.stored_runs import stored_spec, write_run

MISSPELT = {
    "evla": "eval",
    "datasets chek": "check",
    "leaderboard chek RUN": "check",
    "eval --corrupton fog": "--corruptions",
    "eval --Suite=fog": "--suite",
    "eval --corruptions fgo": "fog",
    "eval --corruptions FOG": "fog",
    "eval --suite cityscapes": "cityscapes-c",
    "eval --implementation natve": "native",
    "eval --precision float23": "float32",
    "eval --measure boundry": "boundary",
    "eval --device cua": "cuda",
    "eval --model espnat": "espnet",
    "eval --weights steets": "streets",
    "eval --data cityscape": "cityscapes",
    "eval --data camvd": "camvid",
    "eval --split vall": "val",
    "eval --images . --labels . --classes cityscape": "cityscapes",
    "eval --class-map cityscapes-camvid": "cityscapes-to-camvid",
    "report RUN --format hmtl": "html",
    "report RUN --label b0@street=Ours": "b0@streets",
    "compare RUN --with segformertable5": "segformer-table5",
    "compare RUN --reference pspnt": "PSPNet",
}


def test_the_line_ends_with_what_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(Path("RUN"), stored_spec(1, ("b0@streets",)))
    for words, meant in MISSPELT.items():
        monkeypatch.setattr(sys, "argv", ["robustseg", *words.split()])
        assert cli.run() == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(f"; did you mean {meant}?"), (words, line)
    with pytest.raises(InputError, match=r"; did you mean severities\?$"):
        StoredRun.open("RUN").table("severity")
