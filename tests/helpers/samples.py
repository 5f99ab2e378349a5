"""Small valid files of every format that is read, to be damaged by the fuzzer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.models.catalogue import MODELS

CLASSES = """name = "yard"
classes = [
  { name = "grass", color = [0, 160, 0], category = "nature" },
  { name = "path", color = [90, 90, 90], category = "flat" },
]
values = [1, 2]
ignore = [0, 255]
indexed = true
image_suffix = "_rgb"
label_suffix = "_labels"
"""
CLASS_MAP = """from = "cityscapes"
to = "yard.toml"
[map]
road = "path"
vegetation = "grass"
"""
RESOLUTIONS = """title = "Half and double, in fog"
source = "a test"
scales = [0.5, 1.0, 2.0]
images = ["clean", "fog 3"]
against = "scale 1, slide"

[[window]]
name = "slide"
mode = "slide"
crop = 0.75
stride = 0.5
"""
NETWORKS = """
import torch
from torch import nn

class ByValue(nn.Conv2d):
    def forward(self, image):
        return super().forward(image if image.sum().item() > 0 else -image)

def network():
    return ByValue(3, 5, 1)

def function():
    return lambda image: image[..., 0] % 5
"""
PROCESSOR = """{"do_resize": true, "size": {"height": 512, "width": 512}, "resample": 2,
"do_normalize": true, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
"do_rescale": true, "rescale_factor": 0.00392156862745098}"""


def networks(folder: Path) -> str:
    """Write a Python file with a network that needs pixel values, and a label function."""
    (folder / "networks.py").write_text(NETWORKS)
    return f"python:{folder / 'networks.py'}"


def images(folder: Path) -> Iterator[Path]:
    """Write images of every format that is read, and yield their paths."""
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (33, 41, 3), np.uint8)
    color, grey = Image.fromarray(pixels), Image.fromarray(pixels[..., 0])
    wide = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    for name, image, options in (
        ("color.png", color, {}),
        ("grey.png", grey, {}),
        ("palette.png", color.quantize(16), {}),
        ("alpha.png", color.convert("RGBA"), {}),
        ("wide.png", wide, {}),
        ("color.jpg", color, {}),
        ("cmyk.jpg", color.convert("CMYK"), {}),
        ("color.bmp", color, {}),
        ("color.ppm", color, {}),
        ("plain.tif", color, {}),
        ("packed.tif", color, {"compression": "tiff_lzw"}),
        ("color.webp", color, {}),
    ):
        image.save(folder / name, **options)
        yield folder / name


def labels(folder: Path) -> Iterator[Path]:
    """Write labels of every format that is read, and yield their paths."""
    folder.mkdir()
    values = np.random.default_rng(0).integers(0, 19, (33, 41), np.uint8)
    grey = Image.fromarray(values)
    for name, image in (("grey.png", grey), ("palette.png", grey.convert("P")), ("a.bmp", grey)):
        image.save(folder / name)
        yield folder / name


def checkpoints(folder: Path) -> Iterator[Path]:
    """Write checkpoints of every format that is read, and yield their paths."""
    folder.mkdir()
    network = MODELS["espnet"].build(19 + MODELS["espnet"].spare_outputs)
    state = network.state_dict()
    small = dict(list(state.items())[:6])
    small["encoder.level2_0.c1.conv.weight"] = torch.zeros(2, 3)
    small["conv.conv.weight"] = torch.zeros(19, 2).half()
    classes = tuple(info.name for info in CITYSCAPES)
    for name, tensors in (("whole", state), ("small", small)):
        tensors = {key: value.contiguous() for key, value in tensors.items()}
        save_file(tensors, folder / f"{name}.safetensors", {"classes": json.dumps(classes)})
        yield folder / f"{name}.safetensors"
        meta = {"meta": {"CLASSES": classes}, "state_dict": tensors}
        torch.save(meta, folder / f"{name}.pth")
        yield folder / f"{name}.pth"
        torch.save(meta, folder / f"{name}.bin", _use_new_zipfile_serialization=False)
        yield folder / f"{name}.bin"
    sharded = folder / "sharded"
    sharded.mkdir()
    (sharded / "config.json").write_text('{"model_type": "espnet", "id2label": {"0": "road"}}')
    weight_map = {}
    for number in (0, 1):
        name = f"model-{number}.safetensors"
        held = dict(list(small.items())[number::2])
        save_file(held, sharded / name)
        weight_map.update(dict.fromkeys(held, name))
    (sharded / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    yield sharded
