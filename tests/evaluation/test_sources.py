"""Where a run's corrupted images come from: made by us, by the reference, or read from a copy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import robustbench_seg
from robustbench_seg.corruptions.reference import corrupt_by_reference
from robustbench_seg.corruptions.seeding import stream_seed
from robustbench_seg.datasets.image_files import read_image
from robustbench_seg.errors import InputError
from robustbench_seg.inference import condition_images
from robustbench_seg.inference.condition_images import ConditionImages
from robustbench_seg.protocol.cell import Cell
from robustbench_seg.protocol.condition import Condition, Draw
from robustbench_seg.protocol.stored_spec import read_spec
from robustbench_seg.reporting.run import Run
from robustbench_seg.runs.store import Store
from tests.helpers.frames import image_path, name, write_tree

FEW: dict[str, Any] = {"corruptions": ["impulse_noise", "contrast"], "severities": [2, 4]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree"), 3)


@pytest.fixture(scope="module")
def copy(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("copy") / "out"
    robustbench_seg.corrupt_folder(tree, out, seed=5, workers=1, **FEW)
    return out


def evaluate(tree: Path, out: Path, **options: Any) -> Run:
    return robustbench_seg.evaluate("b0@random", data=str(tree), out=out, **options)


def matrices(run: Run) -> dict[Cell, NDArray[np.int64]]:
    with Store.open(run.folder) as store:
        return dict(store.matrices())


def equal_matrices(left: Run, right: Run) -> None:
    ours, theirs = matrices(left), matrices(right)
    assert ours.keys() == theirs.keys()
    for cell in ours:
        np.testing.assert_array_equal(ours[cell], theirs[cell], err_msg=str(cell))


@pytest.mark.slow
def test_a_copy_gives_the_matrices_of_corrupting_on_the_fly(
    tree: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = evaluate(tree, tmp_path / "made", seed=5, **FEW)
    # The other seed gives others, so that equality says something.
    other = matrices(evaluate(tree, tmp_path / "other", seed=6, **FEW))
    cell = Cell("b0@random", "impulse_noise", 4, name(0))
    assert (other[cell] != matrices(made)[cell]).any()

    monkeypatch.setattr(condition_images, "corrupt", None)
    read = evaluate(tree, tmp_path / "read", copy=copy)
    assert len(matrices(read)) == 3 * 5
    equal_matrices(made, read)
    named = evaluate(tree, tmp_path / "named", copy=copy, seed=5, suite="imagenet-c-all", **FEW)
    equal_matrices(made, named)


def test_a_part_of_a_copy_can_be_evaluated(tree: Path, copy: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"corruptions": ["contrast"], "severities": [4], "limit": 2}
    made = evaluate(tree, tmp_path / "made", seed=5, **few)
    equal_matrices(made, evaluate(tree, tmp_path / "read", copy=copy, **few))


def test_a_run_says_that_its_images_are_from_a_copy(tree: Path, copy: Path, tmp_path: Path) -> None:
    run = evaluate(tree, tmp_path / "run", copy=copy, limit=1)
    spec = Run.open(run.folder).spec
    assert spec.seed == 5
    assert spec.copy is not None
    assert len(spec.copy.digest) == 64
    assert any(
        f"read from a copy made by robustseg corrupt, seed 5, digest {spec.copy.digest[:16]}"
        in note
        for note in run.report().notes
    )
    provenance = run.report().provenance
    assert provenance["corrupted copy"]["digest of its images"] == spec.copy.digest
    assert provenance["corrupted copy"]["made with numpy"] == np.__version__
    on_the_fly = evaluate(tree, tmp_path / "made", seed=5, limit=1, **FEW).spec
    assert on_the_fly.copy is None
    assert on_the_fly.slug != spec.slug
    with pytest.raises(InputError, match=r"holds another run, which differs in copy;"):
        evaluate(tree, tmp_path / "run", seed=5, limit=1, **FEW)


def test_what_is_wrong_with_a_copy_is_said_before_long_work(
    tree: Path, copy: Path, tmp_path: Path
) -> None:
    lacking = tmp_path / "lacking"
    shutil.copytree(copy, lacking)
    image_path(lacking / "contrast" / "4", 2).unlink()
    others = write_tree(tmp_path / "others", 1, width=160)
    cases: dict[str, tuple[Path, dict[str, Any]]] = {
        "no corrupted copy here": (tree, {"copy": tmp_path}),
        "made without fog at severity 1": (tree, {"corruptions": ["fog"], "suite": "cityscapes-c"}),
        "made without impulse_noise at severity 1": (
            tree,
            {"suite": "cityscapes-c", **FEW, "severities": [1]},
        ),
        "corruption in cityscapes-c-part 'fog'": (tree, {"corruptions": ["fog"]}),
        "--seed 0: the images in .* were made with 5": (tree, {"seed": 0}),
        "--implementation imagecorruptions: the images in": (
            tree,
            {"implementation": "imagecorruptions"},
        ),
        f"contrast/4.*{name(2)}.*: no such image": (tree, {"copy": lacking}),
        f"the image of frame {name(0)} was not copied": (others, {}),
    }
    for words, (data, options) in cases.items():
        with pytest.raises(InputError, match=words) as caught:
            evaluate(data, tmp_path / "run", **{"copy": copy, **options})
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=f"contrast/4.*{name(2)}.*: no such image"):
        evaluate(tree, tmp_path / "run", copy=lacking)
    assert evaluate(tree, tmp_path / "two", copy=lacking, limit=2).complete


def test_a_changed_pixel_of_a_copy_is_noticed(tree: Path, copy: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(copy, changed)
    shutil.copy(
        image_path(changed / "contrast" / "4", 0), image_path(changed / "contrast" / "2", 0)
    )
    with pytest.raises(InputError, match=f"contrast/2.*{name(0)}.*not those that were written"):
        evaluate(tree, tmp_path / "run", copy=changed, limit=1, strict=True)


@pytest.mark.slow
def test_the_reference_can_make_the_images(tree: Path, tmp_path: Path) -> None:
    image = read_image(image_path(tree, 0))
    np.testing.assert_array_equal(
        ConditionImages(3, "imagecorruptions").make(
            Draw(Condition.corrupted("shot_noise", 2)), image, "key"
        ),
        corrupt_by_reference("shot_noise", image, 2, stream_seed(3, "key", "shot_noise", 2)),
    )
    few: dict[str, Any] = {"corruptions": ["shot_noise"], "severities": [2], "limit": 1}
    theirs = evaluate(tree, tmp_path / "theirs", implementation="imagecorruptions", **few)
    ours = evaluate(tree, tmp_path / "ours", **few)
    assert theirs.spec.implementation == "imagecorruptions"
    assert Run.open(ours.folder).spec.implementation == "native"
    assert theirs.spec.slug != ours.spec.slug
    assert any("the original package imagecorruptions" in note for note in theirs.report().notes)
    assert any("are those of robustbench-seg" in note for note in ours.report().notes)
    assert theirs.report().provenance["run"]["corruptions"] == "imagecorruptions"
    with pytest.raises(InputError, match=r"differs in implementation \(ours, reference\)"):
        evaluate(tree, tmp_path / "ours", implementation="imagecorruptions", **few)
    with pytest.raises(InputError, match="theirs: use one of native, imagecorruptions"):
        evaluate(tree, tmp_path / "x", implementation="theirs", **few)


def test_runs_of_before_can_be_read(tree: Path, tmp_path: Path) -> None:
    spec = evaluate(tree, tmp_path / "run", limit=1, **FEW).spec
    before = spec.to_dict()
    del before["implementation"], before["copy"]
    assert read_spec(before) == spec


def test_the_reference_is_refused_without_opencv_before_any_work(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)  # makes `import cv2` fail
    with pytest.raises(InputError, match=r"apt-get install libgl1.*opencv-python-headless"):
        evaluate(tree, tmp_path / "run", implementation="imagecorruptions", **FEW)
    assert not (tmp_path / "run").exists()
