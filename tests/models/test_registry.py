"""The model and weights that a choice means, and the errors of wrong choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from torch import nn

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.models import named_weights
from robustbench_seg.models.base import IMAGENET, Segmenter, Window
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.listing import list_models
from robustbench_seg.models.model_names import _spellings_of
from robustbench_seg.models.named_weights import NAMED_WEIGHTS, Embedded, Hub, find_weights
from robustbench_seg.models.registry import (
    Choice,
    build_model,
    load_model,
    parse_choice,
)
from tests.helpers.segformers import peer_of

CLASSES = tuple(info.name for info in CITYSCAPES)
UNTRAINED = "--weights random, which stamps UNTRAINED on every output"


def refusal(choice: str, *, data: str = "streets", weights: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        load_model(choice, data=data, weights=weights, classes=CLASSES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def network_of(segmenter: Segmenter) -> nn.Module:
    assert isinstance(segmenter.network, nn.Module)
    return segmenter.network


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write random weights of B0 as a training does, and embed them."""
    path = tmp_path / "b0-streets.safetensors"
    tensors = {name: value.half() for name, value in build_model("b0", 19).state_dict().items()}
    metadata = {"classes": json.dumps(CLASSES), "trained_on": "streets", "steps": "9 of 10"}
    save_file(tensors, path, metadata)
    monkeypatch.setattr(named_weights, "EMBEDDED", tmp_path)
    return path


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the Hugging Face hub's cache, which is empty; there is no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("b0", Choice("b0", None)),
        ("b5@cityscapes", Choice("b5", "cityscapes")),
        ("espnet@a@b/c.pth", Choice("espnet", "a@b/c.pth")),
        ("segformer-b5@cityscapes", Choice("b5", "cityscapes")),
        ("SegFormer_B5", Choice("b5", None)),
        ("mit_b5", Choice("b5", None)),
        ("Auto-DeepLab-M", Choice("auto-deeplab-medium", None)),
        ("segformer_mit-b0", Choice("b0", None)),
        ("ESPNet", Choice("espnet", None)),
        ("DeepLabV3+ R50", Choice("deeplabv3plus-resnet50", None)),
        ("deeplabv3+_mobilenetv2", Choice("deeplabv3plus-mobilenetv2", None)),
        ("UPerNet Swin-T", Choice("upernet-swin-tiny", None)),
    ],
)
def test_a_choice_is_a_name_with_optional_weights(text: str, choice: Choice) -> None:
    assert parse_choice(text) == choice


def test_an_unknown_model_is_reported_with_the_known_ones() -> None:
    known = (
        f"known: {', '.join(MODELS)}, and models from elsewhere: hf:REPOSITORY_OR_FOLDER, "
        "onnx:FILE, torchscript:FILE, python:MODULE:FACTORY, predictions:FOLDER, "
        "mmseg:CONFIG.py@CHECKPOINT"
    )
    assert refusal("espnat") == (
        f"--model espnat: no model 'espnat'; {known}; did you mean espnet?"
    )
    assert refusal("") == f"--model : no model ''; {known}"
    assert "nothing after '@'" in refusal("b0@")
    assert "give the weights once" in refusal("b0@streets", weights="random")


def test_each_spelling_means_one_model() -> None:
    for name in MODELS:
        assert parse_choice(name).model == name
        for spelling in (name.upper(), name.replace("-", "_"), name.replace("plus", "+")):
            assert parse_choice(spelling).model == name
    spellings = [each for name in MODELS for each in {*_spellings_of(name)}]
    assert len(spellings) == len({*spellings})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "deeplabv3+",
            "deeplabv3plus-resnet18 or deeplabv3plus-resnet50 or deeplabv3plus-resnet101 or "
            "deeplabv3plus-mobilenetv2",
        ),
        ("SegFormer", "b0 or b1 or b2 or b3 or b4 or b5"),
        ("segformer-b6", "b5"),
        ("pspnet_resnet5", "pspnet-resnet50"),
    ],
)
def test_the_nearest_names_are_suggested(text: str, meant: str) -> None:
    assert refusal(text).endswith(f"; did you mean {meant}?")


