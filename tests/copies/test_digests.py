"""The digests of the corrupted images of one frame: pinned, and the same however they are made."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg import cli
from robustbench_seg.copies.digests import (
    SCENE,
    ImageDigest,
    image_digests,
    suite_digests,
    total_digest,
)
from robustbench_seg.corruptions import corrupt, corruption_names, depth_corruption_names
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.datasets.streets import photograph, render
from robustbench_seg.protocol.pixel_digests import pixel_digest
from robustbench_seg.protocol.suites import load_suite
from tests.helpers.goldens import assert_golden
from tests.helpers.paths import GOLDEN as GOLDEN_FOLDER

GOLDEN = GOLDEN_FOLDER / "digests.csv"
SUITES = ("imagenet-c-all", "imagenet-c-bar", "street-3d")
"""Suites that have each corruption once."""


def parsed(text: str) -> list[ImageDigest]:
    rows = csv.DictReader(StringIO(text))
    return [ImageDigest(row["corruption"], int(row["severity"]), row["sha256"]) for row in rows]


def pinned() -> list[ImageDigest]:
    return parsed(GOLDEN.read_text())


def differing(found: list[ImageDigest]) -> list[tuple[str, float]]:
    """Return the conditions whose digests are not the pinned ones."""
    expected = pinned()
    assert [(each.corruption, each.severity) for each in found] == [
        (each.corruption, each.severity) for each in expected
    ]
    return [
        (mine.corruption, mine.severity)
        for mine, theirs in zip(found, expected, strict=True)
        if mine != theirs
    ]


def test_all_corruptions_are_pinned() -> None:
    assert {(each.corruption, each.severity) for each in pinned()} == {
        (name, severity)
        for name in (*corruption_names(), *depth_corruption_names())
        for severity in SEVERITIES
    }
    assert len({each.sha256 for each in pinned()}) == 170


@pytest.mark.slow
def test_the_digests_are_golden() -> None:
    digests = [each for name in SUITES for each in suite_digests(load_suite(name))]
    rows = [f"{each.corruption},{each.severity},{each.sha256}\n" for each in digests]
    assert_golden("digests.csv", "corruption,severity,sha256\n" + "".join(rows))


def test_a_digest_is_the_sha256_of_the_corrupted_pixels() -> None:
    image, _ = render("val", 0, 512, 256)
    corrupted = corrupt(image, "shot_noise", 4)
    expected = hashlib.sha256(corrupted.tobytes()).hexdigest()
    assert pixel_digest(corrupted) == pixel_digest(np.asfortranarray(corrupted)) == expected
    suite = load_suite("cityscapes-c").select(["shot_noise"], [4])
    assert suite_digests(suite) == (ImageDigest("shot_noise", 4, expected),)


def test_the_total_digest_is_of_one_line_per_image() -> None:
    first, second = ImageDigest("fog", 1, "aa"), ImageDigest("fog", 2, "bb")
    # $ printf 'fog 1 aa\nfog 2 bb\n' | sha256sum
    expected = "2401d2e63dad98726cdac6586debcb766b13a621d59fc511ef311df5e7137bd7"
    assert total_digest([first, second]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_no_pixel(threads: int) -> None:
    image, _, depth = photograph(*SCENE)
    expected = pinned()
    order = np.random.default_rng(threads).permutation(len(expected))
    conditions = [(expected[i].corruption, expected[i].severity) for i in order]

    def made(condition: tuple[str, float]) -> ImageDigest:
        (found,) = image_digests(image, [condition], depth=depth)
        return found

    with ThreadPoolExecutor(threads) as pool:
        found = [*pool.map(made, conditions)]
    assert differing([found[place] for place in np.argsort(order)]) == []


PROGRAM = """
import sys
import numpy as np
from robustbench_seg.protocol.suites import load_suite
from robustbench_seg.copies.digests import image_digests

print("corruption,severity,sha256")
conditions = [pair for name in sys.argv[2:] for pair in load_suite(name).corrupted]
frame = np.load(sys.argv[1])
for each in image_digests(frame["image"], conditions, depth=frame["depth"]):
    print(each.corruption, each.severity, each.sha256, sep=",")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
            "OPENCV_IPP": "disabled",
            "JSIMD_FORCENONE": "1",
            "NUMBA_NUM_THREADS": "1",
        },
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_NUM_THREADS": "4"},
    ],
    ids=["no-vectors", "generic-code"],
)
def test_the_processor_changes_no_pixel(changes: dict[str, str], tmp_path: Path) -> None:
    frame, scene = tmp_path / "frame.npz", photograph(*SCENE)
    np.savez(frame, image=scene.image, depth=scene.depth)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(frame), *SUITES],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **changes},
        capture_output=True,
        text=True,
        check=True,
    )
    assert differing(parsed(done.stdout)) == []


def test_the_command_prints_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["robustseg", "suites", "--digests", "--csv", "-"])
    assert cli.run() == 0
    found = parsed(capsys.readouterr().out)
    assert len(found) == 80
    assert set(found) <= set(pinned())
    monkeypatch.setattr("sys.argv", ["robustseg", "suites", "--digests"])
    assert cli.run() == 0
    printed = capsys.readouterr().out
    for each in found:
        assert f"{each.sha256[:16]} " in printed
    assert f"all 80: {total_digest(found)}" in printed
