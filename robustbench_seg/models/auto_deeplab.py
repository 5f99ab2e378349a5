"""Auto-DeepLab: a searched cell along a searched path of resolutions, and DeepLab's decoder.

C. Liu, L.-C. Chen, F. Schroff, H. Adam, W. Hua, A. Yuille, L. Fei-Fei: Auto-DeepLab: Hierarchical
Neural Architecture Search for Semantic Image Segmentation. CVPR 2019, arXiv 1901.02985 (Figures 1
and 3, Section 4.2, Table 2). What was found on Cityscapes, and what the paper leaves open, is as in
the authors' TensorFlow code; with it, the numbers of parameters are those of the paper. No weights
were published, so the names are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import Preprocessing, StageOutput
from .layers import Convolution, initialise
from .model import Model

FILTERS: Mapping[str, int] = {"small": 20, "medium": 32, "large": 48}
"""F, the width of a cell at a stride of 4, which doubles with each level (Table 2)."""
PATH = (0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1)
"""Level of each cell: its stride is 4 * 2^level (Figure 3)."""
SHALLOW = 2
"""Index of the cell whose output the decoder adds, the last one at a stride of 4."""
STEM = (64, 64, 128)
RATES = (12, 24, 36)
"""Dilations of the pyramid's 3x3 convolutions at a stride of 8."""
WIDTH, SHALLOW_WIDTH = 256, 48
"""Channels of the decoder, and those to which it reduces the shallow map."""
EPSILON = 1e-3
"""Epsilon of the batch norms before the decoder."""
MULTIPLE = 32
"""The maps of sides that are a multiple of it plus 1 have their corner pixels on each other."""


class Gene(NamedTuple):
    """An operation of the cell and its input: 0 the last cell, 1 that before, 2 to 6 a block."""

    operation: str
    kernel: int
    input: int


GENOTYPE = (
    (Gene("atrous", 5, 1), Gene("separable", 3, 0)),
    (Gene("separable", 3, 1), Gene("atrous", 3, 0)),
    (Gene("separable", 3, 3), Gene("separable", 3, 1)),
    (Gene("separable", 5, 4), Gene("separable", 5, 2)),
    (Gene("separable", 5, 3), Gene("atrous", 5, 5)),
)
"""The cell (Figure 3): five blocks, each the sum of two operations."""


