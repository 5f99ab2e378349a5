"""Frames are read at once, and listed in their order."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Barrier

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_seg.datasets.base import Dataset
from robustbench_seg.datasets.streets import streets
from robustbench_seg.datasets.taxonomies import CITYSCAPES
from robustbench_seg.errors import InputError
from robustbench_seg.progress import silent
from robustbench_seg.protocol import frame_spec


@dataclass(frozen=True)
class _Waiting:
    """A frame whose image waits until that of another one is read."""

    name: str
    barrier: Barrier
    height: int
    group = ""
    condition = ""

    def image(self) -> NDArray[np.uint8]:
        self.barrier.wait()
        return np.zeros((32, 32, 3), np.uint8)

    def label(self) -> NDArray[np.uint8]:
        return np.zeros((self.height, 32), np.uint8)


def waiting(*heights: int) -> Dataset:
    barrier = Barrier(2, timeout=30)
    frames = [_Waiting(f"frame {index}", barrier, height) for index, height in enumerate(heights)]
    return Dataset("waiting", "val", CITYSCAPES, frames)


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_spec, "available_cores", lambda: 2)


def test_frames_are_read_at_once_and_listed_in_order() -> None:
    steps = []
    found = frame_spec.frames_of(
        waiting(32, 32, 32, 32), lambda *step: steps.append(step[1:]), depth=False
    )
    assert [frame.name for frame in found] == [f"frame {index}" for index in range(4)]
    assert steps == [(done, 4, f"frame {done - 1}") for done in range(1, 5)]


def test_a_frame_whose_facts_are_published_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = streets("val", limit=1).frames[0]
    monkeypatch.setattr("robustbench_seg.datasets.streets.photograph", None)
    found = frame_spec.FrameSpec.of(frame, 19)
    assert (found.name, found.height, found.width) == ("val_000000", 256, 512)
    assert found.class_pixels[0] == 28508


def test_the_first_of_several_faulty_frames_is_named() -> None:
    with pytest.raises(InputError, match="frame 0"):
        frame_spec.frames_of(waiting(33, 34), silent, depth=False)
