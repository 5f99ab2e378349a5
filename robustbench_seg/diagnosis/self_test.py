"""A self-test on one embedded scene: its corrupted pixels, and the score of an embedded model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..versions import versions
from .check import Check

if TYPE_CHECKING:
    from ..models.base import RuntimeChoice

MODEL = "b0"
MIOU = 0.5334
"""Clean mIoU of the model on the first scene of streets val."""
TOLERANCE = 0.005
"""Difference of a score that rounding on other devices may make."""
DIGESTS: dict[tuple[str, float], str] = {
    ("gaussian_noise", 3): "77929cf64c2d2d6aed1a91096fbb1304da576d4655ba50b07ed2679fbffa05c4",
    ("motion_blur", 3): "41b499368b5f2fa843e3b30114f249462d4ca77fc75fa0a17a67c59e44f41908",
    ("frost", 3): "aa24750820af4d8caf88574e2b4281f97fe7305e876644c6bd12d9f68aa845d8",
    ("jpeg_compression", 3): "6ee25749d6e0e37a792e8168aa45e1c63f2d56abaf1879b81973ef3a2995ee46",
}
"""SHA-256 of the scene under one corruption of each category, quick ones."""
_REINSTALL = "reinstall at the tested versions: pip install . --constraint constraints.txt"


def check_corruptions() -> Check:
    """Compare corrupted pixels with the known ones."""
    from ..copies.digests import SCENE, image_digests
    from ..datasets.streets import render

    wrong = [
        each.corruption
        for each in image_digests(render(*SCENE)[0], DIGESTS)
        if each.sha256 != DIGESTS[each.corruption, each.severity]
    ]
    if wrong:
        return Check("corruptions", "problem", f"other pixels: {', '.join(wrong)}", _REINSTALL)
    return Check("corruptions", "ok", f"{len(DIGESTS)} images have the known pixels")


def check_torch() -> Check:
    """Run the model by torch on the CPU."""
    return _score("torch on the CPU", "--runtime torch --device cpu", "torch", "cpu")


def check_openvino() -> Check | None:
    """Run the model by OpenVINO; None where it is not installed."""
    if not versions(["openvino"]):
        return None
    return _score("OpenVINO", "--runtime openvino", "openvino", "cpu")


def check_gpu() -> Check | None:
    """Run the model on the first GPU; None where there is none."""
    from ..inference.devices import gpu_count

    return _score("GPU", "--device cuda:0", "torch", "cuda:0") if gpu_count() else None


def _score(name: str, options: str, runtime: RuntimeChoice, device: str) -> Check:
    """Store a tiny run in a temporary folder, read it again and compare its score."""
    from ..evaluation.evaluate import execute, prepare
    from ..protocol.request import Request
    from ..runs.run import StoredRun

    (corruption, severity), *_ = DIGESTS
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            models=(MODEL,),
            data="streets",
            limit=1,
            corruptions=[corruption],
            severities=[severity],
            measure=["miou"],
            runtime=runtime,
            device=device,
            out=Path(folder, "run"),
        )
        plan, engine = prepare(request)
        execute(plan, engine)
        run = StoredRun.open(plan.folder)
    if run.failures:
        return Check(name, "problem", f"{MODEL} failed: {run.failures[0]}", _REINSTALL)
    scores = run.tidy.query("condition == 'clean' and `class` == 'all' and metric == 'miou'")
    miou = float(scores["value"].iloc[0])
    found = f"{MODEL} has {100 * miou:.1f} % mIoU on a scene, {100 * MIOU:.1f} % expected"
    if abs(miou - MIOU) > TOLERANCE:
        return Check(name, "problem", found, f"do not use {options}; report this")
    return Check(name, "ok", found)
