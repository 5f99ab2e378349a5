"""A shell completes the names of models, suites, corruptions and datasets, without torch."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from robustbench_seg import api
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.protocol import known_names
from robustbench_seg.protocol.parameters import parameters


def completed(line: str, shell: str = "bash") -> list[str]:
    """Return what the shell completes the last word to; fail if that loads torch or pandas."""
    code = (
        "import sys\n"
        "from robustbench_seg.__main__ import main\n"
        "try: main()\n"
        "finally: print(*({'torch', 'pandas'} & set(sys.modules)), file=sys.stderr)"
    )
    asked = {
        "_ROBUSTSEG_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": f"robustseg {line}",  # bash; the others have variables of Typer
        "COMP_CWORD": str(len(line.split(" "))),
        "_TYPER_COMPLETE_ARGS": f"robustseg {line}",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    environment = {**os.environ, **asked}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "\n")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("shell", "answer"), [("fish", "fog,snow"), ("zsh", """_arguments '*: :(("fog,snow"))'""")]
)
def test_other_shells_complete_lists(shell: str, answer: str) -> None:
    assert completed("eval --corruptions fog,sn", shell) == answer.split()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("doc", ["doctor"]),
        ("eval --model b0,espnet", ["b0,espnet", "b0,espnetv2"]),
        ("corrupt in out --suite city", ["cityscapes-c"]),
        ("eval --corruptions fog,sn", ["fog,snow"]),
        ("eval --corruptions sparkles,coc", ["sparkles,cocentric_sine_waves"]),
        ("corrupt in out --suite imagenet-c-b", ["imagenet-c-bar"]),
        ("datasets check fogg", ["foggy-cityscapes"]),
    ],
)
def test_the_last_word_is_completed(line: str, names: list[str]) -> None:
    assert completed(line) == names


def test_each_option_of_names_completes_them() -> None:
    assert list(known_names.models()) == list(MODELS), "write names.txt again: CONTRIBUTING.md"
    meant = {
        "model": known_names.models,
        "data": known_names.datasets,
        "suite": known_names.suites,
        "corruptions": known_names.corruptions,
    }
    for name in api.__dict__.keys() & {*dir(api)}:
        function = getattr(api, name)
        if callable(function) and getattr(function, "__module__", "") == api.__name__:
            for each in parameters(function).values():
                assert each.option.names == meant.get(each.name), (name, each.name)
    assert parameters(api.evaluate)["precision"].completions("f") == ["float32", "fp16"]
