"""The catalogue: what a declaration gives, for the project's models and for a new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.models import catalogue
from robustbench_seg.models.base import StageOutput
from robustbench_seg.models.catalogue import MODELS, register
from robustbench_seg.models.checkpoints import open_checkpoint
from robustbench_seg.models.listing import list_models
from robustbench_seg.models.registry import build_model, load_model
from tests.helpers import toy_model
from tests.helpers.model_contract import assert_contract

CLASSES = tuple(info.name for info in CITYSCAPES)


@pytest.fixture
def toy() -> Iterator[nn.Module]:
    """Add a model by one line, and return its network with random weights."""
    register(toy_model.MODEL)
    yield build_model("toy", 19)
    del catalogue._MODELS["toy"]


def on_meta(name: str) -> nn.Module:
    with torch.device("meta"):
        return MODELS[name].build(19 + MODELS[name].spare_outputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_files_are_recognised_by_their_keys(tmp_path: Path, name: str) -> None:
    # Views of one number take no space in the file.
    state = {n: torch.zeros(()).expand(v.shape) for n, v in on_meta(name).state_dict().items()}
    torch.save(state, tmp_path / "a.pth")
    checkpoint = open_checkpoint(tmp_path / "a.pth")
    assert (checkpoint.model, checkpoint.encoder_only) == (name, False)
    assert checkpoint.outputs == 19 + MODELS[name].spare_outputs


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_stages_are_outputs_of_modules(name: str) -> None:
    network = on_meta(name)
    outputs = network.stage_outputs
    assert isinstance(outputs, tuple)
    assert len(outputs) == len(set(outputs)) >= 3
    for output in outputs:
        assert isinstance(output, StageOutput)
        network.get_submodule(output.module)


def test_a_name_is_taken_only_once() -> None:
    with pytest.raises(ValueError, match="b0: the catalogue already has a model of this name"):
        register(MODELS["b0"])


def test_a_new_model_is_short() -> None:
    assert len(Path(toy_model.__file__).read_text().splitlines()) < 40


@pytest.mark.slow
def test_a_new_model_is_evaluated_and_listed(toy: nn.Module) -> None:
    assert_contract(load_model("toy", data="streets", weights="random", classes=CLASSES), CLASSES)
    info = next(info for info in list_models() if info.name == "toy")
    parameters = sum(parameter.numel() for parameter in toy.parameters())
    assert (info.description, info.parameters) == ("Toy", parameters)


def test_weights_of_a_new_model_are_loaded(tmp_path: Path, toy: nn.Module) -> None:
    path = tmp_path / "toy.pth"
    torch.save(toy.state_dict(), path)
    network = load_model(f"toy@{path}", data="streets", classes=CLASSES).network
    assert isinstance(network, toy_model.Toy)
    assert all(map(torch.equal, network.parameters(), toy.parameters()))
    with pytest.raises(InputError, match=r"holds toy, not b0; use --model toy$"):
        load_model(f"b0@{path}", data="streets", classes=CLASSES)
    torch.save({**toy.state_dict(), "more": torch.ones(1)}, path)
    with pytest.raises(InputError, match=r"toy\.pth: the weights do not fit .*1 unexpected: more"):
        load_model(f"toy@{path}", data="streets", classes=CLASSES)
