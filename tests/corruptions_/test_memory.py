"""Memory of the corruptions: a small multiple of the image, or one line."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg import check_dataset, corrupt_folder
from robustbench_seg.corruptions import InputError, corrupt, corruption_names
from robustbench_seg.corruptions.finding import check_sizes


@pytest.mark.parametrize("size", [(32, 60000), (60000, 32), (16385, 40)])
def test_fog_refuses_images_whose_landscape_would_fill_the_memory(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    with pytest.raises(InputError, match=rf"{size[1]}x{size[0]} is too long and narrow for fog"):
        corrupt(image, "fog", 3)


def test_the_reference_refuses_what_only_it_cannot_hold() -> None:
    image = np.zeros((32, 60000, 3), np.uint8)
    with pytest.raises(InputError, match="60000x32 is too long and narrow for frost"):
        corrupt(image, "frost", 3, implementation="imagecorruptions")
    check_sizes(corruption_names(), [(1024, 2048), (8192, 8192)], reference=True)


@pytest.mark.parametrize("size", [(8192, 8192), (1024, 2048), (8192, 40), (1, 1), (16384, 600)])
def test_other_images_are_taken(size: tuple[int, int]) -> None:
    check_sizes(corruption_names(), [size])


@pytest.mark.parametrize("name", sorted({*corruption_names()} - {"fog"}))
def test_a_long_narrow_image_takes_a_small_multiple_of_its_bytes(name: str) -> None:
    image = np.zeros((32, 12000, 3), np.uint8)
    corrupt(image[:, :64], name, 3)  # compiles
    tracemalloc.start()
    corrupt(image, name, 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * image.nbytes


def test_frames_that_are_too_long_are_refused_before_any_work(tmp_path: Path) -> None:
    for folder, shape in (("images", (32, 40000, 3)), ("labels", (32, 40000))):
        (tmp_path / folder).mkdir()
        pixels = np.zeros(shape, np.uint8)
        pixels[:, :99] = 1
        Image.fromarray(pixels).save(tmp_path / folder / "a.png")
    folders: dict[str, Any] = {"images": tmp_path / "images", "labels": tmp_path / "labels"}
    line = "40000x32 is too long and narrow for fog, which would need 24.0 GiB of memory"
    with pytest.raises(InputError, match=f"--images .*{line}"):
        robustbench_seg.evaluate("b0@random", **folders, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=rf"a\.png: {line}"):
        corrupt_folder(tmp_path / "images", tmp_path / "out", corruptions=["fog"])
    with pytest.raises(InputError, match="--size: 60000x32 is too long"):
        robustbench_seg.forecast("b0", size=(32, 60000))
    (problem,) = check_dataset(**folders).problems["sizes that a corruption cannot take"]
    assert problem.startswith(line)
