"""Draws the figures of the documentation again, from what this project renders itself.

    python -m docs.pictures

Writes streets.jpg, a contact sheet of scenes and their labels; corruptions.jpg, c-bar.jpg and
street-3d.jpg, one scene under all corruptions of a suite and their severities; regions.jpg, one
with regions that are corrupted; demonstration.jpg, the figure of the README; sampling.svg;
house.svg, which needs grimp, a part of import-linter. erf.png is made by the command in
docs/erf.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from docs import demonstration, sampling
from robustbench_seg.corruptions import REGISTRY, corrupt, image_key
from robustbench_seg.corruptions.checks import SEVERITIES
from robustbench_seg.corruptions.seeding import stream_seed
from robustbench_seg.datasets.streets import photograph, render
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.inference.condition_images import blend
from robustbench_seg.protocol.region import read_region
from robustbench_seg.protocol.suites import load_suite

FOLDER = Path(__file__).parent
SCENES = 18
SCENE = 0
"""The scene of `val` that is corrupted."""
REGIONS = ("rectangle:0,0.5,1,1", "class:road", "soiling:0.3")
TEXT = 150
"""Pixels left of a gallery's rows, at least, for the names."""


def contact_sheet() -> Image.Image:
    """Return the first scenes of `val`, each beside its label, three pairs to a row."""
    colors = np.zeros((256, 3), np.uint8)
    colors[: len(CITYSCAPES)] = [info.color for info in CITYSCAPES]
    pairs = []
    for index in range(SCENES):
        image, label = render("val", index, 512, 256)
        pairs.append(np.hstack([image, colors[label]])[::2, ::2])  # (128, 512, 3)
    rows = [np.hstack(pairs[start : start + 3]) for start in range(0, SCENES, 3)]
    return Image.fromarray(np.vstack(rows))


def gallery(suite: str) -> Image.Image:
    """Return a scene under all corruptions (rows) of a suite and severities (columns)."""
    image, _, depth = photograph("val", SCENE, 512, 256)
    chosen = {name for name, _ in load_suite(suite).corrupted}
    names = [name for name in REGISTRY if name in chosen]
    rows = [_row(image, depth, name) for name in names]
    font = ImageFont.load_default(15)
    left = max([TEXT, *(12 + int(font.getlength(name)) for name in names)])
    sheet = Image.new("RGB", (left + 256 * len(SEVERITIES), 128 * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (name, row) in enumerate(zip(names, rows, strict=True)):
        sheet.paste(Image.fromarray(row), (left, 128 * index))
        draw.text((6, 128 * index + 54), name, fill="black", font=font)
    return sheet


def _row(image: NDArray[np.uint8], depth: NDArray[np.float32], name: str) -> NDArray[np.uint8]:
    made = (corrupt(image, name, severity, depth=depth) for severity in SEVERITIES)
    pictures = (Image.fromarray(each).reduce(2) for each in made)
    return np.hstack([np.asarray(picture) for picture in pictures])  # (128, 1280, 3)


def regions() -> Image.Image:
    """Return a scene with regions (columns) under two corruptions (rows)."""
    image, label = render("val", SCENE, 768, 384)
    names, stream = (
        [info.name for info in CITYSCAPES],
        stream_seed(0, image_key(image), "region", 0),
    )
    rows = []
    for name in ("gaussian_noise", "fog"):
        corrupted = corrupt(image, name, 5)
        masks = (read_region(text).mask(label, names, stream) for text in REGIONS)
        row = (Image.fromarray(blend(image, corrupted, mask)).reduce(2) for mask in masks)
        rows.append(np.hstack([np.asarray(picture) for picture in row]))  # (192, 1152, 3)
    return Image.fromarray(np.vstack(rows))


PICTURES: dict[str, tuple[Callable[[], Image.Image], int]] = {
    "streets.jpg": (contact_sheet, 85),
    "corruptions.jpg": (lambda: gallery("imagenet-c-all"), 75),
    "c-bar.jpg": (lambda: gallery("imagenet-c-bar"), 75),
    "street-3d.jpg": (lambda: gallery("street-3d"), 80),
    "regions.jpg": (regions, 80),
    "demonstration.jpg": (demonstration.picture, 85),
}
"""Name of the file -> what draws it, and the quality of the JPEG."""


def main() -> None:
    """Write all figures."""
    for name, (draw, quality) in PICTURES.items():
        draw().save(FOLDER / name, quality=quality)
    sampling.main()
    from docs import house  # needs grimp

    house.main()


if __name__ == "__main__":
    main()