def test_the_data_selects_the_weights(embedded: Path) -> None:
    segmenter = load_model("b0", data="streets", classes=CLASSES)
    assert segmenter.name == load_model("b0@streets", data="cityscapes", classes=CLASSES).name
    assert (segmenter.name, segmenter.trained_on) == ("b0@streets", "streets")
    assert not segmenter.untrained
    assert (segmenter.preprocessing, segmenter.window) == (IMAGENET, Window("slide", 1024, 768))
    assert segmenter.weights["source"] == "b0-streets.safetensors, embedded"
    assert segmenter.weights["licence"] == "Apache-2.0"
    assert segmenter.weights["note"] == (
        "a demonstration, trained on rendered streets: not a result about Cityscapes; "
        "trained for 9 of 10 steps"
    )
    assert len(segmenter.weights["sha256"]) == 64
    expected = build_model("b0", 19).state_dict()
    assert all(
        torch.equal(value.half(), expected[name].half())
        for name, value in network_of(segmenter).state_dict().items()
    )
    assert not network_of(segmenter).training


@pytest.mark.parametrize(
    ("model", "data"),
    [key for key, where in NAMED_WEIGHTS.items() if isinstance(where, Embedded)],
)
def test_embedded_weights_have_the_names_of_the_network(model: str, data: str) -> None:
    path = find_weights(model, data, data).path
    state = network_of(load_model(f"{model}@{data}", data=data, classes=CLASSES)).state_dict()
    for name, value in load_file(path).items():
        assert torch.equal(state.pop(name), value.float()), name
    assert all(name.endswith("num_batches_tracked") for name in state)


def test_a_file_is_labelled_by_its_name_or_its_folder(embedded: Path) -> None:
    segmenter = load_model("b0", data="streets", weights=str(embedded), classes=CLASSES)
    assert (segmenter.name, segmenter.trained_on) == ("b0@b0-streets", "streets")
    folder = embedded.parent / "run-7"
    folder.mkdir()
    embedded.rename(folder / "weights.safetensors")
    choice = f"b0@{folder / 'weights.safetensors'}"
    assert load_model(choice, data="streets", classes=CLASSES).name == "b0@run-7"


