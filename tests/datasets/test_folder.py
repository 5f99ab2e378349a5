"""Two folders of images and labels."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustbench_seg.datasets.registry import open_dataset
from robustbench_seg.datasets.validate import check_dataset
from robustbench_seg.errors import InputError
from tests.helpers.trees import noise_image, save, values, write_folders

Where = dict[str, Any]


def test_the_name_of_the_embedded_scenes_is_taken(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    taxonomy = tmp_path / "streets.toml"
    taxonomy.write_text('classes = "cityscapes"\n')
    with pytest.raises(InputError, match=r"streets.toml: its name 'streets' is that of the embedd"):
        open_dataset(images=images, labels=labels, classes=taxonomy)
    taxonomy.write_text('classes = "cityscapes"\nname = "my streets"\n')
    assert open_dataset(images=images, labels=labels, classes=taxonomy).name == "my streets"


def test_names_may_have_spaces_any_letters_and_links(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("Straße 1/Bäume im Nebel", "Straße 1/夜", "z"))
    (images / "._z.jpg").write_bytes(b"what macOS leaves")
    elsewhere = tmp_path / "elsewhere"
    (images / "Straße 1").rename(elsewhere)
    (images / "Straße 1").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(images)
    (labels / "again").symlink_to(labels / "Straße 1")
    (images / "again").symlink_to(elsewhere)
    dataset = open_dataset(images=images, labels=labels)
    assert [(frame.name, frame.group) for frame in dataset.frames] == [
        ("Straße 1/Bäume im Nebel", "Straße 1"),
        ("Straße 1/夜", "Straße 1"),
        ("again/Bäume im Nebel", "again"),
        ("again/夜", "again"),
        ("z", ""),
    ]
    assert (dataset.frames[0].label() == values(19)).all()
    assert dataset.name == "cityscapes"


def test_errors_of_folders_name_the_option(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a", "b", "c"))
    (tmp_path / "nothing").mkdir()
    for options, words in (
        ({"images": images}, "--images DIR and --labels DIR go together"),
        ({"classes": "camvid"}, "go together"),
        ({"images": tmp_path / "absent", "labels": labels}, "--images .*absent: no such folder"),
        ({"images": images, "labels": tmp_path / "absent"}, "--labels .*absent: no such folder"),
        ({"images": tmp_path / "nothing", "labels": labels}, "no images; looked for .png"),
        (
            {"images": images, "labels": labels, "data": "streets"},
            "--data streets and --images are",
        ),
        ({"images": images, "labels": labels, "classes": "x.toml"}, "--classes x.toml: no such"),
    ):
        with pytest.raises(InputError, match=words):
            open_dataset(**options)
    (labels / "b.png").unlink()
    (labels / "a.png").rename(labels / "a_color.png")
    with pytest.raises(InputError, match=r'a\.jpg: no label; .*_suffix = "_color" \(1 more'):
        open_dataset(images=images, labels=labels)


@pytest.mark.parametrize("ending", [".PNG", ".tif", ".TIFF", ".bmp"])
def test_labels_may_have_other_extensions(tmp_path: Path, ending: str) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    (labels / "a.png").unlink()
    save(labels / f"a{ending}", values(19))
    assert check_dataset(images=images, labels=labels).problems == {}
    (frame,) = open_dataset(images=images, labels=labels).frames
    assert (frame.label() == values(19)).all()


def test_two_labels_of_an_image_are_refused_unless_one_is_png(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    for ending in ("tif", "bmp"):
        save(labels / f"a.{ending}", values(19))
    assert check_dataset(images=images, labels=labels).problems == {}
    (labels / "a.png").unlink()
    with pytest.raises(InputError, match=r"a\.jpg: has the labels a\.bmp and a\.tif; keep one"):
        open_dataset(images=images, labels=labels)


def test_names_may_be_composed_otherwise(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Bäume") for form in ("NFC", "NFD"))
    for image, label in ((composed, decomposed), (decomposed, composed)):
        save(tmp_path / image / "images" / image / f"{image}.jpg", noise_image())
        save(tmp_path / image / "labels" / label / f"{label}.png", values(19))
        where: Where = {
            "images": tmp_path / image / "images",
            "labels": tmp_path / image / "labels",
        }
        assert check_dataset(**where).problems == {}
        assert [frame.name for frame in open_dataset(**where).frames] == [f"{image}/{image}"]


@pytest.mark.parametrize(
    ("image", "label", "suffixes"),
    [
        ("{}.jpg", "{}.png", {}),
        ("{}.png", "{}_mask.png", {"label_suffix": "_mask"}),
        ("{}_rgb.png", "{}.png", {"image_suffix": "_rgb"}),
        ("{}_rgb.png", "{}_rgb_L.png", {"image_suffix": "_rgb", "label_suffix": "_rgb_L"}),
        ("{}_rgb.jpg", "{}_mask.png", {"image_suffix": "_rgb", "label_suffix": "_mask"}),
    ],
)
def test_images_and_labels_may_lie_in_one_folder(
    tmp_path: Path, image: str, label: str, suffixes: dict[str, str]
) -> None:
    taxonomy = tmp_path / "mine.toml"
    lines = [f'{key} = "{value}"' for key, value in suffixes.items()]
    taxonomy.write_text("\n".join(['classes = "cityscapes"', *lines]))
    folder = tmp_path / "both"
    for name in ("a", "b (1)"):
        save(folder / image.format(name), noise_image())
        save(folder / label.format(name), values(19))
    where: Where = {"images": folder, "labels": folder, "classes": taxonomy}
    assert check_dataset(**where).problems == {}
    frames = open_dataset(**where).frames
    assert [frame.name for frame in frames] == ["a", "b (1)"]
    assert all((frame.label() == values(19)).all() for frame in frames)


def test_one_folder_of_png_files_needs_a_suffix(tmp_path: Path) -> None:
    save(tmp_path / "a.png", values(19))
    with pytest.raises(InputError, match="no images in JPEG beside the labels; give a taxonomy wi"):
        open_dataset(images=tmp_path, labels=tmp_path)


def test_one_folder_may_lie_in_the_other(tmp_path: Path) -> None:
    for above, below in (("images", "labels"), ("labels", "images")):
        where: Where = {above: tmp_path / above, below: tmp_path / above / "all"}
        save(where["images"] / "a.jpg", noise_image())
        save(where["labels"] / "a.png", values(19))
        assert check_dataset(**where).problems == {}
        assert [frame.name for frame in open_dataset(**where).frames] == ["a"]


def test_files_without_the_suffix_are_no_labels(tmp_path: Path) -> None:
    # As in gtFine, which has colours and instances beside the labels.
    images, labels = write_folders(tmp_path, ("a",))
    (labels / "a.png").rename(labels / "a_ids.png")
    save(labels / "a_color.png", noise_image())
    taxonomy = tmp_path / "mine.toml"
    taxonomy.write_text('classes = "cityscapes"\nlabel_suffix = "_ids"')
    assert check_dataset(images=images, labels=labels, classes=taxonomy).problems == {}
    save(labels / "b_ids.png", values(19))
    assert check_dataset(images=images, labels=labels, classes=taxonomy).problems == {
        "labels without an image": [f"{labels / 'b_ids.png'}: no image for this label"]
    }


def test_the_hint_on_a_suffix_is_a_taxonomy_that_works(tmp_path: Path) -> None:
    images, labels = write_folders(tmp_path, ("a",))
    save(labels / "a.png", values(151)).rename(labels / "a_seg.png")
    with pytest.raises(InputError) as caught:
        open_dataset(images=images, labels=labels, classes="ade20k")
    hint = str(caught.value).partition("give a taxonomy with ")[2]
    (tmp_path / "mine.toml").write_text(hint.replace(" and ", "\n"))
    (frame,) = open_dataset(images=images, labels=labels, classes=tmp_path / "mine.toml").frames
    expected = np.where(values(151) == 0, 255, values(151) - np.uint8(1))
    assert (frame.label() == expected).all()
    (labels / "a_seg.png").rename(labels / "a.npy")
    (images / "b.jpg").write_bytes((images / "a.jpg").read_bytes())
    save(labels / "B.png", values(3))
    with pytest.raises(InputError, match=r"a\.npy exists, which is not read; convert it to PNG"):
        open_dataset(images=images, labels=labels, classes="ade20k")
    (labels / "a.npy").unlink()
    save(labels / "a.png", values(3))
    with pytest.raises(InputError, match=r"b\.png; B\.png exists, in other letters; write both"):
        open_dataset(images=images, labels=labels, classes="ade20k")
