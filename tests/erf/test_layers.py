"""Layers that have fields, of encoders and of models from elsewhere; and bad input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForImageClassification

from robustbench_seg.erf.layers import as_map, layers_of
from robustbench_seg.errors import InputError
from robustbench_seg.models.base import Segmenter
from robustbench_seg.models.registry import load_model
from tests.helpers.foreign_models import save_onnx, save_peer, save_torchscript
from tests.helpers.measured_fields import CLASSES, measured, random


@pytest.fixture(scope="module")
def b0() -> Segmenter:
    return load_model("b0", data="streets", classes=CLASSES)


def save_encoder(path: Path, network: nn.Module) -> None:
    state = network.state_dict()
    encoder = {n.removeprefix("backbone."): v for n, v in state.items() if "backbone." in n}
    torch.save(encoder | {"head.weight": torch.ones(1000, 256)}, path)


@pytest.mark.slow
def test_an_encoder_alone_has_stages_and_no_head(tmp_path: Path) -> None:
    whole = load_model("b0", data="streets", classes=CLASSES)
    assert isinstance(whole.network, nn.Module)
    save_encoder(tmp_path / "mit_b0.pth", whole.network)
    found = measured(f"b0@{tmp_path / 'mit_b0.pth'}")
    assert list(found) == [f"stage {number}" for number in (1, 2, 3, 4)]
    for stage, field in measured(whole, stages=["1", "2", "3", "4"]).items():
        np.testing.assert_array_equal(field.gradient, found[stage].gradient)
    assert found["stage 1"].model == "b0@mit_b0"
    with pytest.raises(InputError, match="--stage head: b0@mit_b0 is only an encoder; use --stage"):
        measured("b0", weights=str(tmp_path / "mit_b0.pth"), stages=["head"])
    with pytest.raises(InputError, match=r"mit_b0\.pth: holds b0, not b1"):
        measured(f"b1@{tmp_path / 'mit_b0.pth'}")


def test_an_encoder_of_the_hub_is_what_transformers_computes(tmp_path: Path) -> None:
    labels = {"id2label": dict(enumerate("ab")), "label2id": {"a": 0, "b": 1}}
    peer = SegformerForImageClassification(SegformerConfig(**labels)).eval()
    peer.save_pretrained(tmp_path)
    loaded = load_model("b0", data="streets", weights=str(tmp_path), classes=CLASSES, encoders=True)
    assert loaded.classes == ()
    assert isinstance(loaded.network, nn.Module)
    x = torch.rand(1, 3, 64, 64) / 1e4  # small inputs show the norms' epsilons
    with torch.no_grad():
        expected = peer(x, output_hidden_states=True).hidden_states
        found = loaded.network.get_submodule("backbone")(x)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_modules_of_a_users_model(tmp_path: Path) -> None:
    save_peer("segformer", tmp_path, CLASSES)
    choice = f"hf:{tmp_path}"
    found = measured(choice)
    assert list(found) == ["head"]
    network = load_model(choice, data="streets", classes=CLASSES).network
    assert isinstance(network, nn.Module)
    tokens = next(n for n, m in network.named_modules() if isinstance(m, nn.LayerNorm))
    with_layer = measured(choice, stages=[], layers=[tokens], method="replknet")
    assert list(with_layer) == [f"layer {tokens}"]
    assert with_layer[f"layer {tokens}"].unit.map_size == (16, 24)
    with pytest.raises(
        InputError, match=rf"--layer {tokens}x: .* no such module; similar are .*{tokens}"
    ):
        measured(choice, stages=[], layers=[f"{tokens}x"])
    with pytest.raises(
        InputError, match=r"--stage 1: hf:.* declares no stages; use head, or --layer NAME"
    ):
        measured(choice, stages=["1"])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 7, 16, 24), (2, 7, 16, 24)),
        ((2, 16, 24, 7), (2, 7, 16, 24)),
        ((2, 16 * 24, 7), (2, 7, 16, 24)),
        ((2, 16 * 24 + 1, 7), (2, 7, 16, 24)),
        ((2, 9, 384, 384), (2, 9, 384, 384)),
        ((2, 11, 7), None),
        ((1, 7, 16, 24), None),
        ((2, 7), None),
    ],
)
def test_maps_and_tokens_are_recognised(
    shape: tuple[int, ...], expected: tuple[int, ...] | None
) -> None:
    found = as_map(torch.zeros(shape), (64, 96), 2)
    assert (None if found is None else tuple(found.shape)) == expected


def test_tokens_keep_their_places() -> None:
    numbers = torch.arange(16.0 * 24).reshape(1, 16, 24)
    tokens = numbers.flatten(1)[..., None]
    cls = torch.full((1, 1, 1), -1.0)
    for given in (tokens, torch.cat([cls, tokens], 1), numbers[..., None]):
        found = as_map(given, (64, 96), 1)
        assert found is not None
        assert torch.equal(found[:, 0], numbers)


class Odd(nn.Module):
    """A network with layers that are called twice or never, return no map or have no gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Identity()
        self.never = nn.Identity()
        self.scalar = nn.AdaptiveAvgPool1d(1)
        self.pairs = nn.Identity()
        self.flat = nn.Flatten()

    def forward(self, x: Tensor) -> Tensor:
        """Return 19 channels."""
        self.flat(x)
        self.pairs(x.detach())
        x = self.twice(self.twice(x))
        return x.repeat(1, 7, 1, 1)[:, :19]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("twice", "layer twice is called 2 times in a forward pass; name another --layer"),
        ("never", "layer never is called 0 times in a forward pass"),
        ("flat", r"layer flat gives \(1, 18432\), which is no map of units"),
        ("pairs", "layer pairs has no gradients with respect to the input"),
    ],
)
def test_layers_without_a_field_are_refused(b0: Segmenter, layer: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        measured(replace(b0, network=Odd()), stages=[], layers=[layer])


def _onnx(folder: Path) -> str:
    save_onnx(folder / "model.onnx", len(CLASSES))
    return f"onnx:{folder / 'model.onnx'}"


def _torchscript(folder: Path) -> str:
    save_torchscript(folder / "model.pt", len(CLASSES))
    return f"torchscript:{folder / 'model.pt'}"


def test_a_model_without_gradients_is_refused_and_torchscript_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no gradients, and so no effective receptive field"):
        measured(_onnx(tmp_path))
    (field,) = measured(_torchscript(tmp_path)).values()
    assert field.layer == "head"
    function: Callable[..., object] = lambda image: image  # noqa: E731
    with pytest.raises(InputError, match="has no gradients"):
        layers_of(replace(random("b0"), network=function), ["all"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": ["5"]}, "--stage 5: b0@random has no such stage; use 1, 2, 3, 4, head or all"),
        ({"layers": ["backbone.block9"]}, "no such module; similar are backbone.block"),
        ({"method": "other"}, "--method other: use one of luo, replknet"),
        ({"limit": 0}, "--limit 0: must be a whole number, 1 or more"),
        ({"batch": 0}, "--batch 0: must be a whole number, 1 or more"),
        ({"size": (0, 5)}, "--size 5x0: each side must be at least 1"),
        ({"unit": (64, 0)}, "--unit 64,0: outside the input of b0@random, which is 96x64"),
        ({"conditions": ["fog"]}, "--condition: 'fog': .*; write clean, or a corruption and its"),
        ({"conditions": ["fog:6"]}, "--condition: 'fog:6': .*; write clean"),
        ({"conditions": ["fogg:1"]}, "--condition: 'fogg:1': unknown corruption 'fogg'"),
        ({"weights": "streets", "model": ["b0", "b1"]}, "--weights: only for a single --model"),
        ({"model": ["b0@random", "b0@random"]}, "--model: two models are named b0@random"),
        ({"model": []}, "--model: name at least one"),
        ({"stages": []}, "--stage: name at least one, or a --layer"),
        ({"conditions": []}, "--condition: name at least one"),
    ],
)
def test_bad_input_is_one_line(options: dict[str, object], message: str) -> None:
    model = options.pop("model", "b0@random")
    with pytest.raises(InputError, match=message) as caught:
        measured(model, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_sum_that_is_constant_is_left_out_or_refused() -> None:
    found = measured("b0@random")
    assert list(found) == ["head"]
    with pytest.raises(
        InputError, match=r"stage 4: its channels always sum to the same value, .* use"
    ):
        measured("b0@random", stages=["4"])
    assert len(measured("b0@random", method="replknet")) == 5


def test_a_zero_or_infinite_gradient_is_refused(b0: Segmenter) -> None:
    class Dead(nn.Module):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def forward(self, x: Tensor) -> Tensor:
            return x.repeat(1, 7, 1, 1)[:, :19].mul(self.factor)

    with pytest.raises(InputError, match=r"head: the gradient of its unit .* is 0 on every pixel"):
        measured(replace(b0, network=Dead(0)), stages=["head"])
    with pytest.raises(InputError, match="head: the gradient is not finite"):
        measured(replace(b0, network=Dead(float("nan"))), stages=["head"])
    with pytest.raises(InputError, match=r"fails on an input of 96x64 \(TypeError"):
        measured(replace(b0, network=Dead("x")), stages=["head"])  # type: ignore[arg-type]
