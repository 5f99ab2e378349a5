"""Fields of real models: supports, procedures, conditions, averages and files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_seg import effective_receptive_field
from robustbench_seg.corruptions import corrupt, image_key
from robustbench_seg.datasets.depth import depth_of
from robustbench_seg.erf.extent import SHARES, replknet_squares
from robustbench_seg.erf.field import Field, field_table, radial_table
from robustbench_seg.erf.gradients import batch_sums
from robustbench_seg.erf.inputs import network_input
from robustbench_seg.erf.layers import layers_of
from robustbench_seg.erf.request import PUBLISHED_FRAMES, REPLKNET_SIZE, ErfRequest
from robustbench_seg.errors import InputError
from robustbench_seg.models.base import Segmenter
from robustbench_seg.models.registry import load_model
from robustbench_seg.protocol.parameters import parameters
from tests.helpers import replknet
from tests.helpers.measured_fields import CLASSES, FRAMES, measured, random


@pytest.fixture(scope="module")
def b0() -> Segmenter:
    return load_model("b0", data="streets", classes=CLASSES)


def chain(network: nn.Module, prefix: str, last: str) -> tuple[int, int]:
    """Return (reach to each side, stride) of the chain of convolutions up to a module.

    Reads them off in their order; shortcuts, which reach less far, are left out.
    """
    reach, jump, past = 0, 1, False
    for name, module in network.named_modules():
        inside = name == last or name.startswith(f"{last}.")
        if past and not inside:
            break
        past |= inside
        if not name.startswith(prefix) or "downsample" in name:
            continue
        if isinstance(module, nn.Conv2d):
            assert module.padding[0] == module.kernel_size[0] // 2 * module.dilation[0]
            reach += module.kernel_size[0] // 2 * module.dilation[0] * jump
            jump *= module.stride[0]
        if name.endswith("stem") and prefix == "backbone.":  # then max-pooling, 3x3 at stride 2
            continue
    return reach, jump


STAGES = {
    "deeplabv3plus-mobilenetv2": ("layer2", "layer3", "layer5", "layer7"),
    "fcn-resnet50": ("layer1", "layer2", "layer3", "layer4"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STAGES)
def test_the_theoretical_receptive_field_bounds_every_map_of_a_cnn(name: str) -> None:
    segmenter = random(name)
    size, at = (32, 1280), (16, 640)
    x = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0)) - 0.5
    layers = layers_of(segmenter, ["1", "2", "3", "4"])
    sums = batch_sums(segmenter, layers, x, at, "luo")
    assert isinstance(segmenter.network, nn.Module)
    for (layer, total), module in zip(sums.items(), STAGES[name], strict=True):
        reach, stride = chain(segmenter.network, "backbone.", f"backbone.{module}")
        if "resnet" in name:  # max-pooling after the stem, at stride 2 of 2
            stem = chain(segmenter.network, "backbone.", "backbone.stem")
            reach = stem[0] + stem[1] + 2 * (reach - stem[0])
            stride *= 2
        columns = np.flatnonzero(total.sum(0))
        unit = 640 // stride * stride
        assert columns[0] >= max(unit - reach, 0), layer
        assert columns[-1] <= min(unit + reach, 1279), layer
        # Stage 1 is small enough for float32 to reach the bound.
        if layer.name == "stage 1":
            assert (columns[0], columns[-1]) == (unit - reach, unit + reach)


def test_espnet_has_three_levels_whose_reach_is_bounded() -> None:
    segmenter = random("espnet")
    layers = layers_of(segmenter, ["all"])
    assert [layer.name for layer in layers] == ["stage 1", "stage 2", "stage 3", "head"]
    x = torch.rand(1, 3, 32, 1024) - 0.5
    sums = list(batch_sums(segmenter, layers, x, None, "luo").values())
    # 3x3 at stride 2; then 3x3, and three 3x3 of dilation 16 at stride 4.
    for total, reach in zip(sums, (1, 1 + 2 + 3 * 16 * 4), strict=False):
        columns = np.flatnonzero(total.sum(0))
        assert 512 - reach <= columns[0]
        assert columns[-1] <= 512 + reach
        assert columns[-1] - columns[0] > reach
    assert all(total.shape == (32, 1024) for total in sums)
    with pytest.raises(InputError, match="--stage 4: espnet@random has no such stage; use 1, 2, 3"):
        layers_of(segmenter, ["4"])


@pytest.mark.slow
def test_averages_do_not_depend_on_the_batch(b0: Segmenter) -> None:
    layers = layers_of(b0, ["all"])
    inputs = [network_input(b0, [frame.image()], (64, 96), "cpu") for frame in FRAMES.frames]
    singles = [batch_sums(b0, layers, x, None, "luo") for x in inputs]
    for batch in (1, 2):
        found = measured(b0, limit=3, batch=batch)
        for layer in layers:
            expected = np.mean([single[layer] for single in singles], axis=0)
            np.testing.assert_allclose(
                found[layer.name].gradient, expected, rtol=1e-4, atol=1e-6 * expected.max()
            )


@pytest.mark.slow
def test_replknet_agrees_with_its_restated_procedure(b0: Segmenter) -> None:
    images = [frame.image() for frame in FRAMES.frames]
    assert isinstance(b0.network, nn.Module)
    encoder = b0.network.get_submodule("backbone")
    inputs = [replknet.preprocess(image, (128, 128)) for image in images]
    found = measured(b0, stages=["3", "4"], limit=3, size=(128, 128), method="replknet")
    for stage in (3, 4):
        expected = replknet.average_map(lambda x, stage=stage: encoder(x)[stage - 1], inputs)  # type: ignore[misc]
        field = found[f"stage {stage}"]
        np.testing.assert_allclose(
            field.gradient, expected, rtol=1e-3, atol=1e-5 * float(expected.max())
        )
        ours = replknet_squares(field.gradient, field.unit.pixel)
        for square, theirs in zip(ours, replknet.squares(expected, SHARES), strict=True):
            assert theirs is None or (square.side, square.area) == pytest.approx(theirs)
    x = network_input(b0, images[:1], (1024, 1024), "cpu")
    torch.testing.assert_close(x, replknet.preprocess(images[0]), atol=1e-5, rtol=0)


def test_replknet_resizes_to_1024_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert REPLKNET_SIZE == (1024, 1024)
    assert PUBLISHED_FRAMES == {"luo": 100, "replknet": 50}
    monkeypatch.setattr("robustbench_seg.erf.plan.REPLKNET_SIZE", (32, 32))
    fields = effective_receptive_field(
        "b0@random", data="streets", stages=["1"], method="replknet", limit=1
    )
    assert fields[0].gradient.shape == (32, 32)
    assert effective_receptive_field("b0@random", data="streets", stages=["head"], limit=1)[
        0
    ].gradient.shape == (
        256,
        512,
    )


@pytest.mark.slow
def test_the_model_sees_the_condition(b0: Segmenter) -> None:
    fields = effective_receptive_field(
        b0,
        data="streets",
        stages=["2"],
        conditions=["clean", "fog:3", "fog_3d:3"],
        limit=2,
        size=(64, 96),
        seed=5,
    )
    assert [field.condition for field in fields] == ["clean", "fog 3", "fog_3d 3"]
    (layer,) = layers_of(b0, ["2"])
    for field, name in zip(fields[1:], ("fog", "fog_3d"), strict=True):
        expected = np.zeros((64, 96))
        for frame in FRAMES.frames[:2]:
            image, depth = frame.image(), depth_of(frame)
            seen = corrupt(image, name, 3, seed=5, key=image_key(image), depth=depth)
            x = network_input(b0, [seen], (64, 96), "cpu")
            expected = expected + batch_sums(b0, [layer], x, None, "luo")[layer] / 2
        np.testing.assert_allclose(field.gradient, expected, rtol=1e-6, atol=0)
        assert field.choices["condition"] == {"corruption": name, "severity": 3, "seed": 5}


@pytest.mark.slow
def test_every_choice_is_stored_beside_the_map(b0: Segmenter, tmp_path: Path) -> None:
    (field,) = measured(b0, stages=["head"], limit=2, unit=(60, 3)).values()
    path = field.save(tmp_path)
    assert path.name == "b0@streets_clean_head.npz"
    found = Field.load(path)
    assert np.array_equal(found.gradient, field.gradient)
    assert replace(found, gradient=field.gradient) == field
    choices = json.loads(path.with_suffix(".json").read_text())["choices"]
    assert choices["method"] == "luo"
    assert choices["unit"] == {
        "asked": [60, 3],
        "position": [15, 1],
        "map_size": [16, 24],
        "pixel": [60, 4],
    }
    assert choices["input"]["size"] == [64, 96]
    assert "bicubic" in choices["input"]["resized"]
    assert choices["layer"]["channels"] == len(CLASSES)
    assert [image["name"] for image in choices["data"]["images"]] == ["val_000000", "val_000001"]
    digests = [image["digest"] for image in choices["data"]["images"]]
    assert digests == [image_key(frame.image()) for frame in FRAMES.frames[:2]]
    assert {"torch", "numpy", "robustbench-seg"} <= choices["versions"].keys()
    with pytest.raises(InputError, match="not a field of robustseg erf"):
        Field.load(tmp_path / "other.npz")


def test_the_tables_have_a_row_for_each_field(b0: Segmenter) -> None:
    fields = list(measured(b0, stages=["1", "head"]).values())
    numbers = field_table(fields)
    assert list(numbers.index) == [("b0@streets", "clean", name) for name in ("stage 1", "head")]
    assert (numbers["side 20"] <= numbers["side 99"]).all()
    radial = radial_table(fields)
    assert (radial.groupby("layer")["share"].max() == 1).all()
    assert list(radial.columns) == ["model", "condition", "layer", "radius", "share"]


def test_the_head_sums_the_classes_alone(b0: Segmenter) -> None:
    espnet = random("espnet")
    assert layers_of(espnet, ["head"])[0].channels == len(CLASSES)
    assert espnet.spare_outputs == 1
    only = replace(b0, classes=CLASSES[:1])
    assert not np.allclose(
        measured(only, stages=["head"])["head"].share, measured(b0, stages=["head"])["head"].share
    )


def test_random_weights_follow_the_seed() -> None:
    one, same, other = (
        measured("b0", weights="random", stages=["head"], seed=seed)["head"] for seed in (1, 1, 2)
    )
    assert np.array_equal(one.gradient, same.gradient)
    assert not np.allclose(one.share, other.share)
    assert other.choices["model"]["weights"]["source"] == "drawn at random, seed 2"


def test_the_function_has_the_options_of_the_request() -> None:
    function = parameters(effective_receptive_field)
    request = parameters(ErfRequest)
    assert function.pop("out").default is None
    assert function.pop("label").default is None
    assert function.pop("model").option is request.pop("models").option
    assert function == request
    assert list(function) == list(request)
