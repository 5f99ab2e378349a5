"""ResNet-50 and ResNet-101: convolutional encoders of residual bottlenecks, dilated.

K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition. CVPR 2016, arXiv
1512.03385 (Table 1); the stride of a bottleneck is that of its 3x3 convolution. The first layer is
three 3x3 convolutions instead of one of 7x7 (T. He et al.: Bag of Tricks for Image Classification
with Convolutional Neural Networks, CVPR 2019, arXiv 1812.01187, Figure 2b: ResNet-C, "V1c").
Written from the papers; the parameters have mmsegmentation's names.
"""

# ruff: noqa: D102 - each class says what its `forward` does.

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .encoder_decoder import Encoder, Maps

# The number of blocks in each of the four layers (Table 1).
BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
WIDTHS = (64, 128, 256, 512)
"""Channels inside the blocks of each layer."""
STRIDES = (1, 2, 2, 2)
EXPANSION = 4
"""How many times as many channels a block has outside."""


class Bottleneck(nn.Module):
    """Reduce, filter, expand, and add to the input (Figure 5, right).

    (N, inputs, H, W) -> (N, 4 * width, H / stride, W / stride).
    """

    def __init__(self, inputs: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or inputs != outputs:
            projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)  # (N, width, H, W)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)  # (N, width, H / stride, W / stride)
        x = self.bn3(self.conv3(x)).add_(shortcut)  # (N, 4 * width, H / stride, W / stride)
        return F.relu(x, inplace=True)


class ResNet(Encoder):
    """Images float32 (N, 3, H, W) to maps of 256 channels at 1/4 and 2048 at 1 / output_stride.

    Where the output stride is reached, further strides become dilations. The first block of such a
    layer still sees the map that the layer before made, and has that one's dilation.
    """

    widths = (EXPANSION * WIDTHS[0], EXPANSION * WIDTHS[-1])
    stages = ("layer1", "layer2", "layer3", "layer4")

    def __init__(self, depth: int, output_stride: int) -> None:
        super().__init__(output_stride)
        self.stem = nn.Sequential()
        for inputs, outputs, stride in ((3, 32, 2), (32, 32, 1), (32, 64, 1)):
            self.stem.append(nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False))
            self.stem.append(nn.BatchNorm2d(outputs))
            self.stem.append(nn.ReLU(inplace=True))
        inputs, total, dilation = 64, 4, 1
        for number in range(4):
            width, stride, first_dilation = WIDTHS[number], STRIDES[number], dilation
            if total * stride > output_stride:
                dilation, stride = dilation * stride, 1
            total *= stride
            layer = [Bottleneck(inputs, width, stride, first_dilation)] + [
                Bottleneck(EXPANSION * width, width, 1, dilation)
                for _ in range(BLOCKS[depth][number] - 1)
            ]
            self.add_module(f"layer{number + 1}", nn.Sequential(*layer))
            inputs = EXPANSION * width

    def forward(self, image: Tensor) -> Maps:
        x = self.stem(image)  # (N, 3, H, W) -> (N, 64, H / 2, W / 2)
        x = F.max_pool2d(x, 3, stride=2, padding=1)  # (N, 64, H / 4, W / 4)
        x = shallow = self.get_submodule("layer1")(x)  # (N, 256, H / 4, W / 4)
        for number in (2, 3, 4):
            x = self.get_submodule(f"layer{number}")(x)  # -> (N, 2048, 1 / output_stride) at last
        return Maps(shallow, x)