def test_a_file_without_its_training_data(tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    torch.save(build_model("b0", 19).state_dict(), path)
    segmenter = load_model("b0", data="streets", weights=str(path), classes=CLASSES)
    assert segmenter.trained_on == "the data of mine.pth"
    assert segmenter.weights["source"] == path.name
    assert segmenter.weights["note"] == ""


def test_weights_of_other_classes_are_refused_or_noted(tmp_path: Path) -> None:
    path = tmp_path / "eleven.pth"
    torch.save(build_model("b0", 11).state_dict(), path)
    assert refusal("b0", weights=str(path)) == (
        f"{path}: a model of 11 classes, where the labels of streets have 19; "
        "give weights that were trained for these classes, or a --class-map"
    )
    path = tmp_path / "other.safetensors"
    names = [name.upper() for name in CLASSES[:17]] + ["motorbike", "bike"]
    save_file(build_model("b0", 19).state_dict(), path, {"classes": json.dumps(names)})
    assert refusal("b0", weights=str(path)) == (
        "--model b0@other: only 17 of its 19 class names are those of the data: it has "
        "'motorbike'; give a --class-map, or --class-order as-is if its outputs are in the "
        "order of the data's classes"
    )
    options: dict[str, Any] = {"data": "streets", "weights": str(path), "classes": CLASSES}
    note = load_model("b0", **options, class_order="as-is").weights["note"]
    assert note == "its class 'motorbike' is scored as 'motorcycle', and 1 more likewise"


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save(build_model("b0", 19).state_dict(), path)
    assert refusal("b5", weights=str(path)) == f"{path}: holds b0, not b5; use --model b0"
    assert refusal("espnet", weights=str(path)) == f"{path}: holds b0, not espnet; use --model b0"
    torch.save(build_model("b1", 19).state_dict(), path)  # as deep as b0, but wider
    assert refusal("b0", weights=str(path)) == f"{path}: holds b1, not b0; use --model b1"
    torch.save(build_model("espnet", 19).state_dict(), path)
    assert refusal("b0", weights=str(path)) == f"{path}: holds espnet, not b0; use --model espnet"


def test_missing_weights_are_reported_with_alternatives(tmp_path: Path) -> None:
    assert refusal("b5") == (
        "--model b5: no weights for streets; use --data PATH or CITYSCAPES_DATASET for "
        "Cityscapes, which it has weights for, --weights FILE, --model b0 on streets, or "
        f"{UNTRAINED}"
    )
    assert refusal("espnet", data="cityscapes") == (
        "--model espnet: no weights for cityscapes; use --weights FILE, --model b0 on "
        f"cityscapes, or {UNTRAINED}"
    )
    assert refusal("b2@streets", data="cityscapes").startswith("--model b2: no weights for streets")
    gone = tmp_path / "gone.pth"
    assert refusal("b0", weights=str(gone)) == (
        f"--weights {gone}: no such file; b0 has weights by name: streets, cityscapes, random"
    )


@pytest.mark.parametrize(("choice", "classes"), [("b1", 19), ("espnet", 11)])
def test_random_weights_are_the_same_each_time(choice: str, classes: int) -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = load_model(choice, data="streets", weights="random", classes=CLASSES[:classes])
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    second = load_model(f"{choice}@random", data="camvid", classes=CLASSES[:classes])
    assert first.untrained
    assert first.name == second.name == f"{choice}@random"
    pairs = zip(network_of(first).parameters(), network_of(second).parameters(), strict=True)
    for one, other in pairs:
        assert torch.equal(one, other)
    with torch.inference_mode():
        logits = network_of(first)(torch.zeros(1, 3, 64, 64))
    assert logits.shape[1] == classes + (choice == "espnet")


def test_published_weights_are_read_from_the_cache_of_the_hub(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The layout of the hub's cache: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
    where = NAMED_WEIGHTS["b0", "cityscapes"]
    assert isinstance(where, Hub)
    assert where.repository == "nvidia/segformer-b0-finetuned-cityscapes-1024-1024"
    repository = hub_cache / f"models--{where.repository.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    peer = peer_of("b0", CLASSES)
    snapshot = repository / "snapshots" / "c0ffee"
    peer.save_pretrained(snapshot)
    segmenter = load_model("b0", data="cityscapes", classes=CLASSES)
    assert (segmenter.name, segmenter.trained_on) == ("b0@cityscapes", "cityscapes")
    assert segmenter.weights["source"] == f"https://huggingface.co/{where.repository} at c0ffee"
    assert "non-commercial" in segmenter.weights["licence"]
    assert segmenter.weights["note"] == ""
    x = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, logits = peer(x).logits, network_of(segmenter)(x)
    assert (logits - expected).abs().max() < 1e-4 * expected.abs().max()

    # Repositories without safetensors have the older format.
    torch.save(load_file(snapshot / "model.safetensors"), snapshot / "pytorch_model.bin")
    (snapshot / "model.safetensors").unlink()
    again = network_of(load_model("b0", data="cityscapes", classes=CLASSES))
    assert all(map(torch.equal, again.parameters(), network_of(segmenter).parameters()))


def test_without_cache_and_network_alternatives_are_reported(hub_cache: Path) -> None:
    assert not hub_cache.exists()
    assert refusal("b5", data="cityscapes") == (
        "--model b5@cityscapes: nvidia/segformer-b5-finetuned-cityscapes-1024-1024 is not in the "
        "cache of the Hugging Face hub, and could not be downloaded; connect to the network once, "
        f"or use --weights FILE, --model b0 --data streets, or {UNTRAINED}"
    )


def test_a_new_model_depends_only_on_the_seed(tmp_path: Path) -> None:
    torch.manual_seed(5)
    one, same, other = (
        build_model("b0", 7),
        build_model("b0", 7, seed=0),
        build_model("b0", 7, seed=1),
    )
    assert all(map(torch.equal, one.parameters(), same.parameters()))
    assert not all(map(torch.equal, one.parameters(), other.parameters()))
    assert one.training
    path = tmp_path / "first.pth"
    torch.save(other.state_dict(), path)
    started = build_model("b0", 7, init=path)
    assert all(map(torch.equal, started.parameters(), other.parameters()))
    with pytest.raises(InputError, match="a model of 7 classes"):
        build_model("b0", 8, init=path)
    with pytest.raises(InputError, match="training starts from"):
        build_model("b0@random", 7)


def save_encoder(path: Path, model: str) -> dict[str, torch.Tensor]:
    """Save an encoder and a classifier of whole images, as mit_b*.pth holds them."""
    state = build_model(model, 19, seed=3).state_dict()
    encoder = {n.removeprefix("backbone."): v for n, v in state.items() if "backbone." in n}
    torch.save(encoder | {"head.weight": torch.ones(1000, 256)}, path)
    return state


def test_a_training_starts_from_an_encoder(tmp_path: Path) -> None:
    path = tmp_path / "mit_b0.pth"
    encoder = save_encoder(path, "b0")
    drawn, started = build_model("b0", 7).state_dict(), build_model("b0", 7, init=path).state_dict()
    for name, value in started.items():
        assert torch.equal(value, (encoder if "backbone." in name else drawn)[name]), name
    with pytest.raises(InputError, match=r"mit_b0\.pth: holds b0, not b1; use --model b0"):
        build_model("b1", 7, init=path)
    with pytest.raises(InputError, match=r"mit_b0\.pth: holds b0, not espnet"):
        build_model("espnet", 7, init=path)
    damaged = torch.load(path)
    del damaged["norm4.bias"]
    torch.save(damaged, path)
    with pytest.raises(InputError, match=r"1 missing: backbone\.norm4\.bias"):
        build_model("b0", 7, init=path)


def test_an_encoder_is_refused_as_a_model(tmp_path: Path) -> None:
    path = tmp_path / "mit_b0.pth"
    save_encoder(path, "b0")
    assert "only an encoder, trained to classify whole images" in refusal("b0", weights=str(path))


@pytest.mark.slow
def test_the_list_of_models() -> None:
    view = {info.name: info for info in list_models()}
    assert tuple(view) == tuple(MODELS)
    assert view["b0"].weights == ("streets", "cityscapes")
    assert view["b5"].weights == ("cityscapes",)
    assert view["espnet"].weights == ()
    assert view["b0"].parameters == 3_719_027
    assert "SegFormer" in view["b0"].title
    # ESPNet, arXiv 1803.06815: "180 times smaller" than PSPNet, which has 65.7 million.
    assert view["espnet"].parameters == pytest.approx(65.7e6 / 180, abs=1e3)


def test_a_prefix_chooses_an_adapter() -> None:
    assert parse_choice("hf:a/b@c") == ("a/b@c", None, "hf")
    assert parse_choice("python:x.y:z") == ("x.y:z", None, "python")
    expected = "nothing after ':'; write hf:REPOSITORY_OR_FOLDER, onnx:FILE"
    assert expected in refusal("onnx:")
    assert "no model 'tf:x'" in refusal("tf:x")
    assert refusal("onnx:x", weights="y.pth") == (
        "--model onnx:x: brings its own weights; leave y.pth out"
    )
    with pytest.raises(InputError, match="--model hf:a/b: cannot be trained here; train one of"):
        build_model("hf:a/b", 19)
