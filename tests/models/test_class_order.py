"""Models that name the data's classes in another order: reordered by name, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from robustbench_seg.errors import InputError
from robustbench_seg.models.class_names import order_of_classes
from robustbench_seg.models.registry import build_model, load_model
from tests.helpers.adapters import CLASSES, IMAGES, labels_of, open_model
from tests.helpers.foreign_models import save_onnx, save_peer, save_torchscript

REVERSED = CLASSES[::-1]
NOTE = "its classes are put into the data's order"

ZOO = """
from torch import nn
import torch
from robustbench_seg.models.base import IMAGENET, WHOLE, Segmenter

NAMES = tuple(CLASSES)

def network():
    torch.manual_seed(0)
    return nn.Conv2d(3, 19, 7, stride=4, padding=3)

def named():
    made = network()
    made.classes = NAMES[::-1]
    return made

def segmenter(): return Segmenter("mine", network(), IMAGENET, WHOLE, NAMES[::-1], "my data")

def function():
    label = lambda image: image.sum(axis=2) % 19
    label.classes = NAMES[::-1]
    return label
"""


def both_orders(choice: str) -> tuple[np.ndarray, np.ndarray]:
    """Label images by a model in the order of its class names, and in its own order."""
    segmenter = open_model(choice)
    assert segmenter.classes == CLASSES
    assert segmenter.weights["note"].startswith(NOTE)
    # The specification holds it: the names may stand in a file beside the weights.
    assert segmenter.weights["class_order"] == ",".join(map(str, range(18, -1, -1)))
    as_is = load_model(choice, data="streets", classes=CLASSES, class_order="as-is")
    assert NOTE not in as_is.weights["note"]
    assert "class_order" not in as_is.weights
    return labels_of(segmenter), labels_of(as_is)


@pytest.mark.parametrize("factory", ["named", "segmenter", "function"])
def test_outputs_of_python_are_reordered(folder: Path, factory: str) -> None:
    (folder / "zoo.py").write_text(ZOO.replace("CLASSES", repr(CLASSES)))
    by_name, as_is = both_orders(f"python:zoo.py:{factory}")
    assert len(np.unique(as_is)) > 2
    assert np.array_equal(by_name, 18 - as_is)
    if factory == "function":
        assert np.array_equal(as_is, IMAGES.sum(axis=3) % 19)


@pytest.mark.parametrize("labels", [False, True])
def test_outputs_of_onnx_are_reordered(folder: Path, labels: bool) -> None:
    save_onnx(folder / "net.onnx", 19, labels=labels, classes=json.dumps(REVERSED))
    by_name, as_is = both_orders("onnx:net.onnx")
    assert np.array_equal(by_name, 18 - as_is)


def test_outputs_of_torchscript_and_transformers_are_reordered(folder: Path) -> None:
    save_torchscript(folder / "net.pt", 19, classes=REVERSED)
    save_peer("segformer", folder / "peer", [name.upper() for name in REVERSED])
    for choice in ("torchscript:net.pt", "hf:peer"):
        by_name, as_is = both_orders(choice)
        assert np.array_equal(by_name, 18 - as_is)


@pytest.mark.slow
def test_outputs_of_weights_files_are_reordered(folder: Path) -> None:
    state = build_model("espnet", 19).state_dict()
    save_file(state, folder / "net.safetensors", {"classes": json.dumps(REVERSED)})
    segmenter = load_model("espnet@net.safetensors", data="yard", classes=CLASSES)
    as_is = load_model("espnet@net.safetensors", data="yard", classes=CLASSES, class_order="as-is")
    assert segmenter.weights["note"].endswith(NOTE)
    assert np.array_equal(labels_of(segmenter), 18 - labels_of(as_is))
    # A receptive field sums over the outputs, so their order does not matter.
    encoder = load_model("espnet@net.safetensors", data="yard", classes=CLASSES, encoders=True)
    assert type(encoder.network) is type(build_model("espnet", 19))


def test_names_decide_about_the_order() -> None:
    wanted = ("road", "traffic light", "sky")
    with pytest.raises(InputError, match=r"^a: names 1 of 3 classes; correct the names"):
        order_of_classes("a", ("road",), wanted)
    assert order_of_classes("a", None, wanted) is None
    assert order_of_classes("a", ("Road", "traffic_light", "SKY"), wanted) is None
    assert order_of_classes("a", ("x", "y", "z"), wanted) is None
    assert order_of_classes("a", ("sky", "Traffic-Light", "road"), wanted) == (2, 1, 0)
    assert order_of_classes("a", ("traffic light", "sky", "road"), wanted) == (2, 0, 1)
    for own in (("background", "road", "sky"), ("road", "road", "sky"), ("road", "way", "air")):
        with pytest.raises(InputError, match=r"a: only \d of its 3 class names are .*as-is"):
            order_of_classes("a", own, wanted)


def test_a_reordered_network_gives_the_same_logits() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = torch.nn.Conv2d(3, 20, 1)
    from robustbench_seg.models.base import IMAGENET, WHOLE, Segmenter
    from robustbench_seg.models.class_mask import reorder_classes

    one = Segmenter("a", network, IMAGENET, WHOLE, REVERSED, "", {}, spare_outputs=1)
    other = reorder_classes(one, range(18, -1, -1))
    assert (other.classes, other.spare_outputs) == (CLASSES, 0)
    x = torch.ones(1, 3, 2, 2)
    with torch.inference_mode():
        assert torch.equal(other.network(x), network(x)[:, :19].flip(1))  # type: ignore[arg-type]
