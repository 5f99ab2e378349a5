"""Weights files: every layout loads the same weights; damaged and harmful files are refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from transformers import SegformerForSemanticSegmentation

from robustbench_seg.errors import InputError
from robustbench_seg.models.checkpoints import fill, open_checkpoint
from robustbench_seg.models.segformer import SegFormer, segformer
from tests.helpers.harm import Harm
from tests.helpers.segformers import filled

Tensors = dict[str, Tensor]
CLASSES = {
    "official.pth": ("road", "sky"),
    "ours.safetensors": ("road", "sky"),
    "mmengine.pth": ("tree",),
}


@pytest.fixture(scope="module")
def network() -> SegFormer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return segformer("b0", 19)


@pytest.fixture(scope="module")
def tensors(network: SegFormer) -> Tensors:
    """Return the authors' tensors: ours, and a classifier that their decoder never calls."""
    return {
        **network.state_dict(),
        "decode_head.conv_seg.weight": torch.zeros(19, 128, 1, 1),
        "decode_head.conv_seg.bias": torch.zeros(19),
    }


def assert_equal(given: Tensors, expected: Tensors) -> None:
    assert given.keys() == expected.keys()
    assert all(torch.equal(given[name], expected[name]) for name in expected)


def save_official(path: Path, tensors: Tensors) -> None:
    torch.save({"meta": {"epoch": 160, "CLASSES": ("road", "sky")}, "state_dict": tensors}, path)


def save_mmengine(path: Path, tensors: Tensors) -> None:
    meta = {"dataset_meta": {"classes": ["tree"]}, "CLASSES": 3}
    torch.save({"meta": meta, "state_dict": tensors}, path)


def save_averaged(path: Path, tensors: Tensors) -> None:
    torch.save({"model_ema": tensors, "epoch": 3}, path)


def save_not_averaged(path: Path, tensors: Tensors) -> None:
    torch.save({"state_dict": tensors, "state_dict_ema": None}, path)


def save_on_a_gpu(path: Path, tensors: Tensors) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _: "cuda:3")
        torch.save({"state_dict": tensors}, path)
    assert b"cuda:3" in path.read_bytes()


def save_on_a_gpu_long_ago(path: Path, tensors: Tensors) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _: "cuda:3")
        torch.save({"state_dict": tensors}, path, _use_new_zipfile_serialization=False)
    old, new = b"ctorch\nFloatStorage\n", b"ctorch.cuda\nFloatStorage\n"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def save_compiled(path: Path, tensors: Tensors) -> None:
    torch.save({f"module._orig_mod.{name}": value for name, value in tensors.items()}, path)


def save_legacy(path: Path, tensors: Tensors) -> None:
    torch.save({"model": tensors}, path, _use_new_zipfile_serialization=False)


def save_parallel(path: Path, tensors: Tensors) -> None:
    torch.save({f"module.{name}": value for name, value in tensors.items()}, path)


def save_safetensors(path: Path, tensors: Tensors) -> None:
    save_file(tensors, path, {"classes": '["road", "sky"]', "trained_on": "streets"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("official.pth", save_official),
        ("legacy.pth", save_legacy),
        ("parallel.bin", save_parallel),
        ("ours.safetensors", save_safetensors),
        ("mmengine.pth", save_mmengine),
        ("averaged.pth", save_averaged),
        ("not_averaged.pth", save_not_averaged),
        ("gpu.pth", save_on_a_gpu),
        ("old_gpu.pth", save_on_a_gpu_long_ago),
        ("compiled.pth", save_compiled),
    ],
)
def test_files_of_each_layout_load_the_same_weights(
    tmp_path: Path,
    network: SegFormer,
    tensors: Tensors,
    name: str,
    save: Callable[[Path, Tensors], None],
) -> None:
    save(tmp_path / name, tensors)
    checkpoint = open_checkpoint(tmp_path / name)
    assert (checkpoint.model, checkpoint.outputs) == ("b0", 19)
    assert checkpoint.format.settings == {}
    assert checkpoint.classes == CLASSES.get(name)
    assert_equal(filled(checkpoint).state_dict(), network.state_dict())


def test_metadata_of_safetensors_gives_classes_and_data(tmp_path: Path, tensors: Tensors) -> None:
    save_safetensors(tmp_path / "ours.safetensors", tensors)
    checkpoint = open_checkpoint(tmp_path / "ours.safetensors")
    assert checkpoint.classes == ("road", "sky")
    assert checkpoint.metadata["trained_on"] == "streets"


def test_half_precision_becomes_float32(tmp_path: Path, network: SegFormer) -> None:
    half = {name: value.half() for name, value in network.state_dict().items() if value.ndim}
    save_file(half, tmp_path / "half.safetensors")
    given = open_checkpoint(tmp_path / "half.safetensors").tensors
    assert {value.dtype for value in given.values()} == {torch.float32}
    assert_equal({name: value.half() for name, value in given.items()}, half)


