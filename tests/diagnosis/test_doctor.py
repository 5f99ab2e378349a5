"""The doctor finds a sound installation ready, and names what is broken."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner

import robustbench_seg
from robustbench_seg.cli import app
from robustbench_seg.diagnosis import checkup, installation, self_test
from robustbench_seg.diagnosis.check import Check
from robustbench_seg.errors import InputError
from robustbench_seg.models.hub_files import hub_answers
from tests.helpers.hub_server import serving
from tests.helpers.paths import GOLDEN


@pytest.mark.slow
@pytest.mark.openvino
def test_a_sound_installation_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(installation, "LITTLE", 0)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    shown = " ".join(result.output.split())
    assert "Ready." in shown
    assert "torch on the CPU ok b0 has 53.3 % mIoU on a scene, 53.3 % expected" in shown
    assert f"robustbench-seg {robustbench_seg.__version__}" in shown
    assert not list(tmp_path.iterdir())


def test_what_is_broken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> Check:
        raise ImportError("libgomp.so.1: cannot open\nshared object file")

    def unusable() -> Check:
        raise InputError("--device cuda: not usable here; use cpu")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(installation, "LITTLE", 2**80)
    monkeypatch.setattr(
        *(installation, "requires"), lambda _: ["numpy>=99", "absent", 'ray>1; extra == "ray"']
    )
    monkeypatch.setenv("CITYSCAPES_DATASET", str(tmp_path / "absent"))
    monkeypatch.setattr(self_test, "DIGESTS", {**self_test.DIGESTS, ("contrast", 1): "0" * 64})
    checks = ("packages", "data", "disks", "corruptions")
    chosen = {name: checkup.CHECKS[name] for name in checks}
    monkeypatch.setattr(checkup, "CHECKS", {**chosen, "torch": unreadable, "GPU": unusable})
    found = robustbench_seg.doctor()
    table = found.table.set_index("name")
    assert list(table["status"]) == ["problem", "problem", "warning", *["problem"] * 3]
    assert found.verdict == "Broken: packages, data, corruptions, torch, GPU."
    assert table["found"]["packages"].endswith("required >=99; absent is missing, required any")
    assert table["found"]["data"] == f"CITYSCAPES_DATASET {tmp_path / 'absent'}: no such folder"
    assert table["found"]["corruptions"] == "other pixels: contrast"
    assert table["found"]["torch"] == "ImportError: libgomp.so.1: cannot open shared object file"
    assert tuple(table.loc["GPU", ["found", "advice"]]) == (
        "--device cuda: not usable here",
        "use cpu",
    )
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


def test_the_known_pixels_are_the_pinned_ones() -> None:
    rows = csv.DictReader((GOLDEN / "digests.csv").read_text().splitlines())
    pinned = {(row["corruption"], int(row["severity"])): row["sha256"] for row in rows}
    assert self_test.DIGESTS.items() <= pinned.items()


def test_the_hub_is_asked_once_and_never_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with serving() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", f"{hub.url}/")
        assert hub_answers(9)
        monkeypatch.setattr(constants, "ENDPOINT", f"{hub.url}/nothing")
        assert not hub_answers(0.5)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        assert hub_answers(9) is None
    assert hub.requests == ["HEAD /", "HEAD /nothing"]
