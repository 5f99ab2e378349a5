"""What the files of mmsegmentation's CNNs tell of their networks beside the tensors.

Its Cityscapes models of FCN, PSPNet and DeepLabv3+ on ResNetV1c and MobileNetV2 that were trained
on crops of 512x1024 at output stride 8 ("d8" in their names) are those that load here. Others have
the same tensors and are other functions: those of 769x769 crops upsample with align_corners, those
of "d16" and "d32" have other strides. The configuration inside the file tells them apart. A file
without one is taken as what its training here says (`output_stride`), else as one of the former.
"""

from __future__ import annotations

import math
import re

from ...errors import InputError
from . import Checkpoint

OUTPUT_STRIDES = (8, 16)


def output_stride(checkpoint: Checkpoint) -> int:
    """Return the output stride of a network by its file.

    Raises InputError for one that is not supported, or other properties that are not.
    """
    config = re.sub(r"\s|,(?=\s*\))", "", checkpoint.metadata.get("config", ""))
    if "align_corners=True" in config:
        raise InputError(
            f"{checkpoint.path}: trained with align_corners=True, as mmsegmentation's 769x769 "
            "models are, which is not supported; give a model of its 512x1024 configurations"
        )
    if strides := re.search(r"strides=\(([\d,]+)\)", config):
        steps = [int(step) for step in strides[1].split(",")]
        # A ResNet begins with a stride of 4; MobileNetV2, of seven layers, with 2.
        stride = math.prod(steps) * (4 if len(steps) == 4 else 2)
        if stride != 8:
            raise InputError(
                f"{checkpoint.path}: mmsegmentation's model of output stride {stride}, which is "
                "not supported; give one of its d8 configurations"
            )
    given = checkpoint.metadata.get("output_stride", "8")
    if given not in map(str, OUTPUT_STRIDES):
        raise InputError(f"{checkpoint.path}: its output stride is {given!r}; expected 8 or 16")
    return int(given)