def test_a_real_folder_gives_the_logits_of_transformers(shared_data: Path) -> None:
    folder = shared_data / "weights" / "segformer_b0_camvid"
    checkpoint = open_checkpoint(folder)
    assert checkpoint.classes is not None
    assert (checkpoint.model, checkpoint.outputs) == ("b0", 11)
    assert checkpoint.classes[:3] == ("sky", "building", "pole")
    network = filled(checkpoint)
    peer = SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    path = min((shared_data / "data" / "camvid" / "val").glob("*.png"))
    pixels = torch.from_numpy(np.array(Image.open(path).convert("RGB"), np.float32))
    x = ((pixels - 120) / 57).permute(2, 0, 1)[None]  # (H, W, 3) -> (1, 3, H, W)
    with torch.inference_mode():
        expected, logits = peer(x).logits, network(x)
    assert (logits - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_file_is_not_run(tmp_path: Path, tensors: Tensors, legacy: bool) -> None:
    harm, path = Harm(tmp_path / "harm"), tmp_path / "evil.pth"
    state = {"state_dict": tensors, "meta": harm}
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(InputError, match=r"evil\.pth: refused.*\((posix|nt)\.mkdir\).*run code"):
        open_checkpoint(path)
    assert not harm.path.exists()


def test_a_whole_saved_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.pth"
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(InputError, match=r"network\.pth: holds no weights.*run code"):
        open_checkpoint(path)


def test_a_plain_pickle_with_code_is_not_run(tmp_path: Path) -> None:
    harm, path = Harm(tmp_path / "harm"), tmp_path / "evil.bin"
    path.write_bytes(pickle.dumps(harm))
    with pytest.raises(InputError, match=r"evil\.bin"):
        open_checkpoint(path)
    assert not harm.path.exists()


@pytest.mark.parametrize("name", ["weights.pth", "weights.bin", "weights.safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"not weights\n", b"\x80\x02junk", b"PK\x03\x04", bytes(range(256)) * 40]
)
def test_other_files_are_reported(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert_one_line(tmp_path / name, r"not a (weights|safetensors) file, or truncated")


@pytest.mark.parametrize("name", ["zip.pth", "legacy.pth", "ours.safetensors"])
@pytest.mark.parametrize("kept", [0.01, 0.5, 0.999])
def test_truncated_files_are_reported(
    tmp_path: Path, tensors: Tensors, name: str, kept: float
) -> None:
    path = tmp_path / name
    save = {"zip.pth": save_official, "legacy.pth": save_legacy}.get(name, save_safetensors)
    save(path, tensors)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert_one_line(path, r"not a (weights|safetensors) file, or truncated")


def test_files_with_other_contents_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    for content, reason in {
        "an epoch": ({"epoch": 3}, "holds no weights"),
        "a list": ([torch.ones(1)], "no known model"),
        "another network": ({"fc.weight": torch.ones(1)}, r"no known model.*fc\.weight"),
        "a name twice": ({"a": torch.ones(1), "module.a": torch.ones(1)}, "holds a twice"),
    }.values():
        torch.save(content, path)
        assert_one_line(path, reason)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    assert_one_line(tmp_path / "gone.pth", "no such file")
    assert_one_line(tmp_path, "no model.safetensors")


def test_keys_that_do_not_fit_are_listed(
    tmp_path: Path, network: SegFormer, tensors: Tensors
) -> None:
    changed = dict(tensors)
    changed["backbone.block1.0.attn.q.bias"] = torch.zeros(7)
    changed["decode_head.extra.weight"] = changed.pop("backbone.norm4.bias")
    path = tmp_path / "changed.pth"
    torch.save(changed, path)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(InputError) as caught:
        fill(network, open_checkpoint(path))
    assert str(caught.value) == (
        f"{path}: the weights do not fit the model; 1 missing: backbone.norm4.bias; "
        "1 unexpected: decode_head.extra.weight; "
        "1 of another shape: backbone.block1.0.attn.q.bias [7] instead of [32]"
    )
    assert_equal(network.state_dict(), before)


def assert_one_line(path: Path, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        open_checkpoint(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(3, 2).to_sparse(),
        torch.zeros(3, 2, dtype=torch.complex64),
        torch.empty(3, 2, device="meta"),
    ],
)
def test_only_plain_tensors_are_accepted_as_weights(tmp_path: Path, tensor: torch.Tensor) -> None:
    torch.save({"encoder.level2_0.c1.conv.weight": tensor}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="is quantized, complex, sparse or on meta"):
        open_checkpoint(tmp_path / "a.pth")
