"""Depth of frames: files of each form, what is unknown, and what is refused."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import robustbench_seg
from robustbench_seg.corruptions import image_key
from robustbench_seg.datasets.depth import depth_of, with_depth
from robustbench_seg.datasets.depth_files import BASELINE, FOCAL_LENGTH, read_depth
from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.streets import photograph, streets
from robustbench_seg.errors import InputError
from robustbench_seg.runs.store import Store
from tests.helpers.frames import CITY, name, write_tree
from tests.helpers.trees import write_folders

SKY, ROAD = 10, 0


def npy(shape: str) -> bytes:
    """Return a .npy file without data whose header claims a shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}"
    return b"\x93NUMPY\x01\x00\x76\x00" + header.ljust(117).encode() + b"\n"


HUGE = npy("(9999999, 9999999)}")
"""A file that claims to have 728 TiB."""
_FILE = BytesIO()
np.savez(_FILE, np.ones((2, 2)))
ARCHIVE = _FILE.getvalue()
"""An archive of arrays, which np.load takes too."""


def write_png(path: Path, values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(values, np.uint16)).save(path)
    return path


def test_streets_know_their_depth() -> None:
    scene = photograph("val", 3, 512, 256)
    assert np.isinf(scene.depth[scene.label == SKY]).mean() > 0.97  # but for edges of things
    assert (scene.label[np.isinf(scene.depth)] == SKY).all()
    horizon = photograph("val", 0, 512, 256)
    far = horizon.depth[horizon.label == SKY]
    assert not ((far > 400) & (far < np.inf)).any()  # nothing is seen through the sky
    # The road is a plane: the inverse of its depth is linear in the row, 0 at the horizon.
    road = np.where((scene.label == ROAD) & (scene.depth < 60), scene.depth, np.nan)
    rows = np.flatnonzero(np.isfinite(road).sum(axis=1) > 30)
    inverse = 1 / np.nanmedian(road[rows], axis=1)
    slope, start = np.polyfit(rows, inverse, 1)
    assert np.abs(inverse - slope * rows - start).max() < 1e-5
    assert 0.38 < -start / slope / 256 < 0.5
    assert depth_of(streets(limit=4).frames[3]).tobytes() == scene.depth.tobytes()


def test_png_and_npy_files_are_read(tmp_path: Path) -> None:
    metres = np.array([[np.inf, 2.5], [1, 3]], np.float64)
    np.save(tmp_path / "a.npy", metres)
    np.testing.assert_array_equal(read_depth(tmp_path / "a.npy"), metres.astype(np.float32))
    # Above the first known pixel of a column is sky; else the nearest known one counts.
    stored = [[0, 512, 0], [256, 0, 0], [0, 1024, 0], [300, 0, 0]]
    found = read_depth(write_png(tmp_path / "b.png", stored))
    np.testing.assert_allclose(found[:, 0], [np.inf, 1, 1, 300 / 256])
    assert found[0, 1] == 2
    assert found[2, 1] == 4
    assert np.isfinite(found[:, 1:]).all()
    np.testing.assert_array_equal(found[:, 2], found[:, 1])  # a column of which nothing is known
    edge = read_depth(write_png(tmp_path / "c.png", [[0, 0, 0], [0, 256, 0], [0, 512, 0]]))
    np.testing.assert_array_equal(edge, [[np.inf] * 3, [1] * 3, [2] * 3])


