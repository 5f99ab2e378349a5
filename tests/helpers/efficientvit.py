"""EfficientViT-seg B0 restated step by step, as functions of the authors' tensors.

H. Cai, J. Li, M. Hu, C. Gan, S. Han: EfficientViT. ICCV 2023, arXiv 2205.14756. Nothing is shared
with the package: each layer is a call of torch's functional interface on tensors by their names in
https://github.com/mit-han-lab/efficientvit. Attention is a sum over pixels (Section 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

DIM = 16
STAGES = ((2, 0), (2, 0), (1, 2), (1, 2))
"""Bottlenecks, and blocks with attention after them, of each stage."""


class Restated:
    """A network that is nothing but its tensors."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors

    def conv(self, name: str, x: Tensor, stride: int = 1, act: bool = True) -> Tensor:
        """Apply `name.conv`, `name.norm` if it exists, and x * relu6(x + 3) / 6."""
        x = self.plain(f"{name}.conv", x, stride)
        if f"{name}.norm.weight" in self.tensors:
            mean, variance, weight, bias = (
                self.tensors[f"{name}.norm.{part}"].view(1, -1, 1, 1)
                for part in ("running_mean", "running_var", "weight", "bias")
            )
            x = (x - mean) / torch.sqrt(variance + 1e-5) * weight + bias
        return x * F.relu6(x + 3) / 6 if act else x

    def plain(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        """Apply a convolution, with as many groups as its shape implies."""
        weight = self.tensors[f"{name}.weight"]
        groups = x.shape[1] // weight.shape[1]
        padding = weight.shape[2] // 2
        bias = self.tensors.get(f"{name}.bias")
        return F.conv2d(x, weight, bias, stride, padding, groups=groups)

    def bottleneck(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        """Apply an inverted bottleneck."""
        x = self.conv(f"{name}.inverted_conv", x)
        x = self.conv(f"{name}.depth_conv", x, stride)
        return self.conv(f"{name}.point_conv", x, act=False)

    def attention(self, name: str, x: Tensor) -> Tensor:
        """Apply attention head by head: the mean of the values, weighted by ReLU(q) ReLU(k)."""
        n, _, height, width = x.shape
        one = self.plain(f"{name}.qkv.conv", x)
        other = self.plain(f"{name}.aggreg.0.1", self.plain(f"{name}.aggreg.0.0", one))
        outputs = []
        for qkv in (one, other):
            for start in range(0, qkv.shape[1], 3 * DIM):
                q, k, v = qkv[:, start : start + 3 * DIM].flatten(2).split(DIM, 1)
                q, k = q.clamp(min=0), k.clamp(min=0)
                values = torch.einsum("nej,ndj,ndi->nei", v, k, q)
                weights = torch.einsum("ndj,ndi->ni", k, q).unsqueeze(1) + 1e-15
                outputs.append((values / weights).view(n, DIM, height, width))
        return self.conv(f"{name}.proj", torch.cat(outputs, 1), act=False)

    def __call__(self, image: Tensor) -> Tensor:
        """Take images (N, 3, H, W), of sides that 32 divides, to logits (N, 19, H/8, W/8)."""
        stem = "backbone.input_stem.op_list"
        x = self.conv(f"{stem}.0", image, 2)
        inner = self.conv(f"{stem}.1.main.depth_conv", x)
        x = x + self.conv(f"{stem}.1.main.point_conv", inner, act=False)
        maps = []
        for stage, (bottlenecks, attentions) in enumerate(STAGES):
            blocks = f"backbone.stages.{stage}.op_list"
            x = self.bottleneck(f"{blocks}.0.main", x, 2)
            for block in range(1, bottlenecks):
                x = x + self.bottleneck(f"{blocks}.{block}.main", x)
            for block in range(bottlenecks, bottlenecks + attentions):
                x = x + self.attention(f"{blocks}.{block}.context_module.main", x)
                x = x + self.bottleneck(f"{blocks}.{block}.local_module.main", x)
            maps.append(x)
        x = self.conv("head.input_ops.2", maps[1], act=False)
        for number, factor in ((0, 4), (1, 2)):
            y = self.conv(f"head.input_ops.{number}.op_list.0", maps[3 - number], act=False)
            x = x + F.interpolate(y, scale_factor=factor, mode="bicubic", align_corners=False)
        x = x + self.bottleneck("head.middle.op_list.0.main", x)
        x = self.conv("head.output_ops.0.op_list.0", x)
        return self.conv("head.output_ops.0.op_list.1", x, act=False)
