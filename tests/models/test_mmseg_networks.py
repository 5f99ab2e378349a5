"""`mmseg:` beside mmsegmentation's own inference; run by the nox session `mmsegmentation`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from robustbench_seg.models.registry import load_model
from robustbench_seg.streets.scene import render
from tests.helpers.adapters import labels_of, open_model, refusal
from tests.helpers.mmseg_cases import CASES, Case
from tests.helpers.mmseg_peer import compare, configuration, network, save, stand_in

if find_spec("mmseg") is None:
    pytest.skip("needs mmsegmentation", allow_module_level=True)
stand_in()
pytestmark = pytest.mark.slow

BY_NAME = {case.name: case for case in CASES}
SMALL = BY_NAME["Fast-SCNN"]._replace(scale=(256, 128), frame=(256, 128))
NETWORKS = (
    "UPerNet, Swin-T",
    "PSPNet R50b-d8",
    "DeepLabv3+ R101-d16",
    "OCRNet HRNet-W18-small",
    "Segmenter ViT-T",
    "STDC1",
    "PointRend R50",
)


def frame(case: Case) -> np.ndarray:
    return render("val", 0, *case.frame)[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_labels_are_those_of_mmsegmentation(tmp_path: Path, name: str) -> None:
    case = BY_NAME[name]
    config = configuration(case)
    model = network(config)
    decode = model.encode_decode
    # The layout of our inputs: OCRNet amplifies that convolutions round by it.
    model.encode_decode = lambda x, metas: decode(x.to(memory_format=torch.channels_last), metas)
    names = save(tmp_path / "net.pth", config, model)
    found = compare(f"mmseg:{tmp_path / 'net.pth'}", model, names, frame(case))
    assert (found.difference < 1e-4, found.equal > 0.9999) == (True, True)


CHANGES: dict[str, dict[str, Any]] = {
    "rectangles": {
        "model.test_cfg": {"mode": "slide", "crop_size": (96, 128), "stride": (64, 100)},
    },
    "resized, with align_corners": {
        "test_pipeline.1.scale": (131, 90),
        "model.test_cfg": {"mode": "slide", "crop_size": (64, 80), "stride": (50, 50)},
        "model.decode_head.align_corners": True,
    },
    "squeezed": {"test_pipeline.1": {"type": "Resize", "scale": (200, 160)}},
    "shortest edge": {
        "test_pipeline.1": {"type": "ResizeShortestEdge", "scale": 160, "max_size": 300}
    },
    "padded": {
        "test_pipeline.1.scale": (250, 125),
        "model.data_preprocessor.test_cfg": {"size_divisor": 64},
        "model.data_preprocessor.pad_val": 3,
    },
    "BGR": {"model.data_preprocessor.bgr_to_rgb": False},
    "one output": {
        "model.decode_head.num_classes": 2,
        "model.decode_head.out_channels": 1,
        "model.decode_head.threshold": 0.45,
    },
}


@pytest.mark.parametrize("change", CHANGES)
def test_settings_are_applied_as_by_mmsegmentation(tmp_path: Path, change: str) -> None:
    config = configuration(SMALL)
    config.merge_from_dict({"model.auxiliary_head": None})
    for name, value in CHANGES[change].items():
        if name == "test_pipeline.1":  # another step in the place of one
            config.test_pipeline[1] = value
        else:
            config.merge_from_dict({name: value})
    model = network(config)
    path = tmp_path / "net.pth"
    names = save(path, config, model)
    config.dump(tmp_path / "net.py")
    for choice in (f"mmseg:{path}", f"mmseg:{tmp_path / 'net.py'}@{path}"):
        found = compare(choice, model, names, frame(SMALL))
        assert (found.difference < 1e-5, found.equal > 0.999, found.classes > 1) == (True,) * 3


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Write net.py and net.pth into the current folder; return configuration and network."""
    monkeypatch.chdir(tmp_path)
    config = configuration(SMALL)
    model = network(config)
    save(Path("net.pth"), config, model)
    config.dump("net.py")
    return config, model


def test_classes_are_put_into_the_order_of_the_data(saved: tuple[Any, Any]) -> None:
    config, model = saved
    names = tuple(f"class {number}" for number in range(19))
    save(Path("net.pth"), config, model, dataset_meta={"classes": names[::-1]})
    found = load_model("mmseg:net.pth", data="a frame", classes=names)
    assert found.weights["note"] == "its classes are put into the data's order"
    own = load_model("mmseg:net.pth", data="a frame", classes=names, class_order="as-is")
    labels = [labels_of(each) for each in (found, own)]
    np.testing.assert_array_equal(labels[0], 18 - labels[1])


