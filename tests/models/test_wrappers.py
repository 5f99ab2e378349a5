"""State dicts in what training code saves round them: found, or refused with the cause."""

from __future__ import annotations

import argparse
import builtins
import datetime
import subprocess
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from robustbench_seg.errors import InputError
from robustbench_seg.models.catalogue import MODELS
from robustbench_seg.models.checkpoints import fill, open_checkpoint
from robustbench_seg.models.registry import load_model
from tests.helpers.adapters import CLASSES

Tensors = dict[str, Tensor]


class Options(dict[str, Any]):
    """A mapping of someone's library, as Lightning's AttributeDict."""


class Call:
    """An object that runs a function when pickle itself reads it."""

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        self.called = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.called


@pytest.fixture(scope="module")
def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MODELS["espnet"].build(20)


@pytest.fixture(scope="module")
def tensors(network: nn.Module) -> Tensors:
    return dict(network.state_dict())


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    return {prefix + name: value for name, value in tensors.items()}


def doubled(tensors: Tensors) -> Tensors:
    return {name: value * 2 for name, value in tensors.items()}


def assert_read(choice: str | Path, expected: Tensors, *notes: str) -> None:
    """Check that a file gives these tensors to a network, and the notes."""
    checkpoint = open_checkpoint(choice)
    read = MODELS["espnet"].build(20)
    fill(read, checkpoint)
    for name, value in read.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(value, expected[name]), name
    assert checkpoint.notes == notes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrap", "notes"),
    [
        (lambda t: {"state_dict": prefixed("model.", t)}, ["tensors under 'state_dict.model.'"]),
        (
            lambda t: {"state_dict": prefixed("module.segmentor.net.", t)},
            ["tensors under 'state_dict.segmentor.net.'"],
        ),
        (lambda t: {"model_state_dict": t, "epoch": 3}, ["tensors under 'model_state_dict.'"]),
        (lambda t: {"a": [{"b": ({"c": t}, 1)}]}, ["tensors under 'a.0.b.0.c.'"]),
        (
            lambda t: {
                "weights": OrderedDict(t),
                "optimizer": {"state": {0: {"step": torch.ones(1)}}},
            },
            ["tensors under 'weights.'", "left out optimizer.state.0.step"],
        ),
        (
            lambda t: {"model": {**t, "criterion.weight": torch.ones(19)}},
            ["left out model.criterion.weight"],
        ),
        (
            lambda t: {"state_dict": {"loss.weight": torch.ones(19), **prefixed("net.", t)}},
            ["tensors under 'state_dict.net.'", "left out state_dict.loss.weight"],
        ),
        (lambda t: {"module": {name.replace(".", "._orig_mod.", 1): t[name] for name in t}}, []),
        (
            lambda t: {"state_dict": t, "args": argparse.Namespace(out=Path("a"))},
            ["objects not read: argparse.Namespace, pathlib.PosixPath"],
        ),
        (
            lambda t: {"net": Options(t)},
            ["tensors under 'net.'", "objects not read: tests.models.test_wrappers.Options"],
        ),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict_is_found_in_any_wrapper(
    tmp_path: Path,
    tensors: Tensors,
    wrap: Callable[[Tensors], Any],
    notes: list[str],
    zipped: bool,
) -> None:
    torch.save(wrap(tensors), tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert_read(tmp_path / "a.pth", tensors, *notes)


def test_objects_beside_a_state_dict_are_not_read(tmp_path: Path, tensors: Tensors) -> None:
    beside = {
        "options": Options(lr=1, steps=[1, 2]),
        "last": deque([1.0, 2.0], maxlen=5),
        "by_class": defaultdict(list, a=[1]),
        "when": datetime.datetime(2024, 1, 1),
        "score": np.float64(0.5),
        "matrix": np.eye(3),
        "scheduler": torch.optim.lr_scheduler.StepLR(torch.optim.SGD([torch.ones(1)]), 1),
        "function": torch.nn.functional.relu,
    }
    torch.save({"state_dict": tensors, **beside}, tmp_path / "a.pth")
    (note,) = open_checkpoint(tmp_path / "a.pth").notes
    assert_read(tmp_path / "a.pth", tensors, note)
    assert note.startswith("objects not read: tests.models.test_wrappers.Options, collections.")


def test_prefixes_in_safetensors_and_of_averages_are_stripped(
    tmp_path: Path, network: nn.Module, tensors: Tensors
) -> None:
    save_file(prefixed("net.", tensors), tmp_path / "a.safetensors")
    assert_read(tmp_path / "a.safetensors", tensors, "tensors under 'net.'")
    torch.save(AveragedModel(network).state_dict(), tmp_path / "a.pth")
    assert_read(tmp_path / "a.pth", tensors, "left out n_averaged")


@pytest.mark.parametrize(
    ("wrap", "names"),
    [
        (lambda s, e: {"student": s, "ema": e}, ("student", "ema")),
        (lambda s, e: {"state_dict": s, "state_dict_ema": e}, ("state_dict", "state_dict_ema")),
        (lambda s, e: prefixed("student.", s) | prefixed("ema.", e), ("student", "ema")),
        (lambda s, e: {**s, "ema": e}, (".", "ema")),
        (
            lambda s, e: {"model": {"net": s}, "callbacks": {"ema": prefixed("net.", e)}},
            ("model.net", "callbacks.ema.net"),
        ),
    ],
)
def test_one_of_several_sets_must_be_chosen(
    tmp_path: Path, tensors: Tensors, wrap: Callable[..., Any], names: tuple[str, str]
) -> None:
    path = tmp_path / "both.pth"
    torch.save(wrap(tensors, doubled(tensors)), path)
    with pytest.raises(InputError) as caught:
        open_checkpoint(path)
    assert str(caught.value) == (
        f"{path}: holds 2 sets of weights, {names[0]}, {names[1]}; "
        f"choose one: both.pth::{names[0]} or both.pth::{names[1]}"
    )
    for name, expected in zip(names, (tensors, doubled(tensors)), strict=True):
        checkpoint = open_checkpoint(f"{path}::{name}")
        assert torch.equal(checkpoint.tensors["conv.conv.weight"], expected["conv.conv.weight"])
    with pytest.raises(InputError, match=r"both\.pth::teacher: names 0 sets of weights; the file"):
        open_checkpoint(f"{path}::teacher")


def test_equal_sets_are_one(tmp_path: Path, tensors: Tensors) -> None:
    copied = {name: value.clone() for name, value in tensors.items()}
    torch.save({"student": tensors, "ema": copied}, tmp_path / "a.pth")
    assert_read(
        tmp_path / "a.pth",
        tensors,
        "tensors under 'student.'",
        "left out " + ", ".join(f"ema.{name}" for name in list(tensors)[:3]) + ", ...",
    )


def test_results_name_the_chosen_set(tmp_path: Path, tensors: Tensors) -> None:
    path = tmp_path / "both.pth"
    torch.save({"student": tensors, "ema": doubled(tensors)}, path)
    segmenter = load_model(f"espnet@{path}::ema", data="yard", classes=CLASSES)
    assert segmenter.name == "espnet@both::ema"
    assert segmenter.trained_on == "the data of both.pth::ema"
    assert segmenter.weights["note"].startswith("tensors under 'ema.'; left out student.")


@pytest.mark.parametrize(
    ("dtype", "said"), [(torch.int64, "int64"), (torch.bool, "bool"), (torch.uint8, "uint8")]
)
def test_tensors_of_another_kind_are_refused(
    tmp_path: Path, network: nn.Module, tensors: Tensors, dtype: torch.dtype, said: str
) -> None:
    before = {name: value.clone() for name, value in tensors.items()}
    for path, save in ((tmp_path / "a.pth", torch.save), (tmp_path / "a.safetensors", save_file)):
        save({**tensors, "conv.conv.weight": tensors["conv.conv.weight"].to(dtype)}, path)
        with pytest.raises(InputError) as caught:
            fill(network, open_checkpoint(path))
        assert str(caught.value) == (
            f"{path}: the weights do not fit the model; "
            f"1 of another kind: conv.conv.weight {said} instead of float32"
        )
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(tmp_path: Path, tensors: Tensors, dtype: torch.dtype) -> None:
    torch.save({name: value.to(dtype) for name, value in tensors.items()}, tmp_path / "a.pth")
    assert_read(tmp_path / "a.pth", {n: v.to(dtype).float() for n, v in tensors.items()})


def test_eight_bit_floats_are_refused(tmp_path: Path, tensors: Tensors) -> None:
    small = tensors["conv.conv.weight"].to(torch.float8_e4m3fn)
    torch.save({**tensors, "conv.conv.weight": small}, tmp_path / "a.pth")
    with pytest.raises(
        InputError, match=r"conv\.conv\.weight is float8_e4m3fn, whose scale is not"
    ):
        open_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "harm",
    [
        lambda made: Call(builtins.exec, f"import os; os.mkdir({str(made)!r})"),
        lambda made: Call(subprocess.check_call, ["mkdir", str(made)]),
        lambda made: {
            "key": [Options(a=Call(builtins.eval, f"__import__('os').mkdir({str(made)!r})"))]
        },
    ],
)
def test_objects_beside_tensors_are_not_called(
    tmp_path: Path, tensors: Tensors, harm: Callable[[Path], Any], zipped: bool
) -> None:
    made, path = tmp_path / "harm", tmp_path / "a.pth"
    torch.save(
        {"x": harm(made), "state_dict": tensors}, path, _use_new_zipfile_serialization=zipped
    )
    assert_read(path, tensors, *open_checkpoint(path).notes)
    assert not made.exists()


def test_calls_of_what_a_stand_in_returns_are_refused(tmp_path: Path, tensors: Tensors) -> None:
    made, path = tmp_path / "harm", tmp_path / "a.pth"
    torch.save({"model": tensors, "x": Call(Path.mkdir, made)}, path)
    with pytest.raises(InputError, match=r"a\.pth: refused: it holds Python objects beside"):
        open_checkpoint(path)
    assert not made.exists()


def test_modules_that_a_file_names_are_not_imported(
    tmp_path: Path, tensors: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loud_zoo.py").write_text("class Model:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import loud_zoo  # type: ignore[import-not-found]

    torch.save({"model": tensors, "whole": loud_zoo.Model()}, tmp_path / "a.pth")
    monkeypatch.delitem(sys.modules, "loud_zoo")
    (tmp_path / "loud_zoo.py").write_text("raise AssertionError")
    assert_read(tmp_path / "a.pth", tensors, "objects not read: loud_zoo.Model")
    assert "loud_zoo" not in sys.modules


def test_containers_within_themselves_end(tmp_path: Path, tensors: Tensors) -> None:
    content: dict[str, Any] = {"model": tensors}
    content["again"] = [content, {"again": content}]
    for _ in range(60):
        content = {"deep": content, "too": content}
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(InputError, match="holds no weights"):
        open_checkpoint(tmp_path / "a.pth")
