"""A diagnosis of published weights that are run in a wrong way, on real frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.diagnosis import candidates, diagnose

pytestmark = [pytest.mark.slow, pytest.mark.thorough, pytest.mark.openvino]


@pytest.fixture(scope="module")
def cityscapes(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return one frame of Cityscapes at a quarter of its sides, 512x256."""
    root = tmp_path_factory.mktemp("cityscapes")
    name = "frankfurt/frankfurt_000000_000576"
    source = shared_data / "data/cityscapes_mini"
    image = Image.open(source / f"leftImg8bit/val/{name}_leftImg8bit.png")
    label = Image.open(source / f"gtFine/val/{name}_gtFine_labelTrainIds.png")
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    image.reduce(4).save(root / "images/a.png")
    Image.fromarray(np.asarray(label)[2::4, 2::4]).save(root / "labels/a.png")
    return {"images": root / "images", "labels": root / "labels", "device": "cpu"}


@pytest.fixture
def normalisation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search for normalisation and channels, and nothing else, which takes long."""
    for part in ("sizes", "windows"):
        monkeypatch.setattr(diagnose, part, lambda *_: ())


@pytest.mark.usefixtures("normalisation_alone")
def test_a_segformer_that_is_declared_with_half_as_mean_and_std(shared_data: Path) -> None:
    found = robustbench_seg.diagnose(
        "b0",
        weights=shared_data / "weights/segformer_b0_camvid",
        data=shared_data / "data/camvid",
        mean=(127.5, 127.5, 127.5),
        std=(127.5, 127.5, 127.5),
        limit=4,
        device="cpu",
    )
    (advice,) = found.advice
    assert advice.startswith(
        "normalisation: --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375"
    )
    assert found.now < 0.46
    assert found.best > 0.48


@pytest.mark.usefixtures("normalisation_alone")
@pytest.mark.parametrize("size", ["512x256", "1024x512"])
def test_an_espnetv2_that_declares_nothing(
    shared_data: Path, cityscapes: dict[str, Any], tmp_path: Path, size: str
) -> None:
    weights = shared_data / f"weights/espnetv2/espnetv2_s_2.0_city_{size}.pth"
    (tmp_path / "net.py").write_text(
        "from tests.helpers.espnetv2 import espnetv2\n\n\ndef build():\n"
        f"    return espnetv2({str(weights)!r})\n"
    )
    found = robustbench_seg.diagnose(f"python:{tmp_path / 'net.py'}:build", **cityscapes)
    # ImageNet's mean and std, RGB, is right, and assumed. Larger inputs fit this frame better.
    assert found.advice[-1].startswith("outputs: the last output of the network mean")
    assert all(advice.startswith(("input size", "outputs")) for advice in found.advice)
    assert found.best > 0.5


@pytest.mark.usefixtures("normalisation_alone")
def test_an_espnet_that_is_declared_with_imagenets_preprocessing(
    shared_data: Path, cityscapes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A convolution of ESPNet is slow on some processors.
    names = ("ImageNet's mean and std", "mean and std 0.5", "Cityscapes' mean and std, then / 255")
    fewer = {name: candidates.NORMALISATIONS[name] for name in names}
    monkeypatch.setattr(candidates, "NORMALISATIONS", fewer)
    found = robustbench_seg.diagnose(
        "espnet",
        weights=shared_data / "weights/espnet/espnet_p_2_q_8.pth",
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
        channels="RGB",
        input_size=(256, 512),
        **cityscapes,
    )
    assert found.now < 0.05
    channels, *_ = found.advice
    assert channels.startswith(
        "channels: --channels BGR --mean 72.392,82.909,73.158 --std 11556.3,11769,11453.3 (+"
    )
    assert found.best > 0.4
