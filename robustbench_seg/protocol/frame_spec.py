"""The specification of a frame: its size, digests of its pixels, and its ground truth."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial

from ..corruptions import image_key
from ..datasets.base import Dataset, Frame, FrameFacts
from ..datasets.depth import depth_of
from ..datasets.depth_files import Depth
from ..datasets.frame_checks import check_pair
from ..errors import InputError
from ..models.base import Side
from ..prefetch import prefetch
from ..processes import available_cores
from ..progress import Progress
from ..schema import Count, Name
from .pixel_digests import pixel_digest, shaped_digest

_AT_ONCE = 8
"""Most frames that are read at once, each by a thread."""


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
    depth_key: str = ""
    """Digest of its depth; "" where no condition needs it."""

    @classmethod
    def of(cls, frame: Frame, classes: int, *, depth: bool = False) -> FrameSpec:
        """Read a frame, and its depth if that is needed; InputError if a part of it is invalid.

        A frame whose facts are published is not read.
        """
        published: FrameFacts | None = getattr(frame, "facts", None)
        facts = published or _read(frame, classes)
        size = facts.height, facts.width
        depth_key = shaped_digest(checked_depth(frame, size)) if depth else ""
        return cls(frame.name, *facts, frame.group, frame.condition, depth_key)


def _read(frame: Frame, classes: int) -> FrameFacts:
    image, label = frame.image(), frame.label()
    class_pixels = check_pair(frame.name, image, label, classes)
    height, width = label.shape
    return FrameFacts(height, width, image_key(image), pixel_digest(label), class_pixels)


def checked_depth(frame: Frame, size: tuple[int, int]) -> Depth:
    """Return the depth of a frame of a size; InputError for none, or one of another size."""
    depth = depth_of(frame)
    if depth.shape != size:
        raise InputError(
            f"{frame.name}: its depth is {depth.shape[1]}x{depth.shape[0]}, its image "
            f"{size[1]}x{size[0]}; give depth of the same size"
        )
    return depth


def frames_of(dataset: Dataset, progress: Progress, *, depth: bool) -> tuple[FrameSpec, ...]:
    """Read every frame of a dataset, so that a faulty one is found before long work."""
    classes, total, specs = len(dataset.classes), len(dataset.frames), []
    jobs = (partial(FrameSpec.of, frame, classes, depth=depth) for frame in dataset.frames)
    with closing(prefetch(jobs, min(available_cores(), _AT_ONCE))) as found:
        for done, frame in enumerate(found, start=1):
            specs.append(frame)
            progress("checking frames", done, total, frame.name)
    return tuple(specs)
