"""Devices and threads: the only module that asks torch about the hardware."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch

from ..corruptions.checks import did_you_mean
from ..errors import InputError
from ..protocol.input_geometry import Size

DEVICES = ("cpu", "cuda", "mps")
_BATCH_PIXELS = {"cpu": 2**18, "cuda": 2**23}
_STREAM_PIXELS = 2**20


def device_kind(device: str) -> str:
    """Return the kind of a device, e.g. "cuda" for "cuda:1"; InputError for an unknown one."""
    kind = device.split(":")[0]
    if kind not in DEVICES:
        meant = did_you_mean(kind, DEVICES)
        raise InputError(f"--device {device}: unknown; use one of {', '.join(DEVICES)}{meant}")
    return kind


def resolve_device(device: str | None) -> str:
    """Return the given device, else the first GPU, else the CPU; InputError if it cannot run."""
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    device_kind(device)
    try:
        torch.zeros(1, device=device).item()
    # torch raises RuntimeError or AssertionError, depending on the device and on its own build.
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {device}: not usable here; use cpu or leave it out") from error
    return device


def select_device(device: str) -> None:
    """Make a GPU the current one of this process, which "cuda" then means."""
    if device_kind(device) == "cuda":
        torch.cuda.set_device(torch.device(device))


def gpu_count() -> int:
    """Return the number of GPUs of this machine."""
    return torch.cuda.device_count()


def device_name(device: str) -> str:
    """Return the model name of a GPU, e.g. "NVIDIA H100 80GB HBM3"; other devices as given."""
    if device_kind(device) == "cuda" and torch.cuda.is_available():
        return torch.cuda.get_device_name(device)
    return device


def default_threads() -> int:
    """Return the number of CPU threads that torch uses; OMP_NUM_THREADS sets it."""
    return torch.get_num_threads()


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Limit torch to a number of CPU threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def batch_size(frames: Iterable[Size], device: str, scale: float | None = None) -> int:
    """Return how many conditions of a frame are predicted together, at least one.

    `frames` are their sizes; with a `scale`, the inputs are that much larger. On a CPU, two of
    512x256 and one of anything larger: the arrays of a larger batch outgrow what the allocator
    keeps, and each new one is paged in again. On a GPU, four of 2048x1024.
    """
    pixels = _BATCH_PIXELS.get(device_kind(device), _BATCH_PIXELS["cpu"])
    return max(1, int(pixels / _largest(frames, scale)))


def stream_count(frames: Iterable[Size], threads: int, scale: float | None = None) -> int:
    """Return how many batches a CPU predicts at once, each by its part of the threads; at least 1.

    Eight of 512x256, two of 1024x512 and one of anything larger, as far as there are threads: a
    small network leaves cores idle in much of its pass, and a large one needs the memory.
    """
    return max(1, min(threads, int(_STREAM_PIXELS / _largest(frames, scale))))


def _largest(frames: Iterable[Size], scale: float | None) -> float:
    """Return the most pixels of an input."""
    return max(height * width for height, width in frames) * (scale or 1) ** 2
