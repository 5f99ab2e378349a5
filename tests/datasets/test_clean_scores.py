"""Clean mIoU of models whose mistakes are known, on real and generated sets in unusual forms."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from robustbench_seg.datasets.base import IGNORE
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.errors import InputError

ADE, BINARY = "class_file_base_drops_values", "one_class_100_percent"
CITYSCAPES = None, "cityscapes19"


def clean_miou(shared: Path, images: str, labels: str, classes: str | None, model: str) -> float:
    """Return the mIoU in percent over the classes with ground truth, as the protocol defines it."""
    folder = shared / "cases" / images.partition("/")[0]
    if not folder.is_dir():
        pytest.skip("needs the folder cases/")
    predict = runpy.run_path(str(shared / "cases/exif_orientation/oracle.py"))[model]()
    paths = {"images": shared / "cases" / images, "labels": shared / "cases" / labels}
    taxonomy = shared / "cases" / classes if classes and "/" in classes else classes
    dataset = open_dataset(**paths, classes=taxonomy)  # type: ignore[arg-type]
    count = len(dataset.classes)
    matrix = np.zeros((count, count))
    for frame in dataset.frames:
        truth, predicted = frame.label(), predict(frame.image())
        scored = truth != IGNORE
        np.add.at(matrix, (truth[scored], predicted[scored]), 1)
    both = np.diagonal(matrix)
    with np.errstate(invalid="ignore"):
        iou = both / (matrix.sum(0) + matrix.sum(1) - both)
    return 100 * float(iou[matrix.sum(1) > 0].mean())


@pytest.mark.parametrize(
    ("images", "labels", "classes", "model", "right"),
    [
        ("exif_orientation/rot180/images", "exif_orientation/rot180/labels", *CITYSCAPES, 85.4),
        ("exif_orientation/square/images", "exif_orientation/square/labels", *CITYSCAPES, 84.0),
        (f"{ADE}/img", f"{ADE}/mask", f"{ADE}/ade.toml", "ade150", 100.0),
        (
            *(f"{ADE}/ids_few/img", f"{ADE}/ids_few/mask"),
            *(f"{ADE}/ids_few/mine.toml", "cityscapes19", 83.3),
        ),
        (f"{BINARY}/img", f"{BINARY}/mask", f"{BINARY}/two_vi.toml", "background", 21.2),
        (f"{BINARY}/img", f"{BINARY}/mask", "binary", "background", 21.2),
    ],
)
def test_the_clean_score_is_right(
    shared_data: Path, images: str, labels: str, classes: str | None, model: str, right: float
) -> None:
    assert clean_miou(shared_data, images, labels, classes, model) == pytest.approx(right, abs=0.06)


def test_all_formats_are_turned(shared_data: Path) -> None:
    folder = "exif_orientation/other_formats"
    scores = clean_miou(shared_data, f"{folder}/eimg", f"{folder}/emask", None, "cityscapes19")
    assert scores == pytest.approx(85.4, abs=0.06)


def test_labels_in_jpeg_are_refused(shared_data: Path) -> None:
    folder = "jpeg_label_named_png"
    with pytest.raises(InputError, match="is a JPEG file"):
        clean_miou(shared_data, f"{folder}/img", f"{folder}/jpeg", "cityscapes-ids", "cityscapes19")
