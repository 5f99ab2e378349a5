"""`robustseg train` on any dataset, from an encoder, to weights that `eval` takes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from robustbench_seg.cli import app
from robustbench_seg.models.registry import build_model
from tests.helpers.frames import write_camvid

TRAINING = ("--steps", "3", "--batch", "2", "--crop", "64x32", "--workers", "0")
CLEAN_AND_ONE = ("--corruptions", "brightness", "--severities", "1", "--limit", "1")


def train_and_evaluate(data: Path, folder: Path, model: str, *options: str) -> pd.DataFrame:
    """Train on the split `val`, evaluate on it, and return the summary."""
    weights, run = folder / "training" / "weights.safetensors", folder / "run"
    common = ("--model", model, "--data", str(data), "--split", "val")
    training = ["train", *common, *TRAINING, *options, "--out", str(weights.parent)]
    app(training, standalone_mode=False)
    log = pd.read_csv(weights.parent / "log.csv")
    assert list(log.columns) == ["step", "learning_rate", "loss"]
    assert list(log["step"]) == [0, 1, 2]
    assert log["loss"].between(0, 20).all()
    evaluation = ["eval", *common, "--weights", str(weights), *CLEAN_AND_ONE, "--out", str(run)]
    app([*evaluation, "--format", "csv"], standalone_mode=False)
    return pd.read_csv(run / "summary.csv")


@pytest.mark.slow
@pytest.mark.parametrize("model", ["b0", "espnet", "deeplabv3plus-mobilenetv2"])
def test_weights_of_a_training_are_evaluated(tmp_path: Path, model: str) -> None:
    summary = train_and_evaluate(write_camvid(tmp_path / "camvid"), tmp_path, model)
    assert summary["model"].tolist() == [f"{model}@training"]


@pytest.mark.slow
def test_real_frames_from_an_encoder(tmp_path: Path, shared_data: Path) -> None:
    encoder = tmp_path / "mit_b0.pth"
    state = build_model("b0", 19, seed=1).state_dict()
    torch.save({n[9:]: value for n, value in state.items() if n.startswith("backbone.")}, encoder)
    data = shared_data / "data" / "camvid"
    summary = train_and_evaluate(data, tmp_path, "b0", "--init", str(encoder), "--limit", "6")
    assert summary["model"].tolist() == ["b0@training"]
