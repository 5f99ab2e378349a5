"""ESPNet: a small convolutional network of efficient spatial pyramids.

S. Mehta, M. Rastegari, A. Caspi, L. Shapiro, H. Hajishirzi: ESPNet: Efficient Spatial Pyramid of
Dilated Convolutions for Semantic Segmentation. ECCV 2018, arXiv 1803.06815 (Figures 1b and 4d,
Section 3). Batch norm has epsilon 1e-3. The parameters have the names of the authors' checkpoints
(https://github.com/sacmehta/ESPNet, MIT licence), whose last output is background.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import Preprocessing, StageOutput
from .model import Model

PREPROCESSING = Preprocessing(
    # The authors' means and deviations of Cityscapes; they divide by 255 after, not before.
    mean=(72.392, 82.909, 73.158),
    std=(45.319 * 255, 46.153 * 255, 44.915 * 255),
    channels="BGR",
    size=(512, 1024),
)
EPSILON = 1e-3
DILATIONS = (1, 2, 4, 8, 16)


class Convolution(nn.Sequential):
    """A convolution without bias that keeps the size, or halves it with stride 2."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = kernel // 2 * dilation
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)


class Activation(nn.Sequential):
    """Batch norm, then a rectifier with a learned slope for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, EPSILON)
        self.act = nn.PReLU(channels)


class ConvolutionActivation(Convolution):
    """A 3x3 convolution, batch norm and rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, 3, stride)
        self.bn = nn.BatchNorm2d(outputs, EPSILON)
        self.act = nn.PReLU(outputs)


class Pyramid(nn.Module):
    """Reduce, split into five dilated 3x3 convolutions, merge: the ESP unit (Figure 1).

    Hierarchical feature fusion adds the outputs of the dilations 2 to 16 up before concatenating
    them, which removes the gridding artefact.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        width = outputs // len(DILATIONS)
        self.c1 = Convolution(inputs, width, kernel, stride)
        self.d1 = Convolution(width, outputs - 4 * width, 3)
        self.d2, self.d4, self.d8, self.d16 = (
            Convolution(width, width, 3, dilation=dilation) for dilation in DILATIONS[1:]
        )

    def merge(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        x = self.c1(x)  # (N, inputs, H, W) -> (N, outputs // 5, H / stride, W / stride)
        second = self.d2(x)
        third = second + self.d4(x)
        fourth = third + self.d8(x)
        fifth = fourth + self.d16(x)
        return torch.cat([self.d1(x), second, third, fourth, fifth], 1)  # (N, outputs, ...)


class Downsampler(Pyramid):
    """A strided ESP unit: half the height and width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel=3, stride=2)
        self.bn = nn.BatchNorm2d(outputs, EPSILON)
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.merge(x)))


