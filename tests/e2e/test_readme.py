"""The commands and the library examples of the documents run, or have valid options."""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

import robustbench_seg
from robustbench_seg.cli import app
from robustbench_seg.datasets.streets import render
from tests.helpers.documents import block_commands, code_blocks, inline_commands
from tests.helpers.paths import ROOT
from tests.helpers.stored_runs import stored_spec, write_run

README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]

NEEDS_MORE = {"b5", "b2.pth", "RUN", "PATH"}
"""Words of commands that cannot run here: weights on the network or the reader's, placeholders."""
SMALL = ["--corruptions", "fog", "--severities", "1"]
REDUCED = {"eval": ["--limit", "1", *SMALL], "corrupt": SMALL, "erf": ["--limit", "1"]}
"""Options that make a command small; they are added to those of the document."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.name))
def test_the_commands_of_a_document_have_these_options(document: Path) -> None:
    text = document.read_text("utf-8")
    for command in block_commands(text) + inline_commands(text):
        found: Any = get_command(app)
        for word in command:
            if hasattr(found, "commands") and not word.startswith("-"):
                assert word in found.commands, command
                found = found.commands[word]
        known = {name for option in found.params for name in option.opts} | {"--help"}
        used = {word.partition("=")[0] for word in command if word.startswith("--")}
        assert used <= known, command


@pytest.mark.slow
def test_the_commands_of_the_readme_run(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cityscapes").symlink_to(shared_data / "data" / "cityscapes_mini")
    (tmp_path / "espnet_p_2_q_8.pth").symlink_to(
        shared_data / "weights" / "espnet" / "espnet_p_2_q_8.pth"
    )
    monkeypatch.chdir(tmp_path)
    commands = [
        command
        for command in block_commands(README.read_text("utf-8"))
        if not NEEDS_MORE & set(command)
    ]
    assert len(commands) >= 4
    for command in commands:
        here = [word.replace("/data/", f"{tmp_path}/data/") for word in command]
        here += REDUCED.get(command[0], [])
        if command[0] == "eval" and "--data" in command and "--model" not in command:
            here += ["--weights", "random"]  # the published ones are on the network
        result = CliRunner().invoke(app, here)
        assert result.exit_code == 0, (command, result.output)
    assert len(list(tmp_path.glob("results/*/report.html"))) >= 2
    assert list(tmp_path.glob("data/cityscapes-c/fog/1/leftImg8bit/val/*/*.png"))


@pytest.mark.slow
def test_the_library_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = (
        block
        for block in code_blocks(README.read_text("utf-8"))
        if "import robustbench_seg" in block
    )
    image = render("val", 0, 512, 256)[0]
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "street.png")
    monkeypatch.chdir(tmp_path)
    # One frame of the sixteen: the example itself stays as it is.
    evaluate = functools.partial(robustbench_seg.evaluate, limit=1)
    monkeypatch.setattr(robustbench_seg, "evaluate", evaluate)
    names = {"image": image}
    exec(compile(example, str(README), "exec"), names)
    assert isinstance(names["run"], robustbench_seg.Run)
    assert list(tmp_path.glob("photos-c/fog/3/street.png"))
    assert np.array_equal(image, render("val", 0, 512, 256)[0])


@pytest.mark.slow
def test_the_examples_of_the_library_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "library.md").read_text("utf-8")
    options = inspect.signature(robustbench_seg.evaluate)
    image = render("val", 0, 64, 32)[0]
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "street.png")
    monkeypatch.chdir(tmp_path)
    names = ("b0@streets", "deeplabv3plus-mobilenetv2@streets")
    write_run(Path("results/two"), stored_spec(9, names))
    write_run(Path("results/b5"), stored_spec(9, ("b5@streets",)))

    def evaluate(*arguments: Any, **given: Any) -> robustbench_seg.Run:
        options.bind(*arguments, **given)
        return robustbench_seg.Run.open("results/two")

    monkeypatch.setattr(robustbench_seg, "evaluate", evaluate)
    backend = pyplot.get_backend()
    pyplot.switch_backend("Agg")
    found: dict[str, Any] = {"image": image}
    try:
        for block in code_blocks(text):
            exec(compile(block, "library.md", "exec"), found)
    finally:
        pyplot.close("all")
        pyplot.switch_backend(backend)
    assert found["left"].get_title() == "SegFormer-B0 is ahead at every severity"
    assert [len(axes.get_lines()) for axes in (found["left"], found["right"])] == [6, 1]
    words = {
        word for line in text.splitlines() if line.startswith("| `") for word in line.split("`")
    }
    assert set(found["run"].table("tidy").columns) <= words
    assert found["street"].shape == image.shape