class Projection(nn.Sequential):
    """ReLU, 1x1 convolution, batch norm: (N, inputs, H, W) -> (N, width, H, W)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn = nn.BatchNorm2d(width, EPSILON)


class Atrous(nn.Sequential):
    """ReLU, convolution of dilation 2, batch norm; with a stride, subsampling in its place."""

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.subsample = nn.Identity() if stride == 1 else nn.MaxPool2d(1, stride)
        rate = 2 if stride == 1 else 1
        self.conv = nn.Conv2d(
            width, width, kernel, padding=kernel // 2 * rate, dilation=rate, bias=False
        )
        self.bn = nn.BatchNorm2d(width, EPSILON)


class Separable(nn.Sequential):
    """Twice ReLU, separable convolution, batch norm; the stride is that of the first."""

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        for number, step in enumerate((stride, 1), start=1):
            depthwise = nn.Conv2d(width, width, kernel, step, kernel // 2, groups=width, bias=False)
            self.add_module(f"relu{number}", nn.ReLU())
            self.add_module(f"depthwise{number}", depthwise)
            self.add_module(f"pointwise{number}", nn.Conv2d(width, width, 1, bias=False))
            self.add_module(f"bn{number}", nn.BatchNorm2d(width, EPSILON))


class Cell(nn.Module):
    """The outputs (N, C, H, W) of the last cell and of that before to (N, 5 * width, h, w)."""

    def __init__(self, last: int, previous: int, width: int, stride: int) -> None:
        super().__init__()
        self.last, self.previous = Projection(last, width), Projection(previous, width)
        operations = {"atrous": Atrous, "separable": Separable}
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                operations[gene.operation](width, gene.kernel, stride if gene.input < 2 else 1)
                for gene in genes
            )
            for genes in GENOTYPE
        )

    def forward(self, last: Tensor, previous: Tensor) -> Tensor:
        states = [self.last(last), self.previous(resize(previous, last.shape[2:]))]
        for block, (left, right) in zip(self.blocks, GENOTYPE, strict=True):
            first, second = block.children()
            states.append(first(states[left.input]) + second(states[right.input]))
        return torch.cat(states[2:], 1)


class Backbone(nn.Module):
    """Images float32 (N, 3, H, W) to a shallow map at a stride of 4, and a deep one of 8.

    H and W are a multiple of 32 plus 1, and the sides of the maps one of 32 / stride plus 1.
    """

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.stem = nn.ModuleList()
        for inputs, width, stride in zip((3, *STEM), STEM, (2, 1, 2), strict=False):
            convolution = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
            self.stem.append(nn.Sequential(convolution, nn.BatchNorm2d(width, EPSILON)))
        self.cells = nn.ModuleList()
        widths = list(STEM[1:])
        for before, level in zip((0, *PATH), PATH, strict=False):
            width = filters * 2**level
            self.cells.append(Cell(widths[-1], widths[-2], width, 2 if level > before else 1))
            widths.append(len(GENOTYPE) * width)
        self.widths = widths[2 + SHALLOW], widths[-1]

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        first, second, third = self.stem
        previous = second(F.relu(first(image)))  # (N, 3, H, W) -> (N, 64, H / 2, W / 2)
        last = third(F.relu(previous))  # (N, 128, H / 4, W / 4)
        shallow = last
        for index, cell in enumerate(self.cells):
            given = last
            if index and PATH[index] < PATH[index - 1]:
                height, width = last.shape[2:]
                given = resize(last, torch.Size((2 * height - 1, 2 * width - 1)))
            previous, last = last, cell(given, previous)
            if index == SHALLOW:
                shallow = last
        return shallow, F.relu(last)


class Head(nn.Module):
    """A shallow map (N, c, h, w) and a deep one (N, C, H, W) to logits (N, classes, h, w).

    As in DeepLabv3+ (arXiv 1802.02611, Figure 2), but no convolution is separable.
    """

    def __init__(self, shallow: int, deep: int, classes: int) -> None:
        super().__init__()
        self.image_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), Convolution(deep, WIDTH, 1))
        self.pyramid = nn.ModuleList(
            [Convolution(deep, WIDTH, 1)]
            + [Convolution(deep, WIDTH, 3, dilation=rate) for rate in RATES]
        )
        self.projection = Convolution((len(RATES) + 2) * WIDTH, WIDTH, 1)
        self.dropout = nn.Dropout(0.1)
        self.shallow = Convolution(shallow, SHALLOW_WIDTH, 1)
        self.decoder = nn.Sequential(
            Convolution(WIDTH + SHALLOW_WIDTH, WIDTH, 3), Convolution(WIDTH, WIDTH, 3)
        )
        self.classifier = nn.Conv2d(WIDTH, classes, 1)

    def forward(self, shallow: Tensor, deep: Tensor) -> Tensor:
        mean = self.image_pool(deep).expand(-1, -1, *deep.shape[2:])  # (N, D, H, W)
        branches = [mean, *(branch(deep) for branch in self.pyramid)]
        x = self.dropout(self.projection(torch.cat(branches, 1)))  # (N, 5 D, H, W) -> (N, D, H, W)
        x = torch.cat([resize(x, shallow.shape[2:]), self.shallow(shallow)], 1)  # (N, D + d, h, w)
        return self.classifier(self.decoder(x))  # (N, K, h, w)


class AutoDeepLab(nn.Module):
    """Images float32 (N, 3, H, W) to logits (N, classes, H, W).

    Images are padded with zeros, grey, to sides of a multiple of 32 plus 1, as 1024x2048 is to
    1025x2049 in the authors' evaluation.
    """

    stage_outputs = tuple(StageOutput(f"backbone.cells.{cell}") for cell in (2, 5, 8, 11))

    def __init__(self, filters: int, classes: int) -> None:
        super().__init__()
        self.backbone = Backbone(filters)
        self.decode_head = Head(*self.backbone.widths, classes)
        if not next(self.parameters()).is_meta:  # else there is nothing to draw
            self.apply(initialise)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        x = F.pad(image, (0, (1 - width) % MULTIPLE, 0, (1 - height) % MULTIPLE))
        x = x.contiguous(memory_format=torch.channels_last)
        logits = self.decode_head(*self.backbone(x))  # (N, K, h, w), h and w about H / 4 and W / 4
        return resize(logits, x.shape[2:])[:, :, :height, :width]


def resize(x: Tensor, size: torch.Size) -> Tensor:
    """Resize bilinearly, corners on corners: (N, C, h, w) -> (N, C, *size)."""
    return x if x.shape[2:] == size else F.interpolate(x, size, mode="bilinear", align_corners=True)


def _has_sizes(tensors: Mapping[str, Tensor], filters: int) -> bool:
    norm = tensors.get("backbone.cells.0.last.bn.weight")
    return norm is not None and norm.numel() == filters


MODELS = tuple(
    Model(
        name=f"auto-deeplab-{size}",
        title="Auto-DeepLab: Hierarchical Neural Architecture Search for Semantic Image "
        "Segmentation (arXiv 1901.02985)",
        description="Auto-DeepLab",
        build=partial(AutoDeepLab, filters),
        keys=("backbone.cells.0.blocks.",),
        classifier="decode_head.classifier.weight",
        has_sizes=partial(_has_sizes, filters=filters),
        preprocessing=Preprocessing(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)),
        smallest_batch=2,
    )
    for size, filters in FILTERS.items()
)