class Block(Pyramid):
    """An ESP unit of stride 1, added to its input if it has as many channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel=1, stride=1)
        self.bn = Activation(outputs)
        self.residual = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        merged = self.merge(x)
        return self.bn(x + merged if self.residual else merged)


class Encoder(nn.Module):
    """ESPNet-C: features at 1/2, 1/4 and 1/8, the first two with the resized image concatenated."""

    def __init__(self, outputs: int, p: int, q: int) -> None:
        super().__init__()
        self.level1 = ConvolutionActivation(3, 16, stride=2)
        self.b1 = Activation(16 + 3)
        self.level2_0 = Downsampler(16 + 3, 64)
        self.level2 = nn.Sequential(*(Block(64, 64) for _ in range(p)))
        self.b2 = Activation(64 + 64 + 3)
        self.level3_0 = Downsampler(64 + 64 + 3, 128)
        self.level3 = nn.Sequential(*(Block(128, 128) for _ in range(q)))
        self.b3 = Activation(128 + 128)
        self.classifier = Convolution(128 + 128, outputs, 1)
        self.halve = nn.AvgPool2d(3, stride=2, padding=1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half = self.halve(image)  # (N, 3, H, W) -> (N, 3, H/2, W/2)
        first = self.level1(image)  # (N, 3, H, W) -> (N, 16, H/2, W/2)
        joined = self.b1(torch.cat([first, half], 1))  # (N, 19, H/2, W/2)
        x = self.level2_0(joined)  # (N, 19, H/2, W/2) -> (N, 64, H/4, W/4)
        parts = [self.level2(x), x, self.halve(half)]
        second = self.b2(torch.cat(parts, 1))  # (N, 131, H/4, W/4)
        x = self.level3_0(second)  # (N, 131, H/4, W/4) -> (N, 128, H/8, W/8)
        third = self.b3(torch.cat([x, self.level3(x)], 1))  # (N, 256, H/8, W/8)
        return first, joined, second, self.classifier(third)  # third: (N, K, H/8, W/8)


class ESPNet(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, outputs, H, W).

    Sides that are not multiples of 8, which the authors' network refuses, are padded with zeros,
    the mean colour.

    p and q are the numbers of ESP units at 1/4 and 1/8. `joined_skip` is the form of the authors'
    CamVid checkpoints: the last fusion takes the first level's features with the image concatenated
    (19 channels) rather than alone (16).
    """

    # The levels at 1/2, 1/4 and 1/8, each after its concatenations.
    stage_outputs = tuple(StageOutput(f"encoder.{name}") for name in ("b1", "b2", "b3"))

    def __init__(self, outputs: int, *, p: int = 2, q: int = 8, joined_skip: bool = False) -> None:
        super().__init__()
        self.joined_skip = joined_skip
        self.encoder = Encoder(outputs, p, q)
        self.level3_C = Convolution(64 + 64 + 3, outputs, 1)
        self.br = nn.BatchNorm2d(outputs, EPSILON)
        self.up_l3 = nn.Sequential(nn.ConvTranspose2d(outputs, outputs, 2, 2, bias=False))
        self.combine_l2_l3 = nn.Sequential(Activation(2 * outputs), Block(2 * outputs, outputs))
        self.up_l2 = nn.Sequential(
            nn.ConvTranspose2d(outputs, outputs, 2, 2, bias=False), Activation(outputs)
        )
        self.conv = ConvolutionActivation(outputs + (19 if joined_skip else 16), outputs)
        self.classifier = nn.ConvTranspose2d(outputs, outputs, 2, 2, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        if height % 8 or width % 8:
            image = F.pad(image, (0, -width % 8, 0, -height % 8))
        first, joined, second, third = self.encoder(image)
        third = self.up_l3(self.br(third))  # (N, K, H/8, W/8) -> (N, K, H/4, W/4)
        second = self.level3_C(second)  # (N, 131, H/4, W/4) -> (N, K, H/4, W/4)
        x = self.combine_l2_l3(torch.cat([second, third], 1))  # (N, 2 K, ...) -> (N, K, ...)
        x = self.up_l2(x)  # (N, K, H/4, W/4) -> (N, K, H/2, W/2)
        x = torch.cat([x, joined if self.joined_skip else first], 1)  # (N, K + 16 or 19, ...)
        logits: Tensor = self.classifier(self.conv(x))  # -> (N, K, H, W)
        return logits[:, :, :height, :width]


def espnet_sized_as(tensors: Mapping[str, Tensor]) -> ESPNet:
    """Build an ESPNet with the sizes of tensors with the authors' names; its weights are new.

    p, q, the number of outputs and the form of the last fusion follow from names and shapes.
    """
    fusion = tensors["conv.conv.weight"]  # (outputs, outputs + 16 or 19, 3, 3)

    def units(level: str) -> int:
        return len({name for name in tensors if re.fullmatch(rf"{level}\.\d+\.bn\.bn\.bias", name)})

    return ESPNet(
        len(fusion),
        p=units(r"encoder\.level2"),
        q=units(r"encoder\.level3"),
        joined_skip=fusion.shape[1:2] == (len(fusion) + 19,),
    )


MODEL = Model(
    name="espnet",
    title="ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for Semantic Segmentation "
    "(arXiv 1803.06815)",
    description="ESPNet",
    published="sacmehta/ESPNet on GitHub (MIT)",
    build=ESPNet,
    build_for=lambda checkpoint: espnet_sized_as(checkpoint.tensors),
    keys=("encoder.level2_0.c1.conv.weight",),
    classifier="conv.conv.weight",
    preprocessing=PREPROCESSING,
    spare_outputs=1,  # background
    crop_multiple=8,
)
