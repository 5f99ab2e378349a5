"""Names of devices, batch sizes and threads."""

from __future__ import annotations

import pytest
import torch

from robustbench_seg.errors import InputError
from robustbench_seg.inference.devices import (
    batch_size,
    default_threads,
    device_kind,
    device_name,
    resolve_device,
    stream_count,
    torch_threads,
)


def test_unusable_devices_are_refused() -> None:
    assert resolve_device("cpu") == "cpu"
    for device in ("cuda:99", "abacus"):
        with pytest.raises(InputError, match=f"--device {device}"):
            resolve_device(device)


def test_a_kind_is_the_name_without_the_number() -> None:
    assert [device_kind(name) for name in ("cpu", "cuda", "cuda:3", "mps")] == [
        *("cpu", "cuda", "cuda", "mps")
    ]
    with pytest.raises(InputError, match="--device gpu: unknown; use one of cpu, cuda, mps"):
        device_kind("gpu")


def test_a_cpu_has_no_model_name() -> None:
    assert device_name("cpu") == "cpu"


@pytest.mark.parametrize(
    ("frames", "device", "scale", "expected"),
    [
        ([(256, 512)], "cpu", None, 2),
        ([(256, 512), (257, 512)], "cpu", None, 1),  # the largest frame counts
        ([(1024, 2048)], "cpu", None, 1),
        ([(1024, 2048)], "cuda:1", None, 4),
        ([(1024, 2048)], "cuda", 0.5, 16),
        ([(1024, 2048)], "cuda", 2.0, 1),
        ([(256, 512)], "mps", None, 2),
    ],
)
def test_batches_follow_from_pixels_and_device(
    frames: list[tuple[int, int]], device: str, scale: float | None, expected: int
) -> None:
    assert batch_size(frames, device, scale) == expected


@pytest.mark.parametrize(
    ("frames", "threads", "scale", "expected"),
    [
        ([(256, 512)], 2, None, 2),  # never more than there are threads
        ([(256, 512)], 64, None, 8),
        ([(256, 512), (512, 1024)], 64, None, 2),  # the largest frame counts
        ([(1024, 2048)], 64, None, 1),
        ([(1024, 2048)], 64, 0.5, 2),
    ],
)
def test_streams_follow_from_pixels_and_threads(
    frames: list[tuple[int, int]], threads: int, scale: float | None, expected: int
) -> None:
    assert stream_count(frames, threads, scale) == expected


def test_threads_are_restored_after_a_block_that_fails() -> None:
    before = default_threads()
    inside = 0

    def fail() -> None:
        nonlocal inside
        with torch_threads(before + 1):
            inside = torch.get_num_threads()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (inside, default_threads()) == (before + 1, before)
