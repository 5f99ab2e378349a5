"""Runs under attacks: white box and transfer, resumed, reported, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.errors import InputError
from robustbench_seg.protocol.suites import AdversarialSuite, load_suite, suite_from_dict
from robustbench_seg.reporting.citations import keys
from tests.helpers.trees import write_folders

MODELS = """
import torch
from torch import nn

def made(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Tanh(), nn.Conv2d(8, 19, 1))

def first(): return made(1)
def second(): return made(2)
def labels(): return lambda image: image[..., 0] % 19
"""
SUITE = """
title = "Two attacks"
source = "a test"
norm = "linf"
epsilons = [2, 16]

[[attack]]
method = "pgd"
steps = 3
step = 4

[[attack]]
method = "segpgd"
steps = 3
source = "python:models:first"
name = "from-first"

[[attack]]
method = "sea-balanced"
steps = 4
"""
FROM = 'source = "python:models:first"'
FIRST, SECOND = "python:models.py:first", "python:models.py:second"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    classes = ", ".join(f'{{ name = "{number}" }}' for number in range(19))
    (tmp_path / "classes.toml").write_text(f"classes = [{classes}]")
    (tmp_path / "models.py").write_text(MODELS)
    (tmp_path / "two.toml").write_text(SUITE)
    write_folders(tmp_path)
    return tmp_path


def evaluate(*models: str, **given: Any) -> robustbench_seg.Run:
    data = {"images": "images", "labels": "labels", "classes": "classes.toml", "suite": "two.toml"}
    return robustbench_seg.evaluate(models, **{**data, "device": "cpu", **given})


def miou(run: robustbench_seg.Run) -> pd.DataFrame:
    tidy = run.table("tidy")
    found = tidy[tidy["metric"] == "miou"].set_index(["model", "condition", "severity"])["value"]
    return found.unstack([1, 2])


@pytest.mark.slow
def test_each_model_is_attacked_and_transfer_shows_all_the_same_images(folder: Path) -> None:
    run = evaluate(FIRST, SECOND, out="both")
    scores = miou(run)
    found: list[Any] = [*scores.columns]
    assert found == [
        *(("clean", 0), ("pgd-3", 2), ("pgd-3", 16), ("from-first", 2), ("from-first", 16)),
        *(("sea-balanced-4", 2), ("sea-balanced-4", 16)),
    ]
    first, second = scores.loc["python:models:first"], scores.loc["python:models:second"]
    for own in (first, second):
        for name in ("pgd-3", "sea-balanced-4"):
            assert own["clean", 0] > own[name, 2] > own[name, 16]
    assert first["from-first", 16] < second["from-first", 16]  # which the gradients are not of
    notes = " ".join(run.report().notes)
    assert "Severities are epsilons in 1/255 of white" in notes
    assert "from-first: all models see images by the gradients of python:models:f" in notes
    assert {"gu2022segpgd", "agnihotri2024cospgd"} <= {*keys((), "", "adversarial-part")}

    # Images do not depend on how many go through the models together.
    again = miou(evaluate(FIRST, SECOND, draws=1, out="again", batch=1))
    pd.testing.assert_frame_equal(again, scores)
    drawn = evaluate(FIRST, out="drawn", draws=2).table("intervals")
    assert (drawn["sd_over_draws"] > 0).any()


def test_attacked_images_are_saved(folder: Path) -> None:
    run = evaluate(FIRST, out="run", corruptions=["pgd-3"], save=["labels", "images"])
    for severity in (2, 16):
        images, maps = (
            sorted(run.folder.glob(f"{kind}/*/pgd-3/{severity}/*.png"))
            for kind in ("images", "predictions")
        )
        assert len(images) == len(maps) == len(run.spec.frames)
        for attacked, frame in zip(images, run.spec.frames, strict=True):
            clean = np.asarray(Image.open(folder / f"images/{frame.name}.jpg"))
            change = np.asarray(Image.open(attacked)).astype(int) - clean
            assert np.abs(change).max() == severity
    # They are what was predicted.
    again = evaluate(FIRST, out="again", images=str(images[0].parent), save=["labels"])
    found = sorted(again.folder.glob("predictions/*/clean/*.png"))
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in maps]


def test_a_suite_is_stored_and_selected(folder: Path) -> None:
    suite = load_suite("two.toml")
    assert isinstance(suite, AdversarialSuite)
    assert suite_from_dict(json.loads(json.dumps(suite.to_dict()))) == suite
    part = suite.select(["pgd-3"], [16])
    assert suite_from_dict(part.to_dict()) == part
    assert [condition.key for condition in part.conditions] == [("pgd-3", 16)]
    assert [condition.passes for condition in part.conditions] == [10]
    (folder / "two.toml").write_text(SUITE.replace("step = 4", "step = 5"))
    assert load_suite("two.toml").digest != suite.digest
    built_in = load_suite("adversarial")
    assert {each.key for each in built_in.conditions} == {
        (name, epsilon)
        for name in ("fgsm", "pgd-10", "segpgd-10", "cospgd-10")
        for epsilon in (2, 4, 8)
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"linf"', '"l1"', 'norm: expected "linf" or "l2", got .l1'),
        ("[2, 16]", "[2.5]", "epsilons: expected whole numbers"),
        ("[2, 16]", "[16, 2]", "expected rising ones"),
        ("[2, 16]", "[]", "has no corruptions, or no severities"),
        ('"pgd"', '"apgd"', "attack 1: method: expected one of fgsm, pgd, segpgd, cospgd, sea-"),
        ('"pgd"', '"sea-js"', "attack 1: step: SEA chooses its steps itself and has no target"),
        (
            '"linf"\nepsilons = [2, 16]\n\n[[attack]]\nmethod = "pgd"\nsteps = 3\nstep = 4',
            '"l2"\nepsilons = [2, 16]\n\n[[attack]]\nmethod = "sea-js"',
            'norm: expected "linf" for sea-js-300',
        ),
        ("steps = 3\nstep", "steps = 0\nstep", "attack 1: steps: expected a whole number"),
        ('method = "pgd"', 'method = "fgsm"', "attack 1: steps: FGSM has one step"),
        ("step = 4", 'name = "mean"', "attack 1: name: 'mean' is the name of a score"),
        ("step = 4", 'name = "from-first"', "two attacks have the same name"),
        ("step = 4", "rounds = 4", "attack 1: unknown key 'rounds'"),
        ("[[attack]]", "[[other]]", "attack"),
    ],
)
def test_bad_suites_are_refused(folder: Path, old: str, new: str, words: str) -> None:
    assert old in SUITE
    (folder / "two.toml").write_text(SUITE.replace(old, new))
    with pytest.raises(InputError, match=f"two.toml: .*{words}"):
        load_suite("two.toml")


def test_what_cannot_be_attacked_is_refused_before_the_work(folder: Path) -> None:
    for models, words in (
        (
            (SECOND,),
            "from-first: unknown source 'python:models:first'; choose from: python:models",
        ),
        ((FIRST, "python:models.py:labels"), "models:labels: gives labels alone"),
    ):
        with pytest.raises(InputError, match=words):
            evaluate(*models, out="new")
    assert not (folder / "new").exists()
