"""SegFormer's checkpoints from mmsegmentation: other names, another decoder, pickled histories.

The golden file was made with mmsegmentation 1.2.2, mmengine 0.10.7 and mmcv-lite 2.2.0, with empty
modules in place of mmcv.ops (which SegFormer does not use) and of packages that are only imported.
Its MixVisionTransformer (embed_dims 32 and num_layers [2, 2, 2, 2] for B0, 64 and [3, 4, 6, 3] for
B2, num_heads [1, 2, 5, 8]) and its SegformerHead (channels 256, num_classes 5, batch norm,
align_corners False) gave the names and shapes; with `weights_of` these in place they gave every
third row and column of the logits for `image`.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_seg.errors import InputError
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.checkpoints.formats import MMSEGMENTATION
from robustbench_seg.models.registry import build_model, load_model
from robustbench_seg.models.segformer import SegFormer
from tests.helpers.formula import image, weights_of
from tests.helpers.paths import GOLDEN as GOLDEN_FOLDER
from tests.helpers.segformers import filled

GOLDEN = json.loads((GOLDEN_FOLDER / "segformer_mmsegmentation.json").read_text())
CLASSES = ("road", "sky", "car", "person", "tree")
Tensors = dict[str, Tensor]


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return weights_of(GOLDEN["b0"]["shapes"])


def difference(network: SegFormer, variant: str, size: str) -> float:
    """Return the largest difference to mmsegmentation's logits, relative to the largest of them."""
    golden = torch.tensor(GOLDEN[variant]["logits"][size])
    with torch.inference_mode():
        logits = network(image(*map(int, size.split("x"))))[0, :, ::3, ::3]  # (5, H / 12, W / 12)
    assert logits.shape == golden.shape
    return float((logits - golden).abs().max() / golden.abs().max())


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["b0", "b2"])
def test_logits_equal_those_of_mmsegmentation(tmp_path: Path, variant: str) -> None:
    path = tmp_path / "iter_160000.pth"
    torch.save({"state_dict": weights_of(GOLDEN[variant]["shapes"])}, path)
    checkpoint = open_checkpoint(path)
    assert (checkpoint.model, checkpoint.outputs) == (variant, 5)
    assert checkpoint.format is MMSEGMENTATION
    network = filled(checkpoint)
    assert len(network.get_parameter("decode_head.fusion_conv.conv.weight")) == 256
    for size in GOLDEN[variant]["logits"]:
        assert difference(network, variant, size) < 1e-4
    # These weights show the epsilons.
    for other in ("inner_epsilon", "epsilon"):
        assert difference(filled(checkpoint, **{other: 1e-5}), variant, "64x128") > 1e-2


def test_its_weights_can_be_chosen(tmp_path: Path, tensors: Tensors) -> None:
    path = tmp_path / "mine.pth"
    torch.save({"meta": {"CLASSES": CLASSES}, "state_dict": tensors}, path)
    network = load_model("b0", data="camvid", weights=str(path), classes=CLASSES).network
    assert isinstance(network, SegFormer)
    assert difference(network, "b0", "61x147") < 1e-4


@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_its_encoders_are_only_for_training(tmp_path: Path, tensors: Tensors, prefix: str) -> None:
    path = tmp_path / "mit_b0.pth"
    encoder = {
        name.replace("backbone.", prefix): value
        for name, value in tensors.items()
        if name.startswith("backbone.")
    }
    torch.save({"state_dict": encoder}, path)
    with pytest.raises(InputError, match=r"mit_b0\.pth: only an encoder"):
        load_model("b0", data="camvid", weights=str(path), classes=CLASSES)
    weight = build_model("b0", 5, init=path).get_parameter("backbone.block2.1.mlp.fc2.weight")
    assert torch.equal(weight, tensors["backbone.layers.1.1.1.ffn.layers.4.weight"][..., 0, 0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "ours", "value"),
    [
        ("backbone.layers.3.2.bias", "missing: backbone.norm4.bias", None),
        ("decode_head.convs.2.bn.running_var", "missing: decode_head.convs.2.bn.running_var", None),
        ("backbone.layers.1.1.0.attn.attn.in_proj_bias", "attn.qkv.bias", torch.zeros(7)),
        ("backbone.layers.1.1.0.ffn.layers.0.weight", "mlp.fc1.weight [256, 64, 3, 3]", (3, 3)),
        ("backbone.layers.2.1.0.ffn.layers.4.bias", "mlp.fc2.bias [9] instead of [160]", (9,)),
        ("backbone.layers.2.1.0.ffn.layers.7.bias", "unexpected: backbone.layers.2.1.0.ffn", (9,)),
        ("backbone.norm4.bias", "unexpected: backbone.layers.3.2.bias", (256,)),
        ("backbone.block1.0.attn.q.weight", "unexpected: backbone.block1.0.attn.qkv", (32, 32)),
    ],
)
def test_keys_that_do_not_fit_are_reported(
    tmp_path: Path, tensors: Tensors, key: str, ours: str, value: Any
) -> None:
    changed = dict(tensors)
    if value is None:
        del changed[key]
    elif value == (3, 3):
        changed[key] = torch.zeros(256, 64, 3, 3)
    else:
        changed[key] = value if isinstance(value, Tensor) else torch.zeros(value)
    path = tmp_path / "changed.pth"
    torch.save(changed, path)
    with pytest.raises(InputError) as caught:
        filled(open_checkpoint(path))
    assert ours in str(caught.value)
    assert "\n" not in str(caught.value)


