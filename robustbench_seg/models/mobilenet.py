"""MobileNetV2: a convolutional encoder of inverted residuals with linear bottlenecks.

M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen: MobileNetV2: Inverted Residuals and Linear
Bottlenecks. CVPR 2018, arXiv 1801.04381 (Table 2, without its last 1x1 convolution, which is for
classification). Written from the paper; the parameters have mmsegmentation's names.
"""

from __future__ import annotations

from torch import Tensor, nn

from .encoder_decoder import Encoder, Form, Maps, dilate
from .layers import Convolution

# Expansion, channels, blocks and stride of each of the seven layers (Table 2: t, c, n, s).
LAYERS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
STEM = 2
"""Stride of the first convolution."""
STRIDES = tuple(stride for _, _, _, stride in LAYERS)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project linearly; add to the input if the shapes are equal.

    (N, inputs, H, W) -> (N, outputs, H / stride, W / stride).
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, dilation: int):
        super().__init__()
        hidden = inputs * expansion
        relu6 = nn.ReLU6(inplace=True)
        expand = [Convolution(inputs, hidden, 1, activation=relu6)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            Convolution(
                hidden, hidden, 3, stride=stride, dilation=dilation, groups=hidden, activation=relu6
            ),
            Convolution(hidden, outputs, 1, activation=nn.Identity()),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).add_(x) if self.residual else self.conv(x)


class MobileNetV2(Encoder):
    """Images float32 (N, 3, H, W) to maps of 24 channels at 1/4 and 320 at 1 / output_stride.

    Once the output stride is reached, further strides become dilations of the first block of each
    layer, as in mmsegmentation.
    """

    widths = (24, 320)
    # The last layer at each of the paper's strides of 4, 8, 16 and 32, which may be dilated here.
    stages = ("layer2", "layer3", "layer5", "layer7")

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.conv1 = Convolution(3, 32, 3, stride=STEM, activation=nn.ReLU6(inplace=True))
        inputs, layers = 32, []
        dilated = form.layers or dilate(STRIDES, STEM, form.output_stride)
        for (expansion, outputs, blocks, _), layer in zip(LAYERS, dilated, strict=True):
            first = InvertedResidual(inputs, outputs, expansion, *layer)
            inputs = outputs
            others = (InvertedResidual(inputs, outputs, expansion, 1, 1) for _ in range(blocks - 1))
            layers.append(nn.Sequential(first, *others))
        self.layer1, self.layer2, self.layer3, self.layer4, *layers = layers
        self.layer5, self.layer6, self.layer7 = layers

    def forward(self, image: Tensor) -> Maps:
        x = self.layer1(self.conv1(image))  # (N, 3, H, W) -> (N, 16, H / 2, W / 2)
        shallow = self.layer2(x)  # (N, 24, H / 4, W / 4)
        x = self.layer4(self.layer3(shallow))  # (N, 64, ...)
        x = self.layer6(self.layer5(x))  # (N, 160, ...)
        return Maps(shallow, self.layer7(x))  # (N, 320, H / output_stride, W / output_stride)
