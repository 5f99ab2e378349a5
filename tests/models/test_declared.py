"""Preprocessing and windows that weights declare, that a user sets, and that are assumed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from robustbench_seg.datasets.taxonomies import CITYSCAPES as TAXONOMY
from robustbench_seg.errors import InputError
from robustbench_seg.models import declared, espnet
from robustbench_seg.models.adapters.processor import read_processor
from robustbench_seg.models.base import IMAGENET, Preprocessing, Segmenter, Window
from robustbench_seg.models.class_names import plain_name
from robustbench_seg.models.declared import override
from robustbench_seg.models.registry import build_model, load_model
from robustbench_seg.protocol.request import Request
from tests.helpers.segformers import config_of

NAMES = tuple(f"class {number}" for number in range(11))
CITYSCAPES = tuple(info.name for info in TAXONOMY)
OWN = Preprocessing((10, 20, 30), (40, 50, 60), "RGB", (96, 128))
SIDECAR = 'mean = [10, 20, 30]\nstd = [40, 50, 60]\nchannels = "RGB"\nsize = "128x96"\n'
# As in the checkpoints of mmsegmentation 0.30 and 1.2, whose configurations are Python.
CONFIG_0 = """
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    decode_head=dict(loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0)),
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)))
img_norm_cfg = dict(mean=[10, 20, 30], std=[40, 50, 60], to_rgb=False)
test_pipeline = [
    dict(type='MultiScaleFlipAug', img_scale=(2048, 512), transforms=[
        dict(type='Normalize', mean=[10, 20, 30], std=[40, 50, 60], to_rgb=False)])]
"""
CONFIG_1 = """
crop_size = (512, 512)
data_preprocessor = dict(
    bgr_to_rgb=True, mean=[10, 20, 30], pad_val=0, size=(512, 512), std=[40, 50, 60],
    type='SegDataPreProcessor')
model = dict(
    data_preprocessor=dict(
        bgr_to_rgb=True, mean=[10, 20, 30], std=[40, 50, 60], type='SegDataPreProcessor'),
    test_cfg=dict(mode='whole'), type='EncoderDecoder')
