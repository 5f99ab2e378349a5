"""The specification of a frame: its size, digests of its pixels, and its ground truth."""

from __future__ import annotations

from dataclasses import dataclass

from ..corruptions import image_key
from ..datasets.base import Dataset, Frame
from ..datasets.frame_checks import check_pair
from ..models.base import Side
from ..progress import Progress
from ..schema import Count, Name
from .pixel_digests import pixel_digest


@dataclass(frozen=True)
class FrameSpec:
    """A frame: size in pixels, digests, and pixels of ground truth per class."""

    name: Name
    height: Side
    width: Side
    image_key: str
    label_key: str
    class_pixels: tuple[Count, ...]
    group: str = ""
    """City or sequence of the frame; "" where frames have none."""
    condition: str = ""
    """Condition in which the frame was taken, the only one it is evaluated under; else ""."""

    @classmethod
    def of(cls, frame: Frame, classes: int) -> FrameSpec:
        """Read a frame; InputError if its image or label is invalid."""
        image, label = frame.image(), frame.label()
        class_pixels = check_pair(frame.name, image, label, classes)
        height, width = label.shape
        return cls(
            *(frame.name, height, width, image_key(image), pixel_digest(label), class_pixels),
            *(frame.group, frame.condition),
        )


def frames_of(dataset: Dataset, progress: Progress) -> tuple[FrameSpec, ...]:
    """Read every frame of a dataset, so that a faulty one is found before long work."""
    specs = []
    for done, frame in enumerate(dataset.frames, start=1):
        specs.append(FrameSpec.of(frame, len(dataset.classes)))
        progress("checking frames", done, len(dataset.frames), frame.name)
    return tuple(specs)
