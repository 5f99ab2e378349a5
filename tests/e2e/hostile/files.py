"""Hostile files in every place where a user's file is read, each with the line that refuses it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from PIL import Image

from robustbench_seg import corrupt_folder
from robustbench_seg.copies.corrupted_copy import TABLE
from robustbench_seg.datasets.copied import MANIFEST
from tests.helpers.foreign_models import save_onnx
from tests.helpers.frames import image_path, label_path, write_tree

FEW = ("--corruptions", "contrast", "--severities", "1")


class Attack(NamedTuple):
    """A command line on files that a function makes in a folder, and the line it ends with."""

    kind: str
    """Attacks of one kind go the same way; the quick tests try one of each."""
    build: Callable[[Path], list[str]]
    line: str
    """Regular expression of the line on stderr."""
    code: int = 2


def evaluate(*words: str | Path) -> list[str]:
    """Return a command that evaluates a model of random weights."""
    return ["eval", "--model", "b0@random", *FEW, *map(str, words)]


def pipe(path: Path) -> None:
    """Make a named pipe without a writer: opening it waits for ever."""
    os.mkfifo(path)


def device(path: Path) -> None:
    """Make a link to a device without an end."""
    path.symlink_to("/dev/zero")


def sock(path: Path) -> None:
    """Make a socket."""
    folder = os.open(path.parent, os.O_RDONLY)  # paths of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def huge(path: Path) -> None:
    """Make a sparse file of 64 GiB, more than most memories."""
    with path.open("wb") as file:
        file.truncate(2**36)


def tree(folder: Path) -> Path:
    """Write a frame in Cityscapes' layout."""
    return write_tree(folder / "tree", 1, width=64, height=32)