def test_disparity_of_cityscapes_becomes_metres(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", 2)
    stored = np.full((64, 128), 256 * 10 + 1)
    stored[0, 0] = 1  # a disparity of 0
    for index in range(2):
        write_png(root / "disparity" / "val" / CITY / f"{name(index)}_disparity.png", stored)
    camera = root / "camera" / "val" / CITY / f"{name(1)}_camera.json"
    camera.parent.mkdir(parents=True)
    camera.write_text(json.dumps({"extrinsic": {"baseline": 0.2}, "intrinsic": {"fx": 1000}}))
    first, second = open_dataset(str(root), "val").frames
    metres = depth_of(first)
    assert metres[5, 5] == np.float32(BASELINE * FOCAL_LENGTH / 10)
    assert metres[0, 0] == np.inf
    assert depth_of(second)[5, 5] == np.float32(20)
    fog: dict[str, Any] = {"suite": "street-3d", "corruptions": ["fog_3d"], "severities": [3]}
    copy = robustbench_seg.corrupt_folder(root, tmp_path / "copy", **fog)
    assert all(len(image.depth_key) == 64 for image in copy.manifest.images)
    image = second.image()
    expected = robustbench_seg.corrupt(image, "fog_3d", 3, depth=depth_of(second))
    np.testing.assert_array_equal(copy.image(image_key(image), "fog_3d", 3), expected)
    for baseline in (-1, 10**400):
        camera.write_text(
            f'{{"extrinsic": {{"baseline": {baseline}}}, "intrinsic": {{"fx": 1000}}}}'
        )
        with pytest.raises(InputError, match=r"camera\.json: not a camera of Cityscapes"):
            depth_of(second)
    camera.write_text('{"extrinsic": {"baseline": 1e-60}, "intrinsic": {"fx": 1000}}')
    with pytest.raises(InputError, match="holds metres that are 0"):
        depth_of(second)


def test_a_folder_has_the_depth_of_each_image(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", 2)
    dataset = open_dataset(str(root), "val")
    with pytest.raises(InputError, match="no such file; extract the disparity maps there, or give"):
        depth_of(dataset.frames[0])
    folder = tmp_path / "depth"
    (folder / CITY).mkdir(parents=True)
    np.save(folder / CITY / f"{name(0)}_leftImg8bit.npy", np.full((64, 128), 7.0))
    with pytest.raises(InputError, match=f"no depth of image {name(1)}_leftImg8bit.png; expected "):
        with_depth(dataset, folder)
    write_png(folder / f"{name(1)}_leftImg8bit.png", np.full((64, 128), 9 * 256))
    assert [depth_of(each)[3, 3] for each in with_depth(dataset, folder).frames] == [7, 9]
    with pytest.raises(InputError, match="--depth: streets is not read from images; leave it out"):
        with_depth(streets(limit=1), folder)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("a.npy", np.ones((2, 2), int), r"expected floats \(H, W\) in metres, got int64"),
        ("a.npy", np.ones((2, 2, 1)), "expected floats"),
        ("a.npy", np.array([[1, np.nan]]), "holds metres that are 0, negative or NaN"),
        ("a.npy", np.array([[None]]), r"cannot be read as .npy \("),
        ("a.npy", b"nothing", r"cannot be read as .npy \("),
        ("a.npy", ARCHIVE, r"cannot be read as .npy \("),
        ("a.npy", HUGE, r"cannot be read as .npy \("),
        ("a.npy", npy("(2, 2"), r"cannot be read as .npy \("),
        ("a.npy", npy("(2, 10000000000000000000000000)}"), r"cannot be read as .npy \("),
        ("a.npy", np.full((2, 2), 1e-60), "holds metres that are 0, negative or NaN"),
        ("a.png", np.zeros((2, 2), np.uint16), "knows no pixel's depth"),
        ("a.png", np.ones((2, 2), np.uint8), "must be a grey PNG of 16 bits, this is 'L'"),
    ],
)
def test_files_that_are_no_depth_are_refused(
    tmp_path: Path, file: str, content: Any, words: str
) -> None:
    path = tmp_path / file
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif path.suffix == ".npy":
        np.save(path, content, allow_pickle=True)
    else:
        Image.fromarray(content).save(path)
    with pytest.raises(InputError, match=f"{file}: .*{words}"):
        read_depth(path)


def test_a_run_needs_the_same_depth_of_all_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folders(tmp_path)
    (tmp_path / "m.py").write_text("def make():\n    return lambda image: image[..., 0] % 19\n")
    classes = ", ".join(f'{{ name = "{number}" }}' for number in range(19))
    (tmp_path / "classes.toml").write_text(f"classes = [{classes}]")
    given: dict[str, Any] = {"images": "images", "labels": "labels", "classes": "classes.toml"}
    given |= {"suite": "street-3d", "corruptions": ["fog_3d"], "severities": [1, 5], "out": "run"}
    model = "python:m.py:make"
    with pytest.raises(InputError, match=r"--depth depth: nothing in cityscapes-c-part needs"):
        robustbench_seg.evaluate(
            model, **{**given, "suite": None, "corruptions": ["fog"]}, depth="depth"
        )
    with pytest.raises(InputError, match=r"^a: has no depth; give --depth DIR, or use another"):
        robustbench_seg.evaluate(model, **given)
    (tmp_path / "depth").mkdir()
    for frame, size in (("a", (32, 64)), ("b", (32, 60))):
        np.save(f"depth/{frame}.npy", np.full(size, 30.0))
    with pytest.raises(InputError, match=r"^b: its depth is 60x32, its image 64x32"):
        robustbench_seg.evaluate(model, **given, depth="depth")
    np.save("depth/b.npy", np.full((32, 64), 30.0))
    run = robustbench_seg.evaluate(model, **given, depth="depth")
    scores = run.table("tidy").query("metric == 'miou'").set_index("severity")["value"]
    assert scores[0] != scores[5]  # the labels are arbitrary, and fog changes them
    with Store.open(Path("run")) as store:
        assert all(len(frame.depth_key) == 64 for frame in store.spec.frames)
    np.save("depth/b.npy", np.full((32, 64), 31.0))
    with pytest.raises(InputError, match="holds another run, which differs in"):
        robustbench_seg.evaluate(model, **given, depth="depth")
    with pytest.raises(InputError, match=r"a\.jpg: has no depth; give --depth DIR"):
        robustbench_seg.corrupt_folder("images", "out", suite="street-3d")
    chosen: dict[str, Any] = {key: given[key] for key in ("suite", "corruptions", "severities")}
    chosen["depth"] = "depth"
    np.save("depth/b.npy", np.full((32, 60), 30.0))
    with pytest.raises(InputError, match=r"b\.npy: is 60x32, its image 64x32"):
        robustbench_seg.corrupt_folder("images", "out", **chosen)
    np.save("depth/b.npy", np.full((32, 64), 30.0))
    for _ in range(2):  # the second call finds the same copy
        robustbench_seg.corrupt_folder("images", "out", **chosen)
    copied = robustbench_seg.evaluate(model, **given | {"copy": "out", "out": "copied"})
    assert copied.table("tidy").equals(run.table("tidy"))
    np.save("depth/b.npy", np.full((32, 64), 31.0))
    with pytest.raises(InputError, match="out: holds another copy, which differs in images"):
        robustbench_seg.corrupt_folder("images", "out", **chosen)
