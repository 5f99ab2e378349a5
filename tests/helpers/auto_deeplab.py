"""Auto-DeepLab restated step by step, in the terms of the authors' TensorFlow code.

C. Liu et al.: Auto-DeepLab. CVPR 2019, arXiv 1901.02985. Nothing is shared with the package: cells
are read from the strings and lists in which the authors published them, convolutions pad as
TensorFlow's "SAME", and images are resized by two products of matrices.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

OPERATIONS = (
    *("atrous_5x5", "separable_3x3_2", "separable_3x3_2", "atrous_3x3", "separable_3x3_2"),
    *("separable_3x3_2", "separable_5x5_2", "separable_5x5_2", "separable_5x5_2", "atrous_5x5"),
)
HIDDEN_STATE_INDICES = (1, 0, 1, 0, 3, 1, 4, 2, 3, 5)
BACKBONE = (0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1)


class Restated:
    """A network that is nothing but its tensors."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors

    def __call__(self, image: Tensor) -> Tensor:
        """Take images (1, 3, H, W) to logits (1, K, H, W)."""
        height, width = image.shape[2:]
        rows, columns = 1, 1
        while rows < height:
            rows += 32
        while columns < width:
            columns += 32
        padded = torch.zeros(1, 3, rows, columns)
        padded[:, :, :height, :width] = image
        return bilinear(self.logits(padded), rows, columns)[:, :, :height, :width]

    def logits(self, image: Tensor) -> Tensor:
        """Run the network up to its classifier."""
        net = self.norm("backbone.stem.0.1", self.conv("backbone.stem.0.0", image, 2)).clamp(min=0)
        net = self.norm("backbone.stem.1.1", self.conv("backbone.stem.1.0", net))
        outputs = [net]
        net = self.norm("backbone.stem.2.1", self.conv("backbone.stem.2.0", net.clamp(min=0), 2))
        outputs.append(net)
        for number, level in enumerate(BACKBONE):
            step = level - BACKBONE[number - 1] if number else level
            if step == -1:
                net = bilinear(net, 2 * net.shape[2] - 1, 2 * net.shape[3] - 1)
            net = self.cell(f"backbone.cells.{number}", net, outputs[-2], 2 if step == 1 else 1)
            outputs.append(net)
        return self.head(net.clamp(min=0), outputs[2 + 2])

    def cell(self, name: str, net: Tensor, previous: Tensor, stride: int) -> Tensor:
        """Run a cell on the last output and the one before it."""
        previous = bilinear(previous, net.shape[2], net.shape[3]).clamp(min=0)
        states = [
            self.norm(f"{name}.last.bn", self.conv(f"{name}.last.conv", net.clamp(min=0))),
            self.norm(f"{name}.previous.bn", self.conv(f"{name}.previous.conv", previous)),
        ]
        for block in range(5):
            total = torch.zeros(())
            for side in range(2):
                index = HIDDEN_STATE_INDICES[2 * block + side]
                own = f"{name}.blocks.{block}.{side}"
                operation = OPERATIONS[2 * block + side]
                total = total + self.operation(
                    own, operation, states[index], stride if index < 2 else 1
                )
            states.append(total)
        return torch.cat(states[2:], 1)

    def operation(self, name: str, operation: str, x: Tensor, stride: int) -> Tensor:
        """Apply an operation by its published name."""
        if operation.startswith("separable"):
            for layer in range(1, int(operation.split("_")[-1]) + 1):
                x = self.conv(f"{name}.depthwise{layer}", x.clamp(min=0), stride)
                x = self.norm(f"{name}.bn{layer}", self.conv(f"{name}.pointwise{layer}", x))
                stride = 1
            return x
        x, rate = x.clamp(min=0), 2
        if stride == 2:
            x, rate = bilinear(x, (x.shape[2] - 1) // 2 + 1, (x.shape[3] - 1) // 2 + 1), 1
        return self.norm(f"{name}.bn", self.conv(f"{name}.conv", x, rate=rate))

    def head(self, deep: Tensor, shallow: Tensor) -> Tensor:
        """Pool the deep map in five ways, and refine it by the shallow one."""
        mean = self.unit("image_pool.1", deep.mean((2, 3), keepdim=True))
        branches = [bilinear(mean, deep.shape[2], deep.shape[3]), self.unit("pyramid.0", deep)]
        branches += [self.unit(f"pyramid.{i}", deep, 12 * i) for i in (1, 2, 3)]
        x = self.unit("projection", torch.cat(branches, 1))
        x = bilinear(x, shallow.shape[2], shallow.shape[3])
        x = torch.cat([x, self.unit("shallow", shallow)], 1)
        x = self.unit("decoder.1", self.unit("decoder.0", x))
        bias = self.tensors["decode_head.classifier.bias"].view(1, -1, 1, 1)
        return self.conv("decode_head.classifier", x) + bias

    def unit(self, name: str, x: Tensor, rate: int = 1) -> Tensor:
        """Apply a convolution, batch norm and ReLU of the head."""
        x = self.conv(f"decode_head.{name}.conv", x, rate=rate)
        return self.norm(f"decode_head.{name}.bn", x, 1e-5).clamp(min=0)

    def conv(self, name: str, x: Tensor, stride: int = 1, rate: int = 1) -> Tensor:
        """Apply a convolution with TensorFlow's padding "SAME"."""
        weight = self.tensors[f"{name}.weight"]
        padding = []
        for side, kernel in ((3, weight.shape[3]), (2, weight.shape[2])):
            length, extent = x.shape[side], (kernel - 1) * rate + 1
            total = max((-(-length // stride) - 1) * stride + extent - length, 0)
            padding += [total // 2, total - total // 2]
        groups = x.shape[1] // weight.shape[1]
        return F.conv2d(F.pad(x, padding), weight, None, stride, 0, rate, groups)

    def norm(self, name: str, x: Tensor, epsilon: float = 1e-3) -> Tensor:
        """Apply batch norm with the running statistics."""
        mean, variance, weight, bias = (
            self.tensors[f"{name}.{part}"].view(1, -1, 1, 1)
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(variance + epsilon) * weight + bias


def bilinear(x: Tensor, height: int, width: int) -> Tensor:
    """Resize with the corner pixels on each other."""
    rows, columns = weights(x.shape[2], height), weights(x.shape[3], width)
    return torch.einsum("ih,nchw,jw->ncij", rows, x, columns)


def weights(given: int, wanted: int) -> Tensor:
    """Return a matrix (wanted, given) that interpolates linearly."""
    matrix = torch.zeros(wanted, given)
    for row in range(wanted):
        place = row * (given - 1) / (wanted - 1) if wanted > 1 else 0.0
        left = min(int(place), given - 1)
        matrix[row, left] += 1 - (place - left)
        if place > left:
            matrix[row, left + 1] += place - left
    return matrix
