"""The commands and the library examples of the documents run, or are valid."""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

import robustbench_seg
from robustbench_seg import corruptions
from robustbench_seg.cli import app
from robustbench_seg.datasets.streets import render
from robustbench_seg.protocol import parameters
from tests.helpers.documents import (
    anchors,
    block_commands,
    code_blocks,
    inline_commands,
    links,
    nox_sessions,
    used_files,
)
from tests.helpers.paths import ROOT
from tests.helpers.stored_runs import stored_spec, write_run

README = ROOT / "README.md"
START, COPIES = ROOT / "docs" / "start.md", ROOT / "docs" / "copies.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOXFILE = (ROOT / "noxfile.py").read_text("utf-8")
GLOBAL = {"--help", "--install-completion"}

NEEDS_MORE = {"b5", "b2"}
"""Models whose weights are on the network, or the reader's."""
SMALL = ["--corruptions", "fog", "--severities", "1"]
REDUCED = {"eval": ["--limit", "1", *SMALL], "corrupt": SMALL, "suites": []}
"""Options that make a command small; they are added to those of the document."""


class Called(Exception):  # noqa: N818 - it is no error
    """A function of the library was called."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.name))
def test_the_commands_of_a_document_are_valid(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call() -> None:
        raise Called

    monkeypatch.setattr(parameters, "end_if_unguarded", call)  # the first step of each function
    text, program = document.read_text("utf-8"), cast(Any, get_command(app))
    for command in block_commands(text):
        if len(command) == 1:  # without options: a list, which takes seconds
            assert command[0] in program.commands
            continue
        result = CliRunner().invoke(app, command)
        called = isinstance(result.exception, Called) or "no run here" in str(result.exception)
        assert called, (command, result.exception, result.output)
    for command in inline_commands(text):  # which may be parts of commands
        found = program
        for word in command:
            if hasattr(found, "commands") and not word.startswith("-"):
                assert word in found.commands, command
                found = found.commands[word]
        known = {name for option in found.params for name in option.opts} | GLOBAL
        used = {word.partition("=")[0] for word in command if word.startswith("--")}
        assert used <= known, command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.name))
def test_links_files_and_sessions_of_a_document_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    assert [path for path in used_files(text) if not (ROOT / path).is_file()] == []
    for link in links(text) if document.parent == ROOT else ():  # the site checks those of docs/
        path, _, anchor = link.partition("#")
        assert (ROOT / path).exists(), link
        assert not anchor or anchor in anchors((ROOT / path).read_text("utf-8")), link
    sessions = set(re.findall(r"^def (\w+)\(session", NOXFILE, re.MULTILINE))
    assert set(nox_sessions(text)) <= sessions


def test_the_reference_of_python_has_every_public_name() -> None:
    shown = re.findall(
        r"^::: robustbench_seg\.(\w+)$", (ROOT / "docs" / "api.md").read_text("utf-8"), re.M
    )
    assert {*shown, "__version__"} == set(robustbench_seg.__all__)


def test_the_readme_shows_what_the_terminal_showed() -> None:
    text = README.read_text("utf-8")
    terminal = (ROOT / "docs" / "demonstration" / "terminal.txt").read_text("utf-8").splitlines()
    (shown,) = re.findall(r"^```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    rest = iter(terminal)
    assert [line for line in shown.splitlines() if line not in rest] == []  # in their order
    head, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith(("| mIoU, %", "| SegFormer-B0 |", "| DeepLabv3+ "))
    )
    printed = {line[:14].strip(): line.split()[-len(rows) :] for line in reversed(terminal)}
    assert [list(row) for row in zip(*rows, strict=True)][1:] == [
        printed[name] for name in head[1:]
    ]


@pytest.mark.slow
def test_the_commands_of_the_first_page_run(
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
        for document in (README, COPIES)
        for command in block_commands(document.read_text("utf-8"))
        if not NEEDS_MORE & set(command)
    ]
    assert len(commands) >= 4
    for command in commands:
        here = [word.replace("/data/", f"{tmp_path}/data/") for word in command]
        here += REDUCED[command[0]]
        if command[0] == "eval" and "--data" in command and "--model" not in command:
            here += ["--weights", "random"]  # the published ones are on the network
        result = CliRunner().invoke(app, here)
        assert result.exit_code == 0, (command, result.output)
    assert len(list(tmp_path.glob("results/*/report.html"))) >= 2
    assert list(tmp_path.glob("data/cityscapes-c/fog/1/leftImg8bit/val/*/*.png"))


@pytest.mark.slow
def test_the_commands_about_stored_runs_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("b0@random", "b1@random")):
        write_run(Path(f"run{number}"), stored_spec(9, (name,)))
    commands = [each for each in block_commands(START.read_text("utf-8")) if "RUN" in each]
    assert [command[0] for command in commands] == ["report", "compare", "figures"]
    for command in commands:
        names = iter(("run0", "run1"))
        here = [next(names) if word == "RUN" else word for word in command]
        result = CliRunner().invoke(app, here)
        assert result.exit_code == 0, (command, result.output)


@pytest.mark.slow
def test_the_library_examples_of_the_first_pages_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [
        block
        for document in (START, COPIES)
        for block in code_blocks(document.read_text("utf-8"))
        if "import robustbench_seg" in block
    ]
    image = render("val", 0, 512, 256)[0]
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "street.png")
    monkeypatch.chdir(tmp_path)
    # One frame of the sixteen: the example itself stays as it is.
    evaluate = functools.partial(robustbench_seg.evaluate, limit=1)
    monkeypatch.setattr(robustbench_seg, "evaluate", evaluate)
    names = {"image": image}
    for example in examples:
        exec(compile(example, "a first page", "exec"), names)
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
    for name in ("a", "b", "b0", "b5"):
        write_run(Path("results") / name, stored_spec(9, (f"{name}@streets",)))
    write_run(Path("RUN"), stored_spec(9, ("b0@streets",)))
    documented = (robustbench_seg, robustbench_seg.Run, corruptions)
    texts = [inspect.getdoc(each) or "" for each in documented]
    pages = ("api.md", "reports.md", "statistics.md")
    texts += [(ROOT / "docs" / name).read_text("utf-8") for name in pages]
    blocks = [block for text in texts for block in code_blocks(f"{text}\n")]
    examples = [block for block in blocks if re.search(r"\bimport |Run\.open", block)]
    assert len(examples) == len(texts)

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
        for block in examples:
            exec(
                compile(block, "an example", "exec"),
                {"image": image, "robustbench_seg": robustbench_seg},
            )
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
