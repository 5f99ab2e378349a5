"""Forms of the convolutional networks that only a configuration shows, against mmsegmentation.

The golden file was made with mmsegmentation 1.2.2 from its Cityscapes configurations, with heads of
8 channels and 3 classes, ResNet-50 in place of -101 for the multi-grid and ResNet-18 for "d32".
`config` is what it writes into checkpoints.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from robustbench_seg.errors import InputError
from robustbench_seg.models.base import WHOLE, Window
from robustbench_seg.models.encoder_decoder import EncoderDecoder, Form
from robustbench_seg.models.encoders import ENCODERS
from robustbench_seg.models.registry import build_model
from tests.helpers.peer_logits import (
    difference,
    load_case,
    openvino_difference,
    read_golden,
)

from .test_encoder_decoder import HEADS

GOLDEN = read_golden("cnn_forms_mmsegmentation.json")
PSPNET = "pspnet-resnet18 r18-d8 769"
DEEPLAB = "deeplabv3plus-resnet18 r18b-d8 769"
FORMS = {
    "fcn-resnet50 d6_r50b-d16 769": Form(
        plain_stem=True, output_stride=16, head_dilation=6, align_corners=True
    ),
    PSPNET: Form(align_corners=True),
    "pspnet-resnet18 r18-d32": Form(output_stride=32),
    DEEPLAB: Form(plain_stem=True, shallow_width=12, align_corners=True),
    "deeplabv3plus-resnet50 r50-d16-mg124": Form(output_stride=16, multi_grid=(1, 2, 4)),
}


def shapes_of(case: str) -> dict[str, Any]:
    """Return the tensors of a network whose stem and widths are those of a case."""
    head, _, encoder = case.partition(" ")[0].partition("-")
    form = FORMS[case]
    sized = Form(width=8, plain_stem=form.plain_stem, shallow_width=form.shallow_width)
    with torch.device("meta"):
        backbone = ENCODERS[encoder].build(sized)
        network = EncoderDecoder(backbone, HEADS[head](backbone, sized, 3), sized)
    return {name: value.shape for name, value in network.state_dict().items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", GOLDEN)
def test_logits_equal_those_of_mmsegmentation(tmp_path: Path, case: str) -> None:
    golden, form = GOLDEN[case], FORMS[case]
    name = case.partition(" ")[0]
    segmenter = load_case(tmp_path / "a.pth", name, shapes_of(case), golden["config"])
    assert segmenter.align_corners is (form.align_corners or None)
    assert segmenter.window == (Window("slide", 769, 513) if form.align_corners else WHOLE)
    for size in golden["logits"]:
        assert difference(segmenter.network, golden, size) < 5e-5


@pytest.mark.slow
def test_openvino_computes_the_same(tmp_path: Path) -> None:
    golden = GOLDEN[PSPNET]
    segmenter = load_case(
        tmp_path / "a.pth", PSPNET.split()[0], shapes_of(PSPNET), golden["config"]
    )
    assert openvino_difference(segmenter.network, golden, "65x97") < 5e-5


def test_a_file_without_a_configuration_is_read_as_d8(tmp_path: Path) -> None:
    case = "pspnet-resnet18 r18-d32"
    segmenter = load_case(tmp_path / "a.pth", case.split()[0], shapes_of(case), "")
    assert isinstance(segmenter.network, EncoderDecoder)
    with torch.inference_mode():
        maps = segmenter.network.backbone(torch.zeros(1, 3, 64, 64))
    assert maps.deep.shape[2:] == (8, 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "old", "new", "reason"),
    [
        (PSPNET, "contract_dilation=True", "contract_dilation=False", "contract_dilation = False"),
        (PSPNET, "style='pytorch'", "style='caffe'", "backbone.style = 'caffe', where 'pytorch'"),
        (PSPNET, "pool_scales=( 1, 2, 3, 6, )", "pool_scales=(1, 2)", r"pool_scales = \(1, 2\)"),
        (DEEPLAB, "dilations=( 1, 12, 24, 36, )", "dilations=(1, 6)", r"head\.dilations = \(1, 6"),
        (
            PSPNET,
            "dilations=( 1, 1, 2, 4, )",
            "dilations=(1, 1)",
            r"is \(1, 1\); expected 4 n",
        ),
        (
            PSPNET,
            "strides=( 1, 2, 1, 1, )",
            "strides=(1, 2, 1, 'x')",
            r"strides .* 1, 'x",
        ),
        (
            PSPNET,
            "depth=18",
            "multi_grid=(1, 2, 99)",
            r"99\); expected 3 numbers",
        ),
        (
            PSPNET,
            "num_classes=3",
            "dilation='six'",
            r"head\.dilation .* is \('six',",
        ),
    ],
)
def test_other_functions_of_the_same_tensors_are_refused(
    tmp_path: Path, case: str, old: str, new: str, reason: str
) -> None:
    config, shapes, path = GOLDEN[case]["config"], shapes_of(case), tmp_path / "other.pth"
    assert old in config
    with pytest.raises(InputError, match=rf"other\.pth: .*{reason}"):
        load_case(path, case.split()[0], shapes, config.replace(old, new))


def test_new_networks_on_a_resnet18_have_the_published_widths() -> None:
    for head in HEADS:
        network = build_model(f"{head}-resnet18", 19)
        assert network.get_submodule("decode_head.conv_seg").weight.shape == (19, 128, 1, 1)
    assert network.get_submodule("decode_head.c1_bottleneck.conv").weight.shape == (12, 64, 1, 1)
