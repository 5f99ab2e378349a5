"""Checks of what is installed and found: packages, devices, the hub, data and disks.

Packages are imported by the checks: one that cannot be loaded is a result, not the end of all.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from ..errors import InputError
from ..folders import RESULTS, check_folder
from ..processes import available_cores
from ..versions import PACKAGE, versions
from .check import Check

LITTLE = 2 * 10**9
"""Free bytes below which a disk is reported: a run of 500 frames and its pictures fit."""
_HUB_SECONDS = 2.0
_DRIVER = Path("/proc/driver/nvidia/version")
_OPTIONAL = {"transformers": "hf", "onnxruntime": "onnx", "ray": "ray"}
"""Packages that some options need, and the extra that installs each."""


def check_packages() -> Check:
    """Compare the versions of all required packages with the required ones."""
    from packaging.requirements import Requirement

    try:
        required = [Requirement(text) for text in requires(PACKAGE) or ()]
    except PackageNotFoundError:
        return Check("packages", "problem", f"{PACKAGE} is not installed", "pip install it")
    needed = [each for each in required if not each.marker or each.marker.evaluate({"extra": ""})]
    found = versions(each.name for each in needed)
    wrong = [
        f"{each.name} {found.get(each.name, 'is missing')}, required {each.specifier or 'any'}"
        for each in needed
        if each.name not in found or not each.specifier.contains(found[each.name], prereleases=True)
    ]
    if wrong:
        advice = f"pip install --upgrade {PACKAGE}"
        return Check("packages", "problem", "; ".join(wrong), advice)
    python = f"python {platform.python_version()}"
    shown = [python, f"{PACKAGE} {version(PACKAGE)}", *map(" ".join, found.items())]
    return Check("packages", "ok", ", ".join(shown))


def check_optional_packages() -> Check:
    """List the packages that --model hf: and onnx:, and --engine ray need."""
    found = versions(_OPTIONAL)
    missing = [extra for name, extra in _OPTIONAL.items() if name not in found]
    shown = ", ".join(map(" ".join, found.items())) or "none"
    advice = f"for all models: pip install '{PACKAGE}[{','.join(missing)}]'" if missing else ""
    return Check("optional packages", "ok", shown, advice)


def check_devices() -> Check:
    """Compute a number on each GPU."""
    from ..inference.devices import device_name, gpu_count, resolve_device

    cores = f"CPU with {available_cores()} cores"
    devices = [resolve_device(f"cuda:{index}") for index in range(gpu_count())]
    if not devices and _DRIVER.exists():
        return Check(
            *("devices", "warning", f"{cores}; torch cannot use the NVIDIA GPU of this machine"),
            "install a torch with CUDA: https://pytorch.org/get-started",
        )
    return Check("devices", "ok", ", ".join([cores, *map(device_name, devices)]))


def check_hub() -> Check:
    """Ask the Hugging Face hub for an answer, unless HF_HUB_OFFLINE is set."""
    from ..models.hub_files import hub_answers

    answers = hub_answers(_HUB_SECONDS)
    if answers is None:
        return Check("hub", "ok", "not asked: HF_HUB_OFFLINE is set")
    if answers:
        return Check("hub", "ok", "reachable")
    advice = "weights that are not in its cache need the network, or --weights FILE"
    return Check("hub", "warning", "no answer", advice)


def check_data() -> Check:
    """Index the dataset that commands take without --data."""
    from ..datasets.cityscapes import CITYSCAPES_VARIABLE
    from ..datasets.registry import open_dataset

    folder = os.environ.get(CITYSCAPES_VARIABLE)
    if not folder:
        found, advice = f"streets, embedded; {CITYSCAPES_VARIABLE} is not set", "or give --data"
        return Check("data", "ok", found, f"set it to the folder of Cityscapes, {advice}")
    count = len(open_dataset("cityscapes").frames)
    return Check("data", "ok", f"Cityscapes with {count} frames of val in {folder}")


def check_disks() -> Check:
    """Look for room where runs, temporary files and weights from the hub are written."""
    from huggingface_hub.constants import HF_HUB_CACHE

    folders = {
        "runs": RESULTS.absolute(),
        "temporary files": Path(tempfile.gettempdir()),
        "the hub's cache": Path(HF_HUB_CACHE),
    }
    free = {
        use: shutil.disk_usage(next(each for each in (path, *path.parents) if each.exists())).free
        for use, path in folders.items()
    }
    found = ", ".join(f"{size / 1e9:,.1f} GB for {use}" for use, size in free.items())
    try:
        check_folder(RESULTS / "new", "")
    except InputError:
        found = f"{found}; {folders['runs']} cannot be written"
        return Check("disks", "warning", found, "run commands in another folder, or give --out")
    if short := [f"{use} ({folders[use]})" for use, size in free.items() if size < LITTLE]:
        return Check("disks", "warning", found, f"make room for {', '.join(short)}")
    return Check("disks", "ok", found)
