"""Hostile files: one line, at once. The quick tests try one of each kind, `nox -s hostile` all."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustbench_seg import cli
from tests.e2e.hostile import WHOLE
from tests.e2e.hostile.files import ATTACKS

KINDS = {attack.kind: name for name, attack in ATTACKS.items()}
SECONDS = 60

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs named pipes")


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", ATTACKS if WHOLE else sorted(KINDS.values()))
def test_a_hostile_file_is_refused_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attack = ATTACKS[name]
    monkeypatch.chdir(tmp_path)
    words = attack.build(tmp_path)
    monkeypatch.setattr("sys.argv", ["robustseg", *words])
    code = cli.run()
    printed = capsys.readouterr()
    assert code == attack.code, printed
    said = printed.err if attack.code == 2 else printed.out
    assert re.search(attack.line, re.sub(r"\s+", " ", said)), printed
    if attack.code == 2:
        assert printed.err.count("\n") == 1
        assert printed.err.startswith("error: ")


def test_there_are_sixty() -> None:
    assert len(ATTACKS) >= 60
