"""Names of models as papers write them."""

from __future__ import annotations

import pytest

from robustbench_seg.errors import InputError
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.display_names import display_name, display_names, read_labels


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("b0@streets", "SegFormer-B0"),
        ("b0-pe@streets", "SegFormer-B0 with PE"),
        ("deeplabv3plus-mobilenetv2@streets", "DeepLabv3+ MobileNetV2"),
        ("pspnet-resnet101@file", "PSPNet ResNet-101"),
        ("efficientvit-b2@file", "EfficientViT-B2"),
        ("upernet-swin-tiny@file", "UPerNet Swin-Tiny"),
        ("setr-pup@file", "SETR-PUP"),
        ("pvtv2-b4@file", "PVTv2-B4"),
        ("auto-deeplab-small@file", "Auto-DeepLab-Small"),
        ("b0", "b0"),  # such as a folder of predictions
        ("fcn-mine@file", "fcn-mine@file"),
        ("mine@a@b", "mine@a@b"),
    ],
)
def test_names_are_written_as_in_papers(name: str, shown: str) -> None:
    assert display_name(name) == shown


def test_every_model_of_the_catalogue_has_a_name_of_its_own() -> None:
    names = [f"{name}@streets" for name in MODELS]
    shown = display_names(names)
    assert not [name for name in names if "@" in shown[name]]
    assert len(set(shown.values())) == len(names)


def test_weights_tell_models_of_one_name_apart() -> None:
    assert display_names(["b0@first", "b0@second", "b1@first"]) == {
        "b0@first": "SegFormer-B0 (first)",
        "b0@second": "SegFormer-B0 (second)",
        "b1@first": "SegFormer-B1",
    }


def test_labels_stand_in_place_of_the_names_of_papers() -> None:
    names = ["b0@first", "b0@second", "espnet@file"]
    labels = read_labels({"espnet": " Ours ", "b0@second": "B0, retrained"}, names)
    assert labels == {"espnet@file": "Ours", "b0@second": "B0, retrained"}
    assert display_names(names, labels) == {
        "b0@first": "SegFormer-B0",
        "b0@second": "B0, retrained",
        "espnet@file": "Ours",
    }
    alike = display_names(["b0@first", "mine"], {"b0@first": "X", "mine": "X"})
    assert alike == {"b0@first": "X (first)", "mine": "X (mine)"}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"b7": "X"}, "--label b7: no model has this name; write one of b0@first, b0@second"),
        ({"b0": "X"}, "--label b0: several models have this name"),
        ({"b0@first": " "}, "--label b0@first: an empty label"),
    ],
)
def test_labels_that_mean_no_model_are_refused(labels: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(labels, ["b0@first", "b0@second"])
