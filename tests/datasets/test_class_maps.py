"""Class maps, against an independent computation with dictionaries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

import robustbench_seg
from robustbench_seg.__main__ import main
from robustbench_seg.datasets.base import IGNORE, Dataset
from robustbench_seg.datasets.class_maps import (
    ClassMapSpec,
    apply_class_map,
    load_class_map,
    map_names,
)
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.taxonomies import CAMVID, CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.label_types import LabelMap
from robustbench_seg.models.base import IMAGENET, Segmenter
from robustbench_seg.models.registry import load_model
from robustbench_seg.reporting.run import Run
from robustbench_seg.schema import parse
from tests.helpers.frames import CITY, write_camvid, write_tree
from tests.helpers.trees import noise_image, save, values, write_folders

CITYSCAPES_NAMES = [info.name for info in CITYSCAPES]
CAMVID_NAMES = [info.name for info in CAMVID]
ONE: dict[str, Any] = {"corruptions": ["brightness"], "severities": [1]}

# The embedded map, restated.
TO_CAMVID = {
    "road": "road",
    "sidewalk": "pavement",
    "building": "building",
    "wall": "building",
    "fence": "fence",
    "pole": "pole",
    "traffic light": "signsymbol",
    "traffic sign": "signsymbol",
    "vegetation": "tree",
    "terrain": "tree",
    "sky": "sky",
    "person": "pedestrian",
    "rider": "bicyclist",
    "car": "car",
    "truck": "car",
    "bus": "car",
    "train": "car",
    "motorcycle": "bicyclist",
    "bicycle": "bicyclist",
}
PART = {"road": "road", "sidewalk": "pavement", "car": "car", "building": "building", "sky": "sky"}


def restated_iou(pairs: Counter[tuple[str | None, str | None]]) -> dict[str, float]:
    """Return the IoU of each class that occurs, from (true, predicted) pairs; None is unmapped."""
    scores = {}
    for name in {true for true, _ in pairs if true is not None}:
        hits = pairs[name, name]
        missed = sum(n for (true, said), n in pairs.items() if true == name and said != name)
        alarms = sum(
            n for (true, said), n in pairs.items() if said == name and true not in (name, None)
        )
        scores[name] = hits / (hits + missed + alarms)
    return scores


def counted(
    truth: LabelMap, true_names: Mapping[int, str | None], said: list[list[str | None]]
) -> Counter[tuple[str | None, str | None]]:
    """Count the pixels of each (true, predicted) pair of names."""
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for true_row, said_row in zip(truth.tolist(), said, strict=True):
        pairs.update(
            (true_names.get(true), name) for true, name in zip(true_row, said_row, strict=True)
        )
    return pairs


def clean_iou(run: Run) -> dict[str, float]:
    """Return the IoU of each class in the clean images."""
    tidy = run.table("tidy")
    rows = tidy[(tidy["metric"] == "iou") & (tidy["condition"] == "clean")]
    return dict(zip(rows["class"], rows["value"], strict=True))


def write_map(path: Path, pairs: Mapping[str, str]) -> Path:
    lines = "\n".join(f'"{key}" = "{value}"' for key, value in pairs.items())
    path.write_text(f'from = "cityscapes"\nto = "camvid"\n[map]\n{lines}\n')
    return path


def logits_of(segmenter: Segmenter, image: NDArray[np.uint8]) -> torch.Tensor:
    """Return float64 logits (K, H, W) of a whole image, with torch only."""
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (IMAGENET.mean, IMAGENET.std))
    x = (torch.from_numpy(image.copy()).permute(2, 0, 1).float() - mean) / std
    assert isinstance(segmenter.network, torch.nn.Module)
    with torch.inference_mode():
        logits = segmenter.network(x[None])
    return F.interpolate(logits, image.shape[:2], mode="bilinear")[0]  # (K, H, W)


def test_embedded_maps_fit_their_taxonomies() -> None:
    assert map_names() == (
        "ade20k-to-cityscapes",
        "cityscapes-to-camvid",
        "mapillary-to-cityscapes",
    )
    to_camvid = load_class_map("cityscapes-to-camvid")
    assert to_camvid.unmapped == ()
    assert [to_camvid.target.class_names[place or 0] for place in to_camvid.targets] == [
        TO_CAMVID[name] for name in CITYSCAPES_NAMES
    ]
    ade = load_class_map("ade20k-to-cityscapes")
    reached = {ade.target.class_names[place] for place in ade.targets if place is not None}
    assert set(CITYSCAPES_NAMES) - reached == {"rider", "train"}
    assert len({load_class_map(name).digest for name in map_names()}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["wrong", "restricted"])
def test_predictions_are_mapped(shared_data: Path, tmp_path: Path, mode: Any) -> None:
    """A model of Cityscapes' classes on CamVid's labels, with a map that leaves classes out."""
    data = str(shared_data / "data" / "camvid")
    run = robustbench_seg.evaluate(
        "b0@streets",
        data=data,
        class_map=write_map(tmp_path / "part.toml", PART),
        class_map_mode=mode,
        limit=2,
        window="whole",
        out=tmp_path / "run",
        **ONE,
    )
    segmenter = load_model("b0@streets", data="streets", classes=CITYSCAPES_NAMES)
    onto = [PART.get(name) for name in CITYSCAPES_NAMES]
    reached = {number: name for number, name in enumerate(CAMVID_NAMES) if name in onto}
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for frame in open_dataset(data).frames[:2]:
        logits = logits_of(segmenter, frame.image())
        if mode == "restricted":
            left_out = [number for number, name in enumerate(onto) if name is None]
            logits[left_out] = -torch.inf
        said = [[onto[number] for number in row] for row in logits.argmax(0).tolist()]
        pairs += counted(frame.label(), reached, said)
    assert any(said is None for _, said in pairs) == (mode == "wrong")
    assert clean_iou(run) == pytest.approx(restated_iou(pairs), abs=2e-5)
    class_map = run.spec.class_map
    assert class_map is not None
    assert (class_map.name, class_map.mode, class_map.maps) == ("part", mode, "predictions")
    assert class_map.ignored == tuple(name for name in CAMVID_NAMES if name not in PART.values())
    assert class_map.unmapped == tuple(name for name in CITYSCAPES_NAMES if name not in PART)
    assert Run.open(run.folder).spec.class_map == class_map


@pytest.mark.slow
def test_labels_are_mapped(shared_data: Path, tmp_path: Path) -> None:
    """A model of CamVid's classes on Cityscapes' labels."""
    whole = open_dataset(str(shared_data / "data" / "cityscapes_mini"))
    area = (slice(200, 712), slice(500, 1268))  # real pixels, fewer of them
    frame = whole.frames[1]
    image, truth = frame.image()[area], frame.label()[area]
    save(tmp_path / f"tree/leftImg8bit/val/{CITY}/a_leftImg8bit.png", image)
    save(tmp_path / f"tree/gtFine/val/{CITY}/a_gtFine_labelTrainIds.png", truth)
    folder = shared_data / "weights" / "segformer_b0_camvid"
    run = robustbench_seg.evaluate(
        "b0",
        weights=folder,
        data=str(tmp_path / "tree"),
        class_map="cityscapes-to-camvid",
        window="whole",
        out=tmp_path / "run",
        **ONE,
    )
    segmenter = load_model("b0", data="camvid", weights=str(folder), classes=CAMVID_NAMES)
    labels = logits_of(segmenter, image).argmax(0).tolist()
    said: list[list[str | None]] = [[CAMVID_NAMES[number] for number in row] for row in labels]
    names: dict[int, str | None] = {
        number: TO_CAMVID[name] for number, name in enumerate(CITYSCAPES_NAMES)
    }
    expected = restated_iou(counted(truth, names, said))
    assert clean_iou(run) == pytest.approx(expected, abs=2e-5)
    assert len(expected) > 5
    assert run.spec.class_names == tuple(CAMVID_NAMES)
    assert run.spec.class_map is not None
    assert run.spec.class_map.maps == "labels"


def test_a_model_with_other_classes_is_refused_and_class_map_suggested(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree", 1)
    factory = tmp_path / "nets.py"
    factory.write_text(
        "import torch\n"
        "def net(classes):\n    net = torch.nn.Conv2d(3, classes, 1)\n"
        "    net.classes = [str(number) for number in range(classes)]\n    return net\n"
        "def ade():\n    torch.manual_seed(0)\n    return net(150)\n"
        "def labels():\n    return lambda image: image[..., 0] % 150\n"
    )
    options: dict[str, Any] = {"data": str(tree), "out": tmp_path / "run", **ONE}
    with pytest.raises(InputError, match=r"150 classes, where .* 19; give .* or a --class-map"):
        robustbench_seg.evaluate(f"python:{factory}:ade", **options)
    run = robustbench_seg.evaluate(
        f"python:{factory}:ade", class_map="ade20k-to-cityscapes", **options
    )
    assert {"rider", "train"}.isdisjoint(clean_iou(run))
    with pytest.raises(InputError, match=r"differs in .*class_map"):
        robustbench_seg.evaluate(
            f"python:{factory}:ade",
            class_map="ade20k-to-cityscapes",
            class_map_mode="restricted",
            **options,
        )
    with pytest.raises(InputError, match="restricted: python:nets:labels gives labels and no log"):
        robustbench_seg.evaluate(
            f"python:{factory}:labels",
            class_map="ade20k-to-cityscapes",
            class_map_mode="restricted",
            **options,
        )
    with pytest.raises(InputError, match="a model of 150 classes, where the labels of cityscapes"):
        robustbench_seg.evaluate(
            f"python:{factory}:ade",
            class_map="cityscapes-to-camvid",
            **{**options, "data": str(write_camvid(tmp_path / "camvid"))},
        )


def test_lookups_of_labels_and_predictions(tmp_path: Path) -> None:
    """Both directions and modes, by hand."""
    part = load_class_map(str(write_map(tmp_path / "part.toml", PART)))
    save(tmp_path / "images/a.png", noise_image())
    save(tmp_path / "labels/a.png", values(12))
    camvid = open_dataset(images=tmp_path / "images", labels=tmp_path / "labels", classes="camvid")
    wrong = apply_class_map(camvid, part, "wrong")
    assert wrong.dataset.class_names == tuple(CAMVID_NAMES)
    assert wrong.prediction_lookup.tolist() == [
        CAMVID_NAMES.index(PART[name]) if name in PART else 11 for name in CITYSCAPES_NAMES
    ]
    kept = {CAMVID_NAMES.index(name) for name in PART.values()}
    expected = np.array([number if number in kept else IGNORE for number in range(12)], np.uint8)
    assert (wrong.dataset.frames[0].label() == expected[values(12)]).all()
    only = apply_class_map(camvid, part, "restricted")
    assert [CITYSCAPES_NAMES[number] for number in only.kept_classes] == [
        name for name in CITYSCAPES_NAMES if name in PART
    ]
    assert only.prediction_lookup.max() < 11
    city = Dataset("cityscapes", "val", CITYSCAPES, open_dataset("streets", limit=1).frames)
    other = apply_class_map(city, part, "restricted")
    assert other.dataset.class_names == tuple(CAMVID_NAMES)
    assert sorted(other.kept_classes) == sorted(kept) == sorted(other.prediction_lookup.tolist())
    assert other.model_taxonomy == "camvid"
    assert wrong.model_taxonomy == "cityscapes"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from = 3", "expected from"),
        ('from = "cityscapes"\nto = "camvid"\n[map]', r"\[map\] is empty"),
        ('from = "cityscapes"\nto = "camvid"\n[map]\nlane = "road"', "'lane' is no class of citys"),
        ('from = "cityscapes"\nto = "camvid"\n[map]\nroad = "lane"', "no class of camvid"),
        ('from = "cityscapes"\nto = "camvid"\n[map]\nroad = 3', "no class of camvid"),
        ('from = "cityscapes"\nto = "moon"\n[map]\nroad = "a"', "moon: no such file"),
        ('from = "cityscapes"\nto = "bdd100k"\n[map]\nroad = "road"', "the same classes"),
        ('from = "cityscapes"\nto = "camvid"\nand = 1\n[map]\nroad = "road"', "unknown key .and.;"),
    ],
)
def test_bad_maps_are_one_line_errors(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_class_map(str(path))
    assert str(caught.value).startswith(f"--class-map {path}: ")
    assert "\n" not in str(caught.value)


def test_maps_for_other_datasets_are_refused(tmp_path: Path) -> None:
    camvid = open_dataset(str(write_camvid(tmp_path)))
    with pytest.raises(InputError, match=r"from ade20k to cityscapes, and .* camvid .* of neither"):
        apply_class_map(camvid, load_class_map("ade20k-to-cityscapes"), "wrong")
    with pytest.raises(InputError, match="--class-map-mode right: use one of wrong, restricted"):
        apply_class_map(camvid, load_class_map("cityscapes-to-camvid"), "right")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"--class-map moon: no such file; .*cityscapes-to-camvid"):
        load_class_map("moon")


def test_a_specification_is_restored_from_its_dict() -> None:
    spec = ClassMapSpec("a", "0", "wrong", "labels", ("x",), ("y", "z"), ())
    assert parse(ClassMapSpec, json.loads(json.dumps(asdict(spec))), "class map") == spec


@pytest.mark.slow
def test_the_report_says_which_classes_are_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    save(labels / "a.png", values(12))
    part = write_map(tmp_path / "part.toml", PART)
    arguments = ["eval", "--model", "b0@streets", "--images", images, "--labels", labels]
    arguments += ["--classes", "camvid", "--class-map", part, "--class-map-mode", "restricted"]
    arguments += ["--corruptions", "contrast", "--severities", "1", "--out", tmp_path / "run"]
    monkeypatch.setattr("sys.argv", ["robustseg", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0, printed
    assert "Class map part (digest " in printed
    assert "predictions are mapped from the 19 classes of the models to the 11" in printed
    assert (
        "argmax is restricted to mapped classes; these are never predicted: wall, fenc" in printed
    )
    assert "Labels of these classes are ignored: pole, tree, signsymbol, fence, " in printed
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "predictions of unmapped classes" in page
    assert "restricted" in page
