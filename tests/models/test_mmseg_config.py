"""What `mmseg:` reads without mmsegmentation: configurations as data, pipelines, files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from robustbench_seg.errors import InputError
from robustbench_seg.models.adapters.mmseg_config import (
    check_texts,
    kinds,
    parse_config,
    without_sources,
)
from robustbench_seg.models.adapters.mmseg_pipeline import (
    Padding,
    read_padding,
    read_preprocessing,
    read_window,
)
from robustbench_seg.models.base import Window
from robustbench_seg.models.preprocessing import PipelinePreprocessing, preprocessing_from_dict
from tests.helpers.adapters import refusal

MODEL = """
model = dict(
    backbone=dict(depth=50, dilations=(1, 2, ), init_cfg=dict(checkpoint='a:/b', type='Other')),
    data_preprocessor=dict(mean=[1.5, 2, 3], std=[4, 5, 6], type='SegDataPreProcessor'),
    decode_head=[dict(scale=-1.5, type='mmdet.Head'), dict({'a b': dict({'c-d': None})})],
    pretrained='open-mmlab://resnet50_v1c',
    type='EncoderDecoder')
optimizer = build(lr=0.1)
test_pipeline = [dict(type='LoadImageFromFile')]
"""
NORMALISED = {"type": "SegDataPreProcessor", "mean": [1, 2, 3], "std": [4, 5, 6]}


def test_a_configuration_is_data() -> None:
    found = parse_config("it", MODEL)
    assert found.keys() == {"model", "test_pipeline"}
    model = without_sources(found["model"])
    assert model == {
        "backbone": {"depth": 50, "dilations": (1, 2)},
        "data_preprocessor": {
            "mean": [1.5, 2, 3],
            "std": [4, 5, 6],
            "type": "SegDataPreProcessor",
        },
        "decode_head": [{"scale": -1.5, "type": "mmdet.Head"}, {"a b": {"c-d": None}}],
        "type": "EncoderDecoder",
    }
    assert [*kinds(model)] == ["SegDataPreProcessor", "mmdet.Head", "EncoderDecoder"]
    check_texts("it", model | {"psa_type": "bi-direction"})


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "os.system('x')",
        "model = __import__('os').system('x')",
        "model = dict(type=open('x'))",
        "model = dict(**vars())",
        "model = dict({'a': 1}, b=2)",
        "model = {**vars()}",
        "model = [x for x in (1, 2)]",
        "model = f'{x}'",
        "model = dict(a={1, 2})",
        "model = dict(a=b'1')",
        "model = dict(a=lambda: 1)",
        "model, other = 1, 2",
        "del model",
        "if True: model = 1",
        "def model(): pass",
        "model = dict(a=(",
        "\0",
        "model = " + "(" * 5000,
        "model = " + "-" * 50_000 + "1",
    ],
)
def test_code_is_refused(source: str) -> None:
    with pytest.raises(InputError, match=r"^it: .*CONFIG\.py@CHECKPOINT") as caught:
        parse_config("it", source)
    assert "\n" not in str(caught.value)


def test_imports_of_other_packages_are_refused() -> None:
    parse_config("it", "custom_imports = dict(imports='mmpretrain.models')")
    for imports in ("dict(imports=['mine'])", "dict(imports='mine')", "['mmdet.models', 'mine']"):
        with pytest.raises(InputError, match="custom_imports of 'mine' would run code"):
            parse_config("it", f"custom_imports = {imports}")


@pytest.mark.parametrize(
    "setting",
    [
        {"path": "weights.pth"},
        {"model_name": "hub:name"},
        {"files": ["a/b"]},
        {"deep": [{"_scope_": "package"}]},
        {"loss": {"class_weight": "pkl"}},
    ],
)
def test_texts_that_may_name_files_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^it: .* may name a file or a package"):
        check_texts("it", {"type": "EncoderDecoder", **setting})


def test_the_data_preprocessor_says_the_normalisation() -> None:
    found = read_preprocessing("it", [], NORMALISED)
    assert (found.mean, found.std, found.channels) == ((1, 2, 3), (4, 5, 6), "BGR")
    found = read_preprocessing("it", [], NORMALISED | {"bgr_to_rgb": True})
    assert found.channels == "RGB"
    found = read_preprocessing("it", [], {"type": "mmseg.SegDataPreProcessor"})
    assert (found.mean, found.std) == ((0, 0, 0), (1, 1, 1))
    for other in ({"mean": [1, 2]}, {"std": [0, 1, 1]}, {"type": "Mine"}):
        with pytest.raises(InputError, match=r"^it: data_preprocessor"):
            read_preprocessing("it", [], NORMALISED | other)


def mmcv_size(size: tuple[int, int], step: dict[str, Any]) -> tuple[int, int]:
    """Restate mmcv's rescale_size, and mmsegmentation's ResizeShortestEdge before it."""
    height, width = size
    scale = step["scale"]
    if step["type"] == "ResizeShortestEdge":
        factor = scale / min(height, width)
        sides = (
            [factor * height, float(scale)] if height >= width else [float(scale), factor * width]
        )
        if max(sides) > step["max_size"]:
            smaller = step["max_size"] * 1.0 / max(sides)
            sides = [side * smaller for side in sides]
        scale = (int(sides[1] + 0.5), int(sides[0] + 0.5))
    elif not step["keep_ratio"]:
        return scale[1], scale[0]
    factor = min(max(scale) / max(height, width), min(scale) / min(height, width))
    return int(height * factor + 0.5), int(width * factor + 0.5)


@pytest.mark.parametrize(
    "step",
    [
        {"type": "Resize", "scale": (2049, 1025), "keep_ratio": True},
        {"type": "Resize", "scale": (2048, 512), "keep_ratio": True},
        {"type": "Resize", "scale": (96, 64), "keep_ratio": False},
        {"type": "ResizeShortestEdge", "scale": 512, "max_size": 2048},
        {"type": "ResizeShortestEdge", "scale": 640, "max_size": 700},
    ],
)
def test_images_have_the_size_of_mmcv(step: dict[str, Any]) -> None:
    found = read_preprocessing("it", [dict(step)], NORMALISED)
    assert preprocessing_from_dict(vars(found)) == found
    for size in ((1024, 2048), (683, 512), (375, 500), (500, 375), (333, 333), (97, 1031)):
        assert found.input_size(size) == mmcv_size(size, step)


def test_images_are_resized_by_opencv() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 71, 3), np.uint8)
    resize: dict[str, Any] = {"type": "Resize", "scale": (99, 40)}
    steps = [{"type": "LoadImageFromFile"}, resize]
    found = read_preprocessing("it", steps, {"type": "SegDataPreProcessor"})
    given = found.normalise(torch.from_numpy(image[np.newaxis]).permute(0, 3, 1, 2))
    expected = cv2.resize(image[..., ::-1].copy(), (99, 40), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(given[0].permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([{"type": "Pad", "size": (4, 4)}], "the step Pad is not supported"),
        ([{"type": "MultiScaleFlipAug"}], "the step MultiScaleFlipAug"),
        ([{"type": "Resize", "scale_factor": 0.5}], "Resize with scale_factor"),
        ([{"type": "Resize", "scale": (4, 4), "backend": "pillow"}], "Resize with backend"),
        ([{"type": "Resize", "scale": (4.5, 4)}], "expected whole pixels"),
        ([{"type": "Resize", "scale": (2048, -1)}], "expected whole pixels"),
        ([{"type": "LoadImageFromFile", "color_type": "grayscale"}], "with color_type"),
        ([{"type": "Resize", "scale": (4, 4)}] * 2, "resizes twice"),
    ],
)
def test_other_steps_are_refused(steps: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(InputError, match=rf"^it: test_pipeline:? .*{problem}"):
        read_preprocessing("it", steps, NORMALISED)


def test_padding() -> None:
    by_divisor = read_padding("it", {"test_cfg": {"size_divisor": 32}, "pad_val": 7})
    assert (by_divisor, by_divisor.padded((33, 64))) == (Padding(divisor=32, value=7), (64, 64))
    by_size = read_padding("it", {"test_cfg": {"size": (50, 90)}})
    assert (by_size.padded((40, 60)), by_size.padded((60, 95))) == ((50, 90), (60, 95))
    assert read_padding("it", {}).padded((3, 5)) == (3, 5)
    for wrong in ({"size": 5}, {"size": (5, 5), "size_divisor": 2}, {"size_divisor": 0}):
        with pytest.raises(InputError, match=r"^it: data_preprocessor pads by"):
            read_padding("it", {"test_cfg": wrong})


def test_windows() -> None:
    slide = {"mode": "slide", "crop_size": (512, 1024), "stride": (384, 384)}
    found = read_window("it", slide, Padding())
    assert (found, found.crop_size) == (Window("slide", (512, 1024), 384), (512, 1024))
    assert read_window("it", {}, Padding(divisor=32)).mode == "whole"
    with pytest.raises(InputError, match="slides over padded images"):
        read_window("it", slide, Padding(divisor=32))
    for wrong in ({"stride": (600, 600)}, {"crop_size": None}, {"mode": "both"}):
        with pytest.raises(InputError, match=r"^it: test_cfg: window is"):
            read_window("it", slide | wrong, Padding())


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write = "names no checkpoint; write mmseg:CONFIG.py@CHECKPOINT.pth"
    assert write in refusal("mmseg:net.py")
    assert write in refusal("mmseg:net.py@")
    assert refusal("mmseg:net.pth").endswith("no such file; give a checkpoint file")
    assert refusal("mmseg:net.py@net.pth").endswith("no such file; give a configuration file")
    Path("net.py").write_text("")
    assert refusal("mmseg:net.py@net.pth").endswith("no such file; give a checkpoint file")
    save({"backbone.weight": torch.zeros(1)})
    assert "holds no configuration (meta, cfg)" in refusal("mmseg:net.pth")
    save({"backbone.weight": torch.zeros(1)}, "model = dict(type='EncoderDecoder')")
    assert "as those of mmsegmentation 1.x have" in refusal("mmseg:net.pth")


@pytest.mark.parametrize("missing", ["mmseg", "mmcv._ext", "mmcv", "ftfy"])
def test_without_mmsegmentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mmseg").mkdir()
    (tmp_path / "mmseg" / "__init__.py").touch()
    error = f"raise ModuleNotFoundError(name={missing!r})"
    (tmp_path / "mmseg" / "models.py").write_text("" if missing == "mmseg" else error)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mmseg.models", raising=False)
    if missing == "mmseg":
        monkeypatch.setitem(sys.modules, "mmseg", None)
    else:
        monkeypatch.delitem(sys.modules, "mmseg", raising=False)
    save({"backbone.weight": torch.zeros(1)}, MODEL)
    needed = {
        "mmcv._ext": "mmcv with its compiled operators, not mmcv-lite; pip install openmim",
        "ftfy": "ftfy, which is not installed; pip install ftfy",
    }.get(missing, f"{missing}, which is not installed; pip install openmim")
    assert f"--model mmseg:net.pth: needs {needed}" in refusal("mmseg:net.pth")


def save(tensors: dict[str, torch.Tensor], config: str = "") -> None:
    meta = {"cfg": config} if config else {}
    torch.save({"meta": meta, "state_dict": tensors}, "net.pth")


def test_a_preprocessing_without_its_size_keeps_the_rest() -> None:
    given = PipelinePreprocessing((1, 2, 3), (4, 5, 6), "BGR", box=(9, 5), shortest_first=True)
    assert given.without_size().input_size((33, 44)) == (33, 44)
    assert given.without_size().channels == "BGR"
