"""Adding costs one file and its registration: the diffs that CONTRIBUTING.md shows are applied."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

CHANGE = re.compile(r"--- (?:/dev/null|a/\S+)\n\+\+\+ b/(\S+)\n((?:[ +-].*\n|\+\n)+?)(?=---|\Z)")
MOST_LINES, MOST_IN_REGISTRY = 40, 2
KINDS = 7

USE = '''
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import robustbench_seg
from robustbench_seg.datasets.streets import render

root = Path(sys.argv[1])
(root / "data" / "val").mkdir(parents=True)
for number in range(2):
    image, label = render("val", number, 128, 64)
    Image.fromarray(image).save(root / "data" / "val" / f"{number}.jpg")
    Image.fromarray(label).save(root / "data" / "val" / f"{number}.png")
(root / "half.toml").write_text("""
title = "Posterised and halved"
source = "a test"
halved = true
severities = [1, 3]
[[category]]
name = "digital"
corruptions = ["posterize"]
counted = [1, 3]
""")
run = robustbench_seg.evaluate(
    "pixelwise@random", data=str(root / "data"), suite=str(root / "half.toml"), out=root / "run"
)
run.write("html,pdf,md,latex,outline,csv", root / "files")
print(json.dumps({
    "robustbench_seg": robustbench_seg.__file__,
    "dataset": run.spec.dataset,
    "suite": type(run.spec.suite).__name__,
    "conditions": [[c.name, c.severity, str(c.scale)] for c in run.spec.conditions],
    "metrics": sorted(set(run.table("tidy")["metric"])),
    "files": sorted(path.name for path in (root / "files").iterdir()),
}))
'''


def changes() -> list[dict[str, str]]:
    """Return the diffs in CONTRIBUTING.md: path -> body for each."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```diff\n(.*?)```", text, re.DOTALL)
    return [dict(CHANGE.findall(block)) for block in blocks]


def apply(body: str, text: str) -> str:
    """Return a text after a change, whose context and removed lines must occur in it once."""
    lines = body.splitlines()
    place = None
    for number, line in enumerate(lines):
        mark, content = line[:1], line[1:]
        if (
            mark == "+" and place is None
        ):  # nothing above: before the next known line, or at the end
            known = next((other[1:] for other in lines[number:] if other[:1] in " -"), None)
            place = text.index(f"{known}\n") if known is not None else len(text)
        if mark == "+":
            assert place is not None
            text = f"{text[:place]}{content}\n{text[place:]}"
            place += len(content) + 1
        else:
            assert text.count(f"{content}\n") == 1, content
            place = text.index(f"{content}\n")
            if mark == "-":
                text = text[:place] + text[place + len(content) + 1 :]
            else:
                place += len(content) + 1
    return text


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packages after all changes."""
    folder = tmp_path_factory.mktemp("grown")
    for package in ("corruptions", "reports", "robustbench_seg"):
        # With what Numba has compiled, which belongs to unchanged files of the same age.
        shutil.copytree(ROOT / package, folder / package)
    for change in changes():
        for path, body in change.items():
            file = folder / path
            file.write_text(apply(body, file.read_text() if file.is_file() else ""))
    return folder


def test_each_change_is_short_and_touches_one_registry() -> None:
    found = changes()
    assert len(found) == KINDS
    for change in found:
        (new, *_), (registry, *_) = (
            [path for path in change if (ROOT / path).is_file() == existing]
            for existing in (False, True)
        )
        assert len(change) == 2
        assert change[new].count("\n") < MOST_LINES
        added = [line for line in change[registry].splitlines() if line.startswith("+")]
        assert len(added) <= MOST_IN_REGISTRY, registry  # the registration, and its import


@pytest.mark.slow
def test_what_was_added_is_evaluated_and_reported(grown: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USE, str(tmp_path)],
        cwd=grown,
        env={**os.environ, "PYTHONPATH": str(grown)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["robustbench_seg"].startswith(str(grown))
    assert found["dataset"] == "pairs"
    assert found["suite"] == "ChainSuite"
    assert found["conditions"] == [
        ["clean", 0, "None"],
        ["posterize", 1, "scale 0.5"],
        ["posterize", 3, "scale 0.5"],
    ]
    assert "mean_dice" in found["metrics"]
    assert {"report.html", "report.pdf", "report.md", "report.tex", "outline.txt"} <= set(
        found["files"]
    )
    for name in ("report.html", "report.md", "report.tex", "outline.txt"):
        assert "Largest loss" in (tmp_path / "files" / name).read_text(encoding="utf-8"), name