def as_setting(option: str, name: str, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a file of settings to an option."""
    make(folder / name)
    return evaluate("--data", tree(folder), option, folder / name)


def as_classes(make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a taxonomy of two folders of images and labels."""
    root = tree(folder)
    make(folder / "classes.toml")
    images, labels = image_path(root, 0).parent, label_path(root, 0).parent
    return evaluate("--images", images, "--labels", labels, "--classes", folder / "classes.toml")


def as_weights(name: str, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give weights to a model."""
    make(folder / name)
    words = ("--model", "b0", "--weights", folder / name)
    return ["eval", *map(str, ("--data", tree(folder), *words, *FEW))]


def as_sidecar(make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give weights with a file of settings beside them."""
    torch.save({"w": torch.zeros(1)}, folder / "w.pth")
    make(folder / "w.toml")
    words = ("--model", "b0", "--weights", folder / "w.pth")
    return ["eval", *map(str, ("--data", tree(folder), *words, *FEW))]


def as_model(prefix: str, name: str, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a model in a file of another library."""
    make(folder / name)
    words = ("--model", f"{prefix}:{folder / name}", "--data", tree(folder))
    return ["eval", *map(str, (*words, *FEW))]


def in_folder(name: str, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a folder of weights as Hugging Face lays it out, with one bad file."""
    (folder / "model").mkdir()
    for other in ("config.json", "model.safetensors"):
        (folder / "model" / other).write_text("{}")
    (folder / "model" / name).unlink(missing_ok=True)
    make(folder / "model" / name)
    words = ("--model", "b0", "--weights", folder / "model", "--data", tree(folder))
    return ["eval", *map(str, (*words, *FEW))]


def in_tree(label: bool, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a dataset with a bad image or label."""
    root = tree(folder)
    path = (label_path if label else image_path)(root, 0)
    path.unlink()
    make(path)
    return evaluate("--data", root)


def in_listed_tree(label: bool, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a dataset with a link to a bad image or label: a link counts as what it leads to."""
    make(folder / "other")
    return in_tree(label, lambda path: path.symlink_to(folder / "other"), folder)


def in_copy(name: str, make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a corrupted copy with one bad file."""
    root = tree(folder)
    corrupt_folder(root, folder / "copy", corruptions=["contrast"], severities=[1])
    (folder / "copy" / name).unlink()
    make(folder / "copy" / name)
    return evaluate("--data", root, "--copy", folder / "copy")


def as_source(make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give a folder of images to corrupt, one of them bad."""
    (folder / "in").mkdir()
    make(folder / "in" / "a.png")
    return ["corrupt", str(folder / "in"), str(folder / "out"), *FEW]


def to_train(make: Callable[[Path], None], folder: Path) -> list[str]:
    """Give weights to begin a training with."""
    make(folder / "init.pth")
    words = ("--data", tree(folder), "--split", "val", "--init", folder / "init.pth")
    return ["train", *map(str, (*words, "--out", folder / "out", "--steps", "1"))]


def onnx_location(place: str, folder: Path) -> list[str]:
    """Give an ONNX file whose tensors lie elsewhere."""
    (folder / "secret").write_bytes(bytes(2**20))
    (folder / "model").mkdir()
    path = folder / "model" / "net.onnx"
    save_onnx(path, 19, external=True)
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = place
    (folder / "model" / "net.onnx.data").unlink()
    (folder / "model" / "link").symlink_to("../secret")
    os.mkfifo(folder / "model" / "pipe")
    path.write_bytes(model.SerializeToString())
    return ["eval", *map(str, ("--model", f"onnx:{path}", "--data", tree(folder), *FEW))]


def reshaped_copy(shape: tuple[int, int], folder: Path) -> list[str]:
    """Give a copy with an image of the same bytes in another shape."""
    words = in_copy(MANIFEST, lambda path: None, folder)
    corrupt_folder(folder / "tree", folder / "whole", corruptions=["contrast"], severities=[1])
    path = image_path(folder / "whole" / "contrast" / "1", 0)
    pixels = np.asarray(Image.open(path))
    Image.fromarray(pixels.reshape(*shape, 3)).save(path)
    return [*words[:-1], str(folder / "whole")]


NODES: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (pipe, "a named pipe"),
    "device": (device, "a device"),
    "socket": (sock, "a socket"),
}
PLACES: dict[str, Callable[[Callable[[Path], None], Path], list[str]]] = {
    "suite": partial(as_setting, "--suite", "s.toml"),
    "list of frames": partial(as_setting, "--frames", "frames.txt"),
    "class map": partial(as_setting, "--class-map", "map.toml"),
    "taxonomy": as_classes,
    "sidecar": as_sidecar,
    "weights .pth": partial(as_weights, "w.pth"),
    "weights .safetensors": partial(as_weights, "w.safetensors"),
    "weights to train": to_train,
    "onnx": partial(as_model, "onnx", "net.onnx"),
    "torchscript": partial(as_model, "torchscript", "net.pt"),
    "configuration": partial(in_folder, "config.json"),
    "weights in a folder": partial(in_folder, "model.safetensors"),
    "manifest": partial(in_copy, MANIFEST),
    "table of a copy": partial(in_copy, TABLE),
}
"""Where a file is opened by its name, whatever it is."""
SETTINGS = ("suite", "list of frames", "class map", "taxonomy", "sidecar")


def attacks() -> Iterator[tuple[str, Attack]]:
    """Yield every attack with its name."""
    for place, build in PLACES.items():
        for node, (make, what) in NODES.items():
            line = f"is {what}; name a regular file"
            yield f"{place}: {node}", Attack(f"a {node}", partial(build, make), line)
    for place in SETTINGS:
        line = "has more than 16 MiB, the limit of such a file"
        yield f"{place}: huge", Attack("a huge file", partial(PLACES[place], huge), line)
    for node, (make, what) in NODES.items():  # which are no files, and are not listed
        for kind, build, line in (
            ("an image", partial(in_tree, False), "no images; expected"),
            ("a linked image", partial(in_listed_tree, False), "no images; expected"),
            ("a label", partial(in_tree, True), "no label"),
            ("a source", as_source, f"is {what}; name a regular file"),
        ):
            yield f"{kind}: {node}", Attack(kind, partial(build, make), line)
    refused = r"refused: it names .*; expected files in its folder"
    for place in ("../secret", "/etc/passwd", "a/../../secret", "link", "C:\\secret", "\\\\a\\b"):
        yield f"onnx tensors in {place}", Attack("onnx", partial(onnx_location, place), refused)
    for place, line in (("gone", "are missing"), ("pipe", "is a named pipe")):
        yield f"onnx tensors in {place}", Attack("onnx", partial(onnx_location, place), line)
    address = partial(onnx_location, "*/_ORT_MEM_ADDR_/*")
    yield "onnx tensors in memory", Attack("onnx", address, "are missing")
    other = "its pixels are not those that were written"
    for shape in ((64, 32), (16, 128)):
        attack = Attack("a copy", partial(reshaped_copy, shape), other, code=1)
        yield f"copy as {shape}", attack


ATTACKS = dict(attacks())
