"""ResNet-50 and ResNet-101: convolutional encoders of residual bottlenecks, dilated.

K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition. CVPR 2016, arXiv
1512.03385 (Table 1); the stride of a bottleneck is that of its 3x3 convolution. The first layer is
three 3x3 convolutions instead of one of 7x7 (T. He et al.: Bag of Tricks for Image Classification
with Convolutional Neural Networks, CVPR 2019, arXiv 1812.01187, Figure 2b: ResNet-C, "V1c").
Written from the papers; the parameters have mmsegmentation's names.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .encoder_decoder import Encoder, Maps

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
"""Number of blocks in each of the four layers (Table 1)."""
WIDTHS = (64, 128, 256, 512)
"""Channels inside the blocks of each layer."""
STRIDES = (1, 2, 2, 2)
EXPANSION = 4
"""Ratio of a block's output channels to those inside it."""


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

    Once the output stride is reached, further strides become dilations. The first block of such a
    layer still sees the map of the layer before, and has its dilation.
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
        layers = []
        for blocks, width, stride in zip(BLOCKS[depth], WIDTHS, STRIDES, strict=True):
            first_dilation = dilation
            if total * stride > output_stride:
                dilation, stride = dilation * stride, 1
            total *= stride
            first = Bottleneck(inputs, width, stride, first_dilation)
            inputs = EXPANSION * width
            others = (Bottleneck(inputs, width, 1, dilation) for _ in range(blocks - 1))
            layers.append(nn.Sequential(first, *others))
        self.layer1, self.layer2, self.layer3, self.layer4 = layers

    def forward(self, image: Tensor) -> Maps:
        x = self.stem(image)  # (N, 3, H, W) -> (N, 64, H / 2, W / 2)
        x = F.max_pool2d(x, 3, stride=2, padding=1)  # (N, 64, H / 4, W / 4)
        shallow = self.layer1(x)  # (N, 256, H / 4, W / 4)
        x = self.layer2(shallow)  # (N, 512, H / 8, W / 8)
        x = self.layer3(x)  # (N, 1024, ...) at a stride of 16, or less the output stride
        return Maps(shallow, self.layer4(x))  # (N, 2048, H / output_stride, W / output_stride)
