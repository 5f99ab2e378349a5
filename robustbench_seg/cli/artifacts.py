"""`robustseg corrupt`, `train` and `figures`: corrupted copies, weights, files for a paper."""

# Annotations are not postponed: `parameters` reads them as objects.

from pathlib import Path
from typing import TYPE_CHECKING

from .. import api
from .command import command
from .console import say

if TYPE_CHECKING:
    from ..copies.corrupted_copy import CorruptedCopy


@command(
    api.corrupt_folder,
    example="robustseg corrupt /data/cityscapes /data/cityscapes-c --corruptions fog,snow",
    tables=False,
    workers=None,
)
def corrupt(copy: "CorruptedCopy") -> None:
    """Write a corrupted copy of a folder of images, for other code to evaluate the same pixels.

    IN/a/b.jpg becomes OUT/<corruption>/<severity>/a/b.png.
    OUT/manifest.json describes the copy, OUT/images.csv lists the digests of its images.
    `robustseg eval --copy OUT` evaluates it.
    The same command completes an interrupted copy.
    """
    count, frames = len(copy.digests), len(copy.manifest.images)
    say(f"{count} images, {frames} each under {count // frames} conditions: {copy.folder}")


@command(
    api.train,
    example="robustseg train --model b0 --data /data/camvid --init mit_b0.pth",
    tables=False,
)
def train(weights: Path) -> None:
    """Train a model on a dataset; the same command resumes an interrupted training.

    The folder gets `weights.safetensors`, which `eval --weights` takes, a checkpoint and a log.
    """
    say(f"Weights: {weights}")


@command(
    api.figures,
    example="robustseg figures results/b0 results/b5 --for paper --out figures",
    tables=False,
)
def figures(paths: list[Path]) -> None:
    """Write figures, a LaTeX table, a caption, a methods text and BibTeX for a paper.

    Figures are PDF (TrueType fonts), SVG and PNG files (300 dpi) at widths of 3.25, 5.5 and 6.75
    inches. Runs of other images, labels, classes or severities are refused.
    """
    say(f"{len(paths)} files: {paths[0].parent}")