class HistoryBuffer:
    """A history as mmengine pickles it: with two arrays, and references to its methods."""

    runs = 0

    def __init__(self) -> None:
        self.max_length = 1_000_000
        self._log_history = np.array([0.5, 0.25])
        self._count_history = np.array([1, 1])

    def mean(self) -> float:
        """Return the mean of the history."""
        return float(self._log_history.mean())

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"statistics_methods": {"mean": HistoryBuffer.mean}}

    def __setstate__(self, state: Any) -> None:
        HistoryBuffer.runs += 1


@pytest.fixture
def mmengine(monkeypatch: pytest.MonkeyPatch) -> type[HistoryBuffer]:
    """Provide a module mmengine.logging.history_buffer from which objects are pickled."""
    module = ModuleType("mmengine.logging.history_buffer")
    module.__dict__["HistoryBuffer"] = HistoryBuffer
    for name in ("mmengine", "mmengine.logging"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for named in (HistoryBuffer, HistoryBuffer.mean):
        monkeypatch.setattr(named, "__module__", module.__name__)
    return HistoryBuffer


@pytest.mark.parametrize("numpy_core", ["numpy._core", "numpy.core"])
@pytest.mark.parametrize("legacy", [False, True])
def test_histories_in_files_of_mmengine_are_skipped(
    tmp_path: Path, tensors: Tensors, mmengine: Any, numpy_core: str, legacy: bool
) -> None:
    path = tmp_path / "mmengine.pth"
    content = {
        "meta": {"epoch": 9, "dataset_meta": {"classes": CLASSES, "palette": [[1, 2, 3]] * 5}},
        "message_hub": {"log_scalars": {"train/loss": mmengine()}, "last": np.float64(0.25)},
        "state_dict": tensors,
        "ema_state_dict": {"module.steps": torch.tensor(9)},
    }
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    if numpy_core == "numpy.core":
        rename_numpy(path, legacy)
    before = mmengine.runs
    checkpoint = open_checkpoint(path)
    assert mmengine.runs == before
    assert checkpoint.classes == CLASSES
    assert difference(filled(checkpoint), "b0", "64x128") < 1e-4


def rename_numpy(path: Path, legacy: bool) -> None:
    """Rename the module in a file as NumPy 1 does."""
    old, new = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
    if legacy:
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new))
    else:
        change_pickle(path, old, new)


def change_pickle(path: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    pickle = next(name for name in members if name.endswith("data.pkl"))
    assert old in members[pickle]
    members[pickle] = members[pickle].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_stubs_cannot_be_called(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    torch.save({"meta": "here"}, path)
    # getattr(HistoryBuffer, "mean")("/etc/passwd"), in place of a string
    program = (
        b"c__builtin__\ngetattr\n(cmmengine.logging.history_buffer\nHistoryBuffer\n"
        b"X\x04\0\0\0meantR(X\x0b\0\0\0/etc/passwdtR"
    )
    change_pickle(path, b"X\x04\0\0\0hereq\x02", program)
    with pytest.raises(InputError, match=r"evil\.pth: refused: .* could run code"):
        open_checkpoint(path)


def test_arrays_are_refused_as_weights(tmp_path: Path) -> None:
    path = tmp_path / "arrays.pth"
    torch.save({"state_dict": {"weight": np.zeros(3)}}, path)
    with pytest.raises(InputError, match=r"arrays\.pth: holds no weights"):
        open_checkpoint(path)
