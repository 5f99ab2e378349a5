"""ResNet-18, ResNet-50 and ResNet-101: convolutional encoders of residual blocks, dilated.

K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition. CVPR 2016, arXiv
1512.03385 (Table 1); the stride of a bottleneck is that of its 3x3 convolution. The first layer is
one convolution of 7x7 ("R-50b" in mmsegmentation) or three of 3x3 (T. He et al.: Bag of Tricks for
Image Classification with Convolutional Neural Networks, CVPR 2019, arXiv 1812.01187, Figure 2b:
ResNet-C, "V1c"). Written from the papers; the parameters have mmsegmentation's names.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .encoder_decoder import Encoder, Form, Maps, dilate

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
"""Number of blocks in each of the four layers (Table 1)."""
WIDTHS = (64, 128, 256, 512)
"""Channels inside the blocks of each layer."""
STEM = 4
"""Stride of what comes before the first layer."""
STRIDES = (1, 2, 2, 2)


class BasicBlock(nn.Module):
    """Filter twice, and add to the input (Figure 5, left).

    (N, inputs, H, W) -> (N, width, H / stride, W / stride).
    """

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = projection(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)  # (N, width, H / stride, W / stride)
        x = self.bn2(self.conv2(x)).add_(shortcut)
        return F.relu(x, inplace=True)


class Bottleneck(nn.Module):
    """Reduce, filter, expand, and add to the input (Figure 5, right).

    (N, inputs, H, W) -> (N, 4 * width, H / stride, W / stride).
    """

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)  # (N, width, H, W)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)  # (N, width, H / stride, W / stride)
        x = self.bn3(self.conv3(x)).add_(shortcut)  # (N, 4 * width, H / stride, W / stride)
        return F.relu(x, inplace=True)


def projection(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """Build what gives a block's input the shape of its output; None where it has it."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class ResNet(Encoder):
    """Images float32 (N, 3, H, W) to maps at 1/4 and 1 / output_stride, of 256 and 2048 channels.

    Those of ResNet-18 have 64 and 512. Once the output stride is reached, further strides become
    dilations. The first block of such a layer still sees the map of the layer before, and has half
    the dilation.
    """

    stages = ("layer1", "layer2", "layer3", "layer4")

    def __init__(self, depth: int, form: Form) -> None:
        super().__init__()
        block = BasicBlock if depth == 18 else Bottleneck
        self.widths = (block.expansion * WIDTHS[0], block.expansion * WIDTHS[-1])
        self.plain_stem = form.plain_stem
        if form.plain_stem:
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
        else:
            self.stem = nn.Sequential()
            for inputs, outputs, stride in ((3, 32, 2), (32, 32, 1), (32, 64, 1)):
                self.stem.append(nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False))
                self.stem.append(nn.BatchNorm2d(outputs))
                self.stem.append(nn.ReLU(inplace=True))
        inputs, layers = 64, list[nn.Sequential]()
        dilated = form.layers or dilate(STRIDES, STEM, form.output_stride)
        for blocks, width, (stride, dilation) in zip(BLOCKS[depth], WIDTHS, dilated, strict=True):
            dilations = (max(dilation // 2, 1), *[dilation] * (blocks - 1))
            if form.multi_grid and len(layers) == 3:
                dilations = form.multi_grid
            layer = nn.Sequential()
            for each in dilations:
                layer.append(block(inputs, width, stride, each))
                inputs, stride = block.expansion * width, 1
            layers.append(layer)
        self.layer1, self.layer2, self.layer3, self.layer4 = layers

    def forward(self, image: Tensor) -> Maps:
        shallow = self.layer1(self.enter(image))  # (N, c, H / 4, W / 4)
        x = self.layer2(shallow)  # (N, 2 c, H / 8, W / 8)
        x = self.layer3(x)  # (N, 4 c, ...) at a stride of 16, or less the output stride
        return Maps(shallow, self.layer4(x))  # (N, 8 c, H / output_stride, W / output_stride)

    def enter(self, image: Tensor, *, round_up: bool = False) -> Tensor:
        """Apply the first layer and the pooling: (N, 3, H, W) -> (N, 64, H / 4, W / 4).

        round_up keeps what the pooling's last window does not fill.
        """
        if self.plain_stem:
            x = F.relu(self.bn1(self.conv1(image)), inplace=True)  # (N, 64, H / 2, W / 2)
        else:
            x = self.stem(image)  # (N, 64, H / 2, W / 2)
        return F.max_pool2d(x, 3, stride=2, padding=1, ceil_mode=round_up)  # (N, 64, H / 4, W / 4)