tta_model = dict(type='SegTTAModel')
"""


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return build_model("espnet", 11).state_dict()


def load(path: Path, model: str = "espnet", classes: tuple[str, ...] = NAMES) -> Segmenter:
    return load_model(model, data="mine", weights=str(path), classes=classes)


def test_a_file_beside_the_weights_declares_the_preprocessing(
    tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "mine.pth"
    torch.save(tensors, path)
    found = load(path)
    assert found.preprocessing == espnet.PREPROCESSING
    assert found.assumed == ("mean", "std", "channels", "size")

    sidecar = path.with_suffix(".toml")
    sidecar.write_text(SIDECAR + 'trained_on = "my streets"\nwindow = "slide"\n')
    found = load(path)
    assert (found.preprocessing, found.assumed) == (OWN, ())
    assert (found.trained_on, found.window.mode) == ("my streets", "slide")
    sidecar.write_text("window = {mode = 'slide', crop = 96, stride = 64}\nsize = [96, 128]")
    found = load(path)
    assert (found.window, found.preprocessing.size) == (Window("slide", 96, 64), (96, 128))
    assert found.assumed == ("mean", "std", "channels")


def test_the_digest_of_the_file_beside_the_weights_is_stored(
    tmp_path: Path, tensors: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.pth"
    torch.save(tensors, path)
    assert load(path).weights.keys() == {"source", "sha256", "licence", "note"}
    path.with_suffix(".toml").write_bytes(b"mean = [10, 20, 30]\r\n")
    weights = load(path).weights
    expected = hashlib.sha256(b"mean = [10, 20, 30]\r\n").hexdigest()
    assert weights["sidecar_sha256"] == expected
    really = os.open

    def change(name: Path, flags: int, *mode: int) -> int:
        number = really(name, flags, *mode)
        if name == path.with_suffix(".toml"):
            name.with_name("new").write_bytes(b"mean = [11, 20, 30]")
            name.with_name("new").replace(name)
        return number

    with monkeypatch.context() as context:
        context.setattr(os, "open", change)
        found = load(path)
    assert found.weights == weights
    assert found.preprocessing.mean == (10, 20, 30)
    assert load(path).weights != weights


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mean = ", r"mine\.toml: not TOML"),
        ("means = [1, 2, 3]", r"mine\.toml: unknown key 'means'; known are mean, std, channels"),
        ("mean = [1, 2]", r"mine\.toml: mean is \[1, 2\]; expected three numbers"),
        ("std = [0, 1, 2]", "expected positive numbers"),
        ("mean = [0.485, 0.456, 0.406]", "grey levels of 0 to 255: 123.675, 116.28, 103.53"),
        ("std = [0.5, 0.5, 0.5]", "grey levels of 0 to 255: 127.5, 127.5, 127.5"),
        ('channels = "GBR"', "expected RGB or BGR"),
        ("size = 512", "size is 512; expected"),
        ('window = "half"', "window is 'half'; expected whole, slide"),
        ("classes = [1]", "expected a list of names"),
        ("trained_on = 1", "expected a text"),
    ],
)
def test_a_wrong_file_beside_the_weights_is_refused(
    tmp_path: Path, tensors: dict[str, torch.Tensor], text: str, problem: str
) -> None:
    path = tmp_path / "mine.pth"
    torch.save(tensors, path)
    path.with_suffix(".toml").write_text(text)
    with pytest.raises(InputError, match=problem):
        load(path)


def test_metadata_declares_the_preprocessing_and_the_file_beside_it_counts(
    tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "mine.safetensors"
    values = {"mean": [10, 20, 30], "std": [40, 50, 60], "size": [96, 128]}
    texts = {name: json.dumps(value) for name, value in values.items()}
    save_file(tensors, path, {**texts, "channels": "RGB", "window": "slide"})
    found = load(path)
    assert (found.preprocessing, found.assumed, found.window.mode) == (OWN, (), "slide")
    path.with_suffix(".toml").write_text('channels = "BGR"')
    assert load(path).preprocessing == Preprocessing(OWN.mean, OWN.std, "BGR", OWN.size)


@pytest.mark.parametrize(
    ("config", "channels", "window"),
    [(CONFIG_0, "BGR", Window("slide", 512, 341)), (CONFIG_1, "RGB", Window("whole"))],
)
def test_the_configuration_of_mmsegmentation_declares_it(
    tmp_path: Path, config: str, channels: Any, window: Window
) -> None:
    path = tmp_path / "iter.pth"
    state = build_model("b0", 11).state_dict()
    torch.save({"state_dict": state, "meta": {"config": config}}, path)
    found = load(path, "b0")
    assert found.preprocessing == Preprocessing(OWN.mean, OWN.std, channels)
    assert (found.window, found.assumed) == (window, ())
    oblong = config.replace("(512, 512), stride", "(512, 1024), stride")
    torch.save({"state_dict": state, "meta": {"config": oblong}}, path)
    if oblong != config:
        assert load(path, "b0").window == Window("slide", (512, 1024), 341)
        torch.save({"state_dict": state, "meta": {"config": config.replace("341", "513")}}, path)
        with pytest.raises(InputError, match=r"stride of windows in pixels, each a number or \["):
            load(path, "b0")


def test_the_processor_in_a_folder_declares_it(tmp_path: Path) -> None:
    config_of("b0", 11).save_pretrained(tmp_path)
    save_file(build_model("b0", 11).state_dict(), tmp_path / "model.safetensors")
    found = load(tmp_path, "b0")
    assert (found.preprocessing, found.assumed) == (IMAGENET, ("mean", "std", "channels"))
    processor = {
        "do_resize": True,
        "size": {"height": 96, "width": 128},
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(processor))
    for path in (tmp_path, tmp_path / "model.safetensors"):
        found = load(path, "b0")
        expected, _ = read_processor(tmp_path, square=True, divisor=1)
        assert (found.preprocessing, found.assumed) == (expected, ())
        assert found.preprocessing.mean == (127.5, 127.5, 127.5)


def test_defaults_are_assumed_for_other_classes_than_those_of_cityscapes(tmp_path: Path) -> None:
    assert {plain_name(name) for name in CITYSCAPES} == set(declared.CITYSCAPES)
    path = tmp_path / "mine.safetensors"
    state = build_model("espnet", 19).state_dict()
    save_file(state, path)
    assert load(path, classes=CITYSCAPES).assumed == ()
    assert load(path, classes=tuple(map(str, range(19)))).assumed
    save_file(state, path, {"classes": json.dumps([f"my {name}" for name in CITYSCAPES])})
    assert load(path, classes=CITYSCAPES).assumed


def test_options_count_before_what_is_declared() -> None:
    model = load_model("espnet@random", data="mine", classes=NAMES)
    assert override(model, {}) is model
    chosen = Request(models=("espnet",), mean=(1, 2, 3), channels="RGB", input_size=(96, 128))
    found = override(model, chosen.input_settings).preprocessing
    assert found == Preprocessing((1, 2, 3), espnet.PREPROCESSING.std, "RGB", (96, 128))
    for given, problem in (
        ({"mean": [0.5, 0.5, 0.5]}, "--mean: mean is .* 127.5, 127.5, 127.5"),
        ({"std": [1, 2]}, "--std: std is .* expected three numbers"),
        ({"input_size": (0, 1)}, "--input-size: size is"),
        ({"input_size": (9, 9), "input_scale": 0.5}, "--input-size and --input-scale are mutually"),
        ({"models": ("b0", "b1"), "channels": "BGR"}, "--channels: only for a single --model"),
        ({"channels": "GRB"}, "--channels GRB: use one of RGB, BGR"),
    ):
        options: Any = {"models": ("b0",), **given}
        with pytest.raises(InputError, match=problem):
            Request(**options)
