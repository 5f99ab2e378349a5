"""Where the maps of a prediction are: a folder for each condition, as robustseg corrupt makes them.

FOLDER/clean/..., FOLDER/<corruption>/<severity>/..., and in FOLDER/.../draw-<number>/... those of
further random seeds. The layouts differ in what is in the folder of a condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..datasets.base import Frame
from ..datasets.class_maps import MappedFrame
from ..datasets.files import FileFrame
from ..names import slug
from ..protocol.condition import Draw
from ..protocol.options import MapLayout

CONFIDENCE_ENDING, CONFIDENCE_FOLDER = "_conf", "confidence"
"""What tells a confidence map from a label map: the end of its name, or the name of its folder."""
DRAW = "draw-"
"""Beginning of the name of a folder with the predictions of a further random seed."""


@dataclass(frozen=True)
class Layout:
    """Paths of maps in the folder of a condition, and the values of classes in them."""

    labels: str
    """Path of a label map: {group} is the city or sequence, {stem} the image's name."""
    confidence: str
    """Path of a confidence map."""
    taxonomy: str = ""
    """Taxonomy whose values stand for the classes; "": the classes are numbered from 0."""


LAYOUTS: Mapping[MapLayout, Layout] = {
    # https://github.com/valeoai/bravo_challenge: train IDs, maps of both kinds side by side.
    "bravo": Layout("{group}/{stem}_pred.png", "{group}/{stem}_conf.png"),
    # https://github.com/mcordts/cityscapesScripts, evalPixelLevelSemanticLabeling.py: label IDs in
    # files whose names begin with city_sequence_frame, one for each frame.
    "cityscapes": Layout("labelIds/{stem}.png", "confidence/{stem}.png", "cityscapes-ids"),
    # https://acdc.vision.ee.ethz.ch: train IDs in files named as the images.
    "acdc": Layout("labelTrainIds/{stem}.png", "confidence/{stem}.png"),
}


@dataclass(frozen=True)
class FrameFiles:
    """What the files of a frame's maps are named after."""

    frame: str
    """Name of the frame."""
    stem: str
    """Name of its image, without the extension."""
    group: str
    """Folder of its city or sequence; "" for none."""

    @classmethod
    def of(cls, frame: Frame) -> FrameFiles:
        """Return those of a frame of a dataset."""
        own = frame.frame if isinstance(frame, MappedFrame) else frame
        last = own.name.rpartition("/")[2]
        stem = own.image_path.stem if isinstance(own, FileFrame) else slug(last)
        parts = (slug(part) for part in frame.group.split("/") if part not in ("", ".", ".."))
        return cls(frame.name, stem, "/".join(parts))

    def path(self, form: str) -> str:
        """Return the path of a map, relative to the folder of its condition."""
        return form.format(group=self.group, stem=self.stem).lstrip("/")


def draw_folder(draw: Draw) -> str:
    """Return the folder of a condition in a draw, relative to that of the predictions."""
    condition, number = draw
    parts = [slug(condition.name)]
    parts += [str(condition.severity)] if condition.severity else []
    parts += [f"{DRAW}{number}"] if number else []
    return "/".join(parts)
