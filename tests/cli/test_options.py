"""Options are declared once: for the library's functions, for requests and for commands."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import robustbench_seg
from robustbench_seg import api
from robustbench_seg.cli import app, run
from robustbench_seg.errors import InputError
from robustbench_seg.protocol import parsing
from robustbench_seg.protocol.parameters import Option, Parameter, parameters
from robustbench_seg.protocol.request import Request

PANELS = ("Model", "Data", "Conditions", "Training", "Compute", "Output")
CALLS: list[Callable[..., Any]] = [
    api.add_entry,
    api.calibrate,
    api.check_dataset,
    api.check_run,
    api.compare_runs,
    api.corrupt_folder,
    api.diagnose,
    api.doctor,
    api.effective_receptive_field,
    api.evaluate,
    api.figures,
    api.forecast,
    api.merge,
    api.model_costs,
    api.rank_runs,
    api.suite_digests,
    api.train,
]


def test_evaluate_has_the_options_of_a_request() -> None:
    of_call, of_request = parameters(api.evaluate), parameters(Request)
    model, models = of_call.pop("model"), of_request.pop("models")
    assert of_call == of_request
    assert list(of_call) == list(of_request)
    assert (model.option, (model.default,)) == (models.option, models.default)
    every = set(inspect.signature(api.evaluate).parameters)
    assert every == {*of_call, "model", "progress"}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_functions_document_and_check_their_options(call: Callable[..., Any]) -> None:
    declared = parameters(call)
    every = list(inspect.signature(call).parameters)
    assert [name for name in every if name != "progress"] == list(declared)
    text = call.__doc__ or ""
    summary, _, sections = text.partition("\n\n")
    assert summary.endswith(".")
    described = sections.partition("Parameters\n----------\n")[2]
    assert "--" not in described
    entries = [line for line in described.splitlines() if not line.startswith(" ")]
    assert [entry.split(" : ")[0] for entry in entries] == every
    for each in declared.values():
        assert each.option.panel in PANELS
        assert each.option.help.endswith(".")


def test_numbers_and_words_are_checked_before_the_call() -> None:
    with pytest.raises(InputError, match="--num-classes 0: must be a whole number, 1 or more"):
        robustbench_seg.forecast(num_classes=0)
    with pytest.raises(InputError, match="--precision int8: use one of float32, bf16, fp16"):
        robustbench_seg.model_costs("b0", precision="int8")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="--limit -1: must be"):
        robustbench_seg.evaluate(limit=-1)
    with pytest.raises(TypeError, match="limits"):
        robustbench_seg.evaluate(limits=1)  # type: ignore[call-arg]


@pytest.mark.slow
def test_the_package_is_cheap_and_shows_its_names() -> None:
    code = (
        "import sys, robustbench_seg\n"
        "from robustbench_seg import cli\n"
        "print(*(name in sys.modules for name in ('numpy', 'pandas', 'torch')))\n"
        "print(*dir(robustbench_seg))\n"
        "for name in dir(robustbench_seg): getattr(robustbench_seg, name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, names = map(str.split, done.stdout.splitlines())
    assert loaded == ["False", "False", "False"]
    assert names == sorted(robustbench_seg.__all__)
    assert {"evaluate", "compare", "forecast", "Run"} <= set(names)
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        robustbench_seg.evalute  # noqa: B018


def option(kind: Any, read: Callable[[str], Any] | None = None) -> Parameter:
    return Parameter("some_option", kind, None, Option("Help.", "Model", read=read))


@pytest.mark.parametrize(
    ("read", "text", "values"),
    [
        (parsing.names, "fog, snow,", ["fog", "snow"]),
        (parsing.integers, "1-3,5", [1, 2, 3, 5]),
        (parsing.numbers, "1.5,20", [1.5, 20.0]),
        (parsing.models, "b0,b5@random, hf:org/name", ["b0", "b5@random", "hf:org/name"]),
        (parsing.models, "b0@my,weights.pth,espnet", ["b0@my,weights.pth", "espnet"]),
        (parsing.models, "b0@a/b,c/d.pth", ["b0@a/b,c/d.pth"]),
        (parsing.size, "2048x1024", (1024, 2048)),
        (parsing.label, "b0@a=b, c & d", {"b0@a": "b, c & d"}),
    ],
)
def test_texts_are_read_as_values(read: Callable[[str], Any], text: str, values: Any) -> None:
    assert read(text) == values


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (parsing.names, " ,"),
        *((parsing.integers, text) for text in ("", "a", "3-1", "1-", "-")),
        *((parsing.numbers, text) for text in ("", "a", "1,", "nan", "1e999")),
        *((parsing.size, text) for text in ("10", "2048x", "x5", "1024 x 2048", "-1x5")),
        (parsing.integer, "1.5"),
        *((parsing.label, text) for text in ("b0", "=x", "b0=")),
        (parsing.number, "half"),
    ],
)
def test_a_text_that_cannot_be_read_names_the_option(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(InputError) as error:
        option(str, read).read(text)
    assert str(error.value).startswith(f"--some-option {text!r}: ")
    assert "; " in str(error.value)


def test_repeated_labels_make_one_dictionary() -> None:
    label = option(Mapping[str, str], parsing.label)
    assert label.repeated
    assert label.read(["b0=A", "b1=B"]) == {"b0": "A", "b1": "B"}


@pytest.mark.slow
def test_a_list_may_be_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--size", "64x32", "--num-classes", "5")
    asked = ("--model", "b0,b1", "--model", "fcn-resnet50")
    monkeypatch.setattr("sys.argv", ["robustseg", "models", *asked, *sizes])
    assert run() == 0
    printed = capsys.readouterr().out
    assert "models for an image of 64x32, 5 classes" in printed
    rows = [line.split()[0] for line in printed.splitlines() if " M " in line]
    assert rows == ["b0", "b1", "fcn-resnet50"]


def test_the_first_commands_are_shown_without_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["robustseg"])
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines if re.match(r"  \w", line)]
    assert names == ["command", "eval", "report", "compare", "corrupt", "doctor"]
    assert lines[-1].startswith("All commands: robustseg --help.")


COMMANDS = [
    *(
        "eval",
        "diagnose",
        "doctor",
        "calibrate",
        "merge",
        "report",
        "compare",
        "figures",
        "forecast",
        "corrupt",
        "train",
    ),
    *("suites", "models", "datasets check", "leaderboard check", "leaderboard add"),
]

WITHOUT_OUTPUT = ("corrupt",)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_panels_and_an_example(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for width in (80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        app([*command.split(), "--help"], standalone_mode=False)
        printed = capsys.readouterr().out
        assert f"Example: robustseg {command}" in printed
        lines = printed.splitlines()
        assert max(map(len, lines)) <= width
        titles = [line.split("─ ")[1].split(" ─")[0] for line in lines if line.startswith("╭─ ")]
        found = [title for title in titles if title not in ("Arguments", "Options")]
        assert found == [panel for panel in PANELS if panel in found]
        assert "Output" in found or command in WITHOUT_OUTPUT