def test_a_dataset_names_the_classes(saved: tuple[Any, Any]) -> None:
    config, model = saved
    save(Path("net.pth"), config, model, dataset_meta={})
    assert "only" not in open_model("mmseg:net.py@net.pth").weights["note"]
    config.test_dataloader.dataset.metainfo = {"classes": [f"c{n}" for n in range(19)]}
    config.dump("net.py")
    note = open_model("mmseg:net.py@net.pth").weights["note"]
    assert note.startswith("its class 'c0' is scored as 'road'")


def test_a_configuration_is_part_of_the_digest(saved: tuple[Any, Any]) -> None:
    config, _ = saved
    first = open_model("mmseg:net.py@net.pth").weights
    assert first == open_model("mmseg:net.py@net.pth").weights
    assert first["source"] == "net.py and net.pth"
    config.model.test_cfg = {"mode": "slide", "crop_size": (64, 64), "stride": (32, 32)}
    config.dump("net.py")
    assert first["sha256"] != open_model("mmseg:net.py@net.pth").weights["sha256"]


def test_checkpoints_of_another_configuration_are_refused(saved: tuple[Any, Any]) -> None:
    config, model = saved
    state = model.state_dict()
    name = "decode_head.conv_seg.weight"
    for changed, problem in (
        ({n: v for n, v in state.items() if n != name}, f"1 missing: {name}"),
        (state | {"more": torch.zeros(1)}, "1 unexpected: more"),
        (state | {name: state[name][:5]}, f"1 of another shape: {name} [5, 128, 1, 1] instead"),
    ):
        torch.save({"meta": {"cfg": config.pretty_text}, "state_dict": changed}, "net.pth")
        assert f"net.pth: the weights do not fit the model; {problem}" in refusal("mmseg:net.pth")
    counted = {n: v for n, v in state.items() if not n.endswith("num_batches_tracked")}
    meta = {"cfg": config.pretty_text}
    torch.save({"meta": meta, "state_dict": counted, "ema_state_dict": state}, "net.pth")
    open_model("mmseg:net.pth")
    open_model("mmseg:net.pth::ema_state_dict")
    assert "net.pth::best: holds no such set" in refusal("mmseg:net.pth::best")


def test_other_numbers_of_classes_are_refused(saved: tuple[Any, Any]) -> None:
    config, _ = saved
    config.model.decode_head.num_classes = 21
    save(Path("net.pth"), config, network(config))
    assert "a model of 21 classes, where the labels of streets have 19" in refusal("mmseg:net.pth")


@pytest.mark.parametrize("kind", ["os.system", "mmengine.load", "eval", "mmseg.apis", "Unknown"])
def test_a_checkpoint_runs_no_code(saved: tuple[Any, Any], kind: str) -> None:
    text = Path("net.py").read_text().replace("type='FastSCNN'", f"type='{kind}'")
    torch.save({"meta": {"cfg": text}, "state_dict": saved[1].state_dict()}, "net.pth")
    assert f"type = '{kind}' is no module of mmsegmentation" in refusal("mmseg:net.pth")


def test_modules_that_are_missing_are_reported(
    saved: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path("net.py").read_text()
    Path("net.py").write_text(text.replace("type='FastSCNN'", "type='Absent'"))
    given = refusal("mmseg:net.py@net.pth")
    assert "mmsegmentation cannot build it: KeyError" in given
    assert "Absent is not in the mmseg::model registry" in given
    Path("net.py").write_text(text.replace("type='FastSCNN'", "type='mmdet.ResNet'"))
    monkeypatch.setitem(sys.modules, "mmdet", None)
    for name in [each for each in sys.modules if each.startswith("mmdet.")]:
        monkeypatch.delitem(sys.modules, name)
    assert "needs mmdet, which is not installed; pip install mmdet" in refusal(
        "mmseg:net.py@net.pth"
    )


def test_a_configuration_file_that_fails(saved: tuple[Any, Any]) -> None:
    Path("net.py").write_text("raise ValueError('mine')")
    assert "net.py cannot be executed: ValueError: mine" in refusal("mmseg:net.py@net.pth")


def test_segmentors_of_other_inference_are_refused(saved: tuple[Any, Any]) -> None:
    Path("mine.py").write_text(
        "from mmseg.models import EncoderDecoder\n"
        "from mmseg.registry import MODELS\n"
        "@MODELS.register_module(force=True)\n"
        "class Mine(EncoderDecoder):\n"
        "    def postprocess_result(self, *given): return None\n"
    )
    sys.path.insert(0, str(Path.cwd()))
    text = Path("net.py").read_text().replace("type='EncoderDecoder'", "type='Mine'")
    Path("net.py").write_text(text + "\ncustom_imports = dict(imports='mine')\n")
    assert "Mine is run in another way than EncoderDecoder" in refusal("mmseg:net.py@net.pth")
    sys.path.remove(str(Path.cwd()))
